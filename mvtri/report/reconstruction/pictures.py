"""One picture a camera, the reconstructed skeletons drawn over what it saw."""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mvtri.diagnostics.recording import Recording
from mvtri.diagnostics.summary import median
from mvtri.errors import MvtriError
from mvtri.report.html import colours
from mvtri.report.html.markup import absent, legend, section
from mvtri.report.reconstruction import overlay
from mvtri.video import LOST, read_frames

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

HEIGHT = 600  # px
REACH = 600  # frames that are decoded at most beyond the first one to get at a picture
_TITLE = "What the cameras saw"


def pictures_section(
    recording: Recording,
    cameras: "CameraGroup | None",
    videos: Sequence[Any] | None,
    frame_numbers: np.ndarray | None,
) -> str:
    """Return one picture a camera, with the reprojected skeletons and the detections drawn over it.

    Parameters
    ----------
    recording : Recording
        The tracks.
    cameras : CameraGroup or None
        The cameras.
    videos : sequence of path or None
        One a camera.
    frame_numbers : ndarray of int, shape (T,) or (T, C), or None
        Which frame of the videos each frame of the tracks came from, -1 where a video has none; None where
        that is not known.
    """
    if cameras is None:
        return section("pictures", _TITLE, "", absent("No cameras were given, so there are no pictures."))
    if not recording.position.size:
        return section("pictures", _TITLE, "", absent("There are no frames to show."))
    t = best_frame(recording, None if videos is None else REACH)
    numbers = None if frame_numbers is None else np.broadcast_to(frame_numbers[t], len(cameras)).tolist()
    items = people_legend(recording)
    if recording.position_2d is not None:
        items += [("#ffffff", "2D detection"), (colours.REJECTED, "2D detection, rejected")]
    content = legend(items) + _figures(recording, cameras, videos, t, numbers)
    return section("pictures", _TITLE, _note(recording, t, numbers, videos is not None), content)


def _note(recording: Recording, t: int, numbers: list[int] | None, videos: bool) -> str:
    note = f"The 3D skeleton projected back into each picture at {recording.moment(t)}"
    if recording.clocked and numbers is not None and len(set(numbers)) == 1:
        note += f" (frame {numbers[0]})"
    note += ", where most keypoints were reconstructed."
    if not videos:
        note += " No videos were given, so the pictures are blank."
    elif numbers is None:
        note += " Which frames of the videos these are is not known, so the pictures are blank."
    if recording.position_2d is None:
        note += " These tracks do not hold the 2D detections, so those are not drawn."
    return note


def _figures(
    recording: Recording,
    cameras: "CameraGroup",
    videos: Sequence[Any] | None,
    t: int,
    numbers: list[int] | None,
) -> str:
    cameras = _as_triangulated(recording, cameras)
    points = np.asarray(cameras.project(recording.position[t]))
    boxes = [overlay.people_box(points[:, :, c], cameras.image_sizes[c]) for c in range(len(cameras))]
    aspect = float(np.clip(max((box[2] - box[0]) / (box[3] - box[1]) for box in boxes), 0.7, 1.6))
    figures = []
    for index, name in enumerate(cameras.names):
        view = recording.cameras.index(name) if name in recording.cameras else None
        image, problem = _frame(videos, index, None if numbers is None else numbers[index])
        if image is None:
            image = overlay.blank(cameras.image_sizes[index])
        box = overlay.window(boxes[index], (image.shape[1], image.shape[0]), aspect)
        drawn = _drawn(recording, image, box, points[:, :, index], t, view)
        caption = f"<b>{escape(str(name))}</b>{_errors(recording, t, view)}{escape(problem)}"
        figures.append(_figure(str(name), drawn, aspect, caption))
    wide = " wide" if aspect > 1.15 else ""
    return f'<div class="pictures{wide}">{"".join(figures)}</div>'


def _as_triangulated(recording: Recording, cameras: "CameraGroup") -> "CameraGroup":
    """Return the cameras where they were when the points were triangulated; there may be further ones."""
    if recording.rig_errors is None:
        return cameras
    errors = dict(zip(recording.cameras, recording.rig_errors))
    return cameras.displaced([errors.get(str(name), np.zeros(6)) for name in cameras.names])


def people_legend(recording: Recording) -> list[tuple[str, str]]:
    """Return what the colours of skeletons mean: persons where there are several, else sides and spine."""
    if len(recording.people) > 1:
        return [(colours.person_colour(index), name) for index, name in enumerate(recording.people)]
    sides = [(colours.SIDES[0], "left"), (colours.SIDES[2], "right"), (colours.SIDES[1], "middle")]
    return ([(colours.SPINE, "spine")] if len(recording.spine) else []) + sides


def best_frame(recording: Recording, reach: int | None = None) -> int:
    """Return the frame with most 3D points among the first `reach`; of several the most central one."""
    count = recording.present.sum(axis=(1, 2))[:reach]
    candidates = np.flatnonzero(count == count.max())
    return int(candidates[np.abs(candidates - len(count) / 2).argmin()])


def _frame(videos: Sequence[Any] | None, index: int, number: int | None) -> tuple[np.ndarray | None, str]:
    """Return a frame of a video, or None and why there is none: a lost picture must not cost the report."""
    if videos is None or number is None:
        return None, ""
    if number == LOST:
        return None, "; no picture: this camera lost the frame"
    try:
        frame = next(iter(read_frames(Path(videos[index]), range(number, number + 1))), None)
    except MvtriError as error:
        return None, f"; no picture: {error}"
    return frame, "" if frame is not None else f"; no picture: frame {number} cannot be decoded"


def _drawn(
    recording: Recording,
    image: np.ndarray,
    box: tuple[int, int, int, int],
    points: np.ndarray,
    t: int,
    view: int | None,
) -> np.ndarray:
    def seen(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None or view is None else values[t, :, :, view]

    part, (points, detected) = overlay.cut(image, box, HEIGHT, points, seen(recording.position_2d))
    links = overlay.links_of(recording.keypoints, recording.links, recording.spine)
    return overlay.draw_overlay(
        part, points, links, detected=detected, inliers=seen(recording.inlier), scores=seen(recording.score)
    )


def _figure(name: str, drawn: np.ndarray, aspect: float, caption: str) -> str:
    encoded = base64.b64encode(overlay.jpeg(drawn)).decode("ascii")
    return (
        f'<figure><img alt="{escape(name)}" width="{drawn.shape[1]}" height="{drawn.shape[0]}" '
        f'style="aspect-ratio:{aspect:.4f}" src="data:image/jpeg;base64,{encoded}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _errors(recording: Recording, t: int, view: int | None) -> str:
    if view is None or recording.residual is None:
        return ""
    residual, counted = recording.reprojection
    here = counted[t, ..., view]
    value = median(residual[t, ..., view][here])
    text = f", median {value:.1f} px" if np.isfinite(value) else ""
    if recording.inlier is not None:
        lost = here & recording.present[t] & ~recording.inlier[t, ..., view]
        text += f", {int(lost.sum())} of {int(here.sum())} rejected"
    return text
