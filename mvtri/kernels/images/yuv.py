"""Planes for networks straight from YUV pictures (4:2:0), as video decoders keep them.

Only the pixels that a network sees are turned into colours, and those never leave the processor's cache.  The
colours are exactly those that FFmpeg's swscale makes of such a picture without interpolating colours: with
Y - 16, U - 128 and V - 128 as y, u and v, and `matrix` m in units of 1 / 8192,

    B = floor(m0 y) + floor(m1 u)
    G = floor(m0 y) + floor(m2 u) + floor(m3 v)
    R = floor(m0 y) + floor(m4 v)

limited to 0..255.  (Products are whole numbers below 2^24 times a power of two, so float32 holds them.)
"""

import numpy as np

from mvtri.kernels.images.crop import ROUNDING, cells, normalise
from mvtri.kernels.jit import entry, jit_allocating, jit_internal

ONE = np.float32(2048.0)  # what the weights of OpenCV's `resize` add up to


@entry(
    "(uint8[:, ::1], uint8[:, ::1], uint8[:, ::1], float32[::1], int64, float64[::1], float64[::1], boolean, "
    "float64, float32[::1], float32[::1], float32[:, :, ::1])"
)
def sample_yuv(luma, blue, red, matrix, width, at_x, at_y, reverse, fill, scale, shift, out):
    """Sample a picture bilinearly along a grid; the result is that of `crop.sample_planes` for its colours.

    Parameters
    ----------
    luma : ndarray of uint8, shape (h, at least w)
    blue, red : ndarray of uint8, shape (h / 2, at least w / 2)
        U and V; w and h are even.
    matrix : ndarray of float32, shape (5,)
    width : int
        w.
    at_x, at_y, reverse, fill, scale, shift, out
        As for `crop.sample_planes`.
    """
    height, grey = luma.shape[0], np.float32(fill)
    left, weight = cells(at_x, width)
    top, weight_y = cells(at_y, height)
    begin, end = pairs_of_columns(left, width)
    half = end - begin
    places, next_places = places_in_line(left, begin, half, width)
    line = np.empty((3, 2 * half + 1), np.float32)  # a row of the picture, and what lies beyond
    line[:] = grey
    held_lights, lights, held_adds, adds = new_rows(half)
    for y in range(top.shape[0]):
        row, next_row = min(max(top[y], 0), height - 1), min(max(top[y] + 1, 0), height - 1)
        above = lights[get_light(luma, matrix, row, next_row, begin, held_lights, lights)]
        below = lights[get_light(luma, matrix, next_row, row, begin, held_lights, lights)]
        add_above = adds[get_adds(blue, red, matrix, row // 2, next_row // 2, begin, held_adds, adds)]
        add_below = adds[get_adds(blue, red, matrix, next_row // 2, row // 2, begin, held_adds, adds)]
        near = np.float32(1.0) - weight_y[y] if 0 <= top[y] < height else np.float32(0.0)
        far = weight_y[y] if 0 <= top[y] + 1 < height else np.float32(0.0)
        rest = grey * (np.float32(1.0) - near - far)
        for c in range(3):
            source = 2 - c if reverse else c
            for k in range(2):
                part = line[c, k * half : (k + 1) * half]
                mix(above[k], below[k], add_above[source], add_below[source], near, far, rest, part)
        pick(line, places, next_places, weight, scale, shift, out[0, y], out[1, y], out[2, y])


@entry(
    "(uint8[:, ::1], uint8[:, ::1], uint8[:, ::1], float32[::1], int64, int64, int64, boolean, float64, "
    "float32[::1], float32[::1], float32[:, :, ::1])"
)
def shrink_yuv(luma, blue, red, matrix, width, small_width, small_height, reverse, fill, scale, shift, out):
    """Resize a picture into the top left corner of normalised planes, the grey `fill` into the rest.

    The result is that of OpenCV's bilinear `resize`, whose rounding is repeated here, and `crop.to_planes`.

    Parameters
    ----------
    luma, blue, red, matrix, width
        As for `sample_yuv`.
    small_width, small_height : int
        Of the resized picture.
    reverse, fill, scale, shift, out
        As for `crop.to_planes`.
    """
    height = luma.shape[0]
    left, weight = taps(width, small_width, True)
    top, weight_y = taps(height, small_height, False)
    columns = np.empty(2 * small_width, np.uint32)
    for x in range(small_width):
        columns[x], columns[small_width + x] = left[x], min(left[x] + 1, width - 1)
    rows = np.empty((2, 3, 2 * small_width), np.float32)
    parts = np.empty((6, 2 * small_width), np.float32)
    sums = np.empty((2, small_width), np.int32)
    pixels = np.empty(small_width, np.float32)
    for y in range(small_height):
        for k in range(2):
            row = min(max(top[y] + k, 0), height - 1)
            pick_row(luma[row], blue[row // 2], red[row // 2], matrix, columns, rows[k], parts)
        for c in range(3):
            source = 2 - c if reverse else c
            for k in range(2):
                mean_of_neighbours(rows[k, source], weight, sums[k])
            mean_of_rows(sums[0], sums[1], weight_y[y], pixels)
            normalise(pixels, scale[c], shift[c], out[c, y])
            out[c, y, small_width:] = np.float32(fill) * scale[c] + shift[c]
    for c in range(3):
        out[c, small_height:] = np.float32(fill) * scale[c] + shift[c]


@jit_allocating
def taps(size, small, inside):
    """Return for each place of a resized axis the pixel before it and the weight of the next one, 0..2048.

    With `inside`, places before the first pixel or after the last one are moved there.
    """
    before = np.empty(small, np.int64)
    weight = np.empty(small, np.float32)
    step = 1.0 / (small / size)
    for i in range(small):
        at = np.float32((i + 0.5) * step - 0.5)
        low = np.floor(at)
        part = at - low
        if inside and low < 0.0:
            low, part = np.float32(0.0), np.float32(0.0)
        if inside and low >= size - 1:
            low, part = np.float32(size - 1), np.float32(0.0)
        before[i] = int(low)
        weight[i] = np.rint(part * ONE)
    return before, weight


@jit_internal
def pick_row(luma, blue, red, matrix, columns, out, parts):
    """Write B, G, R of some columns of a row."""
    for x in range(columns.shape[0]):
        parts[0, x] = luma[columns[x]]
        parts[1, x] = blue[columns[x] >> np.uint32(1)]
        parts[2, x] = red[columns[x] >> np.uint32(1)]
    colours(parts[0], parts[1], parts[2], matrix, out[0], out[1], out[2])


@jit_internal
def colours(luma, blue, red, matrix, out_blue, out_green, out_red):
    """Write the colours of pixels that each have U and V."""
    least, most = np.float32(0.0), np.float32(255.0)
    for x in range(luma.shape[0]):
        light = np.floor((luma[x] - np.float32(16)) * matrix[0])
        u, v = blue[x] - np.float32(128), red[x] - np.float32(128)
        out_blue[x] = min(max(light + np.floor(u * matrix[1]), least), most)
        green = light + np.floor(u * matrix[2]) + np.floor(v * matrix[3])
        out_green[x] = min(max(green, least), most)
        out_red[x] = min(max(light + np.floor(v * matrix[4]), least), most)


@jit_internal
def mean_of_neighbours(values, weight, out):
    """Write 2048 times the means of the pixels in the first half and their next ones in the second."""
    half = out.shape[0]
    for x in range(half):
        out[x] = np.int32(values[x] * (ONE - weight[x]) + values[half + x] * weight[x])


@jit_internal
def mean_of_rows(above, below, weight, out):
    """Write the means of two rows, rounded as OpenCV does."""
    low = np.int32(weight)
    high = np.int32(2048) - low
    for x in range(out.shape[0]):
        one = np.int32(above[x] >> 4) * high >> 16
        other = np.int32(below[x] >> 4) * low >> 16
        out[x] = np.float32(np.int32(one + other + 2) >> 2)


@jit_internal
def pairs_of_columns(left, width):
    """Return the first of the pairs of columns, which share U and V, that are needed, and the end."""
    lowest, highest = width, -1
    for x in range(left.shape[0]):
        lowest, highest = min(lowest, left[x]), max(highest, left[x])
    begin = min(max(lowest, 0), width - 1) // 2
    return begin, (min(max(highest + 2, 2 * begin + 2), width) + 1) // 2


@jit_allocating
def places_in_line(left, begin, half, width):
    """Return where the columns `left` and their next ones are in a line: even ones, odd ones, then grey."""
    places = np.empty((2, left.shape[0]), np.uint32)
    for k in range(2):
        for x in range(left.shape[0]):
            column = left[x] + k
            inside = 0 <= column < width
            places[k, x] = column // 2 - begin + column % 2 * half if inside else 2 * half
    return places[0], places[1]


@jit_allocating
def new_rows(half):
    """Return which rows are held (none) and memory for two: what Y adds in pairs of columns; U and V."""
    return (
        np.full(2, -1),
        np.empty((2, 2, half), np.float32),
        np.full(2, -1),
        np.empty((2, 3, half), np.float32),
    )


@jit_internal
def place_of(row, other, held):
    """Return where of two places a row is held, or is to be put: not where the `other` one is."""
    if held[0] == row or held[1] == row:
        return 0 if held[0] == row else 1
    return 1 if held[0] == other else 0


@jit_internal
def get_light(luma, matrix, row, other, begin, held, lights):
    """Return where in `lights` (2, 2, n) is what Y adds in n pairs of columns: in even ones, in odd ones."""
    place = place_of(row, other, held)
    if held[place] != row:
        held[place] = row
        half = lights.shape[2]
        light(luma[row, 2 * begin : 2 * (begin + half)], matrix[0], lights[place, 0], lights[place, 1])
    return place


@jit_internal
def get_adds(blue, red, matrix, row, other, begin, held, adds):
    """Return where in `adds` (2, 3, n) is what U and V of a row of theirs add to B, G and R."""
    place = place_of(row, other, held)
    if held[place] != row:
        held[place] = row
        end = begin + adds.shape[2]
        add_colour(blue[row, begin:end], red[row, begin:end], matrix, adds[place])
    return place


@jit_internal
def add_colour(blue, red, matrix, out):
    """Write what U and V add to B, G and R, pixel by pixel of theirs."""
    to_blue, to_green, more_green, to_red = matrix[1], matrix[2], matrix[3], matrix[4]
    for x in range(blue.shape[0]):
        u, v = np.float32(blue[x]) - np.float32(128), np.float32(red[x]) - np.float32(128)
        out[0, x] = np.floor(u * to_blue)
        out[1, x] = np.floor(u * to_green) + np.floor(v * more_green)
        out[2, x] = np.floor(v * to_red)


@jit_internal
def light(luma, factor, even, odd):
    """Write what Y adds to each colour, in even and in odd columns."""
    for x in range(even.shape[0]):
        even[x] = np.floor((np.float32(luma[2 * x]) - np.float32(16)) * factor)
        odd[x] = np.floor((np.float32(luma[2 * x + 1]) - np.float32(16)) * factor)


@jit_internal
def mix(above, below, add_above, add_below, near, far, rest, out):
    """Write the weighted mean of one colour, limited to 0..255, of two rows, and what lies beyond.

    The arithmetic is that of `crop.mix_rows`.
    """
    least, most = np.float32(0.0), np.float32(255.0)
    for x in range(out.shape[0]):
        value = min(max(above[x] + add_above[x], least), most) * near
        out[x] = value + min(max(below[x] + add_below[x], least), most) * far + rest


@jit_internal
def pick(line, places, next_places, weight, scale, shift, out_0, out_1, out_2):
    """Write the normalised, rounded means of the values at `places` and the next ones, these by `weight`.

    All three colours in one loop: they share the places.
    """
    for x in range(places.shape[0]):
        here, there, part = places[x], next_places[x], weight[x]
        value = line[0, here]
        mean = (value + part * (line[0, there] - value) + ROUNDING) - ROUNDING
        out_0[x] = mean * scale[0] + shift[0]
        value = line[1, here]
        mean = (value + part * (line[1, there] - value) + ROUNDING) - ROUNDING
        out_1[x] = mean * scale[1] + shift[1]
        value = line[2, here]
        mean = (value + part * (line[2, there] - value) + ROUNDING) - ROUNDING
        out_2[x] = mean * scale[2] + shift[2]
