"""`CameraGroup`: calibrated cameras that never change, and the ways between points, pixels and rays."""

import functools
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError, one_of

MODELS = {"opencv": 0, "fisheye": 1, "human36m": 2}  # the codes of mvtri.kernels.lenses
COUNTS = {"opencv": (4, 5, 8, 12, 14), "fisheye": (4,), "human36m": (5,)}

_UNTOUCHED = 1e-12  # how far R R^T of a rotation that is kept as it is may be from the identity
_REPAIRED = 1e-4  # and of one that is taken for a rounded rotation

Floats = NDArray[np.float64]


class CameraGroup:
    """Cameras calibrated in one world; immutable, its arrays are read-only.

    Parameters
    ----------
    names : sequence of str
        One a camera (C of them), no two alike.
    image_sizes : (C, 2)
        Width and height in whole pixels.
    matrices : (C, 3, 3)
        ``[[fx, skew, cx], [0, fy, cy], [0, 0, 1]]`` in pixels; the centre of the first pixel is (0, 0).
    distortions : sequence of C sequences
        Coefficients of each camera, by its model: ``opencv`` 4, 5, 8, 12 or 14 in OpenCV's order;
        ``fisheye`` 4 (OpenCV's fisheye, k1 to k4); ``human36m`` 5 (k1 k2 p1 p2 k3).
    rotations : (C, 3, 3)
        World to camera: ``Xc = R X + t``, x right, y down, z forward.  A matrix within 1e-4 of a rotation
        (float32, say, is within 1e-6) is replaced by the nearest one; one further off is an error.
    translations : (C, 3)
        t of the same formula in metres.
    models : sequence of str or str, optional
        ``"opencv"`` (where None), ``"fisheye"`` or ``"human36m"``; one name stands for all cameras.

    Raises
    ------
    InputError
        With all misfits in one sentence.
    """

    names: tuple[str, ...]
    image_sizes: NDArray[np.int64]
    matrices: Floats
    distortions: tuple[Floats, ...]
    rotations: Floats
    translations: Floats
    models: tuple[str, ...]

    def __init__(
        self,
        *,
        names: Sequence[str],
        image_sizes: ArrayLike,
        matrices: ArrayLike,
        distortions: Sequence[ArrayLike],
        rotations: ArrayLike,
        translations: ArrayLike,
        models: str | Sequence[str] | None = None,
    ):
        misfits: list[str] = []
        names = _names(names, misfits)
        count = len(names)
        sizes = _sizes(image_sizes, count, misfits)
        kinds = _models(models, count, misfits)
        values: dict[str, Any] = {
            "names": names,
            "image_sizes": sizes,
            "matrices": _matrices(matrices, names, misfits),
            "distortions": _distortions(distortions, names, kinds, misfits),
            "rotations": _rotations(rotations, names, misfits),
            "translations": _array(translations, (count, 3), "translations", misfits),
            "models": kinds,
        }
        if misfits:
            raise InputError("these cameras cannot be used: " + "; ".join(misfits))
        for key, value in values.items():
            for array in value if key == "distortions" else [value]:
                if isinstance(array, np.ndarray):
                    array.setflags(write=False)
            object.__setattr__(self, key, value)

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError(f"a CameraGroup is immutable: {key} cannot be set; build a new group instead")

    def __delattr__(self, key: str) -> None:
        raise AttributeError(f"a CameraGroup is immutable: {key} cannot be deleted")

    def __len__(self) -> int:
        return len(self.names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CameraGroup):
            return NotImplemented
        return (
            self.names == other.names
            and self.models == other.models
            and all(np.array_equal(getattr(self, key), getattr(other, key)) for key in _ARRAYS)
            and all(np.array_equal(a, b) for a, b in zip(self.distortions, other.distortions))
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        lines = [
            f"  {name}: {w} x {h} px, {model} ({len(d)}), f = {k[0, 0]:.1f} px, at ({x:.3f}, {y:.3f}, {z:.3f}) m"
            for name, (w, h), model, d, k, (x, y, z) in zip(
                self.names, self.image_sizes, self.models, self.distortions, self.matrices, self.centers
            )
        ]
        return "\n".join([f"CameraGroup of {len(self)} camera{'s' if len(self) != 1 else ''}", *lines])

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(CameraGroup, **self._fields()), ()

    def _fields(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in ("names", "models", "distortions", *_ARRAYS)}

    @property
    def centers(self) -> Floats:
        """Where the cameras stand in the world, ``-R^T t``, in metres (C, 3)."""
        return -np.einsum("cji,cj->ci", self.rotations, self.translations)

    def packed(self) -> tuple[NDArray[np.int64], Floats, Floats, Floats, Floats]:
        """Return what kernels take: model codes (C,), distortions (C, 14) zero-padded, K, R, t."""
        codes = np.array([MODELS[model] for model in self.models], dtype=np.int64)
        padded = np.zeros((len(self), 14))
        for row, coefficients in zip(padded, self.distortions):
            row[: len(coefficients)] = coefficients
        return codes, padded, self.matrices, self.rotations, self.translations

    def subset(self, names: str | Sequence[str]) -> "CameraGroup":
        """Return a group of the cameras called `names`, in that order.

        Raises
        ------
        InputError
            If there is no camera of a name; the sentence lists those there are.
        """
        names = [names] if isinstance(names, str) else list(names)
        unknown = [name for name in names if name not in self.names]
        if unknown:
            raise InputError(one_of(unknown[0], self.names, "camera"))
        chosen = [self.names.index(name) for name in names]
        fields: dict[str, Any] = {key: getattr(self, key)[chosen] for key in _ARRAYS}
        for key in ("names", "models", "distortions"):
            fields[key] = [getattr(self, key)[index] for index in chosen]
        return CameraGroup(**fields)

    def project(self, points: ArrayLike) -> Floats:
        """Return the pixels at which every camera sees `points`, through its lens.

        Parameters
        ----------
        points : (..., 3)
            Metres, in the world.

        Returns
        -------
        (..., C, 2)
            Pixels, inside the image or not; NaN where a point is NaN, or not in front of the camera.
        """
        from mvtri.kernels.cameras import project_points

        given = _points(points, (3,), "points")
        flat = np.ascontiguousarray(given.reshape(-1, 3))
        out = np.empty((len(flat), len(self), 2))
        project_points(flat, *self.packed(), out)
        return out.reshape(*given.shape[:-1], len(self), 2)

    def undistort(self, points2d: ArrayLike) -> Floats:
        """Return the rays that the cameras see at `points2d`.

        Parameters
        ----------
        points2d : (..., C, 2)
            Pixels as the lens gave them.

        Returns
        -------
        (..., C, 2)
            Normalised coordinates X/Z, Y/Z; NaN where a pixel is NaN or no ray is seen there: beyond the
            place where the lens's polynomial folds back.
        """
        from mvtri.kernels.cameras import undistort_points

        given = _points(points2d, (len(self), 2), "points2d")
        models, distortions, matrices, _, _ = self.packed()
        flat = np.ascontiguousarray(given.reshape(-1, len(self), 2))
        out = np.empty(flat.shape)
        undistort_points(flat, models, distortions, matrices, out)
        return out.reshape(given.shape)

    def distort(self, normalised: ArrayLike) -> Floats:
        """Return the pixels (..., C, 2) of rays given by normalised coordinates (..., C, 2).

        The inverse of `undistort`.
        """
        from mvtri.kernels.cameras import distort_points

        given = _points(normalised, (len(self), 2), "normalised")
        models, distortions, matrices, _, _ = self.packed()
        flat = np.ascontiguousarray(given.reshape(-1, len(self), 2))
        out = np.empty(flat.shape)
        distort_points(flat, models, distortions, matrices, out)
        return out.reshape(given.shape)


_ARRAYS = ("image_sizes", "matrices", "rotations", "translations")


def _points(values: ArrayLike, tail: tuple[int, ...], what: str) -> Floats:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{what} must be numbers of shape (..., {', '.join(map(str, tail))})") from None
    if array.shape[-len(tail) :] != tail:
        expected = ", ".join(map(str, tail))
        raise InputError(
            f"{what} have the shape {array.shape}, expected (..., {expected}); check the order of axes"
        )
    return array


def _array(values: ArrayLike, shape: tuple[int, ...], what: str, misfits: list[str]) -> Floats:
    try:
        array = np.array(values, dtype=np.float64, order="C")
    except (TypeError, ValueError):
        misfits.append(f"{what} are not numbers of shape {shape}")
        return np.zeros(shape)
    if array.shape != shape:
        misfits.append(f"{what} have the shape {array.shape}, expected {shape}")
        return np.zeros(shape)
    if not np.isfinite(array).all():
        misfits.append(f"{what} hold NaN or infinity")
    return array


def _names(names: Sequence[str], misfits: list[str]) -> tuple[str, ...]:
    if isinstance(names, str) or not all(isinstance(name, str) and name for name in names):
        misfits.append(f"names must be a sequence of non-empty strings, found {names!r}")
        return ()
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        misfits.append(f"two cameras are called {twice[0]!r}")
    if not len(names):
        misfits.append("there is no camera among them")
    return tuple(map(str, names))


def _sizes(values: ArrayLike, count: int, misfits: list[str]) -> NDArray[np.int64]:
    sizes = _array(values, (count, 2), "image_sizes", before := [])
    misfits += before
    if not before and not (np.all(sizes >= 1) and np.all(sizes == np.round(sizes))):
        misfits.append(f"image_sizes must be whole positive pixels (width, height), found {sizes.tolist()}")
        return np.ones((count, 2), dtype=np.int64)
    return sizes.astype(np.int64) if not before else np.ones((count, 2), dtype=np.int64)


def _models(models: str | Sequence[str] | None, count: int, misfits: list[str]) -> tuple[str, ...]:
    if models is None or isinstance(models, str):
        models = [models or "opencv"] * count
    if len(models) != count:
        misfits.append(f"there are {len(models)} models for {count} cameras")
        return ("opencv",) * count
    unknown = [model for model in models if model not in MODELS]
    if unknown:
        misfits.append(one_of(unknown[0], list(MODELS), "distortion model"))
    return tuple(str(model) if model in MODELS else "opencv" for model in models)


def _matrices(values: ArrayLike, names: tuple[str, ...], misfits: list[str]) -> Floats:
    matrices = _array(values, (len(names), 3, 3), "matrices", before := [])
    misfits += before
    for name, k in zip(names, matrices) if not before else []:
        if not (k[0, 0] > 0 and k[1, 1] > 0):
            misfits.append(f"the focal lengths of {name} must be positive, found {k[0, 0]:g} and {k[1, 1]:g}")
        if k[1, 0] != 0 or k[2].tolist() != [0, 0, 1]:
            misfits.append(
                f"the matrix of {name} must be [[fx, skew, cx], [0, fy, cy], [0, 0, 1]], found {k.tolist()}"
            )
    return matrices


def _distortions(
    values: Sequence[ArrayLike], names: tuple[str, ...], models: tuple[str, ...], misfits: list[str]
) -> tuple[Floats, ...]:
    if isinstance(values, str | numbers.Number) or len(values) != len(names):
        misfits.append(f"distortions must be {len(names)} sequences of coefficients, one a camera")
        return ()
    result = []
    for name, model, row in zip(names, models, values):
        try:
            coefficients = np.array(row, dtype=np.float64).ravel()
        except (TypeError, ValueError):
            misfits.append(f"the distortion of {name} is not a sequence of numbers")
            continue
        if len(coefficients) not in COUNTS[model]:
            expected = " or ".join(map(str, COUNTS[model]))
            misfits.append(
                f"{name} has {len(coefficients)} distortion coefficients, where {model} takes {expected}"
            )
        if not np.isfinite(coefficients).all():
            misfits.append(f"the distortion of {name} holds NaN or infinity")
        result.append(coefficients)
    return tuple(result)


def _rotations(values: ArrayLike, names: tuple[str, ...], misfits: list[str]) -> Floats:
    rotations = _array(values, (len(names), 3, 3), "rotations", before := [])
    misfits += before
    for name, r in zip(names, rotations) if not before else []:
        off = float(np.abs(r @ r.T - np.eye(3)).max())
        if off > _REPAIRED:
            misfits.append(f"the rotation of {name} is not one: R R^T differs from the identity by {off:.2g}")
        elif np.linalg.det(r) < 0:
            misfits.append(
                f"the rotation of {name} mirrors (its determinant is -1); check the sign of its axes"
            )
        elif off > _UNTOUCHED:
            u, _, v = np.linalg.svd(r)
            r[:] = u @ v
    return rotations
