"""The library of models: built-in cards and files, and those in the user's own folder."""

import json
import logging
import os
import shutil
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path

from mvtri.errors import ExistsError, InputError, MissingFileError, one_of
from mvtri.files import atomic_file, sha256
from mvtri.models.card import Card
from mvtri.models.card_files import built_in_cards, card_text, read_card
from mvtri.models.download import FetchError, fetch
from mvtri.models.onnx_check import check_external_data, external_locations
from mvtri.progress import Progress

_log = logging.getLogger("mvtri")


def user_folder() -> Path:
    """Return the folder of the user's own cards and downloaded models: MVTRI_HOME, else the usual cache."""
    if os.environ.get("MVTRI_HOME"):
        return Path(os.environ["MVTRI_HOME"])
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "mvtri"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "mvtri"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "mvtri"


def known_cards() -> dict[str, Card]:
    """Return all cards by name: the built-in ones, then the user's own; recorded hashes are filled in."""
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
        If there is none; the sentence suggests names that exist.
    """
    cards = known_cards()
    if name not in cards:
        raise InputError(one_of(name, tuple(cards), "model"))
    return cards[name]


def card_of(digest: str) -> Card | None:
    """Return the card of the file with this SHA-256; None where no card has it."""
    return next((card for card in known_cards().values() if card.sha256 == digest), None)


def model_path(card: Card) -> Path:
    """Return the path of the file of a card, present or not: in the package, else in the user's folder."""
    packaged = Path(str(resources.files("mvtri.models"))) / "weights" / card.file
    return packaged if card.file and packaged.is_file() else user_folder() / "models" / card.name / card.file


def local_file(card: Card, progress: Progress | None = None) -> tuple[Path, str]:
    """Return the file of a card, downloaded if necessary, and its SHA-256.

    Where the card has no hash, the hash of the first download is recorded, and the file must keep it.

    Raises
    ------
    MissingFileError
        If it is missing and cannot be downloaded; the sentence says what to download by hand, and to which
        path.
    InputError
        If it is not the file that the card describes.
    """
    path = model_path(card)
    if path.is_file():
        digest = sha256(path)
        if card.sha256 and digest != card.sha256:
            raise InputError(
                f"{path} has the SHA-256 {digest}, but {card.name} should have {card.sha256}; "
                "delete the file, and mvtri will download it again"
            )
    else:
        digest = _fetched(card, path, progress)
    if not card.sha256:
        _record_hash(card.name, digest)
        _log.info(
            "%s: its card has no SHA-256; recorded %s, which the file must keep from now on",
            card.name,
            digest,
        )
    return path, digest


def add_model(file: Path, card: Card, overwrite: bool = False) -> Path:
    """Copy an ONNX file, its external data and its card into the user's folder; return the file's new path.

    Where `card` is a built-in card and the file is the one that it describes, the file alone is copied.

    Raises
    ------
    InputError, ExistsError
        If another built-in card has this name, or one of the user's has it and `overwrite` is False.
    """
    digest = sha256(file)
    if card.name in built_in_cards():
        if card != known_cards()[card.name] or card.sha256 != digest:
            raise InputError(
                f"{card.name} is the name of a built-in model; choose another name for your card"
            )
        check_external_data(file)
        path = model_path(card)
        if not path.is_file():
            _copy(file, path)
        return path
    card_path = user_folder() / "cards" / f"{card.name}.toml"
    if card_path.exists() and not overwrite:
        raise ExistsError(
            f"there is already a model {card.name} ({card_path}); pass --overwrite to replace it"
        )
    check_external_data(file)
    card = replace(card, file=card.file or file.name, sha256=digest)
    folder = user_folder() / "models" / card.name
    for location in external_locations(file):
        _copy(file.parent / location, folder / location)
    _copy(file, folder / card.file)
    with atomic_file(card_path) as temporary:
        temporary.write_text(card_text(card), encoding="utf-8")
    return folder / card.file


def _fetched(card: Card, path: Path, progress: Progress | None) -> str:
    if not card.url:
        raise MissingFileError(
            f"the file of {card.name} is missing, and its card has no address to download it from "
            f"({card.source}); copy your own file to {path}, or pass it with {card.FILE_OPTION}"
        )
    _log.info("%s (licence: %s): downloading %s to %s", card.name, card.licence, card.url, path)
    try:
        return fetch(card.url, path, card.sha256, card.member, progress)
    except FetchError as error:
        what = f"download {card.url} by hand" + (f", extract {card.member}," if card.member else "")
        raise MissingFileError(
            f"{card.name} could not be downloaded: {str(error).rstrip('.')}; {what} and save it as {path}, "
            f"or pass it with {card.FILE_OPTION}"
        ) from error


def _copy(source: Path, target: Path) -> None:
    with atomic_file(target) as temporary:
        shutil.copyfile(source, temporary)


def _record_hash(name: str, digest: str) -> None:
    recorded = _recorded() | {name: digest}
    with atomic_file(user_folder() / "hashes.json") as temporary:
        temporary.write_text(json.dumps(recorded, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _recorded() -> dict[str, str]:
    path = user_folder() / "hashes.json"
    if not path.is_file():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): str(digest) for name, digest in data.items()}
    except (ValueError, AttributeError) as error:
        raise InputError(
            f"{path}, the record of the hashes of downloaded models, is damaged; delete it"
        ) from error
