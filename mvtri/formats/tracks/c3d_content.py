"""What a C3D file holds: its header, its points and its analog samples (https://www.c3d.org).

It is read here and not with ezc3d, which damaged files let run for hours, or which ends the process on them.
What is read is what ezc3d reads: where the header and the parameters differ, the parameters count.
"""

import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mvtri.errors import InputError
from mvtri.formats.tracks.c3d_parameters import Parameters, floats_of, read_parameters
from mvtri.inputs import check_memory, open_input

_BLOCK = 512
_MARK = 0x50
_PROCESSORS = {84: "<", 85: "<", 86: ">"}  # Intel, DEC, MIPS
_DEC = 85
_CAMERAS = 7  # that a C3D has masks of
_BYTES_PER_BYTE = 12  # of memory: float64, in their places twice, masks
_MOST_RATE = 1e7  # per second


@dataclass(frozen=True, eq=False)
class C3D:
    """The content of a file of T frames, M markers and A analog channels.

    Attributes
    ----------
    parameters : Parameters
    points : ndarray, shape (T, M, 3)
        In the file's unit; NaN where a residual is negative.
    residuals : ndarray, shape (T, M)
    masks : ndarray of bool, shape (T, M, 7)
        Which cameras saw a marker.
    analog : ndarray, shape (S, A)
        S is a multiple of T.
    rate : float
        Frames per second.
    first : int
        The number of the first frame, from 0.
    """

    parameters: Parameters
    points: np.ndarray
    residuals: np.ndarray
    masks: np.ndarray
    analog: np.ndarray
    rate: float
    first: int


def looks_like_c3d(head: bytes) -> bool:
    """Return whether the beginning of a file is that of a C3D file."""
    if len(head) < _BLOCK or head[1] != _MARK or not head[0]:
        return False
    parameters = (head[0] - 1) * _BLOCK
    return parameters < _BLOCK or len(head) < parameters + 4 or head[parameters + 3] in _PROCESSORS


def read_c3d(path: Path) -> C3D:
    """Read a file.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is no C3D file, truncated, or its header and parameters cannot be true.
    """
    size = os.stat(path).st_size if path.is_file() else 0
    with open_input(path) as file:
        head = file.read(_BLOCK)
        if not looks_like_c3d(head):
            raise InputError(f"{path} does not begin as a C3D file does; check it")
        file.seek((head[0] - 1) * _BLOCK)
        section = file.read(_BLOCK * 255)
        processor = section[3] if len(section) >= 4 else 0
        order = _PROCESSORS.get(processor)
        if order is None:
            raise InputError(f"{path} has no parameters where its header says; is it truncated or damaged?")
        dec = processor == _DEC
        whole = section[: _BLOCK * max(section[2], 1)]
        parameters = read_parameters(whole, order, dec, path)
        layout = _layout(head, order, dec, parameters, path)
        if layout.start + layout.bytes > size:
            raise InputError(
                f"{path} has {size} bytes, but its header says {layout.start + layout.bytes}; is it "
                "truncated or damaged?"
            )
        check_memory(path, _BYTES_PER_BYTE * layout.bytes)
        file.seek(layout.start)
        raw = file.read(layout.bytes)
    return _content(raw, layout, order, dec, parameters)


@dataclass(frozen=True)
class _Layout:
    """Where the data are, and how many."""

    start: int  # bytes
    frames: int
    points: int
    samples: int  # a frame
    channels: int
    width: int  # bytes of a value
    rate: float
    first: int

    @property
    def each(self) -> int:
        return 4 * self.points + self.samples * self.channels

    @property
    def bytes(self) -> int:
        return self.frames * self.each * self.width


def _layout(head: bytes, order: str, dec: bool, parameters: Parameters, path: Path) -> _Layout:
    points, analog, first, last = struct.unpack(f"{order}4H", head[2:10])
    start, samples = struct.unpack(f"{order}2H", head[16:20])
    scale, stated = floats_of(head[12:16], order, dec)[0], floats_of(head[20:24], order, dec)[0]
    names = ("POINT:RATE", "POINT:USED", "ANALOG:RATE", "ANALOG:USED")
    rate, used, analog_rate, channels = (parameters.number(name) for name in names)
    for name, value in zip(names, (rate, used, analog_rate, channels)):
        if not 0 <= value < _MOST_RATE:
            raise InputError(f"{path} has {value:g} in its parameter {name}; is it damaged?")
    kinds = {bool(one < 0) for one in (scale, *_scales(parameters, int(used)))}
    if last < first or used > points or samples * channels > analog or len(kinds) > 1:
        raise InputError(f"{path} has a header and parameters that contradict each other; is it damaged?")
    if rate >= 1:
        samples = math.floor(analog_rate / rate)
    return _Layout(
        start=max(start - 1, 0) * _BLOCK,
        frames=int(parameters.number("POINT:FRAMES")) & 0xFFFF or last - first + 1,
        points=int(used),
        samples=samples if channels else 0,
        channels=int(channels) if samples else 0,
        width=4 if scale < 0 else 2,
        rate=rate if rate else float(stated),
        first=max(first - 1, 0),
    )


def _content(raw: bytes, layout: _Layout, order: str, dec: bool, parameters: Parameters) -> C3D:
    whole = layout.width == 2
    flat = np.frombuffer(raw, dtype=f"{order}i2") if whole else floats_of(raw, order, dec)
    values = flat.reshape(layout.frames, -1)
    stored = values[:, : 4 * layout.points].reshape(layout.frames, layout.points, 4).astype(np.float64)
    scales = _scales(parameters, layout.points)
    points = stored[..., :3] * scales[:, None] if whole else stored[..., :3]
    residuals, masks = _seen(stored[..., 3], np.abs(scales))
    points[residuals < 0] = np.nan
    analog = _analog(values[:, 4 * layout.points :], layout, parameters)
    return C3D(parameters, points, residuals, masks, analog, layout.rate, layout.first)


def _scales(parameters: Parameters, points: int) -> np.ndarray:
    """Return the scale of each marker (M); the first one where the file has fewer."""
    found = parameters.all_numbers("POINT:SCALE")[:points]
    first = found[0] if len(found) else -1.0
    return np.concatenate([found, np.full(points - len(found), first)])


def _seen(words: np.ndarray, scales: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return residuals (T, M) and masks (T, M, 7) of the fourth value of each marker.

    It is negative where a marker is missing; else its low byte is the mask of cameras, and the next one the
    residual in steps of the scale.
    """
    missing = words < 0
    bits = np.where(np.isfinite(words) & ~missing, np.rint(words), 0.0).clip(0, 2**31).astype(np.int64)
    residuals = np.where(missing, -1.0, (bits >> 8 & 0xFF) * scales)
    return residuals, (bits[..., None] >> np.arange(_CAMERAS) & 1).astype(bool)


def _analog(values: np.ndarray, layout: _Layout, parameters: Parameters) -> np.ndarray:
    """Return the samples (S, A) in their units: (stored - offset) x scale x the scale of all."""
    stored = values.astype(np.float64).reshape(-1, layout.channels) if layout.channels else np.empty((0, 0))
    factors = []
    for name, default in (("OFFSET", 0.0), ("SCALE", 1.0)):
        found = parameters.all_numbers(f"ANALOG:{name}")[: layout.channels]
        factors.append(np.concatenate([found, np.full(layout.channels - len(found), default)]))
    scale = factors[1] * parameters.number("ANALOG:GEN_SCALE", 1.0)
    scaled: np.ndarray = (stored - np.abs(factors[0])) * scale
    return scaled
