"""From a name or a file to a network that is ready to run."""

import os
from pathlib import Path

from mvtri.detection.boxes import BoxDetector
from mvtri.detection.pose import Detector
from mvtri.errors import InputError, MissingFileError
from mvtri.files import sha256
from mvtri.models.card import Card, read_card
from mvtri.models.library import card_of, find_card, known_cards, local_file
from mvtri.models.session import Network, choose_device
from mvtri.parallel import available_cores

DEFAULT_DETECTOR = "spinepose-l"
DEFAULT_BOXES = "rtmdet-nano"
DEMO_NOTE = (
    "The detector mvtri-demo knows only the rendered people of the demo, so what it finds in recordings of "
    "real people means nothing; take another one (`mvtri models list`)."
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
        Auto takes CUDA where it works.
    card : str or path, optional
        The card of an ONNX file: a TOML file, or the name of a card.  A file whose SHA-256 is that of a
        known card needs none.
    threads : int, optional
        How many threads the networks may keep busy in all; by default as many as there are cores.

    Returns
    -------
    Detector

    Raises
    ------
    InputError, MissingFileError
        If there is no such card or file, it cannot be fetched, it does not fit its card, or the device
        does not work.
    """
    found, path, digest = _resolve(name, card, "pose")
    threads = _threads(threads)
    network = Network(path, choose_device(device), found.output.names, found.input.batch)
    return Detector(found, network, threads, digest)


def load_boxes(
    name: str | os.PathLike[str],
    device: str = "auto",
    card: str | os.PathLike[str] | None = None,
    threads: int | None = None,
) -> BoxDetector:
    """Load a network that finds people in whole images; parameters and errors as for `load_detector`."""
    found, path, digest = _resolve(name, card, "boxes")
    threads = _threads(threads)
    network = Network(path, choose_device(device), found.output.names, found.input.batch)
    return BoxDetector(found, network, threads, digest)


def _resolve(
    name: str | os.PathLike[str], card: str | os.PathLike[str] | None, kind: str
) -> tuple[Card, Path, str]:
    if _is_file_name(name):
        path = Path(name)
        if not path.is_file():
            raise MissingFileError(
                f"there is no model file {path}; give an ONNX file, or a name of `mvtri models list`"
            )
        digest = sha256(path)
        found = _card_for(path, digest, card, kind)
        _check_kind(found, kind)
        return found, path, digest
    found = find_card(str(name)) if card is None else _given(card)
    _check_kind(found, kind)  # before anything is fetched
    return found, *local_file(found)


def _check_kind(card: Card, kind: str) -> None:
    if card.kind != kind:
        finds = {"pose": "finds keypoints", "boxes": "finds person boxes"}
        place = {"pose": "--detector or --model", "boxes": "--boxes"}
        raise InputError(
            f"{card.name} {finds[card.kind]} (kind {card.kind!r}), and belongs after {place[card.kind]}; "
            f"expected a model that {finds[kind]}"
        )


def _is_file_name(name: str | os.PathLike[str]) -> bool:
    if not isinstance(name, str):
        return True
    return name.lower().endswith(".onnx") or os.sep in name or "/" in name or Path(name).is_file()


def _given(card: str | os.PathLike[str]) -> Card:
    if not Path(card).is_file() and str(card) in known_cards():
        return find_card(str(card))
    return read_card(card)


def _card_for(path: Path, digest: str, card: str | os.PathLike[str] | None, kind: str) -> Card:
    if card is not None:
        found = _given(card)
        if found.sha256 and found.sha256 != digest:
            raise InputError(
                f"{path} has the SHA-256 {digest}, and the card {found.name} is for {found.sha256}; "
                "use the card of this file, or leave sha256 empty in yours"
            )
        return found
    known = card_of(digest)
    if known is not None:
        return known
    if kind == "boxes":
        raise InputError(
            f"{path} is not a file that a card is known for (SHA-256 {digest}); describe it with a card and "
            "add it, `mvtri models add FILE --card CARD`, then give its name to --boxes"
        )
    namesakes = [
        known.name for known in known_cards().values() if not known.sha256 and known.file == path.name
    ]
    hint = f"--card {namesakes[0]} if it is that model, or " if namesakes else ""
    raise InputError(
        f"{path} is not a file that a card is known for (SHA-256 {digest}); pass {hint}--card with a TOML "
        "file that describes it (`mvtri models show NAME --toml` prints one to start from)"
    )


def _threads(threads: int | None) -> int:
    if threads is None:
        return available_cores()
    if threads < 1:
        raise InputError(f"threads is {threads}, expected 1 or more")
    return threads
