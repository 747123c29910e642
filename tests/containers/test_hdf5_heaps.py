"""HDF5 files whose texts lie in a heap that has no end: the library itself never comes back from them."""

import struct
import zlib

import h5py
import numpy as np
import pytest

from mvtri.containers.hdf5 import attribute_of, open_hdf5
from mvtri.containers.hdf5_heaps import check_heaps
from mvtri.containers.letters import check_letters
from mvtri.containers.netcdf import kind_of
from mvtri.errors import InputError


@pytest.fixture
def path(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["ds_type"] = "poses"
        file["names"] = np.array(["hip", "a longer name", "é"], dtype=object)
    return tmp_path / "a.h5"


def test_a_whole_file_passes(path):
    check_heaps(path)
    with open_hdf5(path) as file:
        assert file["names"][1] == b"a longer name"
    assert kind_of(path) == "poses"


@pytest.mark.parametrize(("index", "size"), [(0, 0), (0, 8), (1, 2**64 - 16)])
def test_an_object_that_leads_nowhere(path, index, size):
    data = bytearray(path.read_bytes())
    heap = data.index(b"GCOL")
    struct.pack_into("<HHIQ", data, heap + 16, index, 0, 0, size)
    path.write_bytes(data)
    with pytest.raises(InputError, match="has no end"):
        open_hdf5(path)
    assert kind_of(path) == ""


def test_a_heap_at_the_end_of_the_file(path):
    path.write_bytes(path.read_bytes() + b"GCOL\x01\0\0\0")
    check_heaps(path)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("code", "fits"), [(0x41, True), (0x10FFFF, True), (0x110000, False), (0xDC00, False)]
)
def test_letters_that_unicode_has_not(tmp_path, order, code, fits):
    texts = np.array([0x61, code], dtype=f"{order}u4").view(f"{order}U2")
    table = np.zeros(2, dtype=[("frame", "i4"), ("name", f"{order}U2")])
    table.view(np.uint8)[4 : 4 + texts.nbytes] = texts.view(np.uint8)
    for array in (texts, table):
        if fits:
            check_letters(array, tmp_path / "a.npy")
        else:
            with pytest.raises(InputError, match="letters that do not exist"):
                check_letters(array, tmp_path / "a.npy")
    check_letters(np.arange(3.0), tmp_path / "a.npy")


@pytest.mark.parametrize("options", [{}, {"chunks": (2,)}, {"chunks": (2,), "compression": "gzip"}])
def test_a_text_that_is_longer_than_the_file(tmp_path, options):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("names", data=["hip", "knee", "toe"], dtype=h5py.string_dtype(), **options)
    with open_hdf5(path) as file:
        assert file["names"].asstr()[1] == "knee"
    with h5py.File(path, "r+") as file:
        names = file["names"].id
        if options:
            _, data = names.read_direct_chunk((0,))
            packed = "compression" in options
            wrong = longer(zlib.decompress(data) if packed else data)
            names.write_direct_chunk((0,), zlib.compress(wrong) if packed else wrong)
        else:
            place, size = names.get_offset(), names.get_storage_size()
    if not options:
        data = path.read_bytes()
        path.write_bytes(data[:place] + longer(data[place : place + size]) + data[place + size :])
    with pytest.raises(InputError, match=r"/names of .* longer than the file"):
        open_hdf5(path)


def longer(references):
    """Let the second text have four billion letters."""
    return references[:16] + b"\xff\xff\xff\xf0" + references[20:]


def test_an_attribute_that_cannot_be_read_is_named(path, monkeypatch):
    with h5py.File(path, "r") as file:
        assert attribute_of(file, "ds_type", path) == "poses"
        assert attribute_of(file, "other", path) is None

        def fail(self, name, default=None):
            raise OSError("ran off end of input buffer while decoding")

        monkeypatch.setattr(h5py.AttributeManager, "get", fail)
        with pytest.raises(InputError, match=r"the attribute 'dims' of / of .*a\.h5 cannot be read"):
            attribute_of(file, "dims", path)
