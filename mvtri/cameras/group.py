"""`CameraGroup`: calibrated cameras, immutable; projects points to pixels and turns pixels into rays."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.cameras.validation import (
    MODELS,
    Floats,
    as_numbers,
    check_array,
    check_distortions,
    check_matrices,
    check_models,
    check_names,
    check_rotations,
    check_sizes,
)
from mvtri.errors import InputError, one_of

if TYPE_CHECKING:
    from mvtri.kernels.cameras.projection import Cameras

_ARRAYS = ("image_sizes", "matrices", "rotations", "translations")
_TUPLES = ("names", "models", "distortions")


class CameraGroup:
    """Cameras calibrated in one world; immutable, its arrays are read-only.

    Parameters
    ----------
    names : sequence of str
        One per camera (C of them), unique.
    image_sizes : (C, 2)
        Width and height in whole pixels.
    matrices : (C, 3, 3)
        ``[[fx, skew, cx], [0, fy, cy], [0, 0, 1]]`` in pixels; the centre of the first pixel is (0, 0).
    distortions : sequence of C sequences
        Coefficients of each camera, by its model: ``opencv`` 4, 5, 8, 12 or 14 in OpenCV's order;
        ``fisheye`` 4 (OpenCV's fisheye, k1 to k4); ``human36m`` 5 (k1 k2 p1 p2 k3).
    rotations : (C, 3, 3)
        World to camera: ``Xc = R X + t``, x right, y down, z forward.  A matrix within 1e-4 of a rotation
        (float32, say, is within 1e-6) is replaced by the nearest rotation; a larger difference is an error.
    translations : (C, 3)
        t of the same formula in metres.
    models : sequence of str or str, optional
        ``"opencv"`` (the default), ``"fisheye"`` or ``"human36m"``; one name applies to all cameras.

    Raises
    ------
    InputError
        If the cameras cannot be used; the sentence names all problems.
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
        problems: list[str] = []
        names = check_names(names, problems)
        kinds = check_models(models, len(names), problems)
        values: dict[str, Any] = {
            "names": names,
            "models": kinds,
            "image_sizes": check_sizes(image_sizes, len(names), problems),
            "matrices": check_matrices(matrices, names, problems),
            "distortions": check_distortions(distortions, names, kinds, problems),
            "rotations": check_rotations(rotations, names, problems),
            "translations": check_array(translations, (len(names), 3), "translations", problems),
        }
        if problems:
            raise InputError("these cameras cannot be used: " + "; ".join(problems))
        for array in [*(values[key] for key in _ARRAYS), *values["distortions"]]:
            array.setflags(write=False)
        self.__dict__.update(values)

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError(f"a CameraGroup is immutable: {key} cannot be set; build a new group instead")

    def __delattr__(self, key: str) -> None:
        raise AttributeError(
            f"a CameraGroup is immutable: {key} cannot be deleted; build a new group instead"
        )

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
        lines = [f"CameraGroup of {len(self)} camera{'s' if len(self) != 1 else ''}"]
        for name, (w, h), model, d, k, (x, y, z) in zip(
            self.names, self.image_sizes, self.models, self.distortions, self.matrices, self.centers
        ):
            lens = f"{model} ({len(d)}), f = {k[0, 0]:.1f} px"
            lines.append(f"  {name}: {w} x {h} px, {lens}, at ({x:.3f}, {y:.3f}, {z:.3f}) m")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        fields = {key: getattr(self, key) for key in _ARRAYS + _TUPLES}
        return functools.partial(CameraGroup, **fields), ()

    @property
    def centers(self) -> Floats:
        """The positions of the cameras in the world, ``-R^T t``, in metres (C, 3)."""
        centers: Floats = -np.einsum("cji,cj->ci", self.rotations, self.translations)
        return centers

    def packed(self) -> "Cameras":
        """Return the cameras as the record of arrays that kernels take."""
        from mvtri.kernels.cameras.projection import Cameras

        codes = np.array([MODELS[model] for model in self.models], dtype=np.int64)
        padded = np.zeros((len(self), 14))
        for row, coefficients in zip(padded, self.distortions):
            row[: len(coefficients)] = coefficients
        # copies, since arrays that may not be written to are another type, which kernels are not compiled for
        return Cameras(codes, padded, self.matrices.copy(), self.rotations.copy(), self.translations.copy())

    def inverses(self) -> Floats:
        """Return the coefficients (C, 16) of the approximate inverse that `undistort_points` starts from."""
        if "_inverses" not in self.__dict__:
            from mvtri.kernels.cameras.projection import approximate_inverse

            models, distortions, matrices, _, _ = self.packed()
            known: dict[tuple[int, bytes, float], Floats] = {}  # cameras with the same lens have one inverse
            rows = []
            for model, d, k, (width, height) in zip(models, distortions, matrices, self.image_sizes):
                v = np.array([-0.5, height - 0.5, -0.5, height - 0.5]) - k[1, 2]
                u = np.array([-0.5, -0.5, width - 0.5, width - 0.5]) - k[0, 2]
                corners = np.stack([(u - k[0, 1] * v / k[1, 1]) / k[0, 0], v / k[1, 1]])
                lens = (int(model), d.tobytes(), float(np.hypot(*corners).max()))
                if lens not in known:
                    known[lens] = approximate_inverse(model, d, lens[2])
                rows.append(known[lens])
            self.__dict__["_inverses"] = np.array(rows)
        inverses: Floats = self.__dict__["_inverses"]
        return inverses

    def subset(self, names: str | Sequence[str]) -> "CameraGroup":
        """Return a group of the cameras called `names`, in that order.

        Raises
        ------
        InputError
            If there is no camera of that name; the sentence lists the cameras.
        """
        names = [names] if isinstance(names, str) else list(names)
        unknown = [name for name in names if name not in self.names]
        if unknown:
            raise InputError(one_of(unknown[0], self.names, "camera"))
        chosen = [self.names.index(name) for name in names]
        fields: dict[str, Any] = {key: getattr(self, key)[chosen] for key in _ARRAYS}
        fields |= {key: [getattr(self, key)[index] for index in chosen] for key in _TUPLES}
        return CameraGroup(**fields)

    def resized(self, sizes: ArrayLike) -> "CameraGroup":
        """Return the cameras for the same pictures in other sizes.

        Pixel centres are at integers, so that ``x' = (x + 0.5) s - 0.5`` with s the ratio of the widths, and
        likewise y'; width and height may change by different ratios.

        Parameters
        ----------
        sizes : (C, 2) or (2,)
            The new width and height in pixels.

        Raises
        ------
        InputError
            If `sizes` are not whole positive numbers of pixels.
        """
        from mvtri.cameras.pictures import resized

        return resized(self, sizes)

    def cropped(self, corners: ArrayLike, sizes: ArrayLike) -> "CameraGroup":
        """Return the cameras for a part of their pictures.

        Parameters
        ----------
        corners : (C, 2) or (2,)
            The pixel (x, y) that becomes pixel (0, 0).
        sizes : (C, 2) or (2,)
            Width and height of the part in pixels.

        Raises
        ------
        InputError
            If `corners` or `sizes` are not whole numbers of pixels.
        """
        from mvtri.cameras.pictures import cropped

        return cropped(self, corners, sizes)

    def turned(self, degrees: int | Sequence[int] | Mapping[str, int]) -> "CameraGroup":
        """Return the cameras for pictures that were turned clockwise.

        Matrix, rotation, translation and the tangential, thin-prism and tilt terms of the lens change; what
        the cameras see does not.

        Parameters
        ----------
        degrees : {0, 90, 180, 270}, sequence of them, or mapping of camera to degrees
            One turn for all cameras, or one per camera; a camera that a mapping does not name is not turned.

        Raises
        ------
        InputError
            If it is another angle, or a sensor is tilted about both its axes and the turn is 90 or 270.
        """
        from mvtri.cameras.pictures import turned

        return turned(self, degrees)

    def displaced(self, errors: ArrayLike) -> "CameraGroup":
        """Return the cameras turned about their centres and moved.

        Parameters
        ----------
        errors : array_like, shape (C, 6)
            Rotation vector in the camera's coordinates, rad; move in the world's, m.  Else an `InputError`.
        """
        from mvtri.cameras.displacement import displaced

        return displaced(self, errors)

    def project(self, points: ArrayLike) -> Floats:
        """Return the pixels at which each camera sees `points`, with lens distortion.

        Parameters
        ----------
        points : (..., 3)
            Metres, in the world.

        Returns
        -------
        (..., C, 2)
            Pixels, also outside the image; NaN where a point is NaN or not in front of the camera.
        """
        from mvtri.kernels.cameras.projection import project_points

        given = as_numbers(points, (3,), "points")
        out = np.empty((given.size // 3, len(self), 2))
        project_points(np.ascontiguousarray(given.reshape(-1, 3)), *self.packed(), out)
        return out.reshape(*given.shape[:-1], len(self), 2)

    def undistort(self, points2d: ArrayLike) -> Floats:
        """Return the rays of the pixels `points2d`, without lens distortion.

        Parameters
        ----------
        points2d : (..., C, 2)
            Pixels as the lens gave them.

        Returns
        -------
        (..., C, 2)
            Normalised coordinates X/Z, Y/Z; NaN where a pixel is NaN or no ray reaches it: beyond the radius
            where the polynomial of the lens folds back.
        """
        from mvtri.kernels.cameras.projection import undistort_points

        models, distortions, matrices, _, _ = self.packed()
        return self._through(
            undistort_points, points2d, "points2d", models, distortions, self.inverses(), matrices
        )

    def distort(self, normalised: ArrayLike) -> Floats:
        """Return the pixels (..., C, 2) of rays given by normalised coordinates (..., C, 2).

        The inverse of `undistort`.
        """
        from mvtri.kernels.cameras.projection import distort_points

        return self._through(distort_points, normalised, "normalised", *self.packed()[:3])

    def _through(self, kernel: Callable[..., None], values: ArrayLike, what: str, *lenses: Any) -> Floats:
        given = as_numbers(values, (len(self), 2), what)
        flat = np.ascontiguousarray(given.reshape(-1, len(self), 2))
        out = np.empty(flat.shape)
        kernel(flat, *lenses, out)
        return out.reshape(given.shape)

    def to_aniposelib(self) -> Any:
        """Return the same cameras as an ``aniposelib.cameras.CameraGroup``, in metres.

        Raises
        ------
        InputError
            If a camera has skew or Human3.6M's lens formula, which aniposelib does not support.
        MissingExtraError
            If aniposelib is not installed.
        """
        from mvtri.cameras.aniposelib import to_aniposelib

        return to_aniposelib(self)

    @classmethod
    def from_aniposelib(cls, group: Any) -> "CameraGroup":
        """Return the cameras of an ``aniposelib.cameras.CameraGroup`` whose unit of length is the metre.

        Raises
        ------
        InputError
            If a camera has no image size or cannot be used.
        """
        from mvtri.cameras.aniposelib import from_aniposelib

        return from_aniposelib(group)
