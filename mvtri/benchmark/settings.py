"""Where the 2D of a benchmark comes from: the truth, the truth disturbed, files, or a detector."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable
from collections.abc import Sequence as Names
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from mvtri.benchmark.observations import Seen, seen_from
from mvtri.datasets import Sequence, oracle_detections
from mvtri.errors import InputError, one_of
from mvtri.tracks import KEYPOINTS, to_array
from mvtri.video import Stills

if TYPE_CHECKING:
    from mvtri.datasets import Stored2D
    from mvtri.detection import BoxDetector, Detector

SIGMA = 5.0  # px, of a noise model that does not name it: about what SIMSPINE's detector has
ORACLE, STORED, DETECTOR = "oracle", "stored", "detector"


@dataclass(frozen=True)
class Setting:
    """A source of 2D.

    Attributes
    ----------
    name : str
        ``"oracle"``, ``"stored"``, ``"detector"``, or a noise model with its sigma, such as ``"iid:5"``.
    description : str
        One line.
    observe : callable
        ``observe(sequence, rig, seed) -> Seen``, `rig` being the names of the cameras that are to see.
    """

    name: str
    description: str
    observe: Callable[[Sequence, Names[str], int], Seen]


def make_setting(
    text: str,
    *,
    stored: Stored2D | None = None,
    detector: Detector | None = None,
    boxes: BoxDetector | None = None,
    images: Path | None = None,
) -> Setting:
    """Return the setting that `text` names.

    Parameters
    ----------
    text : str
        ``"oracle"``; ``"stored"``: the 2D of `stored`, else the one that the dataset brings; ``"detector"``:
        what `detector` finds in the videos, or in the dataset's pictures in the folder `images`; else one of
        `mvtri.synthetic.NOISE_MODELS`, with ``:`` and its standard deviation in px if it is not to be 5:
        ``"iid:8"``.
    stored, detector, boxes, images : optional
        What those settings need.

    Raises
    ------
    InputError
        If there is none of that name, or what it needs was not given.
    """
    from mvtri.synthetic import NOISE_MODELS, noise_model

    name, _, sigma = text.partition(":")
    known = [ORACLE, STORED, DETECTOR, *NOISE_MODELS]
    if name not in known:
        raise InputError(one_of(name, known, "setting"))
    if name in (ORACLE, STORED, DETECTOR):
        if sigma:
            raise InputError(f"the setting {text} has a standard deviation, which only noise models take")
        return _real_setting(name, stored, detector, boxes, images)
    try:
        spread = float(sigma) if sigma else SIGMA
    except ValueError:
        spread = -1.0
    if not 0 <= spread < np.inf:
        raise InputError(f"the setting {text} names no standard deviation; write it as {name}:5, in pixels")
    model = noise_model(name, spread)

    def observe(sequence: Sequence, rig: Names[str], seed: int) -> Seen:
        truth = sequence.truth
        keypoints = [str(name) for name in truth[KEYPOINTS].to_numpy()]
        if not truth.attrs.get("fps"):
            raise InputError(f"{sequence.info} has no frame rate, which noise that lasts depends on")
        rng = np.random.default_rng([seed, zlib.crc32(str(sequence.info).encode())])
        seen = model.observe(to_array(truth)[:, 0], sequence.cameras, keypoints, truth.attrs["fps"], rng)
        return Seen(
            seen.points2d,
            seen.scores,
            sequence.cameras,
            tuple(keypoints),
            str(truth.attrs.get("skeleton", "")),
            modes=seen.modes2d,
            mode_scores=seen.mode_scores,
        ).subset(rig)

    return Setting(f"{name}:{spread:g}", f"the truth with noise ({name}, {spread:g} px): synthetic", observe)


def _real_setting(
    name: str,
    stored: Stored2D | None,
    detector: Detector | None,
    boxes: BoxDetector | None,
    images: Path | None,
) -> Setting:
    if name == ORACLE:
        return Setting(
            name,
            "the true 2D",
            lambda sequence, rig, seed: seen_from(oracle_detections(sequence), sequence.cameras).subset(rig),
        )
    if name == STORED:
        return Setting(
            name, "2D from files", lambda sequence, rig, seed: _stored(sequence, stored).subset(rig)
        )
    if detector is None:
        raise InputError("the setting detector was asked for without a network; name one with --detector")
    one_at_a_time = threading.Lock()  # a detector uses all cores by itself

    def observe(sequence: Sequence, rig: Names[str], seed: int) -> Seen:
        with one_at_a_time:  # other cameras have no say in whose keypoints are whose
            return _detected(sequence.subset(rig), detector, boxes, images)

    return Setting(name, f"what {detector.name} finds in the videos", observe)


def _stored(sequence: Sequence, stored: Stored2D | None) -> Seen:
    if stored is not None:
        return seen_from(stored.load(sequence), sequence.cameras)
    if sequence.detections is None or sequence.is_oracle:
        raise InputError(
            f"{sequence.info} stores no detector's 2D; name the files that hold it with --stored, "
            "or choose another --setting"
        )
    return seen_from(sequence.detections, sequence.cameras)


def _detected(sequence: Sequence, detector: Detector, boxes: BoxDetector | None, images: Path | None) -> Seen:
    from mvtri.association import associate
    from mvtri.detection import detect

    truth: Any = sequence.truth
    session = SimpleNamespace(
        camera_names=list(sequence.cameras.names),
        videos=_frames_of(sequence, images),
        fps=truth.attrs.get("fps"),
        image_sizes=sequence.cameras.image_sizes,
    )
    found = detect(session, detector, boxes)
    if found.sizes["time"] != truth.sizes["time"]:
        raise InputError(
            f"the videos of {sequence.info} have {found.sizes['time']} frames and its truth "
            f"{truth.sizes['time']}; expected as many"
        )
    return seen_from(associate(found, sequence.cameras, people=1), sequence.cameras)


def _frames_of(sequence: Sequence, images: Path | None) -> tuple[Path, ...] | tuple[Stills, ...]:
    """Return what a detector is to look at, a video or pictures for each camera."""
    if images is None:
        if sequence.videos is None:
            remedy = "choose another --setting" if sequence.images is None else "name its pictures' --images"
            raise InputError(f"{sequence.info} has no videos for a detector to look at; {remedy}")
        return sequence.videos
    if sequence.images is None:
        raise InputError(f"the layout of {sequence.info} names no pictures; leave --images out")
    lacking = np.argwhere(sequence.images == "")
    if len(lacking):
        frame, camera = lacking[0]
        raise InputError(
            f"{sequence.info} has no picture of frame {frame} from {sequence.cameras.names[camera]}; "
            "a detector needs all"
        )
    folder = images.resolve()
    for name in map(str, sequence.images.flat):
        if not (folder / name).resolve().is_relative_to(folder):
            raise InputError(f"{sequence.info} names the picture {name}, which is not within {images}")
    return tuple(Stills(tuple(images / str(name) for name in names)) for names in sequence.images.T)
