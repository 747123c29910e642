"""Tables that pandas wrote to HDF5 (`DataFrame.to_hdf`), read with h5py alone; nothing in them is run.

pandas has two layouts.  In ``format="table"``, a dataset ``table`` has the fields ``index`` and
``values_block_0``, ..., and the names of the columns are pickled in attributes, which the restricted
unpickler reads.  In ``format="fixed"``, each block of columns has a dataset of values, and one of codes and
one of names for each level of the columns' names.  (Source: pandas,
io/pytables.py, `AppendableFrameTable` and `BlockManagerFixed`.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mvtri.containers.hdf5 import group_of, open_hdf5, peek_hdf5, read_array, read_numbers
from mvtri.containers.netcdf import is_hdf5
from mvtri.containers.pickle import read_pickle
from mvtri.errors import InputError

if TYPE_CHECKING:
    import h5py


@dataclass(frozen=True, eq=False)
class Frame:
    """A table.

    Attributes
    ----------
    columns : list of tuple of str
        C names, each of as many parts as the columns have levels.
    index : list
        T numbers or texts; empty where the file keeps them in another way.
    values : ndarray, shape (T, C)
    """

    columns: list[tuple[str, ...]]
    index: list[Any]
    values: np.ndarray


def frames_in(path: Path) -> list[str]:
    """Return the names of the tables in an HDF5 file that pandas wrote; never raises."""
    if not is_hdf5(path):
        return []
    try:
        with peek_hdf5(path) as file:
            return [name for name in file if _kind(file, name) in ("frame_table", "frame")]
    except (OSError, ValueError, KeyError, RuntimeError, TypeError):
        return []


def read_frame(path: Path) -> Frame:
    """Read the one table in a file.

    Raises
    ------
    InputError
        If there is none or there are several, or it is damaged.
    """
    with open_hdf5(path) as file:
        names = [name for name in file if _kind(file, name) in ("frame_table", "frame")]
        if len(names) != 1:
            raise InputError(
                f"{path} holds {len(names)} tables of pandas ({', '.join(names[:5]) or 'none'}); expected one"
            )
        group = group_of(file, names[0], path)
        try:
            frame = (
                _read_table(group, path)
                if _kind(file, names[0]) == "frame_table"
                else _read_fixed(group, path)
            )
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{names[0]} of {path} is no whole table of pandas ({error!s:.80}); write it again"
            ) from None
    if frame.values.shape[1] != len(frame.columns):
        raise InputError(
            f"{path} has {len(frame.columns)} names for {frame.values.shape[1]} columns; write it again"
        )
    return frame


def _kind(file: "h5py.File", name: str) -> str:
    item = file.get(name)
    return _text(item.attrs.get("pandas_type", "")) if item is not None else ""


def _read_table(group: "h5py.Group", path: Path) -> Frame:
    rows = read_array(group, "table", path)
    attributes = group["table"].attrs
    fields = rows.dtype.names or ()
    blocks = [name for name in fields if name.startswith("values_block_")]
    columns: list[tuple[str, ...]] = []
    values = []
    for name in blocks:
        columns += _labels(attributes[f"{name}_kind"], path)
        values.append(np.asarray(rows[name], dtype=np.float64).reshape(len(rows), -1))
    index = rows["index"].tolist() if "index" in fields else []
    order = _in_order(columns, _labels(group.attrs["non_index_axes"], path, inner=True))
    joined = np.concatenate(values, axis=1) if values else np.empty((len(rows), 0))
    return Frame([columns[place] for place in order], [_plain(one) for one in index], joined[:, order])


def _labels(attribute: Any, path: Path, inner: bool = False) -> list[tuple[str, ...]]:
    """Return the names of columns in a pickled attribute; with `inner`, those of the axis of columns."""
    data = attribute.encode("latin-1") if isinstance(attribute, str) else bytes(attribute)
    found = read_pickle(data, path)
    names = found[0][1] if inner else found
    return [tuple(map(str, name)) if isinstance(name, tuple) else (str(name),) for name in names]


def _read_fixed(group: "h5py.Group", path: Path) -> Frame:
    columns: list[tuple[str, ...]] = []
    values = []
    for number in range(int(group.attrs["nblocks"])):
        columns += _axis(group, f"block{number}_items", path)
        block = read_numbers(group, f"block{number}_values", path, 2)
        transposed = bool(group[f"block{number}_values"].attrs.get("transposed", False))
        values.append(block if transposed else block.T)
    order = _in_order(columns, _axis(group, "axis0", path))
    multiple = _text(group.attrs["axis1_variety"]) == "multi"
    rows = _axis(group, "axis1", path) if multiple or "axis1" in group else []
    index = ["/".join(map(str, row)) if multiple else row[0] for row in rows]
    joined = np.concatenate(values, axis=1)
    return Frame([columns[place] for place in order], index, joined[:, order])


def _axis(group: "h5py.Group", name: str, path: Path) -> list[tuple[Any, ...]]:
    """Return the labels of an axis, each of as many parts as the axis has levels."""
    if _text(group.attrs[f"{name}_variety"]) != "multi":
        stored = read_array(group, name, path)
        return [] if stored.dtype.kind == "O" else [(_plain(one),) for one in stored.tolist()]
    parts = []
    for level in range(int(group.attrs[f"{name}_nlevels"])):
        names = [_plain(one) for one in read_array(group, f"{name}_level{level}", path).tolist()]
        codes = read_array(group, f"{name}_label{level}", path).tolist()
        parts.append([names[code] if code >= 0 else "" for code in codes])
    return list(zip(*parts))


def _in_order(columns: Sequence[tuple[Any, ...]], wanted: Sequence[tuple[Any, ...]]) -> list[int]:
    """Return where the columns wanted are among those of the blocks."""
    place = {name: number for number, name in enumerate(columns)}
    return [place[name] for name in wanted]


def _plain(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
