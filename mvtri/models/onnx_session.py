"""ONNX Runtime: choosing the device once, loading a network and running it."""

import contextlib
import ctypes
import functools
import io
import logging
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.errors import InputError, one_of
from mvtri.models.onnx_check import check_external_data
from mvtri.models.onnx_errors import last_cause

DEVICES = ("auto", "cpu", "cuda")
_log = logging.getLogger("mvtri")
_SILENT = 4  # ONNX Runtime's severity "fatal"

# y = Identity(x): the smallest possible network, to test whether a provider runs anything at all
_IDENTITY = (
    b'\x08\x08:7\n\x10\n\x01x\x12\x01y"\x08Identity\x12\x01gZ\x0f\n\x01x\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01'
    b"b\x0f\n\x01y\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01B\x04\n\x00\x10\r"
)


@functools.cache
def runtime() -> Any:
    """Return the module onnxruntime, which sends nothing about its use to anybody.

    Its packages do so by default (events about sessions and models, on Linux and macOS since 1.29).  Only the
    environment variable ORT_DISABLE_TELEMETRY, read when it is imported, stops all of it; who wants telemetry
    sets the variable to 0.
    """
    choice = os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    if choice.strip().lower() not in ("0", "false", "no", "off"):
        onnxruntime.disable_telemetry_events()  # Windows, or where somebody imported it before us
    return onnxruntime


def choose_device(device: str = "auto") -> str:
    """Return ``"cuda"`` or ``"cpu"``; whether CUDA works is tested once, and logged in one line.

    Raises
    ------
    InputError
        If `device` is ``"cuda"`` and CUDA does not work here, or `device` is not a known one.
    """
    if device not in DEVICES:
        raise InputError(one_of(device, DEVICES, "device"))
    if device == "cpu":
        return _logged("cpu", "as requested")
    works, reason = _cuda_works()
    if device == "cuda" and not works:
        raise InputError(f"networks cannot run on CUDA here: {reason}; choose the device cpu or auto")
    return _logged("cuda" if works else "cpu", reason)


@functools.cache
def _logged(device: str, reason: str) -> str:
    _log.info("networks run on %s (%s)", device.upper(), reason)
    return device


@functools.cache
def _cuda_works() -> tuple[bool, str]:
    """Try CUDA step by step, cheap steps first, so that nothing is printed to stderr where there is none."""
    onnxruntime = runtime()
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return False, "the installed ONNX Runtime has no CUDA"
    count = _cuda_devices()
    if count <= 0:
        return False, "no NVIDIA driver" if count < 0 else "no NVIDIA GPU"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):  # preload_dlls and the session's fallback print
        if hasattr(onnxruntime, "preload_dlls"):
            onnxruntime.preload_dlls()
        try:
            session = onnxruntime.InferenceSession(_IDENTITY, _options(1), providers=_providers("cuda"))
            session.run(None, {"x": np.zeros(1, np.float32)})
        except Exception as error:  # whatever ONNX Runtime raises, CUDA does not work
            return False, f"ONNX Runtime cannot start on the GPU: {last_cause(error)}"
    if session.get_providers()[0] != "CUDAExecutionProvider":
        return False, "ONNX Runtime does not find the CUDA libraries that it needs"
    return True, "NVIDIA GPU found"


def _cuda_devices() -> int:
    """Return how many GPUs the NVIDIA driver has, -1 where there is no driver."""
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        driver = ctypes.CDLL(name)
        count = ctypes.c_int(0)
        if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
            return 0
    except (OSError, AttributeError):
        return -1
    return count.value


def _options(threads: int) -> Any:
    """Return session options: `threads` threads per run, which do not spin while they wait for work.

    Spinning is ONNX Runtime's default; on a CPU that also decodes video it takes cycles from the decoder
    (measured: 55 instead of 35 ms of CPU time per crop, and no faster on a busy machine).
    """
    onnxruntime = runtime()
    onnxruntime.set_default_logger_severity(_SILENT)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _SILENT
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # what `check_external_data` read, and not the other format that ONNX Runtime would recognise by itself
    options.add_session_config_entry("session.load_model_format", "ONNX")
    return options


def _providers(device: str) -> list[Any]:
    cuda = [("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC"})] if device == "cuda" else []
    return [*cuda, "CPUExecutionProvider"]


class Network:
    """An ONNX file, checked and loaded; several threads may run it at the same time.

    Parameters
    ----------
    path : Path
    device : str
        ``"cpu"`` or ``"cuda"``, from `choose_device`.
    outputs : sequence of str
        The outputs to return, in this order; all, in the file's order, when empty.
    largest : int
        The largest batch to run at once; 0 for any.

    Attributes
    ----------
    shape : tuple
        Of its one input, the batch first; None along axes of any length.
    dtype : numpy dtype
        Of its one input.

    Raises
    ------
    InputError
        If the file is no ONNX model, keeps data outside its folder, does not load, has more than one input,
        or lacks some of `outputs`.
    """

    def __init__(self, path: Path, device: str, outputs: Sequence[str] = (), largest: int = 0):
        self.path = path
        self.device = device
        check_external_data(path)
        self._sessions: dict[int, Any] = {}
        self._lock = threading.Lock()
        session = self._session(1)
        inputs = session.get_inputs()
        if len(inputs) != 1 or not inputs[0].shape or inputs[0].type not in _DTYPES:
            found = ", ".join(f"{item.name} {item.shape} {item.type}" for item in inputs)
            raise InputError(
                f"{path} has the inputs {found}; expected one input with a batch axis, of the type "
                f"{' or '.join(_DTYPES)}"
            )
        known = [item.name for item in session.get_outputs()]
        missing = [name for name in outputs if name not in known]
        if missing:
            raise InputError(
                f"{path} does not fit its card: it has the outputs {', '.join(known)}, "
                f"but the card names {', '.join(missing)}"
            )
        self.outputs = list(outputs) or known
        self.shape = tuple(size if isinstance(size, int) and size > 0 else None for size in inputs[0].shape)
        self.dtype = np.dtype(_DTYPES[inputs[0].type])
        self.largest = self.shape[0] or largest
        self._input = inputs[0].name

    def run(self, batch: np.ndarray, threads: int = 1) -> list[np.ndarray]:
        """Run the network once on a batch (B, ...), at most `largest`; return the outputs for it.

        A network with a fixed batch size gets zeros for the items that are missing.
        """
        count = len(batch)
        fixed = self.shape[0]
        if fixed is not None and count < fixed:
            blank = np.zeros((fixed - count, *batch.shape[1:]), batch.dtype)
            batch = np.concatenate([batch, blank])
        outputs = self._session(threads).run(self.outputs, {self._input: batch})
        return [output[:count] for output in outputs] if len(batch) > count else outputs

    def batches(self, count: int) -> list[slice]:
        """Return the slices in which `count` items go through the network."""
        step = self.largest or max(count, 1)
        return [slice(start, min(start + step, count)) for start in range(0, count, step)]

    def _session(self, threads: int) -> Any:
        threads = 1 if self.device == "cuda" else threads
        with self._lock:
            if threads not in self._sessions:
                self._sessions[threads] = self._load(threads)
            return self._sessions[threads]

    def _load(self, threads: int) -> Any:
        return load_session(self.path, self.device, threads)


def load_session(path: Path, device: str, threads: int) -> Any:
    """Return ONNX Runtime's session of a file that `check_external_data` accepted.

    Raises
    ------
    InputError
        If it does not load.
    """
    onnxruntime = runtime()
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            session = onnxruntime.InferenceSession(str(path), _options(threads), providers=_providers(device))
    except Exception as error:  # ONNX Runtime has a dozen exceptions without a common base
        raise InputError(
            f"ONNX Runtime cannot load {path} ({last_cause(error)}); expected a model "
            f"that ONNX Runtime {onnxruntime.__version__} knows: export it again for that version"
        ) from error
    return session


_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
    "tensor(int32)": np.int32,
}
