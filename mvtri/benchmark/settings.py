"""Where the 2D of a benchmark comes from: the truth, the truth with noise, files, or a detector."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Names
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from mvtri.benchmark.observations import Observations, observations_of
from mvtri.datasets import Sequence, oracle_detections
from mvtri.errors import InputError, one_of
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, to_array
from mvtri.video import Stills

if TYPE_CHECKING:
    from mvtri.datasets import Stored2D
    from mvtri.detection import BoxDetector, Detector
    from mvtri.synthetic import DetectorNoise

SIGMA = 5.0  # px, of a noise model without a number: about that of SIMSPINE's detector
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
        ``observe(sequence, rig, seed)`` returns the `Observations` of each individual by the cameras named
        in `rig`.
    """

    name: str
    description: str
    observe: Callable[[Sequence, Names[str], int], list[Observations]]


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
        `mvtri.synthetic.NOISE_MODELS`, followed by ``:`` and its standard deviation in px if that is not 5:
        ``"iid:8"``.
    stored, detector, boxes, images : optional
        What those settings need.

    Raises
    ------
    InputError
        If there is no such setting, or something that it needs is missing.
    """
    from mvtri.synthetic import NOISE_MODELS, noise_model

    name, _, sigma = text.partition(":")
    known = [ORACLE, STORED, DETECTOR, *NOISE_MODELS]
    if name not in known:
        raise InputError(one_of(name, known, "setting"))
    if name in (ORACLE, STORED, DETECTOR):
        if sigma:
            raise InputError(
                f"the setting {text} has a standard deviation, which only noise models take; write {name}"
            )
        return _real_setting(name, stored, detector, boxes, images)
    try:
        spread = float(sigma) if sigma else SIGMA
    except ValueError:
        spread = -1.0
    if not 0 <= spread < np.inf:
        raise InputError(
            f"the setting {text} has no valid standard deviation in pixels; write, for example, {name}:5"
        )
    model = noise_model(name, spread)

    def observe(sequence: Sequence, rig: Names[str], seed: int) -> list[Observations]:
        rng = np.random.default_rng([seed, zlib.crc32(str(sequence.info).encode())])
        return [one.subset(rig) for one in _disturbed(sequence, model, rng)]

    return Setting(f"{name}:{spread:g}", f"the truth with noise ({name}, {spread:g} px): synthetic", observe)


def _real_setting(
    name: str,
    stored: Stored2D | None,
    detector: Detector | None,
    boxes: BoxDetector | None,
    images: Path | None,
) -> Setting:
    if name == ORACLE:
        return Setting(name, "the true 2D", lambda sequence, rig, seed: _oracle(sequence, rig))
    if name == STORED:
        return Setting(name, "2D from files", lambda sequence, rig, seed: _stored(sequence, rig, stored))
    if detector is None:
        raise InputError("the setting detector needs a network; name one with --detector")
    one_at_a_time = threading.Lock()  # a detector uses all cores by itself

    def observe(sequence: Sequence, rig: Names[str], seed: int) -> list[Observations]:
        with one_at_a_time:  # other cameras must not influence the association
            return _detected(sequence.subset(rig), detector, boxes, images)

    return Setting(name, f"what {detector.name} finds in the videos", observe)


def _disturbed(sequence: Sequence, model: DetectorNoise, rng: np.random.Generator) -> Iterator[Observations]:
    """Yield the true 2D of each individual with noise, in all cameras."""
    truth = sequence.truth
    keypoints = [str(name) for name in truth[KEYPOINTS].to_numpy()]
    if not truth.attrs.get("fps"):
        raise InputError(
            f"{sequence.info} has no frame rate, on which the noise depends; choose --setting oracle"
        )
    for name, points in zip(truth[INDIVIDUALS].to_numpy(), np.moveaxis(to_array(truth), 1, 0)):
        observed = model.observe(points, sequence.cameras, keypoints, truth.attrs["fps"], rng)
        yield Observations(
            observed.points2d,
            observed.scores,
            sequence.cameras,
            tuple(keypoints),
            str(truth.attrs.get("skeleton", "")),
            modes=observed.modes2d,
            mode_scores=observed.mode_scores,
            individual=str(name),
        )


def _oracle(sequence: Sequence, rig: Names[str]) -> list[Observations]:
    people = observations_of(oracle_detections(sequence), sequence.cameras)
    return [one.subset(rig) for one in people]


def _stored(sequence: Sequence, rig: Names[str], stored: Stored2D | None) -> list[Observations]:
    detections = sequence.detections
    if stored is not None:
        _check_single(sequence, STORED)
        detections = stored.load(sequence)
    elif detections is None or sequence.is_oracle:
        raise InputError(
            f"{sequence.info} stores no detector's 2D; name the files that hold it with --stored, "
            "or choose another --setting"
        )
    return [one.subset(rig) for one in observations_of(detections, sequence.cameras)]


def _check_single(sequence: Sequence, setting: str) -> None:
    """Raise `InputError` unless the truth is of one person, which is all that a setting finds."""
    count = sequence.truth.sizes[INDIVIDUALS]
    if count != 1:
        raise InputError(
            f"{sequence.info} holds {count} people, but the setting {setting} finds one; choose another "
            "--setting or other sequences"
        )


def _detected(
    sequence: Sequence, detector: Detector, boxes: BoxDetector | None, images: Path | None
) -> list[Observations]:
    from mvtri.association import associate
    from mvtri.detection import detect

    _check_single(sequence, DETECTOR)
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
            f"{truth.sizes['time']}; expected equal numbers of frames, so use the videos of this truth"
        )
    return observations_of(associate(found, sequence.cameras, people=1), sequence.cameras)


def _frames_of(sequence: Sequence, images: Path | None) -> tuple[Path, ...] | tuple[Stills, ...]:
    """Return the video or the pictures of each camera."""
    if images is None:
        if sequence.videos is None:
            remedy = "choose another --setting" if sequence.images is None else "name its pictures' --images"
            raise InputError(f"{sequence.info} has no videos for a detector; {remedy}")
        return sequence.videos
    if sequence.images is None:
        raise InputError(f"the layout of {sequence.info} names no pictures; leave --images out")
    lacking = np.argwhere(sequence.images == "")
    if len(lacking):
        frame, camera = lacking[0]
        raise InputError(
            f"{sequence.info} has no picture of frame {frame} from {sequence.cameras.names[camera]}, "
            "but a detector needs all; leave that sequence out with --subjects or --actions"
        )
    folder = images.resolve()
    for name in map(str, sequence.images.flat):
        if not (folder / name).resolve().is_relative_to(folder):
            raise InputError(
                f"{sequence.info} names the picture {name}, which is not within {images}; "
                "expected paths inside that folder"
            )
    return tuple(Stills(tuple(images / str(name) for name in names)) for names in sequence.images.T)
