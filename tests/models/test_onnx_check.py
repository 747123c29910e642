"""What an ONNX file refers to is read from its bytes, and refused where it leads out of the folder."""

import os

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the package onnx: pip install mvtri[test]")

from nets_detection import FLOAT, blob_net, save  # noqa: E402
from onnx import helper, numpy_helper  # noqa: E402

from mvtri.errors import InputError  # noqa: E402
from mvtri.models.onnx_check import check_external_data, external_locations  # noqa: E402
from mvtri.models.onnx_session import Network  # noqa: E402


def external_tensor(name, location):
    tensor = numpy_helper.from_array(np.ones(4, np.float32), name)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": "0", "length": "16"}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    return tensor


def with_external(path, location, where="initializer"):
    """Write a model with one external tensor, in an initializer, an attribute, a subgraph or a function."""
    tensor = external_tensor("w", location)
    one = {"x": (FLOAT, [4])}
    save(path, [helper.make_node("Identity", ["x"], ["y"])], one, {"y": (FLOAT, [4])})
    model = onnx.load(str(path), load_external_data=False)
    constant = helper.make_node("Constant", [], ["c"])
    attribute = constant.attribute.add()
    attribute.name, attribute.type = "value", onnx.AttributeProto.TENSOR
    attribute.t.CopyFrom(tensor)
    inner = helper.make_graph([constant], "inner", [], [helper.make_tensor_value_info("c", FLOAT, [4])])
    if where == "initializer":
        model.graph.initializer.append(tensor)
    elif where == "attribute":
        model.graph.node.append(constant)
    elif where == "subgraph":
        flag = helper.make_node("If", ["flag"], ["z"], then_branch=inner, else_branch=inner)
        model.graph.node.append(flag)
    elif where == "sparse":
        sparse = model.graph.sparse_initializer.add()
        sparse.values.CopyFrom(tensor)
    else:
        function = model.functions.add()
        function.name, function.domain = "f", "d"
        function.node.append(constant)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("where", ["initializer", "attribute", "subgraph", "sparse", "function"])
def test_external_data_is_found_wherever_a_tensor_can_be(tmp_path, where):
    path = with_external(tmp_path / "net.onnx", "weights.bin", where)
    assert set(external_locations(path)) == {"weights.bin"}


@pytest.mark.parametrize(
    "location",
    [
        "/etc/passwd",
        "../secret.bin",
        "a/../../secret.bin",
        "..\\secret.bin",
        "C:\\secret.bin",
        "C:secret.bin",
        "\\\\host\\share",
        "",
        "a\0b",
    ],
)
def test_data_outside_the_folder_is_refused_before_loading(tmp_path, location):
    folder = tmp_path / "models"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(16))
    path = with_external(folder / "net.onnx", location)
    with pytest.raises(InputError, match="keeps weights in"):
        Network(path, "cpu")


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs symbolic links")
def test_a_link_out_of_the_folder_is_refused(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(16))
    (folder / "weights.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(InputError, match="outside its own folder"):
        check_external_data(with_external(folder / "net.onnx", "weights.bin"))


def test_data_beside_the_model_is_allowed_and_has_to_be_there(tmp_path):
    path = with_external(tmp_path / "net.onnx", "weights.bin")
    with pytest.raises(InputError, match="which is missing; copy that file"):
        check_external_data(path)
    (tmp_path / "weights.bin").write_bytes(bytes(16))
    check_external_data(path)


@pytest.mark.parametrize(
    "content", [b"", b"not a model", b"PK\x03\x04 zip", bytes(1000), b"\x08\x08", b"\x08\x08:\x7fabc"]
)
def test_what_is_no_onnx_model_is_said_in_a_sentence(tmp_path, content):
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not an ONNX model"):
        check_external_data(path)


def test_a_truncated_model_is_no_onnx_model(tmp_path):
    path = blob_net(tmp_path / "net.onnx")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="is not an ONNX model"):
        Network(path, "cpu")


def test_a_model_of_an_unknown_operator_is_a_sentence(tmp_path):
    node = helper.make_node("NoSuchOperator", ["x"], ["y"])
    path = save(tmp_path / "net.onnx", [node], {"x": (FLOAT, [1, 3, 8, 8])}, {"y": (FLOAT, [1])})
    with pytest.raises(InputError, match="ONNX Runtime cannot load") as caught:
        Network(path, "cpu")
    assert "\n" not in str(caught.value)
