"""All corners that the cameras saw of a board, moment by moment, and why pictures were not used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mvtri.calib.boards.board import MIN_CORNERS, Board, Floats
from mvtri.errors import InputError

MOST_VIEWS = 100  # moments that are used
SAME_VIEW = 0.005  # of the picture's diagonal: corners that moved less say nothing new


@dataclass(frozen=True)
class Rejected:
    """A picture that is not used: its camera, its frame (a number or a file's name) and the reason."""

    camera: str
    frame: str
    reason: str

    @property
    def kind(self) -> str:
        """The reason without its numbers, which stand in brackets."""
        return self.reason.split(" (")[0]


@dataclass(frozen=True, eq=False)
class BoardViews:
    """Corners of one board in F moments and C cameras.

    Attributes
    ----------
    names : tuple of str
        The C cameras.
    image_sizes : ndarray of int, shape (C, 2)
        Width and height, px.
    corners : ndarray, shape (F, K, C, 2)
        Pixels; NaN where a corner is not seen.
    frames : tuple of str
        What the F moments are called: the frame's number, or the file's name.
    rejected : tuple of Rejected
        Pictures that are not used.
    pictures : int
        How many pictures were searched.
    """

    names: tuple[str, ...]
    image_sizes: np.ndarray
    corners: Floats
    frames: tuple[str, ...]
    rejected: tuple[Rejected, ...] = ()
    pictures: int = 0

    @property
    def seen(self) -> np.ndarray:
        """Whether a moment's board is seen by a camera, bool (F, C)."""
        return np.asarray(np.isfinite(self.corners[..., 0]).any(axis=1))

    def moments(self, kept: np.ndarray) -> BoardViews:
        """Return the moments that `kept`, bool (F,), names; `rejected` stays with the whole."""
        frames = tuple(frame for frame, one in zip(self.frames, kept) if one)
        return BoardViews(self.names, self.image_sizes, self.corners[kept], frames)

    def camera(self, index: int) -> BoardViews:
        """Return the views of one camera alone, without the moments in which it saw no board."""
        kept = self.seen[:, index]
        frames = tuple(frame for frame, one in zip(self.frames, kept) if one)
        corners = self.corners[kept][:, :, index : index + 1]
        return BoardViews((self.names[index],), self.image_sizes[index : index + 1], corners, frames)


def without_repetitions(views: BoardViews, most: int = MOST_VIEWS) -> BoardViews:
    """Return views that differ from each other, `most` at most, evenly over the recording."""
    diagonals = np.linalg.norm(views.image_sizes, axis=1)
    kept: list[int] = []
    rejected = list(views.rejected)
    for moment in np.flatnonzero(views.seen.any(axis=1)):
        if any(_same(views.corners[moment], views.corners[other], diagonals) for other in kept):
            saw = [name for name, one in zip(views.names, views.seen[moment]) if one]
            rejected += [Rejected(name, views.frames[moment], "the same view again") for name in saw]
        else:
            kept.append(int(moment))
    if len(kept) > most:
        chosen = np.unique(np.linspace(0, len(kept) - 1, most).round().astype(int))
        left = [kept[i] for i in range(len(kept)) if i not in set(chosen.tolist())]
        rejected += [
            Rejected(name, views.frames[moment], f"{most} views are enough")
            for moment in left
            for name, one in zip(views.names, views.seen[moment])
            if one
        ]
        kept = [kept[i] for i in chosen]
    frames = tuple(views.frames[i] for i in kept)
    return BoardViews(
        views.names, views.image_sizes, views.corners[kept], frames, tuple(rejected), views.pictures
    )


def _same(one: Floats, other: Floats, diagonals: Floats) -> bool:
    """Return whether no camera that sees the board in moment `one` (K, C, 2) saw it elsewhere in `other`."""
    for a, b, diagonal in zip(one.transpose(1, 0, 2), other.transpose(1, 0, 2), diagonals):
        apart = np.linalg.norm(a - b, axis=1)
        common = np.isfinite(apart)
        if np.isfinite(a[:, 0]).any() and (not common.any() or apart[common].mean() > SAME_VIEW * diagonal):
            return False
    return True


def views_of_corners(
    board: Board, names: Sequence[str], image_sizes: np.ndarray, corners: Floats, labels: Sequence[str]
) -> BoardViews:
    """Return views of corners that another program found.

    Parameters
    ----------
    board : Board
    names : sequence of C str
    image_sizes : ndarray of int, shape (C, 2)
    corners : ndarray, shape (F, N, C, 2)
        Pixels; NaN where not seen.
    labels : sequence of N str
        What the corners are called: their number on the board, or a name that ends in it (``corner_7``).

    Raises
    ------
    InputError
        If a corner has no number, or the board has no such corner.
    """
    count = len(board.points)
    numbers = [re.search(r"\d+$", label) for label in labels]
    bad = [label for label, number in zip(labels, numbers) if number is None or int(number[0]) >= count]
    if bad:
        raise InputError(
            f"the corner {bad[0]!r} is not on {board}, whose corners are numbered 0 to {count - 1}; check "
            "the counts after --board"
        )
    table = np.full((len(corners), count, len(names), 2), np.nan)
    table[:, [int(number[0]) for number in numbers if number]] = corners
    few = np.isfinite(table[..., 0]).sum(axis=1) < MIN_CORNERS
    table[np.broadcast_to(few[:, None, :, None], table.shape)] = np.nan
    kept = np.isfinite(table[..., 0]).any(axis=(1, 2))
    frames = tuple(str(frame) for frame in np.flatnonzero(kept))
    return BoardViews(tuple(names), np.asarray(image_sizes), table[kept], frames)
