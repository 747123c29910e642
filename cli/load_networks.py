"""Loading the networks that options name: a pose model, and person boxes where it needs them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mvtri.errors import InputError

if TYPE_CHECKING:
    from mvtri.detection import BoxDetector, Detector


def load_networks(
    name: str | Path, boxes: str | None, device: str, card: Path | None = None, threads: int | None = None
) -> tuple[Detector, BoxDetector | None]:
    """Load the pose model `name`, and the person detector `boxes` (or its card's own) where it needs one.

    Raises
    ------
    InputError
        If `boxes` was given for a pose model that finds people by itself, or a model cannot be loaded.
    """
    from mvtri import detection

    detector = detection.load_detector(name, device=device, card=card, threads=threads)
    if detector.needs_boxes:
        chosen = boxes or detection.boxes_for(detector)
        return detector, detection.load_boxes(chosen, device=device, threads=threads)
    if boxes:
        raise InputError(
            f"--boxes was given, but the detector {detector.name} finds people by itself; leave --boxes out"
        )
    return detector, None
