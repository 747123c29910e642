"""The whole way from recordings of a board to calibrated cameras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mvtri.calib.boards.board import Board
from mvtri.calib.boards.intrinsics import Intrinsics, calibrate_lenses
from mvtri.calib.boards.rig import Rig, calibrate_rig
from mvtri.calib.boards.search import find_boards
from mvtri.calib.boards.sources import find_recordings, folder_of
from mvtri.calib.boards.views import BoardViews, Rejected
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.names import match_names
from mvtri.progress import Progress


@dataclass(frozen=True, eq=False)
class BoardCalibration:
    """Cameras from recordings of a board, with all that is known about them.

    Attributes
    ----------
    board : Board
    cameras : CameraGroup
        In the frame of the first camera; all at the origin where there is no rig.
    lenses : dict
        `Intrinsics` by camera; empty where lenses were given.
    rig : Rig or None
        None where only lenses were asked for.
    rejected : tuple of Rejected
        Pictures that were not used.
    pictures : int
        How many pictures were searched.
    """

    board: Board
    cameras: CameraGroup
    lenses: dict[str, Intrinsics]
    rig: Rig | None
    rejected: tuple[Rejected, ...]
    pictures: int


def calibrate_boards(
    board: Board,
    together: BoardViews | None,
    alone: Mapping[str, BoardViews] | None = None,
    known: CameraGroup | None = None,
    *,
    lens: str | None = None,
    refine_intrinsics: bool = False,
    progress: Progress | None = None,
) -> BoardCalibration:
    """Calibrate cameras from the corners that they saw of a board.

    Parameters
    ----------
    board : Board
    together : BoardViews or None
        Moments in which cameras saw the board together, for their poses; None for lenses only.
    alone : mapping, optional
        Views of each camera for its lens; by default those of `together`.
    known : CameraGroup, optional
        Cameras whose lenses are kept.
    lens : str, optional
        The lens model of all cameras; by default the error on views left out chooses.
    refine_intrinsics : bool
        Whether lenses may change again with the poses.
    progress : Progress, optional
        Called with ``"lenses"``.

    Raises
    ------
    InputError
        If the views cannot hold what is asked for; the sentence says what to film.
    """
    lenses: dict[str, Intrinsics] = {}
    names = list(together.names) if together is not None else list(alone or {})
    if together is not None and len(names) < 2:
        raise InputError(
            f"there are recordings of one camera ({names[0]}); expected two or more that see the board "
            "together, or --intrinsics-only for the lens of a single camera"
        )
    if known is not None:
        cameras = _known(known, names, together)
    else:
        views = _of_each(names, together, alone)
        lenses = calibrate_lenses(views, board, lens, progress)
        cameras = _group([lenses[name].camera for name in names], names)
    sets = [together, *(alone or {}).values()]
    rejected = tuple(one for views in sets if views is not None for one in views.rejected)
    pictures = sum(views.pictures for views in sets if views is not None)
    if together is None:
        return BoardCalibration(board, cameras, lenses, None, rejected, pictures)
    rig = calibrate_rig(together, cameras, board, refine_intrinsics)
    return BoardCalibration(board, rig.cameras, lenses, rig, rejected, pictures)


def search_session(
    session: Path,
    board: Board,
    intrinsics: Path | None,
    *,
    lenses_only: bool,
    lenses_known: bool,
    progress: Progress | None = None,
) -> tuple[BoardViews | None, dict[str, BoardViews] | None]:
    """Look for a board in the recordings of a session.

    Parameters
    ----------
    session : Path
        A folder with ``extrinsics/`` and ``intrinsics/`` (or these in ``calibration/``), or with the common
        recordings themselves: a video or a folder of images a camera.
    board : Board
    intrinsics : Path or None
        Another folder for the lenses.
    lenses_only, lenses_known : bool
        What is not looked for.
    progress : Progress, optional
        Called with ``"board"`` and ``"board of each"``.

    Returns
    -------
    together : BoardViews or None
    alone : dict or None
        What `calibrate_boards` takes.
    """
    own = intrinsics or folder_of(session, "intrinsics")
    common = folder_of(session, "extrinsics") or session
    together = None if lenses_only else _common(common, board, progress, own is not None)
    if lenses_known or (own is None and not lenses_only):
        return together, None
    recordings = find_recordings(own or common)
    alone = {
        name: find_boards({name: one}, board, progress, f"board in {name}")
        for name, one in recordings.items()
    }
    return together, alone


def _common(folder: Path, board: Board, progress: Progress | None, has_lenses: bool) -> BoardViews:
    try:
        return find_boards(find_recordings(folder), board, progress)
    except InputError as error:
        hint = " (or pass --intrinsics-only for the lenses alone)" if has_lenses else ""
        raise InputError(f"{error}{hint}") from None


def _known(known: CameraGroup, names: list[str], together: BoardViews | None) -> CameraGroup:
    """Return the known cameras under `names`, in that order; sizes must be those of the pictures."""
    if together is None:
        raise InputError("lenses are given, and only lenses are asked for; give a lens or ask for the rig")
    matched = match_names(names, known.names, "camera", "calibration's cameras", longer=False)
    found = known.subset([matched[name] for name in names])
    for name, size, stated in zip(names, together.image_sizes, found.image_sizes):
        if size.any() and (size != stated).any():
            raise InputError(
                f"the pictures of {name} are {size[0]} x {size[1]} px, and its calibration is for "
                f"{stated[0]} x {stated[1]} px; expected one size: mvtri convert --resize or --crop adapts "
                "a calibration"
            )
    return CameraGroup(
        names=names,
        image_sizes=found.image_sizes,
        matrices=found.matrices,
        distortions=found.distortions,
        rotations=found.rotations,
        translations=found.translations,
        models=found.models,
    )


def _of_each(
    names: list[str], together: BoardViews | None, alone: Mapping[str, BoardViews] | None
) -> dict[str, BoardViews]:
    """Return the views for the lens of each of `names`, under these names."""
    if alone is None:
        assert together is not None
        return {name: together.camera(index) for index, name in enumerate(names)}
    matched = match_names(names, list(alone), "camera", "recordings for intrinsics", longer=False)
    found = {name: alone[matched[name]] for name in names}
    if together is not None:
        for name, size in zip(names, together.image_sizes):
            own = found[name].image_sizes[0]
            if (own != size).any():
                raise InputError(
                    f"the pictures of {name} for its lens are {own[0]} x {own[1]} px, those for the rig "
                    f"{size[0]} x {size[1]} px; expected one size: a lens belongs to one size of pictures"
                )
    return {
        name: BoardViews((name,), one.image_sizes, one.corners, one.frames, one.rejected, one.pictures)
        for name, one in found.items()
    }


def _group(cameras: list[CameraGroup], names: list[str]) -> CameraGroup:
    return CameraGroup(
        names=names,
        image_sizes=np.concatenate([one.image_sizes for one in cameras]),
        matrices=np.concatenate([one.matrices for one in cameras]),
        distortions=[one.distortions[0] for one in cameras],
        rotations=np.concatenate([one.rotations for one in cameras]),
        translations=np.concatenate([one.translations for one in cameras]),
        models=[one.models[0] for one in cameras],
    )
