"""The library of models: built-in cards and files, and those in the user's own folder."""

import functools
import json
import logging
import os
import shutil
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path

from mvtri.errors import ExistsError, InputError, MissingFileError, MvtriError, one_of
from mvtri.files import atomic_file, sha256
from mvtri.models.card import Card, is_archive
from mvtri.models.card_files import built_in_cards, card_text, read_card
from mvtri.models.download import FetchError, fetch
from mvtri.models.image_card import PoseCard
from mvtri.models.onnx_check import check_external_data, check_is_onnx, external_locations
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
    """Return all cards by name: the built-in ones, then the user's own; recorded hashes are filled in.

    A card of the user's that cannot be read is left out with a warning, so that it stops no other model.
    """
    cards = built_in_cards()
    own, broken = _own_cards()
    for path, error in broken.items():
        _warn_once(f"{error}; this model is left out until you correct or delete {path.name}")
    for card in own:
        if card.name in cards:
            _warn_once(f"{card.path} is not used: there is another model called {card.name}; change its name")
        cards.setdefault(card.name, card)
    recorded = _recorded()
    return {
        name: replace(card, sha256=recorded[name]) if not card.sha256 and name in recorded else card
        for name, card in cards.items()
    }


def _own_cards() -> tuple[list[Card], dict[Path, MvtriError]]:
    """Return the user's cards, and for each file that is no valid card what is wrong with it."""
    own: list[Card] = []
    broken: dict[Path, MvtriError] = {}
    for path in sorted((user_folder() / "cards").glob("*.toml")):
        try:
            own.append(read_card(path))
        except MvtriError as error:
            broken[path] = error
    return own, broken


@functools.cache
def _warn_once(text: str) -> None:
    _log.warning("%s", text)


def find_card(name: str) -> Card:
    """Return the card called `name`.

    Raises
    ------
    InputError
        If there is none; the sentence suggests names that exist.
    """
    cards = known_cards()
    if name not in cards:
        for path, error in _own_cards()[1].items():
            if path.stem == name:
                raise error
        raise InputError(one_of(name, tuple(cards), "model"))
    return cards[name]


def family_of(name: str) -> list[Card]:
    """Return the cards of a family, then those of the box models that they name.

    Raises
    ------
    InputError
        If there is no such family; the sentence lists those that there are.
    """
    cards = known_cards()
    members = [card for card in cards.values() if card.family == name]
    if not name or not members:
        families = sorted({card.family for card in cards.values() if card.family})
        raise InputError(one_of(name, families, "family of models"))
    boxes = [card.boxes.model for card in members if isinstance(card, PoseCard)]
    named = dict.fromkeys(box for box in boxes if box in cards and cards[box] not in members)
    return [*members, *(cards[box] for box in named)]


def card_of(digest: str) -> Card | None:
    """Return the card of the file with this SHA-256; None where no card has it."""
    return next((card for card in known_cards().values() if card.sha256 == digest), None)


def model_path(card: Card) -> Path:
    """Return the path of the file of a card, present or not: in the package, else in the user's folder."""
    file = card.file or f"{card.name}.onnx"
    packaged = Path(str(resources.files("mvtri.models"))) / "weights" / file
    return packaged if packaged.is_file() else user_folder() / "models" / card.name / file


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
            again = "and mvtri will download it again" if card.urls else f"and copy the right one to {path}"
            raise InputError(
                f"{path} has the SHA-256 {digest}, but {card.name} should have {card.sha256}; "
                f"delete the file, {again}"
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
    if not card.urls:
        raise MissingFileError(
            f"the file of {card.name} is missing, and its card has no address to download it from "
            f"({card.source}); copy your own file to {path}, or pass it with {card.FILE_OPTION}"
        )
    failed = []
    for url in card.urls:
        _log.info("%s (licence: %s): downloading %s to %s", card.name, card.licence, url, path)
        member = card.member if is_archive(url) else ""
        try:
            return fetch(url, path, card.sha256, member, progress, check=check_is_onnx)
        except FetchError as error:
            failed.append(f"{url} ({str(error).rstrip('.')})")
    tried = failed[0] if len(failed) == 1 else " and ".join([", ".join(failed[:-1]), failed[-1]])
    extracted = f", extract {card.member} if it is an archive," if card.member else ""
    raise MissingFileError(
        f"{card.name} could not be downloaded from {tried}; download it by hand{extracted} and save it as "
        f"{path}, or pass it with {card.FILE_OPTION}"
    )


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
