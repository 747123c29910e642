"""Pickles of arrays and plain containers come back; anything else is refused before it runs."""

import collections
import copyreg
import io
import os
import pickle
import pickletools
import struct

import numpy as np
import pytest

from mvtri.containers.pickle import load_object, load_pickle, read_pickle
from mvtri.errors import InputError

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
TABLE = np.zeros(
    3, dtype=[("index", np.int16), ("R", "<f4", (3, 3)), ("inner", [("x", ">f8"), ("name", "U4")])]
)
TABLE["R"] = np.arange(27).reshape(3, 3, 3)
TABLE["inner"]["name"] = ["a", "bcd", ""]
VALUES = {
    "numbers": [1, -2, 2**70, 1.5, True, None, 1 + 2j],
    "texts": ["a", "ü", b"bytes", ""],
    "containers": {"list": [], "tuple": ((), (1, [2])), "set": {1, 2}, "frozenset": frozenset({3}), 4: {}},
    "floats": np.arange(12, dtype=np.float32).reshape(3, 4),
    "big-endian": np.arange(5, dtype=">i4"),
    "fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "scalar array": np.array(3.5),
    "empty": np.empty((0, 17, 3)),
    "texts in an array": np.array(["ab", "c"]),
    "bytes in an array": np.array([b"ab", b"c"]),
    "booleans": np.array([True, False]),
    "scalar": np.float64(2.5),
    "scalar text": np.str_("abc"),
    "table": TABLE,
    "objects": np.array([np.arange(2), {"a": np.arange(3)}, None, "text"], dtype=object),
    "dtype": np.dtype("f8"),
    "views": [np.arange(10.0)[::2], np.arange(10.0)[3:5]],
}


def unpickle(data, tmp_path):
    path = tmp_path / "file.pkl"
    path.write_bytes(data)
    return load_pickle(path)


def same(one, other):
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        if one.dtype.hasobject:
            for left, right in zip(one.ravel(), other.ravel()):
                same(left, right)
        else:
            np.testing.assert_array_equal(one, other)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            same(one[key], other[key])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for left, right in zip(one, other):
            same(left, right)
    else:
        assert one == other


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", [name for name in VALUES if name != "numbers"])
def test_arrays_and_containers_come_back(tmp_path, name, protocol):
    same(unpickle(pickle.dumps(VALUES[name], protocol=protocol), tmp_path), VALUES[name])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_numbers_come_back_but_for_complex_ones(tmp_path, protocol):
    numbers = VALUES["numbers"][:-1]
    same(unpickle(pickle.dumps(numbers, protocol=protocol), tmp_path), numbers)
    with pytest.raises(InputError, match=r"complex in it"):
        unpickle(pickle.dumps(VALUES["numbers"], protocol=protocol), tmp_path)


def test_an_ordered_dict_becomes_a_dict_and_shared_parts_stay_whole(tmp_path):
    shared = np.arange(3)
    value = unpickle(pickle.dumps(collections.OrderedDict(b=[shared, shared], a=shared)), tmp_path)
    assert type(value) is dict
    assert list(value) == ["b", "a"]
    assert value["b"][0] is value["b"][1]
    np.testing.assert_array_equal(value["b"][1], shared)


def test_a_pickle_of_python_2_s_numpy():
    """Written by hand as Python 2 would: protocol 2, the data as a byte string, NumPy's old module names."""
    data = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x02\x85cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U\x10" + struct.pack("<2d", 1.5, -2.5) + b"tb."
    )
    pickletools.dis(data, out=io.StringIO())
    np.testing.assert_array_equal(read_pickle(data, "file"), [1.5, -2.5])


class Reduces:
    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


def spy(tmp_path):
    return str(tmp_path / "it-ran")


ATTACKS = {
    "os.system": lambda spy: Reduces(os.system, (f"touch {spy}",)),
    "open": lambda spy: Reduces(open, (spy, "w")),
    "eval": lambda spy: Reduces(eval, (f"open({spy!r}, 'w')",)),
    "getattr": lambda spy: Reduces(getattr, ("text", "upper")),
    "a class of ours": lambda spy: Reduces(InputError, ("boo",)),
    "numpy.load": lambda spy: Reduces(np.load, (spy,)),
    "numpy.memmap": lambda spy: Reduces(np.memmap, (spy, "u1", "w+", 0, 8)),
    "ndarray itself": lambda spy: Reduces(np.ndarray, ((10**9,),)),
    "a generic object": lambda spy: Reduces(copyreg._reconstructor, (Reduces, object, None)),
    "a big bytearray": lambda spy: Reduces(bytearray, (10**15,)),
    "a defaultdict": lambda spy: collections.defaultdict(list),
    "a subclass of array": lambda spy: np.ma.masked_array([1.0, 2.0], [0, 1]),
    "a matrix": lambda spy: np.matrix([[1.0]]),
    "a function": lambda spy: np.mean,
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_whatever_names_something_else_is_refused_and_not_run(tmp_path, name, protocol):
    data = pickle.dumps({"arrays": np.arange(3), "more": [ATTACKS[name](spy(tmp_path))]}, protocol=protocol)
    with pytest.raises(InputError, match=r"nothing of it was run|no whole pickle") as caught:
        unpickle(data, tmp_path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "it-ran").exists()


def global_(name):
    module, attribute = name.rsplit(".", 1)
    return f"c{module}\n{attribute}\n".encode()


ARRAY = global_("numpy.core.multiarray._reconstruct") + global_("numpy.ndarray") + b"K\x00\x85C\x01b\x87R"
FLOAT = (
    global_("numpy.dtype") + b"X\x02\x00\x00\x00f8\x89\x88\x87R(K\x03X\x01\x00\x00\x00<NNNK\xffK\xffK\x00tb"
)
OBJECT = FLOAT.replace(b"f8", b"O8")


@pytest.mark.parametrize(
    ("what", "body"),
    {
        "a name that stands alone": global_("numpy.dtype"),
        "a name in a tuple": global_("numpy.ndarray") + b"\x85",
        "a change of a name": global_("numpy.dtype") + b"}X\x01\x00\x00\x00aK\x01sb",
        "a change of a name by slots": global_("numpy.dtype") + b"N}X\x04\x00\x00\x00callK\x01s\x86b",
        "a change of a name that is dropped": global_("numpy.dtype") + b"}X\x01\x00\x00\x00aK\x01sb0K\x01",
        "a call of ndarray": global_("numpy.ndarray") + b"K\x09\x85R",
        "an object made of a name": global_("numpy.dtype") + b")\x81",
        "raw bytes as objects": ARRAY
        + b"(K\x01K\x01\x85"
        + OBJECT
        + b"\x89C\x08\x01\x02\x03\x04\x05\x06\x07\x08tb",
        "too few bytes": ARRAY + b"(K\x01K\x02\x85" + FLOAT + b"\x89C\x08\x01\x02\x03\x04\x05\x06\x07\x08tb",
        "a negative shape": ARRAY + b"(K\x01J\xff\xff\xff\xff\x85" + FLOAT + b"\x89C\x00tb",
        "a huge shape": ARRAY + b"(K\x01J\xff\xff\xff\x7f\x85" + FLOAT + b"\x89C\x00tb",
        "an array of no type": ARRAY + b"(K\x01K\x01\x85K\x05\x89C\x08\x01\x02\x03\x04\x05\x06\x07\x08tb",
        "a strange type": global_("numpy.dtype") + b"X\x03\x00\x00\x00,f8\x89\x88\x87R",
        "a strange order": FLOAT.replace(b"<", b"!"),
        "an array never built": ARRAY,
        "an array as a key": b"}" + ARRAY + b"K\x01s",
        "an unknown class": global_("numpy.ndarray").replace(b"ndarray", b"recarray"),
        "another class to make": global_("numpy.core.multiarray._reconstruct")
        + global_("numpy.dtype")
        + b"K\x00\x85C\x01b\x87R",
        "an extension": b"\x82\x01",
        "a persistent id": b"K\x01Q",
        "a state of the wrong length": ARRAY + b"(K\x01tb",
        "an object scalar": global_("numpy.core.multiarray.scalar")
        + OBJECT
        + b"C\x08\x00\x00\x00\x00\x00\x00\x00\x00\x86R",
        "another encoding": global_("_codecs.encode") + b"X\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R",
    }.items(),
)
def test_crafted_pickles_are_refused(what, body):
    with pytest.raises(InputError) as caught:
        read_pickle(b"\x80\x04" + body + b".", "file.pkl")
    assert "\n" not in str(caught.value)


def test_a_truncated_pickle_is_refused_wherever_it_ends(tmp_path):
    data = pickle.dumps({"a": np.arange(3), "b": [TABLE, "text"]})
    for end in range(len(data)):
        with pytest.raises(InputError, match=r"no whole pickle|in it"):
            read_pickle(data[:end], "file.pkl")


def test_deep_nesting_is_refused():
    with pytest.raises(InputError, match="no whole pickle"):
        read_pickle(b"\x80\x04" + b"]" * 100000 + b"a" * 99999 + b".", "file.pkl")


def test_npy_streams(tmp_path):
    path = tmp_path / "a.npy"
    for value in (
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        TABLE,
        np.array(4),
    ):
        np.save(path, value)
        with open(path, "rb") as stream:
            same(load_object(stream, path, path.stat().st_size), value)
    np.save(path, {"a": np.arange(3)})
    with open(path, "rb") as stream:
        same(load_object(stream, path, path.stat().st_size), {"a": np.arange(3)})
    np.save(path, np.arange(6.0))
    path.write_bytes(path.read_bytes()[:-5])
    with (
        open(path, "rb") as stream,
        pytest.raises(InputError, match="is truncated: 43 bytes of an array of 48"),
    ):
        load_object(stream, path, path.stat().st_size)
    path.write_bytes(b"\x93NUMPY\x09\x00" + bytes(100))
    with open(path, "rb") as stream, pytest.raises(InputError, match=r"does not begin as an array|version"):
        load_object(stream, path, path.stat().st_size)
