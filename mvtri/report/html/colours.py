"""The colours of the report: legible on light and dark pages, and distinct for colour-blind readers."""

import itertools

from mvtri.tracks import Status

SIDES = ("#3b82c4", "#8a7fc7", "#e0812f")  # left, middle, right
SPINE = "#d6246e"
TRUTH = "#8b929c"
USED, REJECTED, NO_POINT, ALL = "#2a9d8f", "#d1495b", "#b9bec7", "#7d8797"
AXES = ("#c8453b", "#3a8f4d", "#3b6fc4")  # x, y, z
PEOPLE = ("#d6246e", "#2a7de1", "#e0812f", "#2a9d8f", "#8358c5", "#b08900", "#5f7d2b", "#a34f2d")
METHODS = (*PEOPLE, "#4fb3d9", "#e58ac4", "#8a929e", "#7fbf4d")
STATUS = {
    Status.OK: "#2a9d8f",
    Status.FILLED: "#7cc4dd",
    Status.TOO_FEW_VIEWS: "#b9bec7",
    Status.LOW_SCORE: "#e2c044",
    Status.NO_CONSENSUS: "#d1495b",
    Status.BEHIND_CAMERA: "#8358c5",
    Status.DEGENERATE: "#e0812f",
    Status.AT_INFINITY: "#7a4b2a",
    Status.NOT_CONVERGED: "#3a3f4a",
}
GOOD_TO_BAD = ((0.0, "#2a9d8f"), (0.5, "#e6d37a"), (0.75, "#eda247"), (1.0, "#b3263b"))
FIRST_TO_LAST = ((0.0, "#2b3a8c"), (0.5, "#c2418c"), (1.0, "#f2a13c"))


def person_colour(index: int) -> str:
    """Return the colour of the person of that index; they repeat after eight."""
    return PEOPLE[index % len(PEOPLE)]


def method_colour(index: int) -> str:
    """Return the colour of the method of that index; after twelve they repeat, paler each time."""
    rounds, index = divmod(index, len(METHODS))
    return mixed(METHODS[index], "#b0b4ba", 1 - 0.5**rounds)


def rgb(colour: str) -> tuple[int, int, int]:
    """Return the red, green and blue of ``"#rrggbb"``, 0..255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mixed(colour: str, other: str, share: float) -> str:
    """Return `colour` with that share of `other` mixed in."""
    parts = (round(a + (b - a) * share) for a, b in zip(rgb(colour), rgb(other)))
    return "#" + "".join(f"{part:02x}" for part in parts)


def between(scale: tuple[tuple[float, str], ...], share: float) -> str:
    """Return the colour of a scale at `share`, 0..1."""
    for (start, low), (end, high) in itertools.pairwise(scale):
        if share <= end:
            return mixed(low, high, (share - start) / (end - start))
    return scale[-1][1]


def limb_colours(person: int, people: int) -> tuple[str, str, str]:
    """Return the colours of left, middle and right limbs; of several people, shades of the person's own."""
    if people == 1:
        return SIDES
    own = person_colour(person)
    return mixed(own, "#ffffff", 0.45), mixed(own, "#888888", 0.35), mixed(own, "#000000", 0.25)


def spine_colour(person: int, people: int) -> str:
    """Return the colour of a person's spine."""
    return SPINE if people == 1 else person_colour(person)
