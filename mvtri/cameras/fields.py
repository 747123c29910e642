"""The fields of a `CameraGroup`: each is checked by itself, its misfits noted and nothing raised."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import one_of

MODELS = {"opencv": 0, "fisheye": 1, "human36m": 2}  # the codes of mvtri.kernels.cameras.lenses
COUNTS = {"opencv": (4, 5, 8, 12, 14), "fisheye": (4,), "human36m": (5,)}

_UNTOUCHED = 1e-12  # how far R R^T of a rotation that is kept as it is may be from the identity
_REPAIRED = 1e-4  # and of one that is taken for a rounded rotation

Floats = NDArray[np.float64]
Misfits = list[str]


def check_array(values: ArrayLike, shape: tuple[int, ...], what: str, misfits: Misfits) -> Floats | None:
    """Return `values` as an array of this shape, or note what is wrong and return None."""
    try:
        array = np.array(values, dtype=np.float64, order="C")
    except (TypeError, ValueError):
        misfits.append(f"{what} must be numbers of shape {shape}")
        return None
    if array.shape != shape:
        misfits.append(f"{what} have the shape {array.shape}, expected {shape}")
        return None
    if not np.isfinite(array).all():
        misfits.append(f"{what} hold NaN or infinity")
        return None
    return array


def check_names(names: Sequence[str], misfits: Misfits) -> tuple[str, ...]:
    """Return the names as a tuple; note what is wrong with them."""
    names = (names,) if isinstance(names, str) else tuple(names)
    wrong = [name for name in names if not isinstance(name, str) or not name]
    twice = sorted({name for name in names if not wrong and names.count(name) > 1})
    if wrong:
        misfits.append(f"names must be non-empty strings, found {wrong[0]!r}")
    if twice:
        misfits.append(f"two cameras are called {twice[0]!r}")
    if not names:
        misfits.append("there is no camera among them")
    return tuple(map(str, names))


def check_sizes(values: ArrayLike, count: int, misfits: Misfits) -> NDArray[np.int64] | None:
    """Return image sizes (C, 2) as integers, or note what is wrong and return None."""
    sizes = check_array(values, (count, 2), "image_sizes", misfits)
    if sizes is None:
        return None
    if not (np.all(sizes >= 1) and np.all(sizes == np.round(sizes))):
        misfits.append(f"image_sizes must be whole positive pixels (width, height), found {sizes.tolist()}")
    return sizes.astype(np.int64)


def check_models(models: str | Sequence[str] | None, count: int, misfits: Misfits) -> tuple[str, ...] | None:
    """Return the lens model of each camera, or note what is wrong and return None."""
    models = (models or "opencv",) * count if models is None or isinstance(models, str) else tuple(models)
    if len(models) != count:
        misfits.append(f"there are {len(models)} models for {count} cameras")
        return None
    unknown = [model for model in models if model not in MODELS]
    if unknown:
        misfits.append(one_of(unknown[0], list(MODELS), "distortion model"))
        return None
    return tuple(map(str, models))


def check_matrices(values: ArrayLike, names: tuple[str, ...], misfits: Misfits) -> Floats | None:
    """Return the camera matrices (C, 3, 3), or note what is wrong and return None."""
    matrices = check_array(values, (len(names), 3, 3), "matrices", misfits)
    if matrices is None:
        return None
    for name, k in zip(names, matrices):
        if not (k[0, 0] > 0 and k[1, 1] > 0):
            misfits.append(f"the focal lengths of {name} must be positive, found {k[0, 0]:g} and {k[1, 1]:g}")
        if k[1, 0] != 0 or k[2].tolist() != [0, 0, 1]:
            misfits.append(
                f"the matrix of {name} must be [[fx, skew, cx], [0, fy, cy], [0, 0, 1]], found {k.tolist()}"
            )
    return matrices


def check_distortions(
    values: Sequence[ArrayLike], names: tuple[str, ...], models: tuple[str, ...] | None, misfits: Misfits
) -> tuple[Floats, ...] | None:
    """Return the coefficients of each camera, or note what is wrong and return None."""
    rows: Any = values if isinstance(values, np.ndarray) and values.ndim else _listed(values)
    if rows is None or len(rows) != len(names):
        misfits.append(f"distortions must be {len(names)} sequences of coefficients, one a camera")
        return None
    result = []
    for name, model, row in zip(names, models or [""] * len(names), rows):
        try:
            coefficients = np.array(row, dtype=np.float64).ravel()
        except (TypeError, ValueError):
            misfits.append(f"the distortion of {name} is not a sequence of numbers")
            continue
        if model and len(coefficients) not in COUNTS[model]:
            expected = " or ".join(map(str, COUNTS[model]))
            misfits.append(
                f"{name} has {len(coefficients)} distortion coefficients, where {model} takes {expected}"
            )
        if not np.isfinite(coefficients).all():
            misfits.append(f"the distortion of {name} holds NaN or infinity")
        result.append(coefficients)
    return tuple(result)


def _listed(values: Any) -> list[Any] | None:
    return list(values) if isinstance(values, Sequence) and not isinstance(values, str | bytes) else None


def check_rotations(values: ArrayLike, names: tuple[str, ...], misfits: Misfits) -> Floats | None:
    """Return the rotations (C, 3, 3), or note what is wrong and return None."""
    rotations = check_array(values, (len(names), 3, 3), "rotations", misfits)
    if rotations is None:
        return None
    for name, r in zip(names, rotations):
        off = float(np.abs(r @ r.T - np.eye(3)).max())
        if off > _REPAIRED:
            misfits.append(f"the rotation of {name} is not one: R R^T differs from the identity by {off:.2g}")
        elif np.linalg.det(r) < 0:
            misfits.append(
                f"the rotation of {name} mirrors: its determinant is -1, so an axis has the wrong sign"
            )
        elif off > _UNTOUCHED:
            u, _, v = np.linalg.svd(r)
            r[:] = u @ v
    return rotations
