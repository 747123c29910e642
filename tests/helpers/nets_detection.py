"""Tiny ONNX networks whose answers are known, made by the package onnx, and cards for them."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mvtri.models.card_files import parse_card

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def save(path, nodes, inputs, outputs, constants=None):
    """Write a model; `inputs` and `outputs` map names to (type, shape), `constants` names to arrays."""
    made = [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info(name, *kind) for name, kind in inputs.items()],
        [helper.make_tensor_value_info(name, *kind) for name, kind in outputs.items()],
        made,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return path


def blob_net(path, size=(64, 96), keypoints=17, batch="n", name="heatmaps"):
    """Heatmap k is colour channel k modulo 3, averaged over 4 x 4 pixels: a blob of colour is a keypoint."""
    width, height = size
    weights = np.zeros((keypoints, 3, 1, 1), np.float32)
    weights[np.arange(keypoints), np.arange(keypoints) % 3] = 1.0
    nodes = [
        helper.make_node("AveragePool", ["image"], ["small"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Conv", ["small", "weights"], [name]),
    ]
    return save(
        path,
        nodes,
        {"image": (FLOAT, [batch, 3, height, width])},
        {name: (FLOAT, [batch, keypoints, height // 4, width // 4])},
        {"weights": weights},
    )


def simcc_net(path, size=(64, 96), keypoints=17):
    """The same as SimCC: maxima of each channel along rows and columns, each bin twice."""
    width, height = size
    weights = np.zeros((keypoints, 3, 1, 1), np.float32)
    weights[np.arange(keypoints), np.arange(keypoints) % 3] = 1.0
    nodes = [helper.make_node("Conv", ["image", "weights"], ["full"])]
    for axis, (name, other) in {2: ("simcc_x", 3), 3: ("simcc_y", 2)}.items():
        nodes.append(helper.make_node("ReduceMax", ["full"], [f"{name}1"], axes=[axis], keepdims=0))
        sizes = [f"{name}1", "", f"scales{other}"]
        nodes.append(helper.make_node("Resize", sizes, [name], mode="linear"))
    two = np.array([1.0, 1.0, 2.0], np.float32)
    return save(
        path,
        nodes,
        {"image": (FLOAT, ["n", 3, height, width])},
        {"simcc_x": (FLOAT, ["n", keypoints, 2 * width]), "simcc_y": (FLOAT, ["n", keypoints, 2 * height])},
        {"weights": weights, "scales2": two, "scales3": two},
    )


def box_net(path, boxes, labels, size=(64, 64)):
    """Answer the same boxes (P, 5) and labels (P,) to any image, as RTMDet with NMS inside would."""
    width, height = size
    boxes = np.asarray(boxes, np.float32)[None]
    labels = np.asarray(labels, np.int64)[None]
    nodes = [
        helper.make_node("Identity", ["boxes"], ["dets"]),
        helper.make_node("Identity", ["classes"], ["labels"]),
    ]
    return save(
        path,
        nodes,
        {"image": (FLOAT, [1, 3, height, width])},
        {"dets": (FLOAT, list(boxes.shape)), "labels": (INT64, list(labels.shape))},
        {"boxes": boxes, "classes": labels},
    )


def centroid_nodes(channels, size, offset):
    """Return nodes and constants that find the centroid of what is bright (over 0.5) in some channels.

    The centroids are the tensors ``x`` and ``y``, shape (N, channels); `offset` is the position of pixel 0.
    ``unit`` (N, 3, height, width), the image with values 0..1, has to be made by the caller.
    """
    width, height = size
    nodes = [
        helper.make_node("Gather", ["unit", "chosen"], ["some"], axis=1),
        helper.make_node("Sub", ["some", "threshold"], ["over"]),
        helper.make_node("Relu", ["over"], ["bright"]),
        helper.make_node("ReduceSum", ["bright", "spatial"], ["mass"], keepdims=0),
        helper.make_node("Max", ["mass", "little"], ["total"]),
    ]
    constants = {
        "chosen": np.array(channels, np.int64),
        "threshold": np.array(0.5, np.float32),
        "spatial": np.array([2, 3], np.int64),
        "little": np.array(1e-6, np.float32),
        "grid_x": (np.arange(width, dtype=np.float32) + offset)[None, None, None],
        "grid_y": (np.arange(height, dtype=np.float32) + offset)[None, None, :, None],
    }
    for axis in "xy":
        nodes += [
            helper.make_node("Mul", ["bright", f"grid_{axis}"], [f"weighted_{axis}"]),
            helper.make_node("ReduceSum", [f"weighted_{axis}", "spatial"], [f"sum_{axis}"], keepdims=0),
            helper.make_node("Div", [f"sum_{axis}", "total"], [axis]),
        ]
    return nodes, constants


def detr_net(path, size, extents, logits, half=False):
    """A network with RF-DETR's interface: batch 1, boxes (1, Q, 4) in 0..1 and logits (1, Q, classes).

    It wants RGB / 255 with ImageNet's mean and standard deviation.  The centre of every box is that of what
    is bright in the red channel; `extents` (Q, 4) is added to (centre x, centre y, 0, 0), `logits` (Q, C).
    """
    width, height = size
    extents, logits = np.asarray(extents, np.float32)[None], np.asarray(logits, np.float32)[None]
    nodes, constants = centroid_nodes([0], size, 0.5)
    head = [
        *([helper.make_node("Cast", ["input"], ["full"], to=FLOAT)] if half else []),
        helper.make_node("Mul", ["full" if half else "input", "std"], ["scaled"]),
        helper.make_node("Add", ["scaled", "mean"], ["unit"]),
    ]
    tail = [
        helper.make_node("Div", ["x", "width"], ["cx"]),
        helper.make_node("Div", ["y", "height"], ["cy"]),
        helper.make_node("Mul", ["cx", "nothing"], ["none"]),
        helper.make_node("Concat", ["cx", "cy", "none", "none"], ["centre"], axis=1),
        helper.make_node("Add", ["centre", "extents"], ["boxes" if half else "dets"]),
        helper.make_node("Identity", ["logits"], ["classes" if half else "labels"]),
    ]
    kind = TensorProto.FLOAT16 if half else FLOAT
    if half:
        tail += [helper.make_node("Cast", ["boxes"], ["dets"], to=kind)]
        tail += [helper.make_node("Cast", ["classes"], ["labels"], to=kind)]
    constants |= {
        "mean": np.array([0.485, 0.456, 0.406], np.float32)[:, None, None],
        "std": np.array([0.229, 0.224, 0.225], np.float32)[:, None, None],
        "width": np.array(width, np.float32),
        "height": np.array(height, np.float32),
        "nothing": np.array(0, np.float32),
        "extents": extents,
        "logits": logits,
    }
    return save(
        path,
        [*head, *nodes, *tail],
        {"input": (kind, [1, 3, height, width])},
        {"dets": (kind, list(extents.shape)), "labels": (kind, list(logits.shape))},
        constants,
    )


def rtmo_net(path, size, boxes, shifts, keypoints=17, batch="batch"):
    """A network with RTMO's interface: dets (N, P, 5) and keypoints (N, P, K, 3), from a BGR image 0..255.

    Keypoint k is the centroid of what is bright in red, green or blue (k modulo 3), in pixels whose centres
    are integers; `shifts` (P, 2) is added for each person, `boxes` is (P, 5).  The score is 0.9.
    """
    width, height = size
    people = len(boxes)
    nodes, constants = centroid_nodes([2, 1, 0], size, 0.0)
    added = np.zeros((1, people, keypoints, 3), np.float32)
    added[..., :2] = np.asarray(shifts, np.float32)[None, :, None]
    added[..., 2] = 0.9
    constants |= {
        "white": np.array(255.0, np.float32),
        "order": np.arange(keypoints) % 3,
        "nothing": np.array(0, np.float32),
        "last": np.array([-1], np.int64),
        "one": np.array([1], np.int64),
        "added": added,
        "boxes": np.asarray(boxes, np.float32)[None],
    }
    nodes = [
        helper.make_node("Div", ["input", "white"], ["unit"]),
        *nodes,
        helper.make_node("Mul", ["x", "nothing"], ["zero"]),
        *(helper.make_node("Unsqueeze", [part, "last"], [f"{part}1"]) for part in ("x", "y", "zero")),
        helper.make_node("Concat", ["x1", "y1", "zero1"], ["colours"], axis=2),
        helper.make_node("Gather", ["colours", "order"], ["ordered"], axis=1),
        helper.make_node("Unsqueeze", ["ordered", "one"], ["one_person"]),
        helper.make_node("Add", ["one_person", "added"], ["keypoints"]),
        helper.make_node("ReduceSum", ["zero1", "one"], ["blank"], keepdims=1),
        helper.make_node("Add", ["blank", "boxes"], ["dets"]),
    ]
    return save(
        path,
        nodes,
        {"input": (FLOAT, [batch, 3, height, width])},
        {"dets": (FLOAT, [batch, people, 5]), "keypoints": (FLOAT, [batch, people, keypoints, 3])},
        constants,
    )


def card(kind="pose", **changes):
    """Return a card for `blob_net` ("pose") or `box_net` ("boxes"); changes as ``output_stride=4``."""
    pose = kind == "pose"
    data = {
        "name": f"tiny-{kind}",
        "kind": kind,
        "licence": "BSD-3-Clause",
        "source": "made by the tests",
        "input": {"size": [64, 96] if pose else [64, 64], "std": [255.0, 255.0, 255.0]},
        "output": {"kind": "heatmap" if pose else "boxes"},
    }
    if pose:
        data["skeleton"] = "coco17"
    for key, value in changes.items():
        section, _, name = key.partition("_")
        if section in ("input", "output", "boxes"):
            data.setdefault(section, {})[name] = value
        else:
            data[key] = value
    return parse_card(data)
