"""Opening a video for decoding with OpenCV, without the decoder's own messages."""

import os
import threading
from pathlib import Path
from typing import Any

from mvtri.errors import InputError, MissingFileError
from mvtri.inputs import check_regular

# What a decoder prints on stderr, mvtri raises as a sentence or logs.  OpenCV reads this variable once, when
# it opens its first video; so it is set when this module is imported, unless the user has set it.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


def open_capture(path: Path, threads: int = 0) -> Any:
    """Return a `cv2.VideoCapture`; what matters of the decoder's messages is raised as a sentence.

    Decoding takes `threads` threads; 0 lets the decoder choose.

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, or it cannot be read as a video.
    """
    import cv2

    if not path.exists():
        raise MissingFileError(f"there is no video {path}; check the path")
    check_regular(path)
    with _silence:
        limit = (cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, threads]) if threads else ()
        capture = cv2.VideoCapture(str(path), *limit)
        if limit and not capture.isOpened():  # OpenCV without FFmpeg has another decoder
            capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        if not path.stat().st_size:
            raise InputError(f"{path} is empty, so it cannot be read as a video; copy it again")
        raise InputError(
            f"{path} cannot be read as a video; expected one that OpenCV decodes, such as H.264 in .mp4: if "
            "the recording or the copy broke off, copy it again; if it plays elsewhere, convert it: ffmpeg "
            f"-i {path.name} {path.stem}-h264.mp4"
        )
    return capture


def _set_log_level(level: int) -> int:
    """Set how much OpenCV logs, 0 for nothing; return what it was.  The function has moved from 4 to 5."""
    import cv2

    place: Any = cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging
    return int(place.setLogLevel(level))


class _Silence:
    """Keeps OpenCV from logging while any thread is inside: its level applies to the whole process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._level = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._level = _set_log_level(0)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                _set_log_level(self._level)


_silence = _Silence()
