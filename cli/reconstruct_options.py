"""The options of ``mvtri reconstruct``: typed, and checked in this one place."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from mvtri.errors import InputError


@dataclass(frozen=True)
class ReconstructOptions:
    """What was given on the command line; the names are those of the options, with ``_`` for ``-``.

    Raises
    ------
    InputError
        If options contradict each other, or one would have no effect.
    """

    session: Path | None
    cams: str | None
    calib: Path | None
    unit: str | None
    image_size: str | None
    turn: str | None
    resize_calib: bool
    pose: Path | None
    skeleton: str | None
    detector: str | None
    model: Path | None
    card: Path | None
    boxes: str | None
    people: str
    height: float | None
    method: str
    no_undistort: bool
    frames: str | None
    fps: float | None
    sync: str
    left_right: str
    candidates: str
    rig: str
    smooth: str
    fill: float | None
    body: str | None
    device: str
    threads: int | None
    out: Path | None
    overwrite: bool

    def __post_init__(self) -> None:
        """Check that the options fit each other."""
        self._check_pairs()
        self._check_people()
        self._check_demo()

    @property
    def network(self) -> str | Path | None:
        """The pose model that was named, by --detector or --model."""
        return self.detector or self.model

    @property
    def record(self) -> dict[str, str]:
        """What was given, as text, for the provenance of a run."""
        return {name: str(value) for name, value in asdict(self).items() if value not in (None, False)}

    def _given(self) -> set[str]:
        return {
            f"--{name.replace('_', '-')}"
            for name, value in asdict(self).items()
            if value not in (None, False)
        }

    def _check_pairs(self) -> None:
        given = self._given()
        network = sorted(given & {"--detector", "--model"})
        clashes = [
            ({"--detector", "--model"}, "keep the one that names the network to use"),
            ({"--pose", "--detector"}, "keep the one that the 2D shall come from"),
            ({"--pose", "--model"}, "keep the one that the 2D shall come from"),
            (
                {"--pose", "--boxes"},
                "2D that is already detected needs no person boxes, so leave --boxes out",
            ),
            ({"--skeleton", *network[:1]}, "the network knows its own keypoints, so leave --skeleton out"),
        ]
        for pair, remedy in clashes:
            if len(pair) == 2 and pair <= given:
                raise InputError(f"both {' and '.join(sorted(pair))} were given; {remedy}")
        if self.card and not self.model:
            raise InputError("--card was given without --model; name the ONNX file that the card describes")

    def _check_people(self) -> None:
        if self.people != "1":
            raise InputError(
                f"--people {self.people} was given, but mvtri cannot follow several people yet; "
                "use --people 1"
            )

    def _check_demo(self) -> None:
        own = {"--calib", "--unit", "--image-size", "--turn", "--resize-calib"}
        own |= {"--pose", "--skeleton", "--fps"}
        unused = sorted(self._given() & own)
        if self.session is None and unused:
            raise InputError(
                f"{' and '.join(unused)} given without a SESSION, but the built-in demo has its own; "
                "name the folder of your recording"
            )
