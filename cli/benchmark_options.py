"""The options of ``mvtri benchmark``: typed, and checked in this one place."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mvtri.errors import InputError

DEMO = "demo"


@dataclass(frozen=True)
class BenchmarkOptions:
    """What was given on the command line; the names are those of the options, with ``_`` for ``-``.

    Raises
    ------
    InputError
        If options contradict each other, or one would have no effect.
    """

    dataset: str
    root: Path | None
    dataset_options: tuple[str, ...]
    settings: tuple[str, ...]
    methods: tuple[str, ...]
    stored: Path | None
    skeleton: str | None
    detector: str | None
    model: Path | None
    card: Path | None
    boxes: str | None
    images: Path | None
    device: str
    cams: str | None
    subjects: tuple[str, ...]
    actions: tuple[str, ...]
    no_undistort: bool
    no_subsets: bool
    no_sweep: bool
    exclude_damaged: bool
    parallel_sequences: int
    seed: int
    out: Path | None
    overwrite: bool

    def __post_init__(self) -> None:
        """Check that the options fit each other."""
        self._check_dataset()
        self._check_settings()

    @property
    def is_demo(self) -> bool:
        """Whether the dataset is the built-in demo."""
        return self.dataset == DEMO

    @property
    def wanted(self) -> tuple[str, ...]:
        """The names of the settings, by default the oracle and what suits the dataset."""
        return self.settings or ("oracle", "detector" if self.is_demo else "iid:5")

    @property
    def network(self) -> str | Path | None:
        """The pose model that was named, by --detector or --model."""
        return self.detector or self.model

    @property
    def for_dataset(self) -> dict[str, Any]:
        """The names and values of --dataset-option."""
        return dict(_name_and_value(text) for text in self.dataset_options)

    @property
    def record(self) -> dict[str, str]:
        """What was given, as text, for the provenance of a run."""
        return {name: str(value) for name, value in asdict(self).items() if value not in (None, False, ())}

    def _check_dataset(self) -> None:
        if self.is_demo and (self.root or self.dataset_options):
            raise InputError(
                "the demo is built-in; leave --root and --dataset-option out, or name another --dataset"
            )

    def _check_settings(self) -> None:
        names = ("detector", "model", "card", "boxes", "images")
        networks = [f"--{name}" for name in names if getattr(self, name)]
        if networks and "detector" not in self.wanted:
            raise InputError(
                f"{' and '.join(networks)} given without the setting detector; add --setting detector"
            )
        if self.detector and self.model:
            raise InputError(
                "both --detector and --model were given; keep the one that names the network to use"
            )
        if self.card and not self.model:
            raise InputError("--card was given without --model; name the ONNX file that the card describes")
        if self.stored and "stored" not in self.wanted:
            raise InputError("--stored was given without the setting stored; add --setting stored")
        if self.skeleton and not self.stored:
            raise InputError("--skeleton was given without --stored; name the files with these keypoints")


def _name_and_value(text: str) -> tuple[str, Any]:
    """Return the name and the value of ``NAME=VALUE``; a value that is no TOML value is a word."""
    name, found, value = text.partition("=")
    if not found or not name.strip():
        raise InputError(f"--dataset-option {text} has no value; write it as NAME=VALUE")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()
