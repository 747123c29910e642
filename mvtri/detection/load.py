"""From a name or a file to a detector that is ready to run."""

import os

from mvtri.detection.boxes import BoxDetector
from mvtri.detection.one_stage import OneStageDetector
from mvtri.detection.pose import Detector
from mvtri.models.image_card import BoxCard, PoseCard
from mvtri.models.load import find_model

DEFAULT_DETECTOR = "spinepose-l-simspine"
DEFAULT_BOXES = "rfdetr-m"  # where the pose model's card names none
DEMO_NOTE = (
    "The detector mvtri-demo knows only the rendered people of the demo, so what it finds in recordings of "
    "real people means nothing; choose another detector (`mvtri models list`)."
)
DEMO_DETECTOR = "mvtri-demo"


def load_detector(
    name: str | os.PathLike[str],
    device: str = "auto",
    card: str | os.PathLike[str] | None = None,
    threads: int | None = None,
) -> Detector:
    """Load a pose network.

    Parameters
    ----------
    name : str or path
        A card's name (``mvtri models list``), or an ONNX file.
    device : {"auto", "cpu", "cuda"}
        ``"auto"`` is CUDA where it works, else the CPU.
    card : str or path, optional
        The card of an ONNX file: a TOML file, or the name of a card.  Not needed for a file whose SHA-256 is
        that of a known card.
    threads : int, optional
        How many threads the networks may keep busy in all; by default one per core.

    Returns
    -------
    Detector

    Raises
    ------
    InputError, MissingFileError
        If there is no such card or file, it cannot be downloaded, it does not fit its card, or the device
        does not work.
    """
    found, path, digest = find_model(name, card, PoseCard)
    kind = OneStageDetector if found.output.kind == "people" else Detector
    return kind.load(found, path, digest, device, threads)


def load_boxes(
    name: str | os.PathLike[str],
    device: str = "auto",
    card: str | os.PathLike[str] | None = None,
    threads: int | None = None,
) -> BoxDetector:
    """Load a network that finds people in whole images; parameters and errors as for `load_detector`."""
    return BoxDetector.load(*find_model(name, card, BoxCard), device, threads)


def boxes_for(detector: Detector) -> str:
    """Return the name of the box model that a detector is used with where the user names none."""
    return detector.card.boxes.model or DEFAULT_BOXES
