"""Where networks run, and what they refuse."""

import logging
import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs the package onnx: pip install mvtri[test]")

from nets_detection import FLOAT, blob_net, box_net, card, save
from onnx import helper

from mvtri.detection.boxes import BoxDetector
from mvtri.detection.pose import Detector
from mvtri.errors import InputError
from mvtri.models import onnx_session as session
from mvtri.models.onnx_errors import last_cause
from mvtri.models.onnx_session import Network, choose_device


@pytest.fixture
def fresh():
    """Forget what was found out about the device, before and after."""
    caches = (session._logged, session._cuda_works)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def test_the_device_is_decided_once_and_said_in_one_line(fresh, caplog, monkeypatch):
    monkeypatch.setattr(session, "_cuda_devices", lambda: -1)
    with caplog.at_level(logging.INFO, logger="mvtri"):
        assert [choose_device("auto"), choose_device("auto")] == ["cpu", "cpu"]
    assert len(caplog.records) == 1
    assert "networks run on CPU" in caplog.text


def test_cuda_that_does_not_work_is_an_error_when_asked_for(fresh, monkeypatch):
    monkeypatch.setattr(session, "_cuda_devices", lambda: -1)
    with pytest.raises(InputError, match="cannot run on CUDA here"):
        choose_device("cuda")
    with pytest.raises(InputError, match="no device is called 'tpu'"):
        choose_device("tpu")


def test_a_driver_without_the_cuda_libraries_falls_back_in_silence(fresh):
    """A GPU is pretended, so the provider is really tried; nothing may appear on stdout or stderr."""
    code = (
        "from mvtri.models import onnx_session as session; session._cuda_devices = lambda: 1; "
        "import onnxruntime; assert 'CUDAExecutionProvider' in onnxruntime.get_available_providers(); "
        "print(session.choose_device('auto'))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    if "AssertionError" in done.stderr:
        pytest.skip("this build of ONNX Runtime has no CUDA")
    assert done.stdout.strip() in ("cpu", "cuda")
    assert done.stderr == ""


def test_nothing_is_printed_when_a_network_is_loaded(tmp_path, capfd):
    network = Network(blob_net(tmp_path / "net.onnx"), "cpu")
    network.run(np.zeros((2, 3, 96, 64), np.float32))
    out, err = capfd.readouterr()
    assert out == err == ""


def test_a_fixed_batch_is_filled_up_and_cut_into_parts(tmp_path):
    network = Network(blob_net(tmp_path / "net.onnx", batch=4), "cpu")
    images = np.random.default_rng(0).random((6, 3, 96, 64), dtype=np.float32)
    assert network.batches(6) == [slice(0, 4), slice(4, 6)]
    parts = [network.run(images[part])[0] for part in network.batches(6)]
    free = Network(blob_net(tmp_path / "free.onnx"), "cpu")
    assert free.batches(6) == [slice(0, 6)]
    np.testing.assert_allclose(np.concatenate(parts), free.run(images)[0], atol=1e-6)


def test_the_answer_does_not_depend_on_threads(tmp_path):
    network = Network(blob_net(tmp_path / "net.onnx"), "cpu")
    images = np.random.default_rng(0).random((3, 3, 96, 64), dtype=np.float32)
    np.testing.assert_array_equal(network.run(images, 1)[0], network.run(images, 2)[0])


def test_a_file_that_takes_no_images_is_refused(tmp_path):
    node = helper.make_node("Identity", ["x"], ["y"])
    path = save(tmp_path / "net.onnx", [node], {"x": (FLOAT, [1, 3])}, {"y": (FLOAT, [1, 3])})
    with pytest.raises(
        InputError, match=r"its input is \[1, 3\]; expected a batch of images of 64 x 96 pixels"
    ):
        Detector(card(), Network(path, "cpu"), 1, "")


def test_a_network_with_several_inputs_is_refused(tmp_path):
    node = helper.make_node("Add", ["x", "z"], ["y"])
    shapes = {"x": (FLOAT, [1, 3]), "z": (FLOAT, [1, 3])}
    path = save(tmp_path / "net.onnx", [node], shapes, {"y": (FLOAT, [1, 3])})
    with pytest.raises(InputError, match=r"has the inputs x \[1, 3\].*expected one input with a batch axis"):
        Network(path, "cpu")


def test_a_network_may_take_other_things_than_images(tmp_path):
    node = helper.make_node("Identity", ["x"], ["y"])
    path = save(tmp_path / "net.onnx", [node], {"x": (FLOAT, ["n", 17, 2])}, {"y": (FLOAT, ["n", 17, 2])})
    keypoints = np.random.default_rng(0).random((5, 17, 2), dtype=np.float32)
    network = Network(path, "cpu")
    assert network.shape == (None, 17, 2)
    np.testing.assert_array_equal(network.run(keypoints)[0], keypoints)


def test_outputs_that_the_card_names_have_to_be_there(tmp_path):
    with pytest.raises(InputError, match="it has the outputs heatmaps, but the card names maps"):
        Network(blob_net(tmp_path / "net.onnx"), "cpu", ["maps"])


@pytest.mark.parametrize(
    ("net", "changes", "found"),
    [
        ({}, {"input_size": [64, 64]}, "its input is"),
        ({}, {"input_layout": "nhwc"}, "its input is"),
        ({"keypoints": 16}, {}, r"expected about \[17, 24, 16\]"),
        ({}, {"skeleton": "halpe26"}, r"expected about \[26, 24, 16\]"),
        ({}, {"output_stride": 8.0}, r"expected about \[17, 12, 8\]"),
        ({}, {"output_kind": "simcc"}, r"expected \[17, 128\] and \[17, 192\]"),
    ],
)
def test_a_pose_network_has_to_fit_its_card(tmp_path, net, changes, found):
    network = Network(blob_net(tmp_path / "net.onnx", **net), "cpu")
    with pytest.raises(InputError, match=f"does not fit the card tiny-pose.*{found}") as caught:
        Detector(card(**changes), network, 1, "")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("changes", "found"), [({}, "P, 5"), ({"output_kind": "yolox"}, "84, 5")])
def test_a_box_network_has_to_fit_its_card(tmp_path, changes, found):
    path = box_net(tmp_path / "net.onnx", np.zeros((2, 4)), [0, 0])
    with pytest.raises(InputError, match=f"does not fit the card tiny-boxes.*{found}"):
        BoxDetector(card("boxes", **changes), Network(path, "cpu"), 1, "")


def test_telemetry_is_off_before_onnx_runtime_is_imported():
    """The variable counts at the import alone; what a user sets is left as it is."""
    code = """
import builtins, os, sys
seen, whole = [], builtins.__import__
def watch(name, *args, **options):
    if name == "onnxruntime" and not seen:
        seen.append(os.environ.get("ORT_DISABLE_TELEMETRY"))
    return whole(name, *args, **options)
builtins.__import__ = watch
import mvtri
from mvtri.models.onnx_session import Network
from pathlib import Path
Network(Path(sys.argv[1]), "cpu")
print(seen)
"""
    from mvtri.models.card_files import built_in_cards
    from mvtri.models.library import model_path

    path = model_path(built_in_cards()["mvtri-demo"])
    for given, expected in ((None, "1"), ("0", "0")):
        env = {key: value for key, value in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"}
        env |= {} if given is None else {"ORT_DISABLE_TELEMETRY": given}
        done = subprocess.run(
            [sys.executable, "-P", "-c", code, str(path)], capture_output=True, text=True, env=env, check=True
        )
        assert done.stdout.strip() == f"['{expected}']"


def test_telemetry_is_switched_off_where_somebody_imported_it_before(monkeypatch):
    calls = []
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "1")
    monkeypatch.setattr("onnxruntime.disable_telemetry_events", lambda: calls.append("off"))
    session.runtime.cache_clear()
    session.runtime()
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    session.runtime.cache_clear()
    session.runtime()
    session.runtime.cache_clear()
    assert calls == ["off"]


PLACE = "/onnxruntime_src/onnxruntime/core/graph/model.cc:256 "


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (
            "[ONNXRuntimeError] : 1 : FAIL : Load model from a b.onnx failed:" + PLACE
            + "onnxruntime::Model::Model(onnx::ModelProto&&, const std::function<void(int)>&) "
            "Unsupported model IR version: 99, max supported IR version: 13\n",
            "Unsupported model IR version: 99, max supported IR version: 13",
        ),
        (
            "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Exception during initialization: " + PLACE
            + "void* onnxruntime::A::Get(size_t) const first cause " + PLACE
            + "bool onnxruntime::Call(int, const char*, [with T = int]) [with ERR = int; bool B = true] "
            "CUDA failure 2: out of memory ; GPU=0",
            "CUDA failure 2: out of memory ; GPU=0",
        ),
        (
            "[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Got invalid dimensions for input: image",
            "Got invalid dimensions for input: image",
        ),
        ("", "RuntimeError"),
        ("no place and no status.", "no place and no status"),
    ],
)  # fmt: skip
def test_errors_of_onnx_runtime_are_told_by_their_last_cause(message, cause):
    assert last_cause(RuntimeError(message)) == cause


def test_long_errors_end_with_a_sentence_or_a_word():
    sentences = last_cause(RuntimeError("A sentence of some words. " * 100))
    assert sentences.endswith("A sentence of some words")
    assert len(sentences) <= 500
    words = last_cause(RuntimeError("word " * 1000))
    assert words.endswith("word ...".rstrip(". "))


def test_real_errors_name_the_cause_and_no_source_code(tmp_path):
    onnx = pytest.importorskip("onnx")
    path = blob_net(tmp_path / "net.onnx")
    model = onnx.load(str(path))
    model.ir_version = 99
    onnx.save(model, str(path))
    with pytest.raises(InputError, match="Unsupported model IR version: 99") as caught:
        Network(path, "cpu")
    assert ".cc:" not in str(caught.value)
    assert "export it again for that version" in str(caught.value)
