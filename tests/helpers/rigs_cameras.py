"""Lenses and pixels that the tests of cameras share."""

import numpy as np

LENSES = {
    "none": ("opencv", [0.0, 0.0, 0.0, 0.0]),
    "brown": ("opencv", [-0.2, 0.24, -1.4e-3, -9.8e-4, -3e-3]),
    "tangential": ("opencv", [0.0, 0.0, 0.02, -0.03]),
    "rational": ("opencv", [0.1, 0.05, 1e-3, -1e-3, 0.01, 0.3, 0.1, 0.02]),
    "strongly rational": ("opencv", [5.2, 2.1, 1e-4, -2e-4, 0.1, 5.6, 4.0, 0.6]),
    "thin prism": ("opencv", [-0.2, 0.2, 1e-3, 1e-3, 0, 0, 0, 0, 1e-2, 1e-3, -1e-2, 1e-3]),
    "tilted": ("opencv", [-0.2, 0.2, 1e-3, 1e-3, 0, 0, 0, 0, 0, 0, 0, 0, 0.06, -0.04]),
    "fisheye": ("fisheye", [-0.02, 0.01, -0.005, 0.001]),
    "human36m": ("human36m", [-0.2, 0.24, -1.4e-3, -9.8e-4, -3e-3]),
}


def grid(cams, count=25):
    """Pixels (N, C, 2) that cover the images to the outer edge of their corner pixels."""
    unit = np.stack(np.meshgrid(*[np.linspace(0, 1, count)] * 2), axis=-1).reshape(-1, 1, 2)
    return unit * cams.image_sizes - 0.5
