"""Which module reads which layout of labelled recordings: each declares a `FORMAT`, found by its package."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mvtri.datasets.dataset import Dataset
from mvtri.errors import InputError, MissingFileError, one_of
from mvtri.registry import Format, Registry


@dataclass(frozen=True, kw_only=True)
class DatasetFormat(Format):
    """A layout of labelled recordings: ``read(root, **options) -> Dataset``, which reads part by part.

    Attributes
    ----------
    family : str
        Which data it holds, such as ``"human36m"``.
    rootless : bool
        Whether it can be opened without files, with None for the root.
    """

    family: str
    rootless: bool = False


DATASETS = Registry("a labelled dataset", "mvtri.datasets", DatasetFormat)


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
    layouts = DATASETS.formats()
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


def _open(layout: DatasetFormat, path: Path | None, options: dict[str, Any]) -> Dataset:
    try:
        dataset: Dataset = layout.read(path, **options)
    except TypeError as error:
        if "unexpected keyword" not in str(error):
            raise
        name = str(error).rpartition("argument ")[2]
        raise InputError(
            f"the layout {layout.name} has no option called {name}; docs/datasets.md lists its options"
        ) from None
    return dataset
