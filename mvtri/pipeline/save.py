"""`save_run`: the output folder of a reconstruction."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from mvtri.files import atomic_folder, check_apart, file_name, provenance
from mvtri.tracks import INDIVIDUALS, TIME, provenance_of

if TYPE_CHECKING:
    import pandas as pd

    from mvtri.biomechanics import FittedBody
    from mvtri.diagnostics import Diagnosis
    from mvtri.kinematics.body_angles import Spine
    from mvtri.pipeline.fit_bodies import Bodies
    from mvtri.progress import Progress
    from mvtri.sessions import Session

TRACK_FILES = ("tracks.nc", "tracks.trc", "tracks.csv")
ANGLE_FILE, CURVE_FILES = "angles.csv", ("spine.trc", "spine.csv")
BODY_FILES = ("body.osim", "body.mot", "body.csv")
REPORT_FILE, RUN_FILE = "report.html", "run.json"


def save_run(
    folder: str | os.PathLike[str],
    tracks: xr.Dataset,
    session: Session,
    *,
    truth: xr.Dataset | None = None,
    scores: pd.DataFrame | None = None,
    call: str = "",
    parameters: Mapping[str, Any] | None = None,
    seconds: float | None = None,
    diagnosis: Diagnosis | None = None,
    bodies: Bodies | None = None,
    progress: Progress | None = None,
    overwrite: bool = False,
) -> Path:
    """Write the output folder of a reconstruction: all of its files, or none of them.

    It holds ``tracks.nc``, ``tracks.trc`` (one file per person where there are several), ``tracks.csv``,
    ``report.html`` and ``run.json``; of tracks with covariances also ``angles.csv``, and where the skeleton
    has a spine its curve, ``spine.trc`` and ``spine.csv``; of each fitted body ``body.osim``, ``body.mot``
    and ``body.csv`` (with the person's name where the tracks have several people).

    Parameters
    ----------
    folder : path
        The folder to write.
    tracks : Tracks
        What `mvtri.reconstruct` returned.
    session : Session
        The recording that they come from: its cameras and videos are in the report, the hashes of its files
        in ``run.json``.
    truth : Tracks, optional
        True positions, m, at (at least) the times of `tracks`; the report draws them beside the tracks.
    scores : pandas.DataFrame, optional
        A table of scores against the truth; its named index levels become columns.
    call : str
        The command or call that made the tracks.
    parameters : mapping, optional
        Its parameters, by name.
    seconds : float, optional
        How long it took.
    diagnosis : Diagnosis, optional
        What `mvtri.diagnostics.diagnose` says of the tracks, where that is known already.
    bodies : Bodies, optional
        What `mvtri.pipeline.fit_bodies` made of the tracks.
    progress : callable, optional
        Called as ``progress("measure", done, total)``, in frames, while spine and angles are measured.
    overwrite : bool
        Whether the files of a folder that exists may be replaced; other files in it stay.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ExistsError
        If `folder` exists and `overwrite` is False.
    InputError
        If nothing can be written there, or `folder` is, holds or lies in what the session is read from.
    """
    from mvtri import formats
    from mvtri.report import write_report

    check_apart(folder, session.input_places)
    rows = None if scores is None else scores.reset_index().to_dict(orient="records")
    run = provenance(call, dict(parameters or {}), list(session.files))
    run |= {} if seconds is None else {"seconds": round(seconds, 2)}
    run |= {"settings": provenance_of(tracks)} | ({} if rows is None else {"scores": rows})
    body = _measured(tracks, progress)
    if body is not None:
        run |= {"angles": {"refused": json.loads(body.angles.attrs["refused"])}}
    fitted = [] if bodies is None else bodies.fitted
    run |= {} if bodies is None else {"bodies": _bodies_facts(bodies)}
    optional = [ANGLE_FILE, *CURVE_FILES, *BODY_FILES]
    with atomic_folder(folder, overwrite, RUN_FILE, optional) as place:
        for name in TRACK_FILES:
            formats.write_tracks(place / name, tracks)
        if body is not None:
            _write_body(place, body)
        _write_models(place, fitted, tracks.sizes[INDIVIDUALS])
        write_report(
            place / REPORT_FILE,
            tracks,
            session.cameras,
            body=body,
            bodies=fitted,
            diagnosis=diagnosis,
            videos=session.videos,
            title=f"{session.name}: reconstruction in 3D",
            truth=None if truth is None else truth.sel({TIME: tracks[TIME]}),
            scores=rows,
            summary=_facts(session, tracks),
            frame_indices=session.chosen
            if session.paired_frames is None
            else session.paired_frames[session.chosen],
        )
        (place / RUN_FILE).write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
    return Path(folder)


def _measured(tracks: xr.Dataset, progress: Progress | None) -> Spine | None:
    """Return the spine's curve and the angles of the body; None where the tracks do not tell any angle."""
    from mvtri.kinematics.body_angles import measure_body

    if "covariance" not in tracks:
        return None
    body = measure_body(tracks, progress)
    return body if body.angles.sizes["angle"] else None


def _write_body(place: Path, body: Spine) -> None:
    from mvtri import formats
    from mvtri.kinematics.body_angles import curve_of

    formats.write_angles(place / ANGLE_FILE, body.angles)
    curve = curve_of(body)
    if curve is not None:
        for name in CURVE_FILES:
            formats.write_tracks(place / name, curve)


def _write_models(place: Path, bodies: Sequence[FittedBody], people: int) -> None:
    from mvtri.biomechanics import write_body

    for one in bodies:
        write_body(place, one, "body" if people == 1 else f"body_{file_name(one.person)}")


def _bodies_facts(bodies: Bodies) -> dict[str, Any]:
    """Return what run.json says about the people's bodies; of those without, why."""
    found: dict[str, Any] = {one.person: _body_facts(one) for one in bodies.fitted}
    return found | {name: {"not_fitted": reason} for name, reason in bodies.reasons.items()}


def _body_facts(body: FittedBody) -> dict[str, Any]:
    """Return what run.json says about a fitted body, in m; the size is a factor."""
    return {
        "size": round(body.size, 4),
        "rms": round(body.whole_rms, 5),
        "marker_sd": round(body.marker_sd, 5),
        "coordinates": len(body.kinematics.model.free),
        "refused": body.refused,
        "rms_of_markers": {name: round(value, 5) for name, value in body.rms.items()},
    }


def _facts(session: Session, tracks: xr.Dataset) -> dict[str, str]:
    """Return what the head of the report says beside the numbers."""
    record = provenance_of(tracks)
    networks = record.get("detect", {}).get("parameters", {})
    names = [networks[part]["name"] for part in ("detector", "boxes") if part in networks]
    return (
        {
            "session": session.name,
            "2D from": " with boxes of ".join(names) if names else f"{session.pose_path}",
            "method": _method(record),
        }
        | _smoothing_facts(record.get("smooth", {}))
        | _time_facts(session)
    )


def _method(record: dict[str, Any]) -> str:
    """Return how points became 3D."""
    if "lift" in record:
        return f"lifted from {record['lift']['camera']} by {record['lift']['lifter']}"
    return str(record.get("reconstruct", {}).get("method", "not stated"))


def _smoothing_facts(record: dict[str, Any]) -> dict[str, str]:
    """Return what the head of the report says about the filters over time, if there were any."""
    if not record:
        return {}
    filled = f", gaps of up to {record['fill']:g} s filled" if record.get("fill") else ""
    return {"smoothing": record["method"] + filled}


def _time_facts(session: Session) -> dict[str, str]:
    """Return what the head of the report says about time, where it is not simply the videos' frames."""
    record = session.time_record
    facts = []
    if record.get("from") == "--fps" and "fps_of_the_videos" in record:
        facts.append(f"{session.fps:g} frames per second by --fps, against what the videos state")
    if "frames_lost" in record:
        lost = ", ".join(f"{name} {count}" for name, count in record["frames_lost"].items())
        facts.append(f"frames paired by the times in the videos; lost: {lost}")
    return {"time": "; ".join(facts)} if facts else {}
