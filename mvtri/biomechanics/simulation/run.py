"""The six steps for a whole folder of recordings: resumable, several side by side."""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvtri._version import __version__
from mvtri.biomechanics.body import FREE_MODEL_PATH
from mvtri.biomechanics.osim import Model, read_osim
from mvtri.biomechanics.simulation.folder import Recording, SimulationFolder
from mvtri.biomechanics.simulation.joint_motion import to_motion
from mvtri.biomechanics.simulation.merging import Markers, merge_markers
from mvtri.biomechanics.simulation.recording import Preset, Simulated, simulate_recording
from mvtri.biomechanics.simulation.subject import prepare_model
from mvtri.errors import InputError, MissingFileError, MvtriError
from mvtri.files import atomic_file, check_apart, file_name, output_folder, sha256
from mvtri.names import listed
from mvtri.parallel import available_cores
from mvtri.progress import no_progress
from mvtri.units import metres_per

Floats = NDArray[np.float64]
Progress = Callable[[str, int, int], None]
RECORDS = "records"  # the folder of what each step changed; its files say which recordings are done


@dataclass(frozen=True)
class Simulation:
    """What to simulate, and how.

    Attributes
    ----------
    mocap : path
        A folder in SIMSPINE's form: ``positions/Sx/Sx_NAME.trc`` holds the markers of motion capture.
    out : path
        The folder to write, in the same form.
    predicted : path, optional
        A folder in that form with predicted pseudo-markers of the same recordings.
    model : path, optional
        A model of OpenSim, scaled to the person; by default the one that comes with mvtri, which is scaled.
    preset : Preset
    keep : sequence of str, optional
        Markers whose observed positions stay (`merge_simulated`).
    unit : {"m", "cm", "mm"}
        Of the positions that are read, whatever their headers say; what is written is in metres.
    """

    mocap: Path
    out: Path
    predicted: Path | None = None
    model: Path | None = None
    preset: Preset = field(default_factory=Preset)
    keep: Sequence[str] | None = None
    unit: str = "m"

    def __post_init__(self) -> None:
        metres_per(self.unit)  # refuses others


def run_simulation(
    job: Simulation, workers: int | None = None, progress: Progress = no_progress
) -> dict[str, dict[str, Any]]:
    """Simulate all recordings of a folder; those that are done, with the same inputs and settings, stay.

    Parameters
    ----------
    job : Simulation
    workers : int, optional
        How many recordings are simulated side by side; all cores where not given.
    progress : callable
        Told the stage, how many are done, and how many there are.

    Returns
    -------
    dict
        For each recording what each step changed, or ``{"error": sentence}``.

    Raises
    ------
    MissingFileError
        If there is no such folder, or no recording in it.
    InputError
        If the output is the input.
    """
    source, recordings = SimulationFolder(job.mocap), _recordings(job)
    reads = [source.positions_path(recording) for recording in recordings]
    check_apart(job.out, [*reads, *(place for place in (job.predicted, job.model) if place is not None)])
    found: dict[str, dict[str, Any]] = {}
    with output_folder(job.out):
        for subject in sorted({recording.subject for recording in recordings}):
            own = [recording for recording in recordings if recording.subject == subject]
            for recording, summary in _of_person(job, subject, own, workers):
                found[_key(recording)] = summary
                progress("simulate", len(found), len(recordings))
    return found


def _recordings(job: Simulation) -> list[Recording]:
    for root in (job.mocap, job.predicted):
        if root is not None and not root.is_dir():
            raise MissingFileError(
                f"there is no folder {root}; expected one with files such as positions/S1/S1_Walking.trc, so "
                "check the path"
            )
    recordings = SimulationFolder(job.mocap).list_recordings()
    if not recordings:
        there = next(
            filter(None, (sorted(job.mocap.glob(each)) for each in ("positions/*/*", "positions/*", "*"))), []
        )
        shown = listed([path.relative_to(job.mocap).as_posix() for path in there], most=5) or "nothing"
        raise MissingFileError(
            f"{job.mocap} has no recordings but {shown}; expected files such as positions/S1/S1_Walking.trc"
        )
    return recordings


def _of_person(
    job: Simulation, subject: str, own: list[Recording], workers: int | None
) -> Iterator[tuple[Recording, dict[str, Any]]]:
    """Yield what each step changed in the recordings of a person; those that are done come first."""
    stamp = _stamp(job, own)
    todo = [recording for recording in own if not _is_done(job, recording, stamp)]
    yield from ((recording, _record(job, recording)) for recording in own if recording not in todo)
    if not todo:
        return
    try:
        model = _model_of(job, subject, own, stamp)
    except MvtriError as error:
        yield from ((recording, {"error": str(error)}) for recording in todo)
        return
    with ThreadPoolExecutor(workers or available_cores()) as pool:
        yield from zip(todo, pool.map(partial(_simulate, job, model, stamp), todo))


def read_merged(job: Simulation, recording: Recording) -> tuple[Markers, Floats]:
    """Return the markers of a recording after the first step, and the times of its frames."""
    mocap, names, times = _positions(job.mocap, recording, job.unit)
    if job.predicted is None:
        return merge_markers(mocap, names, np.empty((len(times), 0, 3)), []), times
    positions, others, clock = _positions(job.predicted, recording, job.unit)
    if len(clock) != len(times):
        raise InputError(
            f"{recording} has {len(times)} frames of motion capture and {len(clock)} of predicted markers; "
            "expected as many"
        )
    return merge_markers(mocap, names, positions, others), times


def _positions(root: Path, recording: Recording, unit: str) -> tuple[Floats, list[str], Floats]:
    folder = SimulationFolder(root)
    try:
        return folder.read_positions(recording, unit)
    except MissingFileError:
        raise
    except InputError as error:
        raise InputError(f"{folder.positions_path(recording)}: {error}") from error


def _model_of(job: Simulation, subject: str, recordings: list[Recording], stamp: str) -> Model:
    """Return the model of a person, fitted now or in an earlier run."""
    path = SimulationFolder(job.out).model_path(subject)
    record = _person_path(job, subject)
    if _holds(record, stamp, [path]):
        return read_osim(path)
    record.unlink(missing_ok=True)
    markers = [read_merged(job, recording)[0] for recording in recordings]
    begin = time.perf_counter()
    prepared = prepare_model(path, job.model or FREE_MODEL_PATH, markers, job.preset.settings)
    measured = [
        {
            "name": one.measurement.name,
            "factor": _known(one.factor),
            "spread": _known(one.spread),
            "frames": one.frames,
        }
        for one in prepared.factors
    ]
    summary = {"scaling": measured, "marker_moved_m": prepared.moved, "seconds": time.perf_counter() - begin}
    _write(record, {"stamp": stamp, "written": [sha256(path)], **summary})
    return read_osim(path)


def _simulate(job: Simulation, model: Model, stamp: str, recording: Recording) -> dict[str, Any]:
    out = SimulationFolder(job.out)
    try:
        markers, times = read_merged(job, recording)
        done = simulate_recording(model, markers, times, job.preset, job.keep, workers=1)
        record = _record_path(job, recording)
        record.unlink(missing_ok=True)  # it would say that these results are those of other settings
        _write_results(out, recording, model, done, times)
    except MvtriError as error:
        return {"error": str(error)}
    written = [sha256(path) for path in _results(job, recording)]
    summary = {**done.summary, **_unmatched(model, markers)}
    _write(record, {"stamp": stamp, "written": written, "summary": summary})
    return summary


def _unmatched(model: Model, observed: Markers) -> dict[str, list[str]]:
    """Return the markers that the model does not have, and those of the model that nothing shows."""
    seen = np.asarray(np.isfinite(observed.positions).all(axis=-1).any(axis=0))
    there = {name for name, some in zip(observed.names, seen) if some}
    return {
        "unknown_markers": sorted(there - set(model.markers)),
        "unseen_markers": [name for name in model.markers if name not in there],
    }


def _write_results(
    out: SimulationFolder, recording: Recording, model: Model, done: Simulated, times: Floats
) -> None:
    angles = [unit == "rotational" for unit in model.units]
    out.write_kinematics(recording, to_motion(done.kinematics.coordinates, model.coordinates, times, angles))
    out.write_positions(recording, done.markers.positions, done.markers.names, times)


def _stamp(job: Simulation, recordings: list[Recording]) -> str:
    """Return what the result of recordings depends on, as text."""
    files = [SimulationFolder(job.mocap).positions_path(one) for one in recordings]
    if job.predicted is not None:
        files += [SimulationFolder(job.predicted).positions_path(one) for one in recordings]
    files.append(Path(job.model or FREE_MODEL_PATH))
    keep = None if job.keep is None else list(job.keep)
    hashes = [sha256(file) for file in files if file.is_file()]
    return json.dumps([__version__, asdict(job.preset), keep, job.unit, hashes])


def _key(recording: Recording) -> str:
    return f"{recording.subject}/{recording.name}"


def _record_path(job: Simulation, recording: Recording) -> Path:
    return job.out / RECORDS / file_name(recording.subject) / f"{file_name(recording.name)}.json"


def _person_path(job: Simulation, subject: str) -> Path:
    return job.out / RECORDS / f"{file_name(subject)}.json"


def _results(job: Simulation, recording: Recording) -> list[Path]:
    out = SimulationFolder(job.out)
    return [out.positions_path(recording), out.kinematics_path(recording)]


def _record(job: Simulation, recording: Recording) -> dict[str, Any]:
    return dict(_read(_record_path(job, recording))["summary"])


def _is_done(job: Simulation, recording: Recording, stamp: str) -> bool:
    path = _record_path(job, recording)
    return _holds(path, stamp, _results(job, recording)) and isinstance(_read(path).get("summary"), dict)


def _holds(record: Path, stamp: str, written: list[Path]) -> bool:
    """Return whether a record has that stamp, and the files are as they were written."""
    found = _read(record)
    if found.get("stamp") != stamp or not all(path.is_file() for path in written):
        return False
    return bool(found.get("written") == [sha256(path) for path in written])


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there, or not of ours: that recording is done again
        return {}
    return found if isinstance(found, dict) else {}


def _known(value: float) -> float | None:
    """Return None for what was not measured: JSON has no NaN."""
    return value if math.isfinite(value) else None


def _write(path: Path, tree: dict[str, Any]) -> None:
    with atomic_file(path) as unfinished:
        unfinished.write_text(json.dumps(tree, indent=1, allow_nan=False), encoding="utf-8")
