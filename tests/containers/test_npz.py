"""Members of .npz files, mapped and not read; and rows told apart by images' names."""

import zipfile

import numpy as np
import pytest

from mvtri.containers.npz import is_npz_with, load_member, map_member, npz_members, require_members
from mvtri.datasets.image_rows import find_runs, frames_of
from mvtri.errors import InputError

ARRAYS = {
    "rows": np.arange(24, dtype=np.float32).reshape(6, 4),
    "columns": np.asfortranarray(np.arange(24.0).reshape(6, 4)),
    "names": np.array(["a", "bcd"]),
    "empty": np.empty((0, 3)),
}


@pytest.fixture(params=[np.savez, np.savez_compressed])
def path(request, tmp_path):
    request.param(tmp_path / "a.npz", **ARRAYS)
    return tmp_path / "a.npz"


def test_members_are_mapped_as_they_are(path):
    assert set(npz_members(path)) == set(ARRAYS)
    for name, array in ARRAYS.items():
        mapped = map_member(path, name)
        assert mapped.dtype == array.dtype
        assert mapped.shape == array.shape
        assert len(mapped) == len(array)
        for rows in (slice(None), slice(1, 2), slice(0, 0), *([0, -1] if len(array) else [])):
            found = mapped[rows]
            np.testing.assert_array_equal(found, array[rows])
            assert not isinstance(found, np.memmap)
        np.testing.assert_array_equal(load_member(path, name), array)


def test_a_member_is_found_where_zip_aligned_it(tmp_path):
    """An extra field in the local header alone, which some tools write."""
    path = tmp_path / "a.npz"
    np.savez(tmp_path / "plain.npz", **ARRAYS)
    with zipfile.ZipFile(tmp_path / "plain.npz") as old, zipfile.ZipFile(path, "w") as new:
        for info in old.infolist():
            info.extra = b"\x99\x99\x10\x00" + bytes(16)
            new.writestr(info, old.read(info))
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(map_member(path, name)[:], array)


def test_an_inflated_member_leaves_no_file_behind(tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    np.savez_compressed(tmp_path / "a.npz", **ARRAYS)
    member = map_member(tmp_path / "a.npz", "rows")
    assert len(list(scratch.iterdir())) == 1
    np.testing.assert_array_equal(member[2:4], ARRAYS["rows"][2:4])
    del member
    assert not list(scratch.iterdir())


def test_what_lacks_is_named(path):
    assert is_npz_with(path, ("rows",))
    assert not is_npz_with(path, ("rows",), unwanted=("names",))
    assert not is_npz_with(path, ("absent",))
    assert not is_npz_with(path.with_name("absent.npz"), ("rows",))
    with pytest.raises(InputError, match=r"lacks absent .it has columns, empty, names, rows."):
        require_members(path, ("rows", "absent"))


def test_damage_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, rows=np.arange(1000.0), things=np.array([None]))
    with pytest.raises(InputError, match="holds no rows"):
        map_member(path, "things")
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(InputError, match=r"no whole .npz"):
        map_member(path, "rows")
    assert not is_npz_with(path, ("rows",))
    path.write_bytes(whole.replace(b"(1000,)", b"(2000,)"))
    with pytest.raises(InputError, match="not as long as its shape"):
        map_member(path, "rows")
    path.write_bytes(whole.replace(b"NUMPY", b"NUMPI"))
    with pytest.raises(InputError, match=r"damaged|does not begin"):
        load_member(path, "rows")


def names_of(counts):
    return np.array(
        [
            f"S{subject}/S{subject}_Eating_{take}.{camera}/S{subject}_Eating_{take}.{camera}_{frame:06d}.jpg"
            for (subject, take, camera), count in counts.items()
            for frame in range(0, 5 * count, 5)
        ]
    )


def test_runs_are_found_whatever_their_lengths():
    rng = np.random.default_rng(1)
    for lengths in ([1, 1, 1, 1], [2, 1, 3, 1], [1000, 1, 7, 64], rng.integers(1, 40, 30)):
        keys = [(9, take, camera) for take in range(99) for camera in "ab"][: len(lengths)]
        names = names_of(dict(zip(keys, lengths)))
        runs = find_runs(names, "file")
        assert [(run.subject, run.name, run.camera) for run in runs] == [
            (f"S{subject}", f"Eating_{take}", camera) for subject, take, camera in keys
        ]
        assert [run.stop - run.start for run in runs] == list(lengths)
        assert runs[-1].stop == len(names)
        for run in runs:
            np.testing.assert_array_equal(frames_of(names, run, "file"), np.arange(run.stop - run.start) * 5)


def test_few_names_are_looked_at():
    class Counting:
        def __init__(self, names):
            self.names, self.looked = names, 0

        def __len__(self):
            return len(self.names)

        def __getitem__(self, index):
            self.looked += 1
            return self.names[index]

    names = Counting(names_of({(9, take, "a"): 5000 for take in range(4)}))
    assert len(find_runs(names, "file")) == 4
    assert names.looked < 4 * 40
