"""``simspine_train.npz`` and ``simspine_test.npz``, one row per image, written sequence by sequence."""

import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from mvtri.datasets.sequence import SequenceInfo
from mvtri.datasets.simspine.conventions import FPS, KINEMATIC_AXES
from mvtri.datasets.simspine.recordings import About, SequenceToWrite
from mvtri.errors import InputError
from mvtri.formats.tracks.markers import from_opensim
from mvtri.skeletons import get_skeleton

_SIDE = 1000  # px; a point inside this square is marked as visible


def write_annotations(
    path: Path, about: About, infos: Sequence[SequenceInfo], recordings: Iterable[SequenceToWrite]
) -> Iterator[SequenceToWrite]:
    """Write the rows of `recordings`, each of which is yielded when it has been written.

    The camera-space 3D is R X + t, in the frame of the 2D (that of SIMSPINE's own files is R (X - t)).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = sum(info.frames for info in infos) * len(about.cameras)
    count = len(about.markers)
    longest = max(len(_image(info, camera, 0)) for info in infos for camera in about.cameras)
    members: dict[str, tuple[Any, tuple[int, ...]]] = {
        "imgname": (f"<U{longest}", ()),
        "center": ("<f4", (2,)),
        "scale": ("<f4", ()),
        "part": ("<f4", (count, 3)),
        "S": ("<f4", (count, 4)),
        "S_world": ("<f4", (count, 4)),
        "angles": ("<f4", (KINEMATIC_AXES,)),
    }
    with tempfile.TemporaryDirectory(prefix=".mvtri-", dir=path.parent) as scratch:
        files = {name: open(Path(scratch, f"{name}.npy"), "wb") for name in members}  # noqa: SIM115
        try:
            for name, (dtype, shape) in members.items():
                head = {"descr": dtype, "fortran_order": False, "shape": (rows, *shape)}
                np.lib.format.write_array_header_1_0(files[name], head)
            for recording in recordings:
                _append(files, members, recording)
                yield recording
        finally:
            for file in files.values():
                file.close()
        with zipfile.ZipFile(path, "w") as archive:
            with archive.open("metadata.npy", "w") as stream:
                np.lib.format.write_array(stream, np.array(_metadata(about), dtype=object), allow_pickle=True)
            for name in members:
                archive.write(Path(scratch, f"{name}.npy"), f"{name}.npy")


def _append(files: Mapping[str, IO[bytes]], members: Mapping[str, Any], recording: SequenceToWrite) -> None:
    numbers = np.round(recording.times * FPS).astype(int)
    if np.abs(numbers - recording.times * FPS).max() > 0.05 or (numbers < 0).any():
        raise InputError(
            f"{recording.info} has times that are not multiples of {1 / FPS} s, which this layout needs; "
            f"make it with {FPS:g} frames per second"
        )
    world, cameras = recording.points, recording.cameras
    pixels = cameras.project(world)
    for index, camera in enumerate(cameras.names):
        pixel = pixels[:, :, index]
        visible = ((pixel >= 0) & (pixel < _SIDE)).all(axis=-1, keepdims=True)
        finite = np.isfinite(pixel).all(axis=-1, keepdims=True)
        low = np.where(finite, pixel, np.inf).min(axis=1)
        high = np.where(finite, pixel, -np.inf).max(axis=1)
        boxed = np.isfinite(low)
        in_camera = world @ cameras.rotations[index].T + cameras.translations[index]
        with np.errstate(invalid="ignore"):  # where no point is in front of the camera
            centre, side = (low + high) / 2, (high - low).max(axis=1)
        row = {
            "imgname": np.array([_image(recording.info, camera, number) for number in numbers]),
            "center": np.where(boxed, centre, np.nan),
            "scale": np.where(boxed[:, 0], 1.2 * side / 200, np.nan),
            "part": np.concatenate([pixel, visible], axis=-1),
            "S": np.concatenate([in_camera, visible], axis=-1),
            "S_world": np.concatenate([world, visible], axis=-1),
            "angles": recording.kinematics,
        }
        for name, values in row.items():
            values.astype(members[name][0]).tofile(files[name])


def _image(info: SequenceInfo, camera: str, number: int) -> str:
    stem = f"{info.subject}_{info.name}.{camera}"
    return f"{info.subject}/{stem}/{stem}_{number:06d}.jpg"


def _metadata(about: About) -> dict[str, Any]:
    names = [from_opensim(name) for name in about.markers]
    return {
        "root_name": "Hip",
        "root_index": about.markers.index("Hip"),
        "joint_names": np.array(about.markers),
        "param_names": np.array(about.axes),
        "parent_ids": np.array(_parents(names)),
        "source": about.source,
    }


def _parents(names: list[str]) -> list[int]:
    """Return each keypoint's neighbour towards the hip, by the skeleton's links; -1 for the hip."""
    links = [link for link in get_skeleton("spinetrack37").links if set(link) <= set(names)]
    parents = {"hip": -1}
    queue = ["hip"]
    while queue:
        name = queue.pop(0)
        near = [other for link in links if name in link for other in link if other not in parents]
        parents |= dict.fromkeys(near, names.index(name))
        queue += near
    return [parents.get(name, names.index("hip")) for name in names]
