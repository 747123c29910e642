"""Columns of the kernels' observations that stand together, and rows of the points of a block."""

from mvtri.kernels.triangulation import layout

PIXEL = slice(layout.PIXEL_U, layout.PIXEL_V + 1)
INFORMATION = slice(layout.INFORMATION_UU, layout.INFORMATION_VV + 1)
RAY = slice(layout.RAY_X, layout.RAY_Y + 1)
RAY_INFORMATION = slice(layout.RAY_INFORMATION_XX, layout.RAY_INFORMATION_YY + 1)
JACOBIAN = slice(layout.JACOBIAN_U0, layout.JACOBIAN_V2 + 1)
RESIDUAL = slice(layout.RESIDUAL_U, layout.RESIDUAL_V + 1)
FORM = slice(layout.FORM_00, layout.FORM_CONSTANT + 1)
FORM_MATRIX = slice(layout.FORM_00, layout.FORM_22 + 1)
FORM_VECTOR = slice(layout.FORM_0, layout.FORM_2 + 1)


def row_of(offset):
    """Return which row of a block begins at `offset`."""
    return offset // layout.WIDTH


COVARIANCE = slice(row_of(layout.COVARIANCE_00_ROW), row_of(layout.COVARIANCE_22_ROW) + 1)
NORMAL_MATRIX = slice(row_of(layout.NORMAL_00_ROW), row_of(layout.NORMAL_22_ROW) + 1)
START = slice(row_of(layout.START_X_ROW), row_of(layout.START_Z_ROW) + 1)
