"""Where models and cards of the user's lie, and which cards are known."""

import json
import os
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path

from mvtri.detection.card import Card, built_in_cards, read_card
from mvtri.errors import InputError, MissingFileError, one_of
from mvtri.files import atomic_file, sha256


def user_folder() -> Path:
    """Return the folder of the user's own cards and fetched models: MVTRI_HOME, else the platform's cache."""
    if os.environ.get("MVTRI_HOME"):
        return Path(os.environ["MVTRI_HOME"])
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "mvtri"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "mvtri"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "mvtri"


def known_cards() -> dict[str, Card]:
    """Return all cards by name: those in the box, then the user's own; recorded hashes are filled in."""
    cards = built_in_cards()
    for path in sorted((user_folder() / "cards").glob("*.toml")):
        card = read_card(path)
        cards.setdefault(card.name, card)
    recorded = _recorded()
    return {
        name: replace(card, sha256=recorded[name]) if not card.sha256 and name in recorded else card
        for name, card in cards.items()
    }


def find_card(name: str) -> Card:
    """Return the card called `name`.

    Raises
    ------
    InputError
        If there is none; the sentence lists those there are.
    """
    cards = known_cards()
    if name not in cards:
        raise InputError(one_of(name, tuple(cards), "model"))
    return cards[name]


def place_of(card: Card) -> Path:
    """Return where the file of a card is, or is to be put: in the package, else in the user's folder."""
    packaged = Path(str(resources.files("mvtri.detection"))) / "models" / card.file
    return packaged if card.file and packaged.is_file() else user_folder() / "models" / card.file


def local_file(card: Card) -> tuple[Path, str]:
    """Return the file of a card, fetched if need be, and its SHA-256.

    Raises
    ------
    MissingFileError, InputError
        If it is not there and cannot be fetched, or is not the file that the card speaks of.
    """
    path = place_of(card)
    if not path.is_file():
        raise MissingFileError(f"the file of {card.name} is not there; put it at {path}")
    digest = sha256(path)
    if card.sha256 and digest != card.sha256:
        raise InputError(
            f"{path} has the SHA-256 {digest}, and {card.name} is {card.sha256}; delete it to fetch it anew"
        )
    return path, digest


def record_hash(name: str, digest: str) -> None:
    """Remember the SHA-256 that a model without a known one had when it was first fetched."""
    recorded = _recorded() | {name: digest}
    with atomic_file(user_folder() / "hashes.json") as temporary:
        temporary.write_text(json.dumps(recorded, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _recorded() -> dict[str, str]:
    path = user_folder() / "hashes.json"
    if not path.is_file():
        return {}
    try:
        return {
            str(name): str(digest) for name, digest in json.loads(path.read_text(encoding="utf-8")).items()
        }
    except (ValueError, AttributeError) as error:
        raise InputError(f"{path}, where hashes of fetched models are kept, is damaged; delete it") from error
