"""Model cards as TOML: reading, checking and writing them, whatever kind of model they describe."""

import json
import math
import os
import tomllib
from dataclasses import MISSING, Field, fields
from importlib import resources
from pathlib import Path
from typing import Any

from mvtri.errors import InputError, MissingFileError
from mvtri.inputs import read_text
from mvtri.models.card import Card
from mvtri.models.image_card import BoxCard, PoseCard
from mvtri.models.lifter_card import LifterCard

KINDS: dict[str, type[Card]] = {  # a new kind of model is one line here
    "pose": PoseCard,
    "boxes": BoxCard,
    "lifter": LifterCard,
}
LARGEST = 2**20  # bytes
_TOP = tuple(item.name for item in fields(Card) if item.name != "path")


def read_card(path: str | os.PathLike[str]) -> Card:
    """Read a card from a TOML file.

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, or it is no valid card; the sentence names all that is wrong.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"there is no model card {path}; check the path")
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path} is larger than {LARGEST} bytes, so it is no model card; check the path")
        data = tomllib.loads(read_text(path, "a model card"))
    except InputError:
        raise
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, and deep nesting
        raise InputError(f"{path} is not a model card: it is not valid TOML ({error})") from error
    return parse_card(data, path)


def parse_card(data: dict[str, Any], path: Path | None = None) -> Card:
    """Make a card from parsed TOML and check it.

    Raises
    ------
    InputError
        Naming all that is wrong.
    """
    made = KINDS.get(str(data.get("kind")))
    specs = made.SECTIONS if made else {key: None for key in data if isinstance(data[key], dict)}
    top = {key: value for key, value in data.items() if key not in specs}
    wrong = [f"unknown field {key!r}" for key in top if key not in _TOP]
    wrong += [f"{key} is missing" for key in ("name", "kind", "licence", "source") if key not in top]
    wrong += [problem for key in top if key in _TOP if (problem := _wrong_type(key, top[key]))]
    if made is None:
        if isinstance(data.get("kind"), str):
            wrong.append(f"kind is {data['kind']!r}, expected one of {', '.join(KINDS)}")
        raise _not_valid(path, wrong)
    sections = {name: _section(spec, data.get(name, {}), name, wrong) for name, spec in made.SECTIONS.items()}
    if wrong:
        raise _not_valid(path, wrong)
    if "urls" in top:
        top["urls"] = tuple(top["urls"])
    card = made(**top, **made.complete(sections, data), path=path)
    if wrong := card.problems():
        raise _not_valid(path, wrong)
    return card


def _wrong_type(key: str, value: Any) -> str:
    """Return what is wrong with the type of a value outside all sections, empty if nothing is."""
    if key != "urls":
        return "" if isinstance(value, str) else f"{key} is not text"
    fits = isinstance(value, list) and all(isinstance(url, str) for url in value)
    return "" if fits else f'urls is {value!r}, expected a list of addresses such as ["https://..."]'


def _not_valid(path: Path | None, wrong: list[str]) -> InputError:
    return InputError(f"{path or 'this model card'} is not a valid model card: {'; '.join(wrong)}")


def _section(spec: Any, values: Any, name: str, wrong: list[str]) -> Any:
    """Return `values` as the dataclass `spec`, None where that is impossible; append to `wrong` why."""
    if not isinstance(values, dict):
        wrong.append(f"[{name}] is not a table")
        return None
    known = {item.name: item for item in fields(spec)}
    wrong += [f"unknown field {key!r} in [{name}]" for key in values if key not in known]
    required = [key for key, item in known.items() if item.default is MISSING]
    missing = [f"{key} is missing in [{name}]" for key in required if key not in values]
    if missing:
        wrong += missing
        return None
    return spec(
        **{key: _value(known[key], value, name, wrong) for key, value in values.items() if key in known}
    )


def _value(field: "Field[Any]", value: Any, name: str, wrong: list[str]) -> Any:
    """Return a value of TOML as the field holds it; append to `wrong` where it is of another type."""
    value = tuple(value) if isinstance(value, list) else value
    if field.metadata.get("pair"):
        pair = value if isinstance(value, tuple) else (value, value)
        if len(pair) == 2 and all(_is_number(part) for part in pair):
            return tuple(float(part) for part in pair)
        wrong.append(f"{field.name} in [{name}] is {value!r}, expected a number, or one for x and one for y")
        return value
    default = field.default
    if isinstance(default, float) and _is_number(value):
        return float(value)
    parts = value if isinstance(value, tuple) else ()
    if field.type == "tuple[str, ...]" or field.type == tuple[str, ...]:
        fits = isinstance(value, tuple) and all(isinstance(part, str) for part in parts)
    elif isinstance(default, tuple):
        fits = isinstance(value, tuple) and all(_is_number(part) for part in parts)
    elif isinstance(default, (str, bool, int)):
        fits = type(value) is type(default)
    else:
        fits = not isinstance(default, float)
    if not fits:
        example = list(default) if isinstance(default, tuple) else default
        wrong.append(f"{field.name} in [{name}] is {value!r}, expected something like {example!r}")
    return value


def _is_number(value: Any) -> bool:
    """Return whether a value of TOML is a number that a float can hold; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def card_text(card: Card) -> str:
    """Return a card as TOML, which `read_card` reads back to the same card."""
    lines = [f"{name} = {_toml(getattr(card, name))}" for name in _TOP]
    for section in card.SECTIONS:
        values = getattr(card, section)
        lines += ["", f"[{section}]"]
        lines += [f"{item.name} = {_toml(getattr(values, item.name))}" for item in fields(values)]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def built_in_cards() -> dict[str, Card]:
    """Return the built-in cards by name."""
    folder = Path(str(resources.files("mvtri.models"))) / "cards"
    cards = [read_card(path) for path in sorted(folder.glob("*.toml"))]
    return {card.name: card for card in cards}
