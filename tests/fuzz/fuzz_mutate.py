"""Changes of valid files: of bytes, of lines and numbers, and of trees (JSON, pickles, HDF5, npz, MATLAB).

Every change is drawn from a `random.Random`, so the same seed gives the same file.
"""

import io
import json
import pickle
import re
import warnings
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

NUMBERS = (
    *("nan", "inf", "-inf", "0", "-0.0", "-1", "1e308", "-1e308", "1e-320", "1e999", "9" * 30, "9" * 5000),
    *(
        "2147483648",
        "4294967296",
        "18446744073709551616",
        "1e5",
        "1e9",
        "0.001",
        "-5",
        "2",
        "1_000",
        "0x10",
        "1,5",
    ),
)
TOKENS = (
    *(
        "",
        "null",
        "true",
        '"text"',
        "''",
        '"',
        "[",
        "]",
        "{",
        "}",
        "<",
        ">",
        "&x;",
        "=1+1",
        "é",
        "\ud7ff",
        "\u2028",
    ),
    *("\0", "\t", ",", ";", ":", "..", "/etc/passwd", "../../x", "a" * 300, "[" * 300, "<a>" * 300, "%s%n"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, "", "text", "nan", "é\u2028", "a" * 300, 0, -1, 1, 2**31, 2**63, 2**70, 10**30),
    *(0.0, -0.5, 1e-320, 1e308, float("nan"), float("inf"), -float("inf"), [], {}, [[]], [None], {"a": 1}),
)
TRIES = 5
_WORDS = (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", bytes(4), b"\x00\x00\x00\x80")
_PIECES = (b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n" * 50, b"9" * 50, b"-")
_NUMBER = re.compile(rb"-?\d+\.?\d*(?:[eE][-+]?\d+)?")


def mutate_file(path: Path, rng: Random) -> None:
    """Change a file in place: in one of four, its bytes; else what its kind allows."""
    data = path.read_bytes()
    if rng.random() < 0.25 or not data or not _changed_by_kind(path, data, rng):
        path.write_bytes(change_bytes(data, rng))
        return
    if rng.random() < 0.1:
        path.write_bytes(change_bytes(path.read_bytes(), rng))


def _changed_by_kind(path: Path, data: bytes, rng: Random) -> bool:
    """Change a file as its kind allows; what was drawn may be impossible to write, so draw a few times."""
    for _ in range(TRIES):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                _by_kind(path, data, rng)
            return True
        except Exception:  # NumPy, h5py, SciPy and pickle each refuse in ways of their own
            path.write_bytes(data)
    return False


def _by_kind(path: Path, data: bytes, rng: Random) -> None:
    if data.startswith(b"\x89HDF"):
        change_hdf5(path, rng)
    elif data.startswith(b"PK"):
        change_npz(path, rng)
    elif data.startswith(b"\x93NUMPY"):
        path.write_bytes(change_npy(data, rng))
    elif data.startswith(b"\x80"):
        path.write_bytes(change_pickle(data, rng))
    elif data.startswith(b"MATLAB 5"):
        change_matlab(path, rng)
    elif data.lstrip()[:1] in (b"{", b"[") and path.suffix in (".json", ".slp"):
        path.write_bytes(change_json(data, rng))
    elif b"\0" not in data[:4096] or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        path.write_bytes(change_text(data, rng))
    else:
        path.write_bytes(change_bytes(data, rng))


def change_bytes(data: bytes, rng: Random) -> bytes:
    """Flip, drop, double, overwrite or truncate; rather in the beginning, where headers are."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        size = len(changed)
        at = rng.randrange(size + 1) if rng.random() < 0.6 else rng.randrange(min(size, 600) + 1)
        length = rng.choice((1, 1, 2, 4, 8, 64, 1024))
        way = rng.randrange(7)
        if way == 0 and at < size:
            changed[at] ^= 1 << rng.randrange(8)
        elif way == 1:
            del changed[at : at + length]
        elif way == 2:
            changed[at:at] = changed[at : at + length]
        elif way == 3:
            changed[at : at + length] = rng.randbytes(length)
        elif way == 4:
            changed[at : at + 4] = rng.choice(_WORDS)
        elif way == 5:
            changed = changed[:at]
        else:
            changed[at:at] = rng.choice(_PIECES)
    return bytes(changed)


def change_text(data: bytes, rng: Random) -> bytes:
    """Change numbers, tokens and lines of a text."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        way = rng.randrange(8)
        numbers = list(_NUMBER.finditer(data)) if way <= 2 else []
        lines = data.split(b"\n")
        at = rng.randrange(len(lines))
        if numbers:
            found = rng.choice(numbers)
            data = data[: found.start()] + rng.choice(NUMBERS).encode() + data[found.end() :]
            continue
        if way == 3:
            del lines[at]
        elif way == 4:
            lines[at:at] = [lines[at]] * rng.choice((1, 2, 500))
        elif way == 5:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        else:
            words = re.split(rb"(\W+)", lines[at])
            words[rng.randrange(len(words))] = rng.choice((*TOKENS, *NUMBERS)).encode(
                "utf-8", "surrogatepass"
            )
            lines[at] = b"".join(words)
        data = b"\n".join(lines)
    if rng.random() < 0.08:
        text = data.decode("utf-8", "replace")
        encoding = rng.choice(("utf-16", "utf-16-le", "utf-8-sig", "latin-1", "utf-32"))
        data = text.encode(encoding, "replace")
    if rng.random() < 0.05:
        data = data.replace(b"\n", rng.choice((b"\r\n", b"\r", b" ", b"\n\n")))
    return data


def change_tree(tree: Any, rng: Random) -> Any:
    """Change one place of dicts, lists, tuples and arrays: replace, drop, double, wrap or deepen it."""
    if isinstance(tree, dict) and tree and rng.random() < 0.9:
        key = rng.choice(list(tree))
        changed = dict(tree)
        way = rng.random()
        if way < 0.1:
            del changed[key]
        elif way < 0.15:
            changed[rng.choice(("x", "", "é", str(key).upper(), "a" * 300))] = changed.pop(key)
        else:
            changed[key] = change_tree(tree[key], rng)
        return changed
    if isinstance(tree, (list, tuple)) and tree and rng.random() < 0.85:
        items = list(tree)
        at = rng.randrange(len(items))
        way = rng.random()
        if way < 0.1:
            del items[at]
        elif way < 0.2:
            items[at:at] = [items[at]] * rng.choice((1, 2, 100))
        else:
            items[at] = change_tree(items[at], rng)
        return items if isinstance(tree, list) else tuple(items)
    if isinstance(tree, np.ndarray) and rng.random() < 0.9:
        return change_array(tree, rng)
    way = rng.random()
    if way < 0.1:
        return [tree]
    if way < 0.15:
        deep: Any = tree
        for _ in range(rng.choice((70, 500))):
            deep = [deep]
        return deep
    if way < 0.2:
        return {"value": tree}
    if way < 0.3 and isinstance(tree, (int, float)) and not isinstance(tree, bool):
        return tree * rng.choice((-1, 0, 1000, 1e-3, 1e6))
    return rng.choice(VALUES)


def change_array(array: np.ndarray, rng: Random) -> Any:
    """Change shape, type or values of an array."""
    way = rng.randrange(10)
    if way == 0:
        return (
            array.astype(rng.choice(("f4", "i2", "U8", "c8", "?", "S5")), copy=True)
            if array.dtype != object
            else array[:0]
        )
    if way == 1:
        return array.ravel()[: rng.randrange(array.size + 1)]
    if way == 2:
        return array[None] if rng.random() < 0.5 else array[..., None]
    if way == 3:
        return array[:0]
    if way == 4:
        return array.T.copy()
    if way == 5:
        return np.float64(rng.choice((0.0, np.nan, -1.0, 1e300)))
    if way == 6 and array.size:
        return np.repeat(array, rng.choice((2, 50)), axis=0) if array.ndim else array
    if array.size and array.dtype.kind in "fiu":
        changed = array.copy()
        value = (
            rng.choice((np.nan, np.inf, -1.0, 0.0, 1e30, -1e30, 3e9))
            if array.dtype.kind == "f"
            else rng.choice((-1, 0, 2**31 - 1))
        )
        if way == 7:
            changed[...] = np.array(value).astype(array.dtype)
        else:
            changed.flat[rng.randrange(array.size)] = np.array(value).astype(array.dtype)
        return changed
    if array.dtype == object and array.size:
        changed = array.copy()
        at = rng.randrange(array.size)
        changed.flat[at] = change_tree(changed.flat[at], rng)
        return changed
    return array[::-1]


def change_json(data: bytes, rng: Random) -> bytes:
    """Change the tree, or what only the text can say: a key twice, depth, a number too long."""
    if rng.random() < 0.2:
        return change_text(data, rng)
    try:
        tree = json.loads(data)
    except ValueError:
        return change_bytes(data, rng)
    for _ in range(rng.choice((1, 1, 2))):
        tree = change_tree(tree, rng)
    text = json.dumps(tree)
    if rng.random() < 0.1 and '": ' in text:
        key = rng.choice(re.findall(r'"(\w+)": ', text) or ["x"])
        text = text.replace(f'"{key}": ', f'"{key}": 1, "{key}": ', 1)
    return text.encode()


def change_npy(data: bytes, rng: Random) -> bytes:
    """Change the array, or the header alone."""
    if rng.random() < 0.3:
        head = data[:128]
        return _header(head, rng) + data[128:]
    array = np.load(io.BytesIO(data), allow_pickle=True)
    value = array.item() if array.dtype == object and array.shape == () else array
    out = io.BytesIO()
    np.save(
        out,
        np.array(change_tree(value, rng), dtype=object) if value is not array else change_array(array, rng),
    )
    return out.getvalue()


def _header(head: bytes, rng: Random) -> bytes:
    ways = (
        (
            rb"\(\d+",
            b"(" + rng.choice((b"99999999999", b"0", b"-3", b"1e3", b"True", b"18446744073709551616")),
        ),
        (
            rb"<[fiU]\d+",
            rng.choice((b"<U0", b"|O", b"<f2", b"<M8[s]", b"|V0", b"<U99999999", b"[('a','<f8')]")),
        ),
        (rb"False", rng.choice((b"True", b"None", b"1"))),
        (rb"\)", rng.choice((b", 0)", b", 1000000)", b",,)", b""))),
    )
    old, new = rng.choice(ways)
    return re.sub(old, lambda _: new, head, count=1)


def change_npz(path: Path, rng: Random) -> None:
    """Change, drop or add members."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError):
        path.write_bytes(change_bytes(path.read_bytes(), rng))
        return
    name = rng.choice(list(members))
    way = rng.random()
    if way < 0.1:
        del members[name]
    elif way < 0.15:
        members[rng.choice(("../../x.npy", "/etc/x.npy", "x", "é.npy", "a" * 300 + ".npy"))] = members.pop(
            name
        )
    elif way < 0.3:
        members[name] = change_bytes(members[name], rng)
    else:
        try:
            members[name] = change_npy(members[name], rng)
        except (ValueError, TypeError, OverflowError, pickle.PickleError, RecursionError):
            members[name] = change_bytes(members[name], rng)
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2))
    with zipfile.ZipFile(path, "w", method) as archive:
        for key, data in members.items():
            archive.writestr(key, data)
        if rng.random() < 0.05:
            archive.writestr(name, b"again")


BOMBS = (
    b"\x80\x04Nr\xff\xff\xff\x7f.",
    b"\x80\x04\x8d\xff\xff\xff\xff\x00\x00\x00\x00.",
    b"\x80\x04}N\x85" + b"2\x86" * 60 + b"Ns.",
    b"\x80\x04]" + b"2\x86" * 40 + b".",
    b"\x80\x04" + b"]" * 5000 + b"a" * 4999 + b".",
    b"\x80\x04cos\nsystem\n(X\x04\x00\x00\x00truetR.",
    b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.",
)


def change_pickle(data: bytes, rng: Random) -> bytes:
    """Change the objects and write them in another protocol, or write something hostile."""
    if rng.random() < 0.1:
        return rng.choice(BOMBS)
    try:
        tree = pickle.loads(data)
        return pickle.dumps(change_tree(tree, rng), protocol=rng.randrange(6))
    except Exception:  # what earlier changes left
        return change_bytes(data, rng)


def change_matlab(path: Path, rng: Random) -> None:
    """Change the variables of a MATLAB 5 file."""
    from scipy.io import loadmat, savemat

    try:
        tree = {key: value for key, value in loadmat(path).items() if not key.startswith("__")}
        changed = change_tree(tree, rng)
        savemat(
            path,
            changed if isinstance(changed, dict) and changed else {"x": 1},
            do_compression=rng.random() < 0.5,
        )
    except Exception:  # scipy cannot write whatever there is
        path.write_bytes(change_bytes(path.read_bytes(), rng))


def change_hdf5(path: Path, rng: Random) -> None:
    """Drop, replace or resize datasets, links and attributes."""
    import h5py

    try:
        with h5py.File(path, "r+") as file:
            names: list[str] = []
            file.visit(names.append)
            name = rng.choice(names)
            _change_item(file, name, rng)
    except Exception:  # h5py cannot write whatever there is
        path.write_bytes(change_bytes(path.read_bytes(), rng))


def _change_item(file: Any, name: str, rng: Random) -> None:
    import h5py

    item = file[name]
    way = rng.randrange(9)
    if way == 0:
        del file[name]
    elif way == 1:
        del file[name]
        links = (h5py.ExternalLink("/etc/passwd", "/x"), h5py.SoftLink("/"), h5py.SoftLink("/nowhere"))
        file[name] = rng.choice(links)
    elif way == 2:
        holder = rng.choice((item, file))
        key = rng.choice([*holder.attrs, "x"])
        value = rng.choice(
            [value for value in VALUES if not isinstance(value, dict)] + [np.zeros((2, 0)), b"\xff"]
        )
        holder.attrs[key] = "" if value is None else value
    elif isinstance(item, h5py.Dataset) and way <= 4 and item.dtype.kind in "fiuSU":
        changed = change_array(item[()] if item.shape else np.array([item[()]]), rng)
        attributes = dict(item.attrs)
        del file[name]
        made = file.create_dataset(name, data=changed.astype("S8") if changed.dtype.kind == "U" else changed)
        for key, value in attributes.items():
            if key not in ("DIMENSION_LIST", "REFERENCE_LIST"):
                made.attrs[key] = value
    elif isinstance(item, h5py.Dataset) and way == 5:
        del file[name]
        file.create_dataset(name, (10**9, 4), "f8", chunks=(1000, 4), compression="gzip")
    elif isinstance(item, h5py.Dataset) and way == 6:
        del file[name]
        file.create_dataset(
            name, (3,), rng.choice((h5py.ref_dtype, h5py.string_dtype(), np.dtype("c16"), np.dtype("V7")))
        )
    elif way == 7:
        del file[name]
        file.create_group(name) if isinstance(item, h5py.Dataset) else file.create_dataset(name, data=1.0)
    else:
        item.attrs[rng.choice([*item.attrs, "units"])] = rng.choice(("nan", 1.5, "seconds since x", [1, 2]))
