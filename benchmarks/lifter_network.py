"""The networks of the lifters: a residual perceptron for one frame, convolutions for 27, and their export."""

import numpy as np
import torch
from torch import nn

K, CHANNELS, SHAPE = 37, 3, 6  # keypoints; x, y, seen; numbers of a lower triangular matrix
LEAST_SPREAD = 1e-3  # body heights
DIAGONAL = (0, 2, 5)  # of the numbers l11, l21, l22, l31, l32, l33
ROOT = 19


class Heads(nn.Module):
    """From features to positions (N, K, 3), in body heights, and triangular matrices (N, K, 6)."""

    def __init__(self, width):
        super().__init__()
        self.position, self.spread = nn.Linear(width, 3 * K), nn.Linear(width, SHAPE * K)
        nn.init.zeros_(self.spread.weight)
        nn.init.zeros_(self.spread.bias)
        diagonal = torch.zeros(SHAPE)
        diagonal[list(DIAGONAL)] = 1.0
        self.register_buffer("diagonal", diagonal)
        self.register_buffer("factor", torch.ones(()))  # found on people that were not trained on
        relative = torch.eye(K)
        relative[:, ROOT] -= 1.0
        self.register_buffer("relative", relative)

    def forward(self, features):
        position = self.relative @ self.position(features).view(-1, K, 3)
        raw = self.spread(features).view(-1, K, SHAPE)
        sizes = LEAST_SPREAD + 0.05 * torch.exp(raw.clamp(-6.0, 3.0))
        spread = self.factor * (self.diagonal * sizes + (1.0 - self.diagonal) * 0.05 * raw)
        return position, spread


class FrameLifter(nn.Module):
    """One frame: a perceptron with two residual blocks."""

    frames = 1

    def __init__(self, width=320):
        super().__init__()
        self.first = nn.Linear(CHANNELS * K + 1, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
            for _ in range(2)
        )
        self.heads = Heads(width)

    def forward(self, points, size):
        x = torch.relu(self.first(torch.cat([points.flatten(1), size], dim=1)))
        for block in self.blocks:
            x = x + block(x)
        return self.heads(x)


class TemporalLifter(nn.Module):
    """27 frames: three convolutions over thirds, each with a residual layer (Pavllo et al., CVPR 2019)."""

    frames = 27

    def __init__(self, width=224):
        super().__init__()
        self.first = nn.Conv1d(CHANNELS * K + 1, width, 3, stride=3)
        self.wide = nn.ModuleList(nn.Conv1d(width, width, 3, stride=3) for _ in range(2))
        self.point = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.heads = Heads(width)

    def forward(self, points, size):
        flat = torch.cat([points.flatten(2), size[:, None].expand(-1, points.shape[1], -1)], dim=2)
        x = torch.relu(self.first(flat.transpose(1, 2)))
        for wide, point in zip(self.wide, self.point):
            kept = x[:, :, 1::3]
            x = torch.relu(wide(x))
            x = kept + x + torch.relu(point(x.transpose(1, 2))).transpose(1, 2)
        return self.heads(x[:, :, 0])


def load(network, path):
    """Set a network's weights to those of a file that `export` wrote."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(path))
    stored = {tensor.name.removesuffix("_half"): tensor for tensor in model.graph.initializer}
    found = {
        name: torch.tensor(numpy_helper.to_array(tensor), dtype=torch.float32)
        for name, tensor in stored.items()
    }
    # a layer on sequences is stored as a matrix without a name, before a sum with its bias
    products = [
        node.input[1] for node in model.graph.node if node.op_type == "MatMul" and "::" in node.input[1]
    ]
    layers = [
        name for name, value in network.state_dict().items() if name.endswith("weight") and name not in found
    ]
    found |= {layer: found[product].T for layer, product in zip(layers, products, strict=True)}
    network.load_state_dict({name: found[name] for name in network.state_dict()})


NETWORKS = {"frame": FrameLifter, "27": TemporalLifter}


def export(network, path):
    """Write a network as ONNX; large weights are kept as float16, which halves the file."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    network = network.eval()
    inputs = torch.zeros(2, network.frames, K, CHANNELS), torch.zeros(2, 1)
    names = {"input_names": ["points", "size"], "output_names": ["position", "spread"]}
    axes = {name: {0: "n"} for name in ("points", "size", "position", "spread")}
    torch.onnx.export(network, inputs, str(path), dynamic_axes=axes, opset_version=17, dynamo=False, **names)
    model = onnx.load(str(path))
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size > 1000:
            half = numpy_helper.from_array(values.astype(np.float16), tensor.name + "_half")
            casts.append(helper.make_node("Cast", [half.name], [tensor.name], to=TensorProto.FLOAT))
            tensor.CopyFrom(half)
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.producer_name = model.producer_version = ""
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
