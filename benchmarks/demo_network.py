"""The demo detector's network, and its export: a small encoder and decoder of plain 3x3 convolutions."""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mvtri.skeletons import get_skeleton

KEYPOINTS = 37
STRIDE = 4
SIGMA = 1.5  # of the training targets, cells


def conv(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.first = conv(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(x + self.second(self.first(x)))


class Network(nn.Module):
    """Pictures (N, 3, H, W) to logits (N, 37, H / 4, W / 4)."""

    def __init__(
        self,
        widths: tuple[int, ...] = (16, 32, 64, 96, 128),
        blocks: tuple[int, ...] = (1, 2, 3, 1),
        out: int = 48,
    ):
        super().__init__()
        self.stem = conv(3, widths[0], 2)
        self.stages = nn.ModuleList(
            nn.Sequential(conv(a, b, 2), *[Residual(b) for _ in range(count)])
            for a, b, count in zip(widths, widths[1:], blocks)
        )
        self.sides = nn.ModuleList(nn.Conv2d(width, out, 1) for width in widths[1:])
        self.smooth = nn.ModuleList([conv(out, out), Residual(out), Residual(out)])
        self.head = nn.Conv2d(out, KEYPOINTS, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        levels = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        y = self.sides[3](levels[3])
        for level in (2, 1, 0):
            y = functional.interpolate(y, scale_factor=2.0, mode="nearest") + self.sides[level](levels[level])
            y = self.smooth[level](y)
        return self.head(y)


class Heatmaps(nn.Module):
    """What is exported: heatmaps, each a softmax, scaled to 1 at the peak of a perfect answer.

    The picture and its mirror image are looked at, and their logits averaged.
    """

    def __init__(self, network: Network):
        super().__init__()
        self.network = network
        self.register_buffer("mirror", torch.from_numpy(get_skeleton("spinetrack37").mirror.copy()), False)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        count = image.shape[0]
        both = self.network(torch.cat([image, image.flip(3)]))
        logits = 0.5 * (both[:count] + both[count:].flip(3)[:, self.mirror])
        share = functional.softmax(logits.flatten(2), dim=2).reshape(logits.shape)
        return share * (2 * np.pi * SIGMA**2)


def export(network: Network, path: Path, size: tuple[int, int] = (192, 256)) -> None:
    """Write `network` as ONNX with a dynamic batch, its weights stored as 16-bit floats."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = Heatmaps(network).eval()
    image = torch.zeros(2, 3, size[1], size[0])
    torch.onnx.export(
        model, (image,), str(path), input_names=["image"], output_names=["heatmaps"],
        dynamic_axes={"image": {0: "n"}, "heatmaps": {0: "n"}}, opset_version=17, dynamo=False,
    )  # fmt: skip
    graph = onnx.load(str(path))
    casts, kept = [], []
    for weight in graph.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < 64:
            kept.append(weight)
            continue
        kept.append(numpy_helper.from_array(values.astype(np.float16), weight.name + "_half"))
        casts.append(helper.make_node("Cast", [weight.name + "_half"], [weight.name], to=TensorProto.FLOAT))
    del graph.graph.initializer[:]
    graph.graph.initializer.extend(kept)
    nodes = casts + list(graph.graph.node)
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)
    for node in graph.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(graph)
    onnx.save(graph, str(path))
