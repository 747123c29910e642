"""Functions of OpenSim as polynomial pieces."""

from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

from mvtri.biomechanics.osim.splines import spline_pieces
from mvtri.biomechanics.osim.values import number_of, numbers_of, text_of
from mvtri.errors import InputError

_MOST_TERMS = 21
_DEEPEST = 20  # multipliers in multipliers
_READ = (
    "Constant, LinearFunction, MultiplierFunction, SimmSpline, PiecewiseLinearFunction, PolynomialFunction"
)


class Pieces(NamedTuple):
    """A function of one coordinate.

    Attributes
    ----------
    starts : ndarray, shape (P,)
        Where each piece begins; the first begins at minus infinity.
    origins : ndarray, shape (P,)
    coefficients : list of ndarray
        A piece is the sum of coefficients[p][i] (x - origins[p])^i.
    is_linear : bool
        Whether OpenSim takes it for a straight line (a LinearFunction).
    """

    starts: np.ndarray
    origins: np.ndarray
    coefficients: list[np.ndarray]
    is_linear: bool = False

    @property
    def is_zero(self) -> bool:
        """Whether it is 0 everywhere."""
        return not any(one.any() for one in self.coefficients)

    @property
    def is_constant(self) -> bool:
        """Whether it is one polynomial without x."""
        return len(self.starts) == 1 and not self.coefficients[0][1:].any()

    def times(self, factor: float) -> "Pieces":
        """Return the function times a number."""
        scaled = [one * factor for one in self.coefficients]
        return Pieces(self.starts, self.origins, scaled)

    def at(self, x: float) -> float:
        """Return its value."""
        piece = int(np.searchsorted(self.starts, x, side="right")) - 1
        return float(np.polyval(self.coefficients[piece][::-1], x - self.origins[piece]))


def polynomial(*ascending: float, is_linear: bool = False) -> Pieces:
    """Return one polynomial: its coefficients from that of x^0 on."""
    terms = np.trim_zeros(np.array(ascending, dtype=np.float64), "b")
    return Pieces(np.array([-np.inf]), np.zeros(1), [terms if len(terms) else np.zeros(1)], is_linear)


def read_function(element: Element, what: str, depth: int = 0) -> Pieces:
    """Return a function.

    Parameters
    ----------
    element : Element
    what : str
        Whose function it is, for messages: ``"the axis rotation1 of the joint knee"``.

    Raises
    ------
    InputError
        If it is of another kind, has several coordinates, or is damaged.
    """
    kind = element.tag
    if kind == "Constant":
        return polynomial(number_of(element, "value", what, 0.0))
    if kind == "LinearFunction":
        found = numbers_of(text_of(element, "coefficients", "1 0"), f"coefficients of {what}")
        if len(found) != 2:
            raise InputError(
                f"has {len(found)} coefficients in the LinearFunction of {what}, expected a slope and a "
                "value at 0: functions of several coordinates cannot be read"
            )
        return polynomial(found[1], found[0], is_linear=True)
    if kind == "PolynomialFunction":
        found = numbers_of(text_of(element, "coefficients"), f"coefficients of {what}")
        if not 0 < len(found) <= _MOST_TERMS:
            raise InputError(
                f"has {len(found)} coefficients in the PolynomialFunction of {what}, expected 1 to "
                f"{_MOST_TERMS}"
            )
        return polynomial(*found[::-1])
    if kind in ("SimmSpline", "PiecewiseLinearFunction"):
        return _through_points(element, what)
    if kind == "MultiplierFunction" and depth < _DEEPEST:
        inner = list(element.find("function") or [])
        if len(inner) != 1:
            raise InputError(f"has a MultiplierFunction of {what} without one function in it; correct it")
        return read_function(inner[0], what, depth + 1).times(number_of(element, "scale", what, 1.0))
    raise InputError(f"has the function {kind} as {what}, which mvtri cannot represent; it reads {_READ}")


def _through_points(element: Element, what: str) -> Pieces:
    x, y = (numbers_of(text_of(element, tag), f"{tag} of {what}") for tag in "xy")
    if len(x) != len(y) or len(x) < 2:
        raise InputError(
            f"has {len(x)} values of x and {len(y)} of y in the {element.tag} of {what}, expected as many, "
            "at least 2; correct it"
        )
    if not (np.diff(x) > 1e-9 * max(1.0, float(np.abs(x).max()))).all():
        raise InputError(f"has values of x in the {element.tag} of {what} that do not increase; correct them")
    return Pieces(*spline_pieces(x, y, cubic=element.tag == "SimmSpline"))
