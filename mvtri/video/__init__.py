"""Videos: what they say about their frames and times, frames in order, and which belong to one moment."""

from mvtri.video.info import VideoInfo, probe
from mvtri.video.pairing import Pairs, pair_frames
from mvtri.video.planes import Frame, YuvFrame
from mvtri.video.rate import RATE_TOLERANCE
from mvtri.video.reader import (
    LOST,
    SUFFIXES,
    Source,
    Stills,
    Video,
    frame_range,
    open_videos,
    read_frames,
    threads_each,
)

__all__ = [
    "LOST",
    "RATE_TOLERANCE",
    "SUFFIXES",
    "Frame",
    "Pairs",
    "Source",
    "Stills",
    "Video",
    "VideoInfo",
    "YuvFrame",
    "frame_range",
    "open_videos",
    "pair_frames",
    "probe",
    "read_frames",
    "threads_each",
]
