"""Pixels as networks take them: planes of normalised values, cut out of an image or a whole small one."""

import numpy as np

from mvtri.kernels.jit import entry, jit_allocating, jit_internal

# A float32 this large has no bits for fractions: added and taken off again it rounds to whole numbers, ties
# to even, in a loop that LLVM makes vectors of.
ROUNDING = np.float32(1.5 * 2**23)


@entry("(uint8[:, :, ::1], boolean, float64, float32[::1], float32[::1], float32[:, :, ::1])")
def to_planes(image, reverse, fill, scale, shift, out):
    """Write an 8-bit image into the top left corner of normalised planes, the grey `fill` into the rest.

    Parameters as for `sample_planes`; out is at least as large as the image.
    """
    height, width = image.shape[:2]
    pixels = np.empty((3, width), np.float32)
    for y in range(height):
        row = image[y]
        for x in range(width):
            for c in range(3):
                pixels[c, x] = row[x, c]
        for c in range(3):
            normalise(pixels[2 - c if reverse else c], scale[c], shift[c], out[c, y])
            out[c, y, width:] = np.float32(fill) * scale[c] + shift[c]
    for c in range(3):
        out[c, height:] = np.float32(fill) * scale[c] + shift[c]


@jit_internal
def normalise(values, scale, shift, out):
    """Write ``value * scale + shift`` into the first places of a row."""
    for x in range(values.shape[0]):
        out[x] = values[x] * scale + shift


@entry(
    "(uint8[:, :, ::1], float64[::1], float64[::1], boolean, float64, float32[::1], float32[::1], "
    "float32[:, :, ::1])"
)
def sample_planes(image, at_x, at_y, reverse, fill, scale, shift, out):
    """Sample an 8-bit image bilinearly along a grid, and write it as normalised planes.

    Values are rounded to whole numbers, as those of the 8-bit pictures that networks are trained with, before
    each becomes ``value * scale + shift``.

    Parameters
    ----------
    image : ndarray of uint8, shape (h, w, 3), C-contiguous
    at_x, at_y : ndarray, shapes (W,) and (H,)
        Column and row of the image that each column and row of the planes shows, pixel centres at integers;
        NaN for none.
    reverse : bool
        Turns BGR into RGB.
    fill : float
        The grey beyond the image.
    scale, shift : ndarray of float32, shape (3,)
        In the order of the planes.
    out : ndarray of float32, shape (3, H, W), output
    """
    height, width = image.shape[:2]
    left, weight = cells(at_x, width)
    top, weight_y = cells(at_y, height)
    grey = np.float32(fill)
    lowest, highest = width, -1
    for x in range(left.shape[0]):
        lowest, highest = min(lowest, left[x]), max(highest, left[x])
    first = min(max(lowest, 0), width - 1)
    last = max(min(highest + 1, width - 1), first)
    rows = image.reshape(height, 3 * width)[:, 3 * first : 3 * (last + 1)]
    line = np.empty(rows.shape[1] + 9, np.float32)  # a row of the image between pixels of what lies beyond
    line[:] = grey
    places = np.empty(left.shape[0], np.uint32)
    for x in range(left.shape[0]):
        places[x] = 3 * (left[x] - first + 1)
    pixels = np.empty((3, left.shape[0]), np.float32)
    for y in range(top.shape[0]):
        mix_rows(rows, top[y], weight_y[y], grey, line[3:-6])
        mix_columns(line, places, weight, pixels)
        for c in range(3):
            normalise(pixels[2 - c if reverse else c], scale[c], shift[c], out[c, y])


@jit_allocating
def cells(at, size):
    """Return for each place along an axis the pixel before it, -1..size, and how much the next one counts."""
    before = np.empty(at.shape[0], np.int64)
    weight = np.zeros(at.shape[0], np.float32)
    for i in range(at.shape[0]):
        if not -1.0 < at[i] < size:
            before[i] = -1 if not at[i] >= size else size
        else:
            before[i] = int(np.floor(at[i]))
            weight[i] = at[i] - before[i]
    return before, weight


@jit_internal
def mix_rows(rows, top, weight, fill, out):
    """Write the mean of rows `top` and `top + 1` with the `weight` of the latter; rows beyond are `fill`."""
    height = rows.shape[0]
    near = np.float32(1.0) - weight if 0 <= top < height else np.float32(0.0)
    far = weight if 0 <= top + 1 < height else np.float32(0.0)
    rest = fill * (np.float32(1.0) - near - far)
    above = rows[min(max(top, 0), height - 1)]
    below = rows[min(max(top + 1, 0), height - 1)]
    for i in range(out.shape[0]):
        out[i] = np.float32(above[i]) * near + np.float32(below[i]) * far + rest


@jit_internal
def mix_columns(line, places, weight, out):
    """Write the rounded means of the pixels at `places` of a line and the next ones, these by `weight`.

    Parameters
    ----------
    line : ndarray, shape (3 w,)
        Pixel by pixel.
    places : ndarray of uint32, shape (W,)
        Multiples of 3; unsigned, or each use would be checked for being negative.
    out : ndarray, shape (3, W), output
    """
    for x in range(places.shape[0]):
        for c in range(np.uint32(3)):
            value = line[places[x] + c]
            mean = value + weight[x] * (line[places[x] + c + np.uint32(3)] - value)
            out[c, x] = (mean + ROUNDING) - ROUNDING
