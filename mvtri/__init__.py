"""Multi-view reconstruction of people, down to the spine.

Calibrated cameras in, 3D tracks with honest uncertainty out.  Every public name is loaded when it is
first used, so ``import mvtri`` costs next to nothing and configures nothing.
"""

import importlib
from pathlib import Path
from typing import Any

from mvtri._version import __version__

_PUBLIC = {
    "CameraGroup": "mvtri.cameras",
    "Status": "mvtri.tracks",
    "TriangulationOptions": "mvtri.triangulation",
    "TriangulationResult": "mvtri.triangulation",
    "detect": "mvtri.detection",
    "evaluate": "mvtri.benchmark",
    "get_skeleton": "mvtri.skeletons",
    "human36m_cameras": "mvtri.calib",
    "lift": "mvtri.lifting",
    "list_skeletons": "mvtri.skeletons",
    "load_detector": "mvtri.detection",
    "load_lifter": "mvtri.lifting",
    "measure_body": "mvtri.kinematics.body_angles",
    "open_dataset": "mvtri.datasets",
    "open_session": "mvtri.sessions",
    "range_of_motion": "mvtri.kinematics.motion_range",
    "read_cameras": "mvtri.calib",
    "read_detections": "mvtri.formats",
    "read_tracks": "mvtri.formats",
    "reconstruct": "mvtri.pipeline",
    "Stream": "mvtri.streaming",
    "smooth": "mvtri.pipeline",
    "triangulate": "mvtri.triangulation",
    "write_angles": "mvtri.formats",
    "write_cameras": "mvtri.calib",
    "write_detections": "mvtri.formats",
    "write_tracks": "mvtri.formats",
}
_ROOMS = [
    "association",
    "benchmark",
    "biomechanics",
    "calib",
    "cameras",
    "cli",
    "datasets",
    "detection",
    "diagnostics",
    "errors",
    "files",
    "formats",
    "kinematics",
    "lifting",
    "metrics",
    "models",
    "pipeline",
    "plausibility",
    "registry",
    "report",
    "sessions",
    "skeletons",
    "smoothing",
    "streaming",
    "synchronisation",
    "synthetic",
    "tracks",
    "triangulation",
    "units",
    "video",
]

__all__ = ["__version__", *sorted(_PUBLIC)]


_here = Path(__file__).parent
if not (
    _here / "calib"
).exists():  # Python was started in a checkout, where cli/ and calib/ lie beside mvtri/
    __path__.append(str(_here.parent))


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        value = getattr(importlib.import_module(_PUBLIC[name]), name)
    elif name in _ROOMS:
        value = importlib.import_module(f"mvtri.{name}")
    else:
        raise AttributeError(f"module 'mvtri' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC, *_ROOMS})
