"""Frames as video decoders keep them, brightness and colour apart (YUV): no more is converted than needed.

Turning a whole frame into BGR, of which a network then sees a part, takes as long as decoding it.
"""

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from mvtri.video.info import VideoInfo

# FFmpeg's numbers of the matrices (AVColorSpace), and in units of 1 / 8192: what Y adds to all colours, U to
# B, U to G, V to G, V to R (ITU-R BT.709 and BT.601, Y in 16..235).  Without a statement it takes BT.601.
_BT709 = (9539, 17305, -1747, -4366, 14686)
_BT601 = (9539, 16525, -3209, -6660, 13075)
_MATRICES = {
    number: np.array(row, np.float32) / np.float32(8192)
    for number, row in ((1, _BT709), (2, _BT601), (5, _BT601), (6, _BT601))
}
_LIMITED = (0, 1)  # ranges of Y (AVColorRange): not stated, 16..235
_FORMAT = "yuv420p"
# Opening a file, FFmpeg decodes its first frames to find out what `probe` found out before.
_NOTHING_TO_FIND_OUT = {"skip_frame": "all", "analyzeduration": "1"}


class YuvFrame:
    """A decoded frame; as an array it is BGR, the same pixels as those of `mvtri.video.read_frames`.

    Parameters
    ----------
    frame : av.VideoFrame
        One that `is_plain`.

    Attributes
    ----------
    luma : ndarray of uint8, shape (height, at least width)
    blue, red : ndarray of uint8, shape (height / 2, at least width / 2)
        U and V.
    matrix : ndarray of float32, shape (5,)
        What turns them into colours (`mvtri.kernels.images.yuv`).
    shape : (int, int, int)
        Height, width, 3: as of the BGR array.
    """

    def __init__(self, frame: Any):
        self._frame = frame
        height = frame.height
        self.shape = (height, frame.width, 3)
        self.matrix = _MATRICES[frame.colorspace]
        luma, blue, red = frame.planes
        self.luma = np.frombuffer(luma, np.uint8).reshape(height, -1)
        self.blue = np.frombuffer(blue, np.uint8).reshape(height // 2, -1)
        self.red = np.frombuffer(red, np.uint8).reshape(height // 2, -1)

    @property
    def nbytes(self) -> int:
        """How much memory the frame holds."""
        return self.luma.nbytes + self.blue.nbytes + self.red.nbytes

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        """Return the frame as BGR, shape (height, width, 3)."""
        whole: np.ndarray = self._frame.to_ndarray(format="bgr24")
        return whole if dtype is None else whole.astype(dtype)


Frame = np.ndarray | YuvFrame  # what networks take


class YuvCapture:
    """Decodes a video with PyAV; to `mvtri.video.Video` it is what a `cv2.VideoCapture` is.

    Attributes
    ----------
    suits : bool
        Whether the frames of this video can be taken as `YuvFrame`: they are upright, their sizes even, and
        their colours are those of usual videos.
    """

    def __init__(self, info: VideoInfo, threads: int):
        import av

        self._info = info
        options = {} if info.delay is None else _NOTHING_TO_FIND_OUT
        self._container = av.open(str(info.path), metadata_errors="ignore", options=options)
        stream = self._container.streams.video[0]
        if info.delay is not None:
            stream.codec_context.reorder_depth = info.delay
        stream.codec_context.thread_count = threads
        if threads != 1:
            stream.codec_context.thread_type = "AUTO"
        self._unit = float(stream.time_base or 0)
        self._frames = self._decode(stream)
        self._current: Any = None
        self._first = next(self._frames, None)
        self.suits = self._first is not None and self._is_plain(self._first) and not self._first.rotation

    def grab(self) -> bool:
        """Decode the next frame; return False at the end."""
        self._current, self._first = self._first or next(self._frames, None), None
        return self._current is not None

    def get(self, _: int) -> float:
        """Return the time of the frame, milliseconds, as OpenCV counts it."""
        stamp = self._current.pts
        if stamp is None:
            return 0.0
        return 1000 * (float(stamp * self._unit) - self._info.start - self._info.shift)

    def retrieve(self, _: np.ndarray | None = None) -> tuple[bool, Frame]:
        """Return True and the frame; BGR where it is unlike the first one."""
        if self._is_plain(self._current):
            return True, YuvFrame(self._current)
        return True, self._current.to_ndarray(format="bgr24")

    def release(self) -> None:
        """Close the file."""
        self._frames.close()
        self._current = self._first = None
        self._container.close()

    def _decode(self, stream: Any) -> Generator[Any, None, None]:
        """Yield frames; what is damaged is left out, as OpenCV does."""
        import av

        packets = self._container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.error.FFmpegError):
                return
            try:
                yield from packet.decode()
            except av.error.FFmpegError:
                continue

    def _is_plain(self, frame: Any) -> bool:
        return (
            frame.format.name == _FORMAT
            and (frame.width, frame.height) == (self._info.width, self._info.height)
            and frame.width % 2 == frame.height % 2 == 0
            and frame.colorspace in _MATRICES
            and frame.color_range in _LIMITED
        )


def open_yuv(info: VideoInfo, threads: int = 0) -> YuvCapture | None:
    """Return a decoder of `YuvFrame`, or None where OpenCV has to decode.

    Only files whose packets say when each frame is shown are decoded here: elsewhere OpenCV's own times tell
    the frames apart.
    """
    import av

    if not (info.shares_zero and info.exact):
        return None
    try:
        capture = YuvCapture(info, threads)
    except (av.error.FFmpegError, ValueError, OSError):
        return None  # opening it with OpenCV says what is wrong
    if capture.suits:
        return capture
    capture.release()
    return None
