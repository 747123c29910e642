"""Cards of networks that look at images: pose networks and box networks."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from mvtri.models.card import Card, is_plain_name

DECODINGS = ("dark", "udp", "quadratic", "argmax")
PAIR = {"pair": True}  # a field that TOML may also give as one number, for x and y alike
SIDES = (8, 4096)  # px, of an input
# What no network comes near: a value beyond is a slip, and would fail much later, or take all memory.
LIMITS = {
    "input.mean": (-1e4, 1e4),
    "input.std": (1e-4, 1e4),
    "input.box_padding": (0.5, 4.0),
    "input.fill": (0.0, 255.0),
    "input.batch": (0, 1024),
    "output.stride": (0.25, 64.0),
    "output.split": (0.125, 64.0),
    "output.offset": (-64.0, 64.0),
    "output.blur": (0, 99),
    "output.sigma": (0.0, 64.0),
    "output.beta": (0.0, 1e4),
    "output.label": (0, 100_000),
    "boxes.score": (0.0, 1.0),
    "boxes.overlap": (0.0, 1.0),
}


@dataclass(frozen=True)
class InputSpec:
    """The input that the network expects.

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
    resize : str
        How a whole image gets into the input: ``"letterbox"`` keeps its aspect ratio and fills the rest,
        ``"stretch"`` does not.
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
    resize: str = "letterbox"
    pixel_convention: str = "corner"
    fill: float = 0.0
    batch: int = 0


@dataclass(frozen=True)
class OutputSpec:
    """The outputs of the network and how they are decoded.

    Attributes
    ----------
    kind : str
        ``"heatmap"`` and ``"simcc"``: the keypoints of one person in a crop.  ``"people"``: boxes (x1, y1,
        x2, y2, score) and keypoints (x, y, score) of all people in an image.  ``"boxes"`` (x1, y1, x2, y2,
        score; NMS inside), ``"yolox"`` (undecoded), ``"detr"`` (centre, width and height in 0..1; logits).
    names : tuple of str
        Outputs in the order of use; those of the file, in its order, when empty.
    stride : (float, float)
        Input pixels per heatmap cell, along x and y; one number in TOML stands for both.
    split : float
        SimCC bins per input pixel.
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
        part of a peak's width that says nothing about its uncertainty; 0 when not known.
    beta : float
        SimCC: the softmax of `beta` times the values is the likelihood that the network was trained for;
        0 when the values are a likelihood themselves.  Sets the covariance, not the position.
    label : int
        Boxes: the class that is a person (``"detr"``: the column of the logits).
    """

    kind: str
    names: tuple[str, ...] = ()
    stride: tuple[float, float] = field(default=(4.0, 4.0), metadata=PAIR)
    split: float = 2.0
    offset: tuple[float, float] = field(default=(0.0, 0.0), metadata=PAIR)
    decoding: str = "quadratic"
    blur: int = 0
    sigma: float = 0.0
    beta: float = 0.0
    label: int = 0


@dataclass(frozen=True)
class BoxesSpec:
    """Person boxes: where a pose network gets them from, or which boxes of a box network are used.

    Attributes
    ----------
    mode : str
        ``"detector"``: a box model is needed; ``"self"``: the pose network finds the person itself.
    score : float
        Boxes (``"self"``: keypoints) scored lower are dropped.
    overlap : float
        Intersection over union above which the lower-scored of two boxes is dropped; 1 drops none.
    model : str
        ``"detector"``: the box model that is used where the user names none; empty for mvtri's default.
    """

    mode: str = "detector"
    score: float = 0.3
    overlap: float = 0.5
    model: str = ""


@dataclass(frozen=True, kw_only=True)
class ImageCard(Card):
    """A card of a network whose input is a batch of images."""

    OUTPUTS: ClassVar[tuple[str, ...]]  # the values of `OutputSpec.kind` that such a network may have
    SECTIONS: ClassVar[dict[str, type]] = {"input": InputSpec, "output": OutputSpec, "boxes": BoxesSpec}

    input: InputSpec
    output: OutputSpec
    boxes: BoxesSpec = field(default_factory=BoxesSpec)

    @classmethod
    def complete(cls, sections: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        """Return `sections` with the offset that follows from the pixel convention, where none is given."""
        if "offset" in given["output"]:
            return sections
        return sections | {"output": _with_offset(sections["input"], sections["output"])}

    def problems(self) -> list[str]:
        """Return what is wrong with the card, a phrase per problem."""
        return [
            *super().problems(),
            *self._wrong_choices(),
            *_wrong_input(self.input),
            *self._wrong_numbers(),
        ]

    def input_text(self) -> str:
        """Return width x height, px."""
        return "{} x {}".format(*self.input.size)

    def details(self) -> list[tuple[str, str]]:
        """Return what the network finds, its input and its output."""
        colour, layout = self.input.colour.upper(), self.input.layout.upper()
        return [
            ("finds", self.FINDS),
            ("input", f"{self.input_text()} px, {colour}, {layout}"),
            ("output", self.output.kind),
        ]

    def _wrong_choices(self) -> list[str]:
        choices = [
            ("output.kind", self.output.kind, self.OUTPUTS),
            ("output.decoding", self.output.decoding, DECODINGS),
            ("input.colour", self.input.colour, ("rgb", "bgr")),
            ("input.layout", self.input.layout, ("nchw", "nhwc")),
            ("input.resize", self.input.resize, ("letterbox", "stretch")),
            ("input.pixel_convention", self.input.pixel_convention, ("corner", "centre")),
            ("boxes.mode", self.boxes.mode, ("detector", "self")),
        ]
        return [
            f"{name} is {found!r}, expected one of {', '.join(allowed)}"
            for name, found, allowed in choices
            if found not in allowed
        ]

    def _wrong_numbers(self) -> list[str]:
        wrong = []
        for name, (least, most) in LIMITS.items():
            section, _, key = name.partition(".")
            value = getattr(getattr(self, section), key)
            if not all(least <= one <= most for one in (value if isinstance(value, tuple) else (value,))):
                found = list(value) if isinstance(value, tuple) else value
                wrong.append(f"{name} is {found}, expected {least:g} to {most:g}")
        if self.output.blur and self.output.blur % 2 == 0:
            wrong.append(f"output.blur is {self.output.blur}, expected an odd number of taps, or 0")
        return wrong


class PoseCard(ImageCard):
    """A card of a network that finds the keypoints of a person in a crop."""

    FINDS = "keypoints"
    OPTIONS = "--detector or --model"
    FILE_OPTION = "--model FILE"
    CARD_OPTION = "--card FILE"
    OUTPUTS = ("heatmap", "simcc", "people")

    def problems(self) -> list[str]:
        """Return what is wrong with the card, a phrase per problem."""
        wrong = super().problems()
        if not self.skeleton:
            wrong.append("skeleton is missing, expected the name of a keypoint set")
        if self.output.kind == "people" and self.boxes.mode != "self":
            wrong.append('boxes.mode is "detector", expected "self" with the output kind "people"')
        if self.boxes.model and not is_plain_name(self.boxes.model):
            wrong.append(f"boxes.model is {self.boxes.model!r}, expected the name of a box model")
        return wrong

    def details(self) -> list[tuple[str, str]]:
        """Return what the network finds and how, its input and its output."""
        boxes = "finds people by itself" if self.boxes.mode == "self" else "needs person boxes"
        boxes += f", by default of {self.boxes.model}" if self.boxes.model else ""
        decoded = "" if self.output.kind == "people" else f", decoded by {self.output.decoding}"
        changed = {
            "finds": f"{self.FINDS} ({self.skeleton}); {boxes}",
            "output": f"{self.output.kind}{decoded}",
        }
        return [(label, changed.get(label, text)) for label, text in super().details()]


class BoxCard(ImageCard):
    """A card of a network that finds people in whole images."""

    FINDS = "person boxes"
    OPTIONS = "--boxes"
    FILE_OPTION = "--boxes FILE"
    OUTPUTS = ("boxes", "yolox", "detr")


def _with_offset(given: InputSpec, output: OutputSpec) -> OutputSpec:
    steps = (1.0 / output.split,) * 2 if output.kind == "simcc" and output.split > 0 else output.stride
    steps = (0.0, 0.0) if output.kind == "people" else steps
    corner = given.pixel_convention == "corner"
    across, down = (0.5 * (step - 1.0) if corner else 0.0 for step in steps)
    return replace(output, offset=(across, down))


def _wrong_input(given: InputSpec) -> list[str]:
    wrong, size = [], given.size
    whole = isinstance(size, tuple) and len(size) == 2 and all(type(side) is int for side in size)
    if not (whole and all(SIDES[0] <= side <= SIDES[1] for side in size)):
        expected = "[width, height] in pixels, {} to {} each".format(*SIDES)
        wrong.append(f"input.size is {size!r}, expected {expected}")
    for name in ("mean", "std"):
        values = getattr(given, name)
        if len(values) != 3:
            wrong.append(f"input.{name} is {values!r}, expected three numbers")
    return wrong
