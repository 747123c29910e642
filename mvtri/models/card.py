"""Model cards: what has to be known about an ONNX file to use it, as TOML."""

import json
import os
import re
import tomllib
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from mvtri.errors import InputError, MissingFileError

KINDS = ("pose", "boxes")
OUTPUTS = {"pose": ("heatmap", "simcc"), "boxes": ("boxes", "yolox")}
DECODINGS = ("dark", "udp", "quadratic", "argmax")


@dataclass(frozen=True)
class InputSpec:
    """What the network is fed.

    Attributes
    ----------
    size : (int, int)
        Width and height, px.
    colour : str
        ``"rgb"`` or ``"bgr"``, the order of the channels and of `mean` and `std`.
    mean, std : tuple of float
        (value - mean) / std of 8-bit values.
    layout : str
        ``"nchw"`` or ``"nhwc"``.
    box_padding : float
        How much larger than the person's box the crop is.
    pixel_convention : str
        ``"corner"``: the crop's outer edges and the input's coincide; ``"centre"``: the box's centre falls on
        pixel (w/2, h/2), as MMPose has it.  Sets the default of `OutputSpec.offset`.
    fill : float
        The 8-bit grey beyond the image.
    batch : int
        The largest batch that the file works with; 0 when any.
    """

    size: tuple[int, int]
    colour: str = "rgb"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    layout: str = "nchw"
    box_padding: float = 1.25
    pixel_convention: str = "corner"
    fill: float = 0.0
    batch: int = 0


@dataclass(frozen=True)
class OutputSpec:
    """What the network answers and how it is read.

    Attributes
    ----------
    kind : str
        ``"heatmap"``, ``"simcc"``, ``"boxes"`` (x1, y1, x2, y2, score; NMS inside), ``"yolox"`` (undecoded).
    names : tuple of str
        Outputs in the order of use; those of the file, in its order, when empty.
    stride : (float, float)
        Input pixels a heatmap cell, along x and y; one number in TOML stands for both.
    split : float
        SimCC bins an input pixel.
    offset : (float, float)
        Input pixel of index 0: pixel = stride * index + offset, or index / split + offset (pixel centres at
        integers); one number in TOML stands for both.  When left out, (step - 1) / 2 with the convention
        ``"corner"``, where the edges of cells and pixels coincide, and 0 with ``"centre"``, where index 0 is
        pixel 0.
    decoding : str
        ``"dark"``, ``"udp"``, ``"quadratic"`` or ``"argmax"``.
    blur : int
        Taps of the Gaussian that ``dark`` and ``udp`` blur with; 0 for none.
    sigma : float
        Standard deviation of the Gaussians that the network was trained to draw, cells (SimCC: bins): the
        part of a peak's width that does not tell how sure it is; 0 when not known.
    beta : float
        SimCC: the softmax of `beta` times the values is the likelihood that the network was trained for;
        0 when the values are a likelihood themselves.  Sets the covariance, not the position.
    label : int
        Boxes: the class that is a person.
    """

    kind: str
    names: tuple[str, ...] = ()
    stride: tuple[float, float] = (4.0, 4.0)
    split: float = 2.0
    offset: tuple[float, float] = (0.0, 0.0)
    decoding: str = "quadratic"
    blur: int = 0
    sigma: float = 0.0
    beta: float = 0.0
    label: int = 0


@dataclass(frozen=True)
class BoxesSpec:
    """Person boxes: for a pose card where they come from, for a box card which of them count.

    Attributes
    ----------
    mode : str
        ``"detector"``: a box model is needed; ``"self"``: the pose network finds the person itself.
    score : float
        Boxes (``"self"``: keypoints) scored lower are dropped.
    overlap : float
        Intersection over union above which the lower-scored of two boxes is dropped.
    """

    mode: str = "detector"
    score: float = 0.3
    overlap: float = 0.5


@dataclass(frozen=True)
class Card:
    """A model card; see ``docs/detectors.md`` for every field."""

    name: str
    description: str
    kind: str
    licence: str
    source: str
    input: InputSpec
    output: OutputSpec
    boxes: BoxesSpec = field(default_factory=BoxesSpec)
    url: str = ""
    member: str = ""
    sha256: str = ""
    file: str = ""
    skeleton: str = ""
    path: Path | None = None


_TOP = tuple(name for name in Card.__dataclass_fields__ if name not in ("input", "output", "boxes", "path"))


def read_card(path: str | os.PathLike[str]) -> Card:
    """Read a card from a TOML file.

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, or it is no valid card; the sentence names all that is wrong.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"there is no model card {path}")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a model card: it is not valid TOML ({error})") from error
    return parse_card(data, path)


def parse_card(data: dict[str, Any], path: Path | None = None) -> Card:
    """Make a `Card` of parsed TOML and check it.

    Raises
    ------
    InputError
        Naming all that is wrong.
    """
    where = str(path) if path else "this model card"
    wrong: list[str] = []
    sections = {
        "input": _section(InputSpec, data.get("input", {}), "input", wrong),
        "output": _section(OutputSpec, data.get("output", {}), "output", wrong),
        "boxes": _section(BoxesSpec, data.get("boxes", {}), "boxes", wrong),
    }
    top = {key: value for key, value in data.items() if key not in sections}
    wrong += [f"unknown field {key!r}" for key in top if key not in _TOP]
    wrong += [f"{key} is missing" for key in ("name", "kind", "licence", "source") if key not in top]
    wrong += [f"{key} is not text" for key in top if key in _TOP and not isinstance(top[key], str)]
    if not wrong and "offset" not in data["output"]:
        sections["output"] = _with_offset(sections["input"], sections["output"])
    if not wrong:
        values = {key: str(value) for key, value in top.items()}
        card = Card(**{"description": "", **values}, **sections, path=path)  # type: ignore[arg-type]
        wrong = _problems(card)
    if wrong:
        raise InputError(f"{where} is not a valid model card: {'; '.join(wrong)}")
    return card


def _section(kind: Any, values: Any, name: str, wrong: list[str]) -> Any:
    if not isinstance(values, dict):
        wrong.append(f"[{name}] is not a table")
        return None
    fields = kind.__dataclass_fields__
    wrong += [f"unknown field {key!r} in [{name}]" for key in values if key not in fields]
    needed = {"input": "size", "output": "kind"}.get(name)
    if needed and needed not in values:
        wrong.append(f"{needed} is missing in [{name}]")
        return None
    chosen = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items() if key in fields}
    for key, value in chosen.items():
        default = fields[key].default
        if key in ("stride", "offset"):
            pair = value if isinstance(value, tuple) else (value, value)
            if len(pair) != 2 or not all(isinstance(v, (int, float)) for v in pair):
                wrong.append(f"{key} in [{name}] is {value!r}, expected a number, or one for x and one for y")
            chosen[key] = tuple(float(v) for v in pair if isinstance(v, (int, float)))
            continue
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            chosen[key] = float(value)
        elif isinstance(default, (str, float, int, tuple)) and not isinstance(value, type(default)):
            wrong.append(f"{key} in [{name}] is {value!r}, expected something like {default!r}")
    return kind(**chosen)


def _with_offset(given: InputSpec, output: OutputSpec) -> OutputSpec:
    steps = (1.0 / output.split,) * 2 if output.kind == "simcc" and output.split > 0 else output.stride
    corner = given.pixel_convention == "corner"
    across, down = (0.5 * (step - 1.0) if corner else 0.0 for step in steps)
    return replace(output, offset=(across, down))


def _problems(card: Card) -> list[str]:
    wrong = []
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", card.name):
        wrong.append(f"name is {card.name!r}, expected letters, digits, '.', '_' and '-'")
    if card.url and not card.url.startswith("https://"):
        wrong.append(f"url is {card.url!r}, expected an https address, or nothing")
    if card.kind not in KINDS:
        return [*wrong, f"kind is {card.kind!r}, expected one of {', '.join(KINDS)}"]
    choices = [
        ("output.kind", card.output.kind, OUTPUTS[card.kind]),
        ("output.decoding", card.output.decoding, DECODINGS),
        ("input.colour", card.input.colour, ("rgb", "bgr")),
        ("input.layout", card.input.layout, ("nchw", "nhwc")),
        ("input.pixel_convention", card.input.pixel_convention, ("corner", "centre")),
        ("boxes.mode", card.boxes.mode, ("detector", "self")),
    ]
    wrong += [
        f"{name} is {found!r}, expected one of {', '.join(ok)}"
        for name, found, ok in choices
        if found not in ok
    ]
    size = card.input.size
    if not (isinstance(size, tuple) and len(size) == 2 and all(isinstance(v, int) and v > 0 for v in size)):
        wrong.append(f"input.size is {size!r}, expected [width, height] in pixels")
    for name in ("mean", "std"):
        values = getattr(card.input, name)
        if len(values) != 3 or not all(isinstance(v, (int, float)) for v in values):
            wrong.append(f"input.{name} is {values!r}, expected three numbers")
        elif name == "std" and not all(v > 0 for v in values):
            wrong.append(f"input.std is {values!r}, expected three positive numbers")
    positive = {
        "output.stride": min(card.output.stride),
        "output.split": card.output.split,
        "input.box_padding": card.input.box_padding,
    }
    wrong += [
        f"{name} is {value}, expected a positive number" for name, value in positive.items() if not value > 0
    ]
    if card.output.blur and card.output.blur % 2 == 0:
        wrong.append(f"output.blur is {card.output.blur}, expected an odd number of taps, or 0")
    if card.kind == "pose" and not card.skeleton:
        wrong.append("skeleton is missing, expected the name of a keypoint set")
    if card.sha256 and (len(card.sha256) != 64 or set(card.sha256) - set("0123456789abcdef")):
        wrong.append("sha256 is not 64 hexadecimal digits; leave it empty when it is not known")
    if Path(card.file).name != card.file or (card.url and not card.file):
        wrong.append(f"file is {card.file!r}, expected a bare file name")
    return wrong


def card_text(card: Card) -> str:
    """Return a card as TOML, which `read_card` reads back to the same card."""
    lines = [f"{name} = {_toml(getattr(card, name))}" for name in _TOP]
    for section in ("input", "output", "boxes"):
        values = getattr(card, section)
        lines += ["", f"[{section}]"]
        lines += [f"{name} = {_toml(getattr(values, name))}" for name in values.__dataclass_fields__]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def built_in_cards() -> dict[str, Card]:
    """Return the cards in the box by name."""
    folder = Path(str(resources.files("mvtri.models"))) / "cards"
    cards = [read_card(path) for path in sorted(folder.glob("*.toml"))]
    return {card.name: card for card in cards}
