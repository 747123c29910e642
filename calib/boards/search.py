"""Looking for a board in the pictures and videos of cameras."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from mvtri.calib.boards.board import Board
from mvtri.calib.boards.detect import Found, Picture, corner_finder
from mvtri.calib.boards.views import BoardViews, Rejected, without_repetitions
from mvtri.errors import InputError
from mvtri.parallel import available_cores
from mvtri.progress import Progress, no_progress
from mvtri.video import LOST, Stills, VideoInfo, pair_frames, probe, read_frames

CANDIDATES = 240  # frames of a video that the board is looked for in
_SAME_PICTURE = 1.0  # grey levels: the mean difference of two small pictures of one scene at rest
_SMALL = (64, 36)
_BATCH = 8  # pictures that wait for their detection


def find_boards(
    recordings: Mapping[str, Path | Stills],
    board: Board,
    progress: Progress | None = None,
    stage: str = "board",
) -> BoardViews:
    """Look for a board in the recordings of cameras that filmed it together, or in that of one camera.

    Parameters
    ----------
    recordings : mapping
        A video or images a camera.  Images are of one moment if they are at the same place in the order of
        names; frames of videos are paired by time where the videos have unequal counts.
    board : Board
    progress : Progress, optional
        Called with `stage`.
    stage : str

    Raises
    ------
    InputError
        If the cameras have unequal numbers of images, a recording has pictures of several sizes, or no board
        is found anywhere.
    """
    names = tuple(recordings)
    sources = [
        recording if isinstance(recording, Stills) else probe(recording) for recording in recordings.values()
    ]
    table = _moments(names, sources)
    find = corner_finder(board, quick=any(isinstance(source, VideoInfo) for source in sources))
    count = len(table) * len(names)
    report = progress or no_progress
    sizes = np.zeros((len(names), 2), dtype=np.int64)
    corners, frames, rejected, done = [], [], [], 0
    report(stage, 0, count)
    with ThreadPoolExecutor(available_cores()) as pool:
        for batch in _batches(_read(sources, table), max(1, _BATCH // len(names))):
            pictures = [(c, picture) for _, row in batch for c, picture in enumerate(row)]
            _check_sizes(names, sizes, pictures)
            results = list(pool.map(lambda item: _search(item[1], find, len(board.points)), pictures))
            for index, (moment, _) in enumerate(batch):
                row = results[index * len(names) : (index + 1) * len(names)]
                labels = [_label(source, number) for source, number in zip(sources, table[moment])]
                rejected += [
                    Rejected(n, at, one.reason) for n, at, one in zip(names, labels, row) if one.reason
                ]
                corners.append(np.stack([one.corners for one in row], axis=1))
                frames.append(next((at for at, one in zip(labels, row) if one.count), labels[0]))
            done += len(pictures)
            report(stage, min(done, count), count)
    report(stage, count, count)
    found = BoardViews(names, sizes, np.array(corners), tuple(frames), tuple(rejected), count)
    _check_found(found, board)
    return without_repetitions(found)


def _search(picture: Picture | Found, find: Callable[[Picture], Found], count: int) -> Found:
    if isinstance(picture, Found):  # a reason why it is not searched
        return Found(np.full((count, 2), np.nan), picture.reason)
    return find(picture)


def _moments(names: Sequence[str], sources: Sequence[Stills | VideoInfo]) -> np.ndarray:
    """Return the frames of each camera to look at, int (F, C), `LOST` where it has none of a moment."""
    counts = [source.count() if isinstance(source, Stills) else source.frames for source in sources]
    videos = [source for source in sources if isinstance(source, VideoInfo)]
    if len(set(counts)) > 1 and len(videos) < len(sources):
        listed = ", ".join(f"{name} {count}" for name, count in zip(names, counts))
        raise InputError(
            f"the cameras have unequal numbers of images ({listed}); expected one of each moment in each "
            "camera's folder"
        )
    if len(set(counts)) > 1:
        table = pair_frames([video.times for video in videos], 1 / max(videos[0].fps, 1e-3)).frames
    else:
        table = np.repeat(np.arange(counts[0])[:, None], len(sources), axis=1)
    if len(videos) and len(table) > CANDIDATES:
        table = table[np.unique(np.linspace(0, len(table) - 1, CANDIDATES).round().astype(int))]
    return table


def _read(
    sources: Sequence[Stills | VideoInfo], table: np.ndarray
) -> Iterator[tuple[int, list[Picture | Found]]]:
    """Yield each moment with its grey pictures; a `Found` in place of one that is not searched says why."""
    import cv2

    readers = [read_frames(source, column.tolist()) for source, column in zip(sources, table.T)]
    before: list[np.ndarray | None] = [None] * len(sources)
    moving = [isinstance(source, VideoInfo) for source in sources]
    empty = np.zeros((0, 2))
    for moment, row in enumerate(zip(*readers)):
        greys = [None if frame is None else cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in row]
        small = [
            None if g is None else cv2.resize(g, _SMALL, interpolation=cv2.INTER_AREA).astype(float)
            for g in greys
        ]
        still = [
            video and a is not None and b is not None and bool(np.abs(a - b).mean() < _SAME_PICTURE)
            for video, a, b in zip(moving, small, before)
        ]
        if all(still):
            yield moment, [Found(empty, "as the frame before") for _ in greys]
            continue
        before = [a if a is not None else b for a, b in zip(small, before)]
        yield (
            moment,
            [Found(empty, "the frame is lost") if g is None else np.asarray(g, np.uint8) for g in greys],
        )


def _batches(
    items: Iterator[tuple[int, list[Picture | Found]]], size: int
) -> Iterator[list[tuple[int, list[Picture | Found]]]]:
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _label(source: Stills | VideoInfo, number: int) -> str:
    if number == LOST:
        return "-"
    return source.files[number].name if isinstance(source, Stills) else str(int(number))


def _check_sizes(
    names: Sequence[str], sizes: np.ndarray, pictures: list[tuple[int, Picture | Found]]
) -> None:
    """Fill in the sizes (C, 2) of the pictures of each camera; raise InputError where one has two sizes."""
    for c, picture in pictures:
        if isinstance(picture, Found):
            continue
        size = picture.shape[1], picture.shape[0]
        if not sizes[c].any():
            sizes[c] = size
        elif tuple(sizes[c]) != size:
            raise InputError(
                f"the pictures of {names[c]} are {sizes[c][0]} x {sizes[c][1]} px and {size[0]} x {size[1]} "
                "px; expected one size, since a calibration is of one size: leave out those of another size"
            )


def _check_found(views: BoardViews, board: Board) -> None:
    if views.seen.any():
        return
    reasons = [one.kind for one in views.rejected]
    listed = ", ".join(f"{reason} {reasons.count(reason)} times" for reason in dict.fromkeys(reasons))
    raise InputError(
        f"in {views.pictures} pictures of {', '.join(views.names)} there is no usable view of {board} "
        f"({listed}); check the counts and the dictionary after --board: a checkerboard counts inner "
        "corners, a ChArUco board squares"
    )
