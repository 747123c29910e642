"""Which module reads which layout: every module in a package of `mvtri.datasets` that has a `LAYOUT`."""

import importlib
import os
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mvtri.datasets.dataset import Dataset
from mvtri.errors import InputError, MissingFileError, one_of


@dataclass(frozen=True)
class Layout:
    """A layout of labelled recordings, as its module describes it.

    Attributes
    ----------
    name : str
        Such as ``"human36m-mmpose"``.
    family : str
        Which data it holds, such as ``"human36m"``.
    description : str
        One line.
    sniff : callable
        Returns whether a file or folder has this layout, judged by its content; it must not raise, and must
        be true for a damaged file, too.
    open : callable
        ``open(root, **options) -> Dataset``.
    rootless : bool
        Whether it can be opened without files, with None for the root.
    """

    name: str
    family: str
    description: str
    sniff: Callable[[Path], bool]
    open: Callable[..., Dataset]
    rootless: bool = False


@cache
def dataset_layouts() -> dict[str, Layout]:
    """Return the layouts by name, in alphabetical order."""
    rooms = importlib.import_module("mvtri.datasets")
    found = []
    for room in pkgutil.iter_modules(rooms.__path__):
        if not room.ispkg:
            continue
        package = importlib.import_module(f"{rooms.__name__}.{room.name}")
        for entry in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{entry.name}")
            declared = getattr(module, "LAYOUT", None)
            if isinstance(declared, Layout):
                found.append(declared)
    return {layout.name: layout for layout in sorted(found, key=lambda one: one.name)}


def open_dataset(name: str | None, root: str | os.PathLike[str] | None, **options: Any) -> Dataset:
    """Open labelled recordings: Human3.6M or SIMSPINE in any of their layouts, or synthetic ones.

    Parameters
    ----------
    name : str or None
        A layout (``"human36m-raw"``, ``"human36m-videopose3d"``, ``"human36m-martinez"``,
        ``"human36m-learnable"``, ``"human36m-mmpose"``, ``"simspine-h5"``, ``"simspine-folder"``,
        ``"simspine-npz"``, ``"synthetic-human36m"``), or a family (``"human36m"``, ``"simspine"``) whose
        layout is found from the content; None finds both.
    root : path or None
        The folder or file; None where a layout needs none (``"synthetic-human36m"``, of our own motions).
    **options
        ``tolerance``: how far the stored true 2D may be from the projected 3D, px (0.02).  Some layouts have
        more options: ``keypoints`` of ``human36m-videopose3d`` (``"gt"``) names the file of 2D;
        ``camera_check="none"`` of SIMSPINE's layouts allows other cameras than Human3.6M's; those of
        ``synthetic-human36m`` are described at `mvtri.datasets.synthetic_human36m`.

    Returns
    -------
    Dataset
        With ``.sequences``, ``.select(...)`` and ``.load(sequence)``; one sequence is read at a time.

    Raises
    ------
    MissingFileError
        If there is nothing at `root`.
    InputError
        If no layout is called `name`, or `root` fits none or several.
    """
    layouts = dataset_layouts()
    if root is None:
        rootless = [layout.name for layout in layouts.values() if layout.rootless]
        if name not in rootless:
            raise InputError(
                f"the dataset {name!r} needs a folder or file; pass its path (only {', '.join(rootless)} "
                "needs none)"
            )
        return _open(layouts[name], None, options)
    path = Path(root)
    if not path.exists():
        raise MissingFileError(f"there is no dataset at {path}; check the path")
    families = sorted({layout.family for layout in layouts.values()})
    if name in layouts:
        return _open(layouts[name], path, options)
    if name is not None and name not in families:
        raise InputError(one_of(name, [*families, *layouts], "dataset"))
    candidates = [layout for layout in layouts.values() if name in (None, layout.family)]
    fitting = [layout for layout in candidates if layout.sniff(path)]
    if not fitting:
        known = "; ".join(f"{layout.name}: {layout.description}" for layout in candidates)
        raise InputError(f"{path} has no layout that mvtri knows ({known}); check the path")
    if len(fitting) > 1:
        raise InputError(
            f"{path} holds several layouts ({', '.join(layout.name for layout in fitting)}); name one of them"
        )
    return _open(fitting[0], path, options)


def _open(layout: Layout, path: Path | None, options: dict[str, Any]) -> Dataset:
    try:
        return layout.open(path, **options)
    except TypeError as error:
        if "unexpected keyword" not in str(error):
            raise
        name = str(error).rpartition("argument ")[2]
        raise InputError(
            f"the layout {layout.name} has no option called {name}; docs/datasets.md lists its options"
        ) from None
