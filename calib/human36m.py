"""The cameras of Human3.6M: those that are built in, and groups of cameras of its form."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, one_of

CAMERAS = ("54138969", "55011271", "58860488", "60457274")
_IMAGE_SIZES = {"54138969": (1000, 1002), "60457274": (1000, 1002)}  # the other two: 1000 x 1000


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


def image_size(name: str) -> tuple[int, int]:
    """Return width and height of the images of a camera."""
    return _IMAGE_SIZES.get(name, (1000, 1000))


def make_cameras(rows: Mapping[str, Mapping[str, Any]]) -> CameraGroup:
    """Return cameras with Human3.6M's own lens formula.

    Parameters
    ----------
    rows : mapping
        By name: ``R`` (3, 3) from world to camera, ``T`` the centre in metres, ``f`` (2), ``c`` (2),
        ``k`` (3), ``p`` (2); of any shape with as many numbers.
    """
    flat = {name: {key: _floats(row[key]) for key in "RTfckp"} for name, row in rows.items()}
    rotations = [row["R"].reshape(3, 3) for row in flat.values()]
    return CameraGroup(
        names=list(flat),
        image_sizes=[image_size(name) for name in flat],
        matrices=[
            [[row["f"][0], 0, row["c"][0]], [0, row["f"][1], row["c"][1]], [0, 0, 1]] for row in flat.values()
        ],
        distortions=[[*row["k"][:2], *row["p"], row["k"][2]] for row in flat.values()],
        rotations=rotations,
        translations=[-rotation @ row["T"] for rotation, row in zip(rotations, flat.values())],
        models="human36m",
    )


def _floats(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=np.float64).reshape(-1)
