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


# Bytes that another parser could read differently: written by hand, because no program writes them.


def number(value, length=0):
    """Return a number of the wire format, with zeros in front up to `length` bytes."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    while len(out) < length:
        out[-1] |= 0x80
        out.append(0)
    return bytes(out)


def part(field, content, tag_length=0, size_length=0, wire=2):
    """Return a field that holds bytes."""
    return number(field << 3 | wire, tag_length) + number(len(content), size_length) + content


def entry(location=b"/etc/passwd", **odd):
    return part(13, part(1, b"location") + part(2, location), **odd)


def tensor(*parts):
    """Return a TensorProto of 4 floats, external if `parts` says so."""
    return number(1 << 3) + number(4) + number(2 << 3) + number(1) + part(8, b"w") + b"".join(parts)


EXTERNAL = number(14 << 3) + number(1)


def model(initializer, tag=None, **odd):
    """Return a ModelProto y = x with one initializer, whose tag may be another one."""
    value = part(1, b"x") + part(2, part(1, number(1 << 3) + number(1)))
    out = part(1, b"y") + part(2, part(1, number(1 << 3) + number(1)))
    node = part(1, b"x") + part(2, b"y") + part(4, b"Identity")
    weights = part(5, initializer, **odd) if tag is None else tag + part(5, initializer)[1:]
    graph = part(1, node) + part(2, b"g") + weights + part(11, value) + part(12, out)
    return number(1 << 3) + number(8) + part(7, graph) + part(8, number(2 << 3) + number(13))


HIDDEN = tensor(entry(), EXTERNAL)
BEYOND = 2**32  # added to a tag, this is lost in a parser that keeps 32 bits of it
ATTACKS = {
    "field number beyond 32 bits, where the tensor is": model(HIDDEN, tag=number(5 << 3 | 2 | BEYOND)),
    "field number beyond 32 bits, where the path is": model(
        tensor(number(13 << 3 | 2 | BEYOND) + entry()[1:], EXTERNAL)
    ),
    "field number of 2^29 and more": model(tensor(number((13 + 2**29) << 3 | 2) + entry()[1:], EXTERNAL)),
    "tag longer than necessary": model(tensor(entry(tag_length=3), EXTERNAL)),
    "tag of ten bytes": model(tensor(entry(tag_length=10), EXTERNAL)),
    "length longer than necessary": model(HIDDEN, size_length=5),
    "length beyond 32 bits": model(
        tensor(number(13 << 3 | 2) + number(len(entry()[2:]) + BEYOND) + entry()[2:], EXTERNAL)
    ),
    "in a group": model(tensor(number(13 << 3 | 3) + entry() + number(13 << 3 | 4), EXTERNAL)),
    "an unknown group around the path": model(
        tensor(number(99 << 3 | 3) + entry() + number(99 << 3 | 4), EXTERNAL)
    ),
    "wire type 6": model(tensor(number(13 << 3 | 6) + entry()[1:], EXTERNAL)),
    "key twice": model(tensor(part(13, part(1, b"x") + part(1, b"location") + part(2, b"/a")), EXTERNAL)),
    "path twice": model(tensor(part(13, part(1, b"location") + part(2, b"a") + part(2, b"/a")), EXTERNAL)),
    "field number zero": model(tensor(number(2) + number(1) + b"a", entry(b"a"), EXTERNAL)),
    "length of 2 GiB": model(tensor(number(13 << 3 | 2) + number(2**31) + entry()[2:], EXTERNAL)),
    "two graphs, which parsers merge": model(HIDDEN) + part(7, part(2, b"g")),
    "location said twice": model(tensor(entry(b"weights.bin"), EXTERNAL, EXTERNAL)),
}


@pytest.mark.parametrize("name", list(ATTACKS))
def test_bytes_that_parsers_read_differently_are_refused(tmp_path, name):
    """Whether or not the other parsers see the path: nothing that could hide one is let through."""
    (tmp_path / "weights.bin").write_bytes(bytes(16))
    path = tmp_path / "net.onnx"
    path.write_bytes(ATTACKS[name])
    with pytest.raises(InputError, match=r"that programs read differently|is not an ONNX model"):
        check_external_data(path)


def test_the_same_bytes_without_the_trick_are_read(tmp_path):
    """The attacks above fail for their tricks, and for nothing else."""
    path = tmp_path / "net.onnx"
    path.write_bytes(model(tensor(entry(b"weights.bin"), EXTERNAL)))
    (tmp_path / "weights.bin").write_bytes(bytes(16))
    assert external_locations(path) == ["weights.bin"]
    check_external_data(path)
    assert onnx.load(str(path), load_external_data=False).graph.initializer[0].external_data[0].value == (
        "weights.bin"
    )
    path.write_bytes(model(HIDDEN))
    with pytest.raises(InputError, match="keeps weights in '/etc/passwd', outside its own folder"):
        check_external_data(path)


def test_whatever_the_other_parser_sees_is_seen_or_refused(tmp_path):
    """Bytes before the path are changed one by one: protobuf's own parser must see no path that we miss."""
    path = tmp_path / "net.onnx"
    whole = model(HIDDEN)
    start = whole.index(b"location") - 6
    missed = []
    for at in range(start, whole.index(b"/etc/passwd")):
        for value in range(256):
            changed = whole[:at] + bytes([value]) + whole[at + 1 :]
            try:
                seen = onnx.load_model_from_string(changed)
            except Exception:  # the other parser refuses it, in whatever way
                continue
            theirs = [
                one.value
                for made in seen.graph.initializer
                for one in made.external_data
                if one.key == "location"
            ]
            path.write_bytes(changed)
            try:
                ours = external_locations(path)
            except InputError:
                continue
            missed += [(at, value)] if set(theirs) - set(ours) else []
    assert missed == []


@pytest.mark.parametrize("location", ["*/_ORT_MEM_ADDR_/*", "a" * 5000, "loop"])
def test_paths_that_are_no_files_are_refused(tmp_path, location):
    """The first is ONNX Runtime's sign that the offset is an address in memory."""
    if location == "loop":
        (tmp_path / "loop").symlink_to("loop")
    if location.startswith("*"):
        (tmp_path / "*" / "_ORT_MEM_ADDR_").mkdir(parents=True)
        (tmp_path / "*" / "_ORT_MEM_ADDR_" / "*").write_bytes(bytes(16))
    with pytest.raises(InputError, match="keeps weights in"):
        check_external_data(with_external(tmp_path / "net.onnx", location))


def test_another_format_of_onnx_runtime_is_not_loaded(tmp_path):
    """ONNX Runtime recognises its own format by itself, and nothing checks what files that refers to."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "net.ort")
    options.add_session_config_entry("session.save_model_format", "ORT")
    onnxruntime.InferenceSession(
        str(blob_net(tmp_path / "net.onnx")), options, providers=["CPUExecutionProvider"]
    )
    with pytest.raises(InputError, match="is not an ONNX model"):
        Network(tmp_path / "net.ort", "cpu")
