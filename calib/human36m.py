"""The cameras of Human3.6M, which are built in."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, one_of


@cache
def _table() -> dict[str, Any]:
    text = (resources.files("mvtri.calib") / "data" / "human36m.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def human36m_subjects() -> list[str]:
    """Return the names of the eleven subjects, S1 to S11."""
    return list(_table()["subjects"])


def human36m_cameras(subject: str, distortion: str = "opencv") -> CameraGroup:
    """Return the four cameras as they stood for `subject`.

    Parameters
    ----------
    subject : str
        ``"S1"`` to ``"S11"``.
    distortion : {"opencv", "human36m"}
        The lens formula that the coefficients belong to.  Human3.6M's own 2D follows ``"human36m"``;
        SIMSPINE's 2D was made with OpenCV's.  With the wrong one, a 3D point is wrong by a few tenths of a
        millimetre.

    Returns
    -------
    CameraGroup
        54138969, 55011271, 58860488, 60457274, in metres, z up.

    Raises
    ------
    InputError
        If there is no such subject or formula.
    """
    table = _table()
    if subject not in table["subjects"]:
        raise InputError(one_of(subject, list(table["subjects"]), "subject of Human3.6M"))
    if distortion not in ("opencv", "human36m"):
        raise InputError(one_of(distortion, ("opencv", "human36m"), "distortion formula of Human3.6M"))
    cameras, poses = table["cameras"], table["subjects"][subject]
    return CameraGroup(
        names=list(cameras),
        image_sizes=[camera["size"] for camera in cameras.values()],
        matrices=[np.reshape(camera["matrix"], (3, 3)) for camera in cameras.values()],
        distortions=[camera["distortion"] for camera in cameras.values()],
        rotations=[np.reshape(poses[name]["rotation"], (3, 3)) for name in cameras],
        translations=[np.array(poses[name]["translation"]) / 1000.0 for name in cameras],
        models=distortion,
    )
