"""Frames that come one by one: 3D points and smooth tracks at once, in bounded memory."""

from mvtri.streaming.stream import Stream, StreamFrame

__all__ = ["Stream", "StreamFrame"]
