"""MATLAB's version 5: what SciPy writes is read, and damage is one sentence instead of a crash."""

import random

import numpy as np
import pytest
from scipy.io import savemat

from mvtri.containers.matlab import is_matlab5, load_matlab, matlab_names
from mvtri.errors import InputError


def content():
    rng = np.random.default_rng(0)
    cells = np.empty((1, 3), dtype=object)
    cells[0] = ["left", "Müller 左", np.eye(2)]
    params = np.empty((2, 1), dtype=object)
    params[:, 0] = [{"K": rng.normal(size=(3, 3)), "name": "a"}, {"K": np.eye(3), "name": "b"}]
    numbers = {
        f"n_{np.dtype(kind).name}": rng.integers(0, 100, (3, 4)).astype(kind)
        for kind in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "?")
    }
    return numbers | {"cells": cells, "params": params, "text": "hello", "empty": np.zeros((0, 2)), "x": 1.5}


@pytest.mark.parametrize("compressed", [False, True])
def test_what_scipy_writes_is_read(tmp_path, compressed):
    written = content()
    path = tmp_path / "a.mat"
    savemat(path, written, do_compression=compressed)
    assert is_matlab5(path)
    assert matlab_names(path) == set(written)
    found = load_matlab(path)
    assert set(found) == set(written)
    for name, value in written.items():
        if name.startswith("n_"):
            np.testing.assert_array_equal(found[name], value)
    assert found["cells"][:2] == ["left", "Müller 左"]
    np.testing.assert_array_equal(found["cells"][2], np.eye(2))
    assert [one["name"] for one in found["params"]] == ["a", "b"]
    np.testing.assert_array_equal(found["params"][0]["K"], written["params"][0, 0]["K"])
    assert found["text"] == "hello"
    assert found["empty"].shape == (0, 2)
    assert found["x"].tolist() == [[1.5]]


@pytest.mark.parametrize("compressed", [False, True])
def test_damage_is_one_sentence(tmp_path, compressed):
    """(SciPy's own reader ends the process at some of these.)"""
    path = tmp_path / "a.mat"
    savemat(path, content(), do_compression=compressed)
    whole, rng, refused = path.read_bytes(), random.Random(0), 0
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(126, len(data))] = rng.randrange(256)
        path.write_bytes(bytes(data[: rng.choice([len(data), rng.randrange(len(data))])]))
        matlab_names(path)
        try:
            load_matlab(path)
        except InputError as error:
            refused += "\n" not in str(error)
    assert refused > 50


def test_an_array_that_claims_more_than_the_file_holds_takes_no_memory(tmp_path):
    path = tmp_path / "a.mat"
    savemat(path, {"x": np.zeros((3, 3))}, do_compression=False)
    data = bytearray(path.read_bytes())
    at = data.index(np.array([3, 3], dtype="<i4").tobytes())
    data[at : at + 8] = np.array([2_000_000_000, 2_000_000_000], dtype="<i4").tobytes()
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"no whole file of MATLAB .an array of the shape"):
        load_matlab(path)
