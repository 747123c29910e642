"""Reading and writing tracks and 2D detections; a further format of tracks is one further file here.

Each module that defines a `TrackFormat` called ``FORMAT`` is found by `mvtri.formats.registry` and serves
`read_tracks` and `write_tracks` by its file extensions.
"""

from mvtri.formats.detections.openpose import read_openpose
from mvtri.formats.registry import list_formats, read_tracks, write_tracks
from mvtri.formats.tracks.netcdf import read_detections, write_detections

__all__ = [
    "list_formats",
    "read_detections",
    "read_openpose",
    "read_tracks",
    "write_detections",
    "write_tracks",
]
