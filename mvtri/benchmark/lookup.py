"""The scores of a benchmark, looked up by what they are of."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mvtri.kinematics import spine_chain
from mvtri.skeletons import get_skeleton, list_skeletons

ALL = "all"  # the key of figures about everything
PIXELS = ""  # the method of figures about the 2D itself
MAIN_FIGURES = (
    ("full", "mpjpe"),
    ("full", "p_mpjpe"),
    ("spine", "mpjpe"),
    ("spine", "p_mpjpe"),
    ("spine", "spine_angle"),
    ("spine", "trunk_angle"),
    ("full", "mpjve"),
    ("full", "mpjae"),
    ("full", "in_ellipsoid"),
)
ROUNDING = 1e-3  # mm: smaller errors are rounding of the arithmetic, not of estimates
SIMILAR_COVERAGE = 0.99  # of the largest coverage; methods that cover less are not ranked
FEW = 4  # methods that plots show at first

Score = Mapping[str, Any]  # a row of the results: value, low, high, fraction, count; None where missing


class Lookup:
    """The figures of `mvtri.benchmark.BenchmarkResults`, by what they are of.

    Parameters
    ----------
    about : mapping
        As of the results.
    rows : iterable of mapping
        The figures; None where one is missing.
    metrics : mapping
        By the name of a metric its ``label`` and ``unit``.
    published : sequence of mapping
        Rows that others published.
    histograms : mapping
        By setting, method and group: how many errors are in each bin.
    sweep : mapping
        As of the results.
    bin_width : float
        Of the histograms, mm.

    Attributes
    ----------
    settings, methods : list of str
        In the order of the rows; the 2D itself is no method.
    """

    def __init__(
        self,
        about: Mapping[str, Any],
        rows: Iterable[Score],
        metrics: Mapping[str, Mapping[str, str]],
        published: Sequence[Mapping[str, Any]],
        histograms: Mapping[tuple[str, str, str], Sequence[int]],
        sweep: Mapping[str, Any],
        bin_width: float,
    ):
        self.about, self.metrics, self.histograms = about, metrics, histograms
        self.sweep, self.bin = sweep, bin_width
        self._published = published
        self._scores: dict[tuple[str, ...], Score] = {}
        self._keys: dict[tuple[str, str], dict[str, None]] = {}
        for row in rows:
            place = (row["setting"], row["method"], row["by"], row["key"], row["group"], row["metric"])
            self._scores[place] = row
            self._keys.setdefault((row["setting"], row["by"]), {})[row["key"]] = None
        self.settings = list(dict.fromkeys(place[0] for place in self._scores))
        self.methods = list(dict.fromkeys(place[1] for place in self._scores if place[1] != PIXELS))

    def score(
        self, setting: str, method: str, group: str, metric: str, by: str = ALL, key: str = ALL
    ) -> Score | None:
        """Return one score; None where there is none."""
        return self._scores.get((setting, method, by, key, group, metric))

    def value(
        self, setting: str, method: str, group: str, metric: str, by: str = ALL, key: str = ALL
    ) -> float | None:
        """Return the figure of a score; None where there is none."""
        found = self.score(setting, method, group, metric, by, key)
        return None if found is None else found["value"]

    def keys(self, setting: str, by: str) -> list[str]:
        """Return the subjects, actions, ... that a setting has scores by."""
        return list(self._keys.get((setting, by), ()))

    def methods_of(self, setting: str, by: str = ALL) -> list[str]:
        """Return the methods that a setting has scores of, in the same order for all settings."""
        there = set(self.planned_methods(setting, by))
        return [method for method in self.methods if method in there]

    def planned_methods(self, setting: str, by: str = ALL) -> list[str]:
        """Return the same methods in the order in which the setting has them."""
        places = [place for place in self._scores if place[0] == setting and place[2] == by]
        return list(dict.fromkeys(place[1] for place in places if place[1] != PIXELS))

    def known(self, setting: str, group: str, metric: str) -> bool:
        """Whether any method of a setting has that metric."""
        return any(self.score(setting, m, group, metric) is not None for m in self.methods)

    def main_figures(self, setting: str) -> list[tuple[str, str]]:
        """Return those of `MAIN_FIGURES`, a group and a metric each, that a setting has."""
        return [pair for pair in MAIN_FIGURES if self.known(setting, *pair)]

    def label(self, group: str, metric: str) -> tuple[str, str]:
        """Return the name of a metric of a group of keypoints, and its unit."""
        label, unit = self.metrics[metric]["label"], self.metrics[metric]["unit"]
        return f"{group} {label.removeprefix(f'{group} ')}", "°" if unit == "degree" else unit

    def head(self, group: str, metric: str) -> str:
        """Return the head of the column of a metric, with its unit."""
        label, unit = self.label(group, metric)
        return f"{label} ({unit})"

    @property
    def has_intervals(self) -> bool:
        """Whether any figure has an interval."""
        return any(score["low"] is not None for score in self._scores.values())

    def rivals(self, setting: str) -> list[str]:
        """Return the methods that are compared: those with about the largest coverage, without controls.

        A method that leaves out what is hard has small errors, and a control estimates nothing.
        """
        shares = {}
        for method in self.methods:
            if method in self.about.get("controls", ()):
                continue
            found = self.score(setting, method, "full", "mpjpe")
            if found is not None and found["value"] is not None:
                shares[method] = found["fraction"] or 0.0
        most = max(shares.values(), default=0.0)
        return [method for method, share in shares.items() if share >= SIMILAR_COVERAGE * most]

    def ranked(self, setting: str) -> list[str]:
        """Return the methods that are compared, the lowest error on the full skeleton first."""
        return sorted(
            self.rivals(setting), key=lambda method: self.value(setting, method, "full", "mpjpe") or 0.0
        )

    @property
    def foremost(self) -> int:
        """The index of the setting that is shown first: the first one with errors above rounding."""
        for index, setting in enumerate(self.settings):
            best = self.ranked(setting)
            if best and (self.value(setting, best[0], "full", "mpjpe") or 0.0) > ROUNDING:
                return index
        return 0

    @property
    def chosen(self) -> list[str]:
        """The methods that plots show at first: the first one, and the best few of setting `foremost`."""
        if not self.methods:
            return []
        some = {self.methods[0], *self.ranked(self.settings[self.foremost])[:FEW]}
        return [method for method in self.methods if method in some]

    def published(self, setting: str) -> list[Mapping[str, Any]]:
        """Return the published rows of the same kind of setting: the oracle, or any that is detected."""
        kind = "oracle" if setting == "oracle" else "detected"
        return [row for row in self._published if row["setting"] == kind]

    def spine_and_others(self, setting: str) -> tuple[list[str], list[str]]:
        """Return the keypoints of the spine, along it from its top and then those around it, and the others.

        All are others where no skeleton has them and a spine.
        """
        names = self.keys(setting, "keypoint")
        for skeleton in map(get_skeleton, list_skeletons()):
            chain = spine_chain(skeleton.name)
            if chain and set(names) <= set(skeleton.keypoints):
                order = [*reversed(chain), *(n for n in skeleton.groups["spine"] if n not in chain)]
                return [name for name in order if name in names], [n for n in names if n not in order]
        return [], names
