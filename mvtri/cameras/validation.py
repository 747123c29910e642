"""Checks of what a `CameraGroup` is made from, which collect all problems, and of what its methods take."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError, one_of

MODELS = {"opencv": 0, "fisheye": 1, "human36m": 2}  # the codes of mvtri.kernels.cameras.lenses
COUNTS = {"opencv": (4, 5, 8, 12, 14), "fisheye": (4,), "human36m": (5,)}

_UNTOUCHED = 1e-12  # a rotation is kept as it is where R R^T is this close to the identity
_LARGEST_SIZE = 1e9  # pixels, so that sizes are integers
_REPAIRED = 1e-4  # and replaced by the nearest rotation where it is this close

Floats = NDArray[np.float64]
Problems = list[str]


def check_array(values: ArrayLike, shape: tuple[int, ...], what: str, problems: Problems) -> Floats | None:
    """Return `values` as an array of this shape, or add to `problems` and return None."""
    try:
        array = np.array(values, dtype=np.float64, order="C")
    except (TypeError, ValueError):
        problems.append(f"{what} must be numbers of shape {shape}")
        return None
    if array.shape != shape:
        problems.append(f"{what} have the shape {array.shape}, expected {shape}")
        return None
    if not np.isfinite(array).all():
        problems.append(f"{what} contain NaN or infinity")
        return None
    return array


def check_names(names: Sequence[str], problems: Problems) -> tuple[str, ...]:
    """Return the names as a tuple; add what is wrong with them to `problems`."""
    names = (names,) if isinstance(names, str) else tuple(names)
    wrong = [name for name in names if not isinstance(name, str) or not name]
    twice = sorted({name for name in names if not wrong and names.count(name) > 1})
    if wrong:
        problems.append(f"names must be non-empty strings, found {wrong[0]!r}")
    if twice:
        problems.append(f"two cameras are called {twice[0]!r}; expected unique names")
    if not names:
        problems.append("there are no cameras; expected one or more names")
    return tuple(map(str, names))


def check_sizes(values: ArrayLike, count: int, problems: Problems) -> NDArray[np.int64] | None:
    """Return image sizes (C, 2) as integers, or add to `problems` and return None."""
    sizes = check_array(values, (count, 2), "image_sizes", problems)
    if sizes is None:
        return None
    if not (np.all(sizes >= 1) and np.all(sizes == np.round(sizes)) and np.all(sizes <= _LARGEST_SIZE)):
        problems.append(f"image_sizes must be whole positive pixels (width, height), found {sizes.tolist()}")
        return None
    return sizes.astype(np.int64)


def check_models(
    models: str | Sequence[str] | None, count: int, problems: Problems
) -> tuple[str, ...] | None:
    """Return the lens model of each camera, or add to `problems` and return None."""
    models = (models or "opencv",) * count if models is None or isinstance(models, str) else tuple(models)
    if len(models) != count:
        problems.append(f"models has {len(models)} entries, expected one per camera ({count})")
        return None
    unknown = [model for model in models if model not in MODELS]
    if unknown:
        problems.append(one_of(unknown[0], list(MODELS), "distortion model"))
        return None
    return tuple(map(str, models))


def check_matrices(values: ArrayLike, names: tuple[str, ...], problems: Problems) -> Floats | None:
    """Return the camera matrices (C, 3, 3), or add to `problems` and return None."""
    matrices = check_array(values, (len(names), 3, 3), "matrices", problems)
    if matrices is None:
        return None
    for name, k in zip(names, matrices):
        if not (k[0, 0] > 0 and k[1, 1] > 0):
            problems.append(
                f"the focal lengths of {name} must be positive, found {k[0, 0]:g} and {k[1, 1]:g}"
            )
        if k[1, 0] != 0 or k[2].tolist() != [0, 0, 1]:
            problems.append(
                f"the matrix of {name} must be [[fx, skew, cx], [0, fy, cy], [0, 0, 1]], found {k.tolist()}"
            )
    return matrices


def check_distortions(
    values: Sequence[ArrayLike], names: tuple[str, ...], models: tuple[str, ...] | None, problems: Problems
) -> tuple[Floats, ...] | None:
    """Return the coefficients of each camera, or add to `problems` and return None."""
    rows: Any = values if isinstance(values, np.ndarray) and values.ndim else _listed(values)
    if rows is None or len(rows) != len(names):
        problems.append(f"distortions must be {len(names)} sequences of coefficients, one per camera")
        return None
    result = []
    for name, model, row in zip(names, models or [""] * len(names), rows):
        try:
            coefficients = np.array(row, dtype=np.float64).ravel()
        except (TypeError, ValueError):
            problems.append(f"the distortion of {name} must be a sequence of numbers")
            continue
        if model and len(coefficients) not in COUNTS[model]:
            expected = " or ".join(map(str, COUNTS[model]))
            problems.append(
                f"{name} has {len(coefficients)} distortion coefficients, and the model {model} takes "
                f"{expected} ({_on_count(len(coefficients), model)})"
            )
        if not np.isfinite(coefficients).all():
            problems.append(f"the distortion of {name} contains NaN or infinity")
        result.append(coefficients)
    return tuple(result)


def _on_count(count: int, model: str) -> str:
    """Return what to do where a camera has a number of coefficients that its model does not take."""
    if count < max(COUNTS[model]):
        return "fill up with zeros"
    return "if it is no fisheye, say so: fisheye = false" if model == "fisheye" else "leave out the last ones"


def _listed(values: Any) -> list[Any] | None:
    return list(values) if isinstance(values, Sequence) and not isinstance(values, str | bytes) else None


def check_rotations(values: ArrayLike, names: tuple[str, ...], problems: Problems) -> Floats | None:
    """Return the rotations (C, 3, 3), or add to `problems` and return None."""
    rotations = check_array(values, (len(names), 3, 3), "rotations", problems)
    if rotations is None:
        return None
    for name, r in zip(names, rotations):
        r[np.abs(r) > 2.0] = 2.0  # far from a rotation, whatever it was: products must not overflow
        off = float(np.abs(r @ r.T - np.eye(3)).max())
        if off > _REPAIRED:
            problems.append(
                f"the rotation of {name} is not orthogonal: R R^T differs from the identity by {off:.2g}"
            )
        elif np.linalg.det(r) < 0:
            problems.append(
                f"the rotation of {name} has the determinant -1, so it mirrors; reverse one of its axes"
            )
        elif off > _UNTOUCHED:
            u, _, v = np.linalg.svd(r)
            r[:] = u @ v
    return rotations


def as_numbers(values: ArrayLike, tail: tuple[int, ...], what: str) -> Floats:
    """Return `values` as an array whose last axes have the sizes `tail`, or raise InputError."""
    expected = f"(..., {', '.join(map(str, tail))})"
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"{what} must be numbers of shape {expected}, found {type(values).__name__}"
        ) from None
    if array.shape[-len(tail) :] != tail:
        raise InputError(f"{what} have the shape {array.shape}, expected {expected}")
    return array
