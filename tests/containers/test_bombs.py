"""Files that ask for more memory than they are worth, refused before any of it is taken.

The memory is measured: the child process may not take 500 MB more than it has (`RLIMIT_AS` would hide what is
asked for and not used, so the peak of its resident memory counts).
"""

import io
import json
import pickle
import resource
import struct
import zipfile
import zlib

import h5py
import numpy as np
import pytest

from mvtri.containers.hdf5 import open_hdf5, read_array
from mvtri.containers.netcdf import load_netcdf
from mvtri.containers.npz import load_member, map_member
from mvtri.containers.pickle import load_npy, load_pickle
from mvtri.errors import InputError
from mvtri.inputs import parse_json, read_text


@pytest.fixture(autouse=True)
def frugal():
    """No test here may raise the peak of the process's memory by more than 500 MB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # kB


def header(shape, dtype="<f8"):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue()


def zeros_zip(path, name, begin, megabytes):
    archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with archive, archive.open(name, "w") as stream:
        stream.write(begin)
        for _ in range(megabytes):
            stream.write(bytes(1_000_000))
    return path


def test_compressed_zeros_in_npz(tmp_path):
    path = zeros_zip(tmp_path / "a.npz", "rows.npy", header((1000, 125000)), 1000)
    for read in (load_member, map_member):
        with pytest.raises(InputError, match=r"rows\S* of \S+a.npz needs 1 GB .* MVTRI_MAX_INPUT_GB"):
            read(path, "rows")


def test_a_header_that_says_more_than_there_is(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(header((10**12,)) + bytes(80))
    with pytest.raises(InputError, match="is truncated"):
        load_npy(path)
    for shape, dtype in (((10**12,), "<U0"), ((-3,), "<f8"), ((2**62, 8), "<f8")):
        path.write_bytes(header(shape, dtype) + bytes(80))
        with pytest.raises(InputError):
            load_npy(path)


def test_the_limit_can_be_raised_and_lowered(tmp_path, monkeypatch):
    path = tmp_path / "a.npy"
    np.save(path, np.zeros(1_000_000))
    monkeypatch.setenv("MVTRI_MAX_INPUT_GB", "0.001")
    with pytest.raises(InputError, match=r"needs 8 MB .* 1 MB are allowed .* MVTRI_MAX_INPUT_GB to 1$"):
        load_npy(path)
    monkeypatch.setenv("MVTRI_MAX_INPUT_GB", "0.1")
    assert load_npy(path).shape == (1_000_000,)
    monkeypatch.setenv("MVTRI_MAX_INPUT_GB", "much")
    with pytest.raises(InputError, match="expected a number of gigabytes"):
        load_npy(path)


@pytest.mark.parametrize(
    "body",
    {
        "a memo entry of a high number": b"Nr\xff\xff\xff\x7f",
        "the same in text": b"Np2147483647\n",
        "a long text": b"\x8d\xff\xff\xff\xff\x00\x00\x00\x00abc",
        "a long bytearray": b"\x96\xff\xff\xff\xff\x00\x00\x00\x00abc",
        "a frame": b"\x95\xff\xff\xff\xff\x00\x00\x00\x00N",
        "a long integer": b"\x8b\xff\xff\x00\x00" + b"\x01" * 65535,
        "a long integer in text": b"L" + b"9" * 100_000 + b"L\n",
        "negative length": b"\x8b\xff\xff\xff\xff",
    }.values(),
)
def test_opcodes_that_ask_for_memory(tmp_path, body):
    path = tmp_path / "a.pkl"
    path.write_bytes(b"\x80\x04" + body + b".")
    with pytest.raises(InputError, match="is no whole pickle"):
        load_pickle(path)


def shared(kind, levels, width=10):
    value = kind([1.0] * width)
    for _ in range(levels):
        value = kind([value] * width)
    return value


@pytest.mark.parametrize("kind", [list, tuple])
def test_what_refers_to_its_own_parts_again_and_again(tmp_path, kind):
    """Ten references to ten references ...: a few hundred bytes, and an array of 10^18 numbers."""
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([shared(kind, 17)]))
    with pytest.raises(InputError, match=r"needs .* of memory|again and again"):
        load_pickle(path)


def test_a_hash_that_takes_years(tmp_path):
    """A dict whose key is a tuple of two references to a tuple of two references, 60 levels deep."""
    body = b"}N\x85" + b"2\x86" * 60 + b"Ns."  # DUP, TUPLE2
    path = tmp_path / "a.pkl"
    path.write_bytes(b"\x80\x04" + body)
    with pytest.raises(InputError, match="again and again"):
        load_pickle(path)


def test_a_container_that_holds_itself(tmp_path):
    loop: list = [1.0]
    loop.append(loop)
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(loop))
    with pytest.raises(InputError, match="holds itself"):
        load_pickle(path)


def test_many_small_values_are_no_bomb(tmp_path):
    path = tmp_path / "a.pkl"
    for protocol in range(6):
        count = 20_000 if protocol == 2 else 1_000  # each by its own opcodes
        value = {f"name {index}": [index, float(index), (index, "shared")] for index in range(count)}
        path.write_bytes(pickle.dumps(value, protocol))
        assert load_pickle(path) == value


# --- HDF5


def refused(path, match, name="x"):
    with pytest.raises(InputError, match=match) as caught, open_hdf5(path) as file:
        read_array(file, name, path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_links_and_storage_outside_the_file(tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"TOPSECRETTOPSECRET")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = np.arange(3.0)
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = h5py.ExternalLink("other.h5", "/x")
    refused(path, "link to another file")
    with h5py.File(path, "w") as file:
        file.create_group("deep").create_dataset("x", (16,), "u1", external=[(str(secret), 0, 16)])
    refused(path, "keeps its data in another file")
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", (3,))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("x", layout)
    refused(path, "virtual dataset")
    with h5py.File(path, "w") as file:
        file["y"] = h5py.ExternalLink("other.h5", "/")
        file["x"] = h5py.SoftLink("/y/x")
    refused(path, "link to another file")


DOUBLE = b"\x34\xff\x03\0\0"  # the end of a double's description: the exponent is biased by 1023


@pytest.mark.parametrize("kind", ["dataset", "attribute", "list"])
def test_records_whose_fields_overlap(tmp_path, kind):
    """h5py reads a double of another bias as 16 bytes, which reach into the next field."""
    path = tmp_path / "a.h5"
    record = np.zeros(4, dtype=[("x", "<f8"), ("y", "<f8")])
    with h5py.File(path, "w") as file:
        if kind == "dataset":
            file["points"] = record
        elif kind == "attribute":
            file.attrs["points"] = record
        else:
            file.create_dataset("points", 1, h5py.vlen_dtype(record.dtype))[0] = record
    data = path.read_bytes()
    open_hdf5(path).close()
    path.write_bytes(data.replace(DOUBLE, b"\x34\xff\x0b\0\0", 1))
    refused(path, "fields that overlap")


def test_netcdf_is_checked_too(tmp_path):
    path = tmp_path / "a.nc"
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = np.arange(3.0)
    with h5py.File(path, "w") as file:
        file["x"] = h5py.ExternalLink("other.h5", "/x")
    with pytest.raises(InputError, match="link to another file"):
        load_netcdf(path)
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (10**12,), "f8", chunks=(1000,), compression="gzip")
    with pytest.raises(InputError, match=r"needs 1.6e\+04 GB of memory"):
        load_netcdf(path)


def test_links_within_the_file(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["y"] = np.arange(3.0)
        file["x"] = h5py.SoftLink("/y")
        file["again"] = file["y"]
    with open_hdf5(path) as file:
        assert read_array(file, "x", path).tolist() == [0, 1, 2]
    for target in ("/nowhere", "/"):
        with h5py.File(path, "w") as file:
            file["x"] = h5py.SoftLink(target)
        refused(path, "leads to no dataset")
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(2.0)
        file["loop"] = file["/"]  # a hard link to the root: a tree without end
    with open_hdf5(path) as file:
        assert read_array(file, "x", path).tolist() == [0, 1]


def test_references_and_filters(tmp_path):
    path = tmp_path / "a.h5"
    for dtype in (h5py.ref_dtype, h5py.regionref_dtype, np.dtype([("a", "f8"), ("b", h5py.ref_dtype)])):
        with h5py.File(path, "w") as file:
            file.create_dataset("x", (2,), dtype)
        refused(path, "holds references")
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (200,), "i4", scaleoffset=0, chunks=(100,))
    refused(path, "compressed in a way that mvtri does not read")


def test_sizes_of_hdf5(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (10**12,), "f8", chunks=(1000,))
        file.create_dataset("small", (4,), "f8", chunks=(2,))
    assert "needs 8e+03 GB of memory" in refused(path, "needs")
    with open_hdf5(path) as file:
        assert read_array(file, "small", path).tolist() == [0] * 4
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (1,), "f8", chunks=(2**28,), maxshape=(None,), compression="gzip")
    refused(path, "needs 2.15 GB of memory")


def compressed_zeros(size, times):
    """Return what zlib makes of zeros: after a full flush the same bytes stand for the same text again."""
    deflate = zlib.compressobj()
    first, again = (deflate.compress(bytes(size)) + deflate.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    checksum = (size * times % 65521) << 16 | 1  # Adler-32 of zeros
    return first + again * (times - 1) + b"\x03\x00" + struct.pack(">I", checksum)


def test_the_compressed_zeros_are_whole():
    assert zlib.decompress(compressed_zeros(1000, 100)) == bytes(100_000)


def test_a_chunk_that_inflates_beyond_its_size(tmp_path):
    path = tmp_path / "a.h5"
    bomb = compressed_zeros(10_000_000, 100)
    with h5py.File(path, "w") as file:
        found = file.create_dataset("x", (1000,), "f8", chunks=(1000,), compression="gzip")
        found.id.write_direct_chunk((0,), bomb)
    refused(path, "a chunk that does not fit its size")


def test_texts_that_share_one_long_text(tmp_path):
    """100,000 entries that point to one text of 1 MB: written by patching the pointers in the file."""
    path = tmp_path / "a.h5"
    count = 100_000
    with h5py.File(path, "w") as file:
        found = file.create_dataset("x", (count,), h5py.string_dtype())
        found[0] = "a" * 1_000_000
        found[1] = "b"
        offset = found.id.get_offset()
    data = bytearray(path.read_bytes())
    entry = bytes(data[offset : offset + 16])
    assert struct.unpack("<I", entry[:4])[0] == 1_000_000
    data[offset : offset + 16 * count] = entry * count
    path.write_bytes(data)
    refused(path, "needs .* of memory")


def test_a_truncated_file_is_one_sentence(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(1000.0)
    path.write_bytes(path.read_bytes()[:3000])
    refused(path, "is it truncated")


# --- texts


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 5000 + b"1" + b"}" * 5000])
def test_deep_json(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match="levels deep"):
        parse_json(content, path, "a list")


def test_json_of_many_empty_objects(tmp_path):
    """40 MB that become 40 million dicts, 3 GB."""
    path = tmp_path / "a.json"
    content = b"[" + b"{}," * 5_000_000 + b"{}]"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"needs 1\.4[0-9]* GB of memory"):
        parse_json(content, path, "a list")


def test_odd_json(tmp_path):
    path = tmp_path / "a.json"
    for content, match in {
        '{"a": 1, "a": 2}': "the key 'a' twice",
        '{"a": NaN}': "NaN where a number",
        '{"a": 1e999}': "too large a number",
        "[" + "1" * 5000 + "]": "more than 1000 digits",
        '["\\ud800"]': "half a character",
        '["\0"]': "it is no text in UTF-8",
        "": "is empty",
    }.items():
        path.write_text(content)
        with pytest.raises(InputError, match=match):
            parse_json(path.read_bytes(), path, "a list")
    value = {'a [[{ " ': [1, 2.5, None, True], "ü": {}}
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert parse_json(json.dumps(value, ensure_ascii=False).encode(encoding), path, "a list") == value
    assert parse_json(b"[NaN, Infinity]", path, "a list", nan=True)[1] == np.inf


def test_texts(tmp_path):
    path = tmp_path / "a.txt"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"):
        path.write_bytes("Größe\t1,5\r\n".encode(encoding))
        assert read_text(path, "a text") == "Größe\t1,5\r\n"
    path.write_bytes(b"abc\0def")
    with pytest.raises(InputError, match="is not a text file"):
        read_text(path, "a text")
    path.write_bytes(b"x" * 5_000_000)
    with pytest.raises(InputError, match="a line of 5000000 characters"):
        read_text(path, "a text")
