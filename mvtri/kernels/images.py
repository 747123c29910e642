"""Pixels as networks take them."""

from mvtri.kernels.jit import jit


@jit
def to_planes(image, reverse, scale, shift, out):
    """Write an 8-bit image (H, W, 3) as normalised planes (3, H, W): value * scale + shift per channel.

    `scale` and `shift` are in the order of the planes; `reverse` turns BGR into RGB.
    """
    height, width = image.shape[:2]
    for c in range(3):
        source = 2 - c if reverse else c
        a = scale[c]
        b = shift[c]
        for y in range(height):
            for x in range(width):
                out[c, y, x] = image[y, x, source] * a + b
