"""Labelled sequences written in SIMSPINE's layouts, one in memory at a time."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from mvtri.calib import write_cameras
from mvtri.datasets.dataset import Dataset
from mvtri.datasets.sequence import SequenceInfo
from mvtri.datasets.simspine.annotations_writer import write_annotations
from mvtri.datasets.simspine.conventions import SOURCE_FILE, label_truth, to_stored
from mvtri.datasets.simspine.recordings import About, SequenceToWrite, describe_all, record_all
from mvtri.errors import InputError, one_of
from mvtri.files import atomic_folder
from mvtri.formats import write_tracks
from mvtri.formats.motion.mot import write_mot
from mvtri.formats.tracks.markers import from_opensim


def write_simspine(
    dataset: Dataset,
    path: str | os.PathLike[str],
    layout: str = "simspine-h5",
    sequences: Sequence[SequenceInfo] | None = None,
) -> Path:
    """Write labelled sequences in a layout of SIMSPINE, which `open_dataset` and users of SIMSPINE can read.

    3D is stored as float32 (as nine digits in the TRC files of the folder).  The 2D of ``simspine-npz`` is
    the projected truth with OpenCV's formula, whatever 2D the dataset stores.  The files name the source of
    the truth, so that synthetic people are still marked as synthetic when they are read back.

    Parameters
    ----------
    dataset : Dataset
        With the 37 keypoints of ``spinetrack37`` or the 15 of its group ``spine``.
    path : path
        The folder to make; it must not exist.
    layout : {"simspine-h5", "simspine-folder", "simspine-npz"}
        ``simspine.h5``; or ``positions/Sx/*.trc`` and ``kinematics/Sx/*/*.mot``; or
        ``annotations/simspine_test.npz`` of S9 and S11 and ``simspine_train.npz`` of all others.
    sequences : sequence of SequenceInfo, optional
        Some of ``dataset.sequences``; all by default.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ExistsError
        If there is something at `path`.
    InputError
        If the layout is none of these, or a sequence cannot be stored in it.
    """
    if layout not in _WRITERS:
        raise InputError(one_of(layout, list(_WRITERS), "layout that can be written"))
    infos = list(dataset.sequences if sequences is None else sequences)
    if not infos:
        raise InputError("no sequence was given to be written; pass at least one")
    with atomic_folder(path) as folder:
        about = describe_all(dataset, infos)
        _WRITERS[layout](folder, about, infos, lambda chosen: record_all(dataset, chosen, about))
    return Path(path)


Load = Callable[[Sequence[SequenceInfo]], Iterator[SequenceToWrite]]


def _write_h5(folder: Path, about: About, infos: Sequence[SequenceInfo], load: Load) -> None:
    import h5py

    with h5py.File(folder / "simspine.h5", "w") as file:
        file.attrs["source"] = about.source
        names = file.create_group("metadata")
        names["markers_names"] = np.array(about.markers, dtype="S")
        names["kinematic_axes"] = np.array([name.encode() for name in about.axes])
        for one in load(infos):
            subject = file.require_group(one.info.subject)
            if "calibration" not in subject:
                cameras, inside = one.cameras, subject.create_group("calibration")
                inside["names"] = np.array([name.encode() for name in cameras.names])
                inside["size"] = np.asarray(cameras.image_sizes, dtype=np.int32)
                inside["K"], inside["R"], inside["t"] = (
                    cameras.matrices,
                    cameras.rotations,
                    cameras.translations,
                )
                inside["dist"] = np.array(list(cameras.distortions))
            action = subject.create_group(one.info.name)
            for name, values in (("markers", to_stored(one.points)), ("kinematics", one.kinematics)):
                action.create_dataset(name, data=values.astype(np.float32), compression="gzip", shuffle=True)
            action["timestamps"] = one.times


def _write_folder(folder: Path, about: About, infos: Sequence[SequenceInfo], load: Load) -> None:
    _write_source(folder, about)
    keypoints = [from_opensim(name) for name in about.markers]
    for one in load(infos):
        subject, stem = one.info.subject, f"{one.info.subject}_{one.info.name}"
        tracks = label_truth(one.points, keypoints, one.times)
        write_tracks(folder / "positions" / subject / f"{stem}.trc", tracks, names="opensim")
        if one.unit is not None:
            target = folder / "kinematics" / subject / stem / f"{stem}.mot"
            write_mot(target, one.times, about.axes, one.kinematics, one.unit)
        _write_calibration(folder, one)


def _write_npz(folder: Path, about: About, infos: Sequence[SequenceInfo], load: Load) -> None:
    _write_source(folder, about)
    for split, is_of_it in (("train", False), ("test", True)):
        chosen = [info for info in infos if (info.subject in _TEST) is is_of_it]
        if chosen:
            target = folder / "annotations" / f"simspine_{split}.npz"
            for one in write_annotations(target, about, chosen, load(chosen)):
                _write_calibration(folder, one)


def _write_calibration(folder: Path, one: SequenceToWrite) -> None:
    path = folder / "cameras" / f"Calib_{one.info.subject}.toml"
    if not path.exists():
        write_cameras(path, one.cameras)


def _write_source(folder: Path, about: About) -> None:
    text = f"{about.source}\nThe first line says where the truth in this folder is from.\n"
    (folder / SOURCE_FILE).write_text(text, encoding="utf-8")


_TEST = ("S9", "S11")
_WRITERS: dict[str, Callable[[Path, About, Sequence[SequenceInfo], Load], None]] = {
    "simspine-h5": _write_h5,
    "simspine-folder": _write_folder,
    "simspine-npz": _write_npz,
}
