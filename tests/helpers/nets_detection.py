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
