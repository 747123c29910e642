"""From a name or a file to a model that is ready to run."""

import os
from pathlib import Path
from typing import TypeVar

from mvtri.errors import InputError, MissingFileError
from mvtri.files import sha256
from mvtri.models.card import Card
from mvtri.models.card_files import read_card
from mvtri.models.library import card_of, find_card, known_cards, local_file
from mvtri.parallel import available_cores

C = TypeVar("C", bound=Card)


def find_model(
    name: str | os.PathLike[str], card: str | os.PathLike[str] | None, kind: type[C]
) -> tuple[C, Path, str]:
    """Return the card of a model, its file, downloaded if necessary, and the SHA-256 of the file.

    Parameters
    ----------
    name : str or path
        A card's name, or an ONNX file.
    card : str or path or None
        The card of an ONNX file: a TOML file, or the name of a known card; None where the file's SHA-256 is
        that of a known card.
    kind : subclass of Card
        What the model has to be, such as `PoseCard`.

    Raises
    ------
    InputError, MissingFileError
        If there is no such card or file, the card is of another kind or of another file, or the file cannot
        be downloaded.
    """
    if _is_file_name(name):
        path = Path(name)
        if not path.is_file():
            raise MissingFileError(
                f"there is no model file {path}; pass an ONNX file, or a name that `mvtri models list` shows"
            )
        digest = sha256(path)
        return _of_kind(_card_for(path, digest, card, kind), kind), path, digest
    found = _of_kind(find_card(str(name)) if card is None else _chosen_card(card), kind)
    return found, *local_file(found)


def check_threads(threads: int | None) -> int:
    """Return the number of threads for networks: `threads`, or one per available core when None.

    Raises
    ------
    InputError
        If it is less than 1.
    """
    if threads is None:
        return available_cores()
    if threads < 1:
        raise InputError(f"threads is {threads}, expected 1 or more")
    return threads


def known_card(path: Path, digest: str, kind: type[Card] | None = None) -> Card:
    """Return the known card of a file that has this SHA-256.

    Raises
    ------
    InputError
        If there is none; the sentence says how to describe the file, as a model of that kind if `kind` is
        given.
    """
    known = card_of(digest)
    if known is not None:
        return known
    start = f"{path} is no model that mvtri knows (SHA-256 {digest})"
    if kind is not None and not kind.CARD_OPTION:
        raise InputError(
            f"{start}; write a card, add both with `mvtri models add FILE --card CARD`, then pass the name "
            f"of the card to {kind.OPTIONS}"
        )
    namesakes = [card.name for card in known_cards().values() if not card.sha256 and card.file == path.name]
    option = "--card" if kind is None else kind.CARD_OPTION.split()[0]
    hint = f"{option} {namesakes[0]} if it is that model, or " if namesakes else ""
    raise InputError(
        f"{start}; pass {hint}{option} with a TOML file that describes it (`mvtri models show NAME --toml` "
        "prints one to start from)"
    )


def _of_kind(card: Card, kind: type[C]) -> C:
    if isinstance(card, kind):
        return card
    raise InputError(
        f"{card.name} finds {card.FINDS} (kind {card.kind!r}) and is an argument of {card.OPTIONS}; "
        f"expected a model that finds {kind.FINDS}"
    )


def _is_file_name(name: str | os.PathLike[str]) -> bool:
    if not isinstance(name, str):
        return True
    return name.lower().endswith(".onnx") or os.sep in name or "/" in name or Path(name).is_file()


def _chosen_card(card: str | os.PathLike[str]) -> Card:
    if not Path(card).is_file() and str(card) in known_cards():
        return find_card(str(card))
    return read_card(card)


def _card_for(path: Path, digest: str, card: str | os.PathLike[str] | None, kind: type[Card]) -> Card:
    if card is None:
        return known_card(path, digest, kind)
    found = _chosen_card(card)
    if found.sha256 and found.sha256 != digest:
        raise InputError(
            f"{path} has the SHA-256 {digest}, and the card {found.name} is for {found.sha256}; "
            "use the card of this file, or leave sha256 empty in yours"
        )
    return found
