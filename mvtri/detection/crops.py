"""Cutting people out of images, and mapping positions back: an affine map and its exact inverse.

A crop is image = origin + scale * input, with the same scale along both axes and pixel centres at integers on
both sides.  Pixels are sampled with this map, so its inverse maps positions back exactly, whatever pixel
convention the network was trained with; the convention only says which input pixel an output index stands
for (`OutputSpec.offset`).
"""

import math
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from mvtri.kernels.images.crop import sample_planes, to_planes
from mvtri.kernels.images.yuv import sample_yuv, shrink_yuv
from mvtri.models.image_card import InputSpec
from mvtri.video import Frame, YuvFrame


@dataclass(frozen=True)
class Crop:
    """Where input pixels lie in the image: (x, y) = (x0, y0) + scale * (column, row).

    Attributes
    ----------
    x0, y0 : float
        Image position of the centre of input pixel (0, 0), px.
    scale : float
        Image pixels per input pixel.
    """

    x0: float
    y0: float
    scale: float

    def to_image(self, points: np.ndarray) -> np.ndarray:
        """Map input positions (..., 2) to the image."""
        return np.asarray(points) * self.scale + (self.x0, self.y0)

    def to_input(self, points: np.ndarray) -> np.ndarray:
        """Map image positions (..., 2) to the input: the inverse of `to_image`."""
        return (np.asarray(points) - (self.x0, self.y0)) / self.scale


def crop_of_box(box: np.ndarray, spec: InputSpec) -> Crop:
    """Return the crop of a box, padded, and widened to the aspect ratio of the input.

    Parameters
    ----------
    box : array_like, shape (4,)
        x1, y1, x2, y2 of its edges, px, pixel centres at integers.
    spec : InputSpec
        Its size, padding and pixel convention.
    """
    x1, y1, x2, y2 = (float(value) for value in box)
    width, height = spec.size
    scale = spec.box_padding * max((x2 - x1) / width, (y2 - y1) / height, 1e-6)
    shift = 0.5 if spec.pixel_convention == "corner" else 0.0
    return Crop(
        x0=0.5 * (x1 + x2) - scale * (0.5 * width - shift),
        y0=0.5 * (y1 + y2) - scale * (0.5 * height - shift),
        scale=scale,
    )


def whole_image(image_size: tuple[int, int], spec: InputSpec) -> Crop:
    """Return the crop that contains a whole image (width, height), centred."""
    width, height = image_size
    box = np.array([-0.5, -0.5, width - 0.5, height - 0.5])
    return crop_of_box(box, InputSpec(spec.size, box_padding=1.0, pixel_convention="corner"))


@dataclass(frozen=True)
class Letterbox:
    """An image shrunk or enlarged to whole pixels in the input's top left corner, edges on edges.

    A stretched image is one that fills the input.

    Attributes
    ----------
    size : (int, int)
        Width and height that the image has in the input, px.
    scale : (float, float)
        Image pixels per input pixel along x and y; they differ because `size` is rounded, or stretched.
    """

    size: tuple[int, int]
    scale: tuple[float, float]

    def to_image(self, boxes: np.ndarray) -> np.ndarray:
        """Map boxes (P, 4), edges at 0..w of the input, to the image, pixel centres at integers."""
        return np.asarray(boxes) * (*self.scale, *self.scale) - 0.5


def letterbox(image_size: tuple[int, int], spec: InputSpec) -> Letterbox:
    """Return how an image (width, height) lies in the input."""
    if spec.resize == "stretch":
        return Letterbox(spec.size, (image_size[0] / spec.size[0], image_size[1] / spec.size[1]))
    shrink = max(image_size[0] / spec.size[0], image_size[1] / spec.size[1])
    width, height = (max(1, round(extent / shrink)) for extent in image_size)
    return Letterbox((width, height), (image_size[0] / width, image_size[1] / height))


def cut(frame: Frame, crop: Crop, spec: InputSpec, out: np.ndarray) -> None:
    """Write a crop of a frame as network input, sampled bilinearly; `spec.fill` beyond the image.

    Parameters
    ----------
    frame : ndarray of uint8, shape (height, width, 3), or YuvFrame
        BGR, or as the decoder keeps it; the result is the same.
    crop : Crop
    spec : InputSpec
    out : ndarray, shape (3, h, w) or, for the layout ``"nhwc"``, (h, w, 3)
    """
    (columns, rows), pixels = _constants(spec)
    at_x = crop.x0 + crop.scale * columns
    at_y = crop.y0 + crop.scale * rows
    planes = _planes(spec, out)
    if isinstance(frame, YuvFrame):
        sample_yuv(*_picture(frame), at_x, at_y, *pixels, planes)
    else:
        sample_planes(np.ascontiguousarray(frame), at_x, at_y, *pixels, planes)
    _finish(spec, planes, out)


def shrink(frame: Frame, spec: InputSpec, out: np.ndarray) -> None:
    """Write a whole frame in its letterbox as network input; parameters as for `cut`."""
    import cv2

    width, height = letterbox((frame.shape[1], frame.shape[0]), spec).size
    _, pixels = _constants(spec)
    planes = _planes(spec, out)
    if isinstance(frame, YuvFrame):
        shrink_yuv(*_picture(frame), width, height, *pixels, planes)
    else:
        small = scratch("resize", (height, width, 3), np.uint8)
        to_planes(cv2.resize(frame, (width, height), dst=small), *pixels, planes)
    _finish(spec, planes, out)


def _picture(frame: YuvFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    """Return the first arguments of kernels that take YUV."""
    return frame.luma, frame.blue, frame.red, frame.matrix, frame.shape[1]


def _planes(spec: InputSpec, out: np.ndarray) -> np.ndarray:
    """Return planes (3, h, w) of float32 to write to: `out` itself where it is like that."""
    if out.dtype == np.float32 and spec.layout == "nchw" and out.flags.c_contiguous:
        return out
    return scratch("planes", (3, *spec.size[::-1]), np.float32)


def _finish(spec: InputSpec, planes: np.ndarray, out: np.ndarray) -> None:
    """Copy planes to `out` where they are not `out` itself."""
    if planes is not out:
        out[:] = planes if spec.layout == "nchw" else planes.transpose(1, 2, 0)


# Columns and rows of an input, and what kernels take: whether to swap BGR to RGB, fill, scale and shift.
_Constants = tuple[tuple[np.ndarray, np.ndarray], tuple[bool, float, np.ndarray, np.ndarray]]
_kept: dict[
    int, tuple[InputSpec, _Constants]
] = {}  # by identity: the hash of a card takes longer than a kernel


def _constants(spec: InputSpec) -> _Constants:
    """Return what depends on the card alone."""
    kept = _kept.get(id(spec))
    if kept is not None:  # it holds the card, whose identity no other one can have then
        return kept[1]
    std = np.asarray(spec.std, dtype=np.float64)
    scale, shift = (1.0 / std).astype(np.float32), (-np.asarray(spec.mean) / std).astype(np.float32)
    columns, rows = (np.arange(count, dtype=np.float64) for count in spec.size)
    found = (columns, rows), (spec.colour == "rgb", float(round(spec.fill)), scale, shift)
    _kept[id(spec)] = spec, found
    return found


_memory = threading.local()


def scratch(name: str, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """Return an array of any content; the same thread gets the same memory for the same name.

    Fresh memory comes from the system page by page, which for arrays of this size can cost as much as filling
    them; so the memory of one network call is used again for the next.
    """
    kept: dict[str, np.ndarray] = _memory.__dict__
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if name not in kept or kept[name].nbytes < size:
        kept[name] = np.empty(size, np.uint8)
    return kept[name][:size].view(dtype).reshape(shape)
