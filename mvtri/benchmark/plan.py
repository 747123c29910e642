"""What a benchmark does, and how one run is distinguished from another."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mvtri._version import __version__
from mvtri.benchmark.methods.method import Method
from mvtri.benchmark.settings import Setting
from mvtri.benchmark.tally import METRICS
from mvtri.cameras import CameraGroup
from mvtri.datasets import Dataset, SequenceInfo
from mvtri.sessions.find_files import choose_cameras


@dataclass(frozen=True)
class Plan:
    """What is done with each sequence.

    Attributes
    ----------
    settings : tuple of Setting
    methods : tuple of Method
    cameras : str or int or None
        The first N cameras, or names; all by default.
    undistort : bool
        False ignores lens distortion in every method.
    subsets : bool
        Whether the method ``ransac``, or else the first one, is also scored with every subset of 2, 3, ...
        cameras, in the settings that have what it needs.
    sweep : bool
        Whether the curve of error against iid noise is computed.
    seed : int
        Of the noise.
    """

    settings: tuple[Setting, ...]
    methods: tuple[Method, ...]
    cameras: str | int | None = None
    undistort: bool = True
    subsets: bool = True
    sweep: bool = True
    seed: int = 0

    @property
    def probe(self) -> Method:
        """The method that is scored with subsets of the cameras."""
        return next((method for method in self.methods if method.name == "ransac"), self.methods[0])

    def cameras_of(self, rig: CameraGroup) -> CameraGroup:
        """Return the cameras of a sequence that are used."""
        return choose_cameras(rig, self.cameras)

    def fingerprint(
        self, dataset: Dataset, sequences: Sequence[SequenceInfo], inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what must be equal in two runs so that their scores belong together."""
        return {
            "version": __version__,
            "dataset": dataset.layout,
            "root": str(dataset.root.resolve() if dataset.root.exists() else dataset.root),
            "options": {key: str(value) for key, value in dataset.options.items()},
            "sequences": [f"{info}, {info.frames} frames" for info in sequences],
            "settings": [setting.name for setting in self.settings],
            "methods": [method.name for method in self.methods],
            "metrics": list(METRICS),
            "cameras": None if self.cameras is None else str(self.cameras),
            "undistort": self.undistort,
            "subsets": self.subsets,
            "sweep": self.sweep,
            "seed": self.seed,
            **inputs,
        }


def camera_subsets(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return every subset of two or more cameras, except that of all cameras; small ones first."""
    return [some for count in range(2, len(names)) for some in itertools.combinations(tuple(names), count)]
