"""Reading frames from videos and images, and decoding them ahead of the work."""

from mvtri.video.reader import (
    SUFFIXES,
    Source,
    Stills,
    Video,
    VideoInfo,
    frame_range,
    open_videos,
    probe,
    read_frames,
    threads_each,
)

__all__ = [
    "SUFFIXES",
    "Source",
    "Stills",
    "Video",
    "VideoInfo",
    "frame_range",
    "open_videos",
    "probe",
    "read_frames",
    "threads_each",
]
