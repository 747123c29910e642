"""The options of ``mvtri benchmark --task 2d``: typed, and checked in this one place."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from mvtri.errors import InputError
from mvtri.files import file_name

DEMO = "demo"


@dataclass(frozen=True)
class Options2d:
    """What was given on the command line; the names are those of the options, with ``_`` for ``-``.

    Raises
    ------
    InputError
        If options contradict each other, or one would have no effect.
    """

    truth: Path | None
    results: tuple[Path, ...]
    skeleton: str | None
    images: Path | None
    dataset: str | None
    root: Path | None
    subjects: tuple[str, ...]
    actions: tuple[str, ...]
    settings: tuple[str, ...]
    session: Path | None
    calib: Path | None
    frames: str | None
    detectors: tuple[str, ...]
    models: tuple[Path, ...]
    boxes: str | None
    device: str
    methods: tuple[str, ...]
    rig: Path | None
    seed: int
    out: Path | None

    def __post_init__(self) -> None:
        """Check that the options fit each other."""
        named = [f"--{name}" for name in ("truth", "session", "dataset") if getattr(self, name)]
        if len(named) > 1:
            raise InputError(f"both {named[0]} and {named[1]} were given; keep the one that holds the labels")
        self._check_needs()
        self._check_detectors()

    @property
    def is_demo(self) -> bool:
        """Whether the labels are those of the built-in demo."""
        return self.truth is None and self.session is None and self.dataset in (None, DEMO)

    @property
    def name(self) -> str:
        """What the output folder is called by default."""
        place = self.truth or self.session
        return file_name(place.resolve().stem if place else self.dataset or DEMO)

    @property
    def result_names(self) -> list[str]:
        """How detectors of `results` are called: as the files, with their folders where names repeat."""
        stems = [path.stem for path in self.results]
        folders = [path.resolve().parent.name for path in self.results]
        return [
            stem if stems.count(stem) == 1 else f"{folder}/{stem}" for stem, folder in zip(stems, folders)
        ]

    @property
    def inputs(self) -> list[Path]:
        """What is read."""
        places = (self.truth, self.images, self.root, self.session, self.calib, self.rig)
        return [place for place in (*places, *self.results, *self.models) if place is not None]

    @property
    def record(self) -> dict[str, str]:
        """What was given, as text, for the provenance of a run."""
        return {name: str(value) for name, value in asdict(self).items() if value not in (None, ())}

    def _check_needs(self) -> None:
        """Check that no option lacks the one that it belongs to."""
        owners = {
            "truth": ("results", "skeleton", "images"),
            "session": ("calib",),
        }
        for owner, names in owners.items():
            for name in names:
                if getattr(self, name) and not getattr(self, owner):
                    raise InputError(
                        f"--{name} was given without --{owner}, which it belongs to; add --{owner}"
                    )
        if self.frames and self.truth:
            raise InputError(
                "--frames was given, which chooses frames of videos; leave it out beside --truth"
            )
        recorded = [name for name in ("settings", "root", "subjects", "actions") if getattr(self, name)]
        if recorded and (self.truth or self.session):
            name = "setting" if recorded[0] == "settings" else recorded[0]
            raise InputError(f"--{name} was given, which is for --dataset; leave it out")
        if self.methods and (self.truth or self.session):
            raise InputError("--cost was given, which needs true 3D; name a --dataset, or leave it out")
        if self.rig and not self.methods:
            raise InputError("--rig was given without --cost; add --cost ransac,rts, for example")
        if self.is_demo and self.root:
            raise InputError("the demo is built-in; leave --root out, or name another --dataset")

    def _check_detectors(self) -> None:
        if not (self.results or self.detectors or self.models or self.settings or self.is_demo):
            ways = "--results FILE or --detector NAME" if self.truth else "--detector NAME or --model FILE"
            if self.dataset:
                ways = "--setting iid:5 or --detector NAME"
            raise InputError(f"there is nothing to score; name what shall be scored with {ways}")
        if self.boxes and not (self.detectors or self.models):
            raise InputError(
                "--boxes was given without --detector or --model, which it finds people for; add one of them"
            )
        if self.truth and (self.detectors or self.models) and not self.images:
            raise InputError("a detector needs the labelled pictures; name their folder with --images")
