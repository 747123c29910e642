"""Make the picture of the README: the demo seen by its four cameras, and its skeleton in 3D.

    python benchmarks/make_figures.py [--out docs/images/hero.png] [--frame 57]

The demo is reconstructed from its videos with the built-in detector, and the picture shows the result.
"""

import argparse
import itertools
from pathlib import Path

import cv2
import numpy as np
import xarray as xr

import mvtri
from mvtri.cameras import CameraGroup
from mvtri.diagnostics import Recording, read_recording
from mvtri.diagnostics.recording import link_sides
from mvtri.files import atomic_file
from mvtri.report.html import colours
from mvtri.report.reconstruction import overlay
from mvtri.report.reconstruction import scene3d as stage
from mvtri.sessions import demo_session
from mvtri.video import read_frames

HEIGHT, PANEL = 624, 604  # of the picture, of the 3D panel's width, px
VIEW_ASPECT = 0.82  # width to height of each view
GAP = 8
SHARP = 2  # the 3D panel is drawn so many times larger and then reduced
FONT = (cv2.FONT_HERSHEY_DUPLEX, 0.58 * SHARP, SHARP)
BACK_TOP, BACK_BOTTOM = "#1d2430", "#11151b"
VERTEBRAE = {
    "hip": "sacrum",
    "spine_01": "L5",
    "spine_02": "L3",
    "spine_03": "T12",
    "spine_04": "T8",
    "spine_05": "T3",
    "neck": "C7",
    "neck_02": "C3",
    "neck_03": "C1",
}


def picture(tracks: xr.Dataset, cameras: CameraGroup, images: list[np.ndarray], t: int) -> np.ndarray:
    """Return the views of frame `t` in two rows, and the 3D panel to their right, BGR."""
    recording = read_recording(tracks)
    shown = views(recording, cameras, images, t)
    rows = [np.hstack([shown[i], gap(shown[i].shape[0], GAP), shown[i + 1]]) for i in (0, 2)]
    left = np.vstack([rows[0], gap(GAP, rows[0].shape[1]), rows[1]])
    return np.hstack([left, gap(HEIGHT, GAP), panel(recording, cameras, t)])


def views(recording: Recording, cameras: CameraGroup, images: list[np.ndarray], t: int) -> list[np.ndarray]:
    """Return each camera's picture about the person, the 3D skeleton projected back into it."""
    high = (HEIGHT - GAP) // 2
    points = cameras.project(recording.position[t])
    links = overlay.links_of(recording.keypoints, recording.links, recording.spine)
    shown = []
    for index, image in enumerate(images):
        size = (image.shape[1], image.shape[0])
        box = overlay.window(overlay.people_box(points[:, :, index], size, 0.1), size, VIEW_ASPECT)
        part, (moved,) = overlay.cut(image, box, 2 * high, points[:, :, index])
        drawn = overlay.draw_overlay(part, moved, links, thickness=5)
        shown.append(cv2.resize(drawn, (round(VIEW_ASPECT * high), high), interpolation=cv2.INTER_AREA))
    return shown


def panel(recording: Recording, cameras: CameraGroup, t: int) -> np.ndarray:
    """Return the skeleton in 3D among its cameras, its spine highlighted and named."""
    canvas = background(PANEL * SHARP, HEIGHT * SHARP)
    low, high = stage.people_bounds(recording.position)
    eye = viewpoint(recording.position[t, 0], cameras)
    for trace in stage.floor_traces(low, high, cameras)[:1]:
        lines(canvas, eye, points_of(trace), "#3a4554", 1.0)
    for trace in stage.cameras_traces(cameras)[:1]:
        lines(canvas, eye, points_of(trace), "#8fa3b8", 1.6)
    trails(canvas, eye, recording, t)
    skeleton(canvas, eye, recording, t)
    names(canvas, eye, recording, t)
    return cv2.resize(canvas, (PANEL, HEIGHT), interpolation=cv2.INTER_AREA)


def viewpoint(person: np.ndarray, cameras: CameraGroup) -> CameraGroup:
    """Return a camera that looks at the person from beside, a little from above."""
    middle = np.nanmean(person, axis=0) + [0.0, 0.0, 0.05]
    away = (cameras.centers[0] - middle) * [1, 1, 0]
    away = away / np.linalg.norm(away)
    turn = np.radians(74)
    away = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]) @ away
    centre = middle + 2.75 * away + [0.0, 0.0, 0.6]
    forward = (middle - centre) / np.linalg.norm(middle - centre)
    right = np.cross(forward, [0, 0, 1])
    right = right / np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    size = np.array([PANEL, HEIGHT]) * SHARP
    matrix = np.array([[1.28 * size[1], 0, size[0] / 2], [0, 1.28 * size[1], size[1] / 2], [0, 0, 1.0]])
    return CameraGroup(
        names=["view"],
        image_sizes=[size],
        matrices=[matrix],
        distortions=[np.zeros(5)],
        rotations=[rotation],
        translations=[-rotation @ centre],
    )


def skeleton(canvas: np.ndarray, eye: CameraGroup, recording: Recording, t: int) -> None:
    points = eye.project(recording.position[t, 0])[:, 0]
    sides = link_sides(recording.keypoints, recording.links)
    for (a, b), side in zip(recording.links, sides):
        overlay.stroke(canvas, points[a], points[b], colours.SIDES[side], 4.5 * SHARP)
    for k, point in enumerate(points):
        if k not in recording.spine:
            overlay.dot(canvas, point, 3.4 * SHARP, "#e8ebf0")
    for width, share in ((22, 0.75), (15, 0.55)):  # a glow
        glow = canvas.copy()
        for a, b in itertools.pairwise(recording.spine):
            overlay.stroke(glow, points[a], points[b], colours.SPINE, width * SHARP)
        cv2.addWeighted(canvas, share, glow, 1 - share, 0, dst=canvas)
    for a, b in itertools.pairwise(recording.spine):
        overlay.stroke(canvas, points[a], points[b], colours.SPINE, 8 * SHARP)
    for k in recording.spine:
        overlay.dot(canvas, points[k], 5.4 * SHARP, "#ffffff")
        overlay.dot(canvas, points[k], 3.4 * SHARP, colours.SPINE)


def trails(canvas: np.ndarray, eye: CameraGroup, recording: Recording, t: int, frames: int = 45) -> None:
    """Draw where the spine was in the frames before, fading."""
    start = max(0, t - frames)
    places = eye.project(recording.position[start : t + 1, 0][:, recording.spine])[:, :, 0]
    for s in range(0, len(places) - 1, 5):
        tint = colours.mixed(BACK_BOTTOM, colours.SPINE, 0.12 + 0.33 * s / max(1, len(places)))
        for a, b in itertools.pairwise(places[s]):
            overlay.stroke(canvas, a, b, tint, 2 * SHARP)


def names(canvas: np.ndarray, eye: CameraGroup, recording: Recording, t: int) -> None:
    """Write the names of the vertebrae in a column at the person's back, the highest vertebra on top."""
    points = eye.project(recording.position[t, 0])[:, 0]
    spine = points[recording.spine]
    side = -1 if spine[-1, 0] > spine[0, 0] else 1  # away from the head
    edge = spine[:, 0].max() + 95 * SHARP if side > 0 else spine[:, 0].min() - 95 * SHARP
    heights = spine[:, 1].mean() - (np.arange(len(spine)) - (len(spine) - 1) / 2) * 27 * SHARP
    for k, point, y in zip(recording.spine, spine, heights):
        text = VERTEBRAE.get(recording.keypoints[k], recording.keypoints[k])
        (width, height), _ = cv2.getTextSize(text, *FONT)
        start = np.array([edge - side * 9 * SHARP, y])
        overlay.stroke(canvas, start, point + [side * 9 * SHARP, 0], "#66748a", 1.2)
        corner = (round(edge - (width if side < 0 else 0)), round(y + height / 2))
        cv2.putText(canvas, text, corner, FONT[0], FONT[1], (236, 231, 228), FONT[2], cv2.LINE_AA)


def points_of(trace: dict) -> np.ndarray:
    return np.array([trace[name] for name in "xyz"], dtype=float).T


def lines(canvas: np.ndarray, eye: CameraGroup, points: np.ndarray, colour: str, width: float) -> None:
    """Draw a path (n, 3) that NaN interrupts, in short pieces: what lies behind the eye is left out."""
    for a, b in itertools.pairwise(points):
        pieces = eye.project(np.linspace(a, b, 25))[:, 0]
        for start, end in itertools.pairwise(pieces):
            overlay.stroke(canvas, start, end, colour, width * SHARP)


def background(width: int, height: int) -> np.ndarray:
    top, bottom = (np.array(colours.rgb(c)[::-1], float) for c in (BACK_TOP, BACK_BOTTOM))
    share = np.linspace(0, 1, height)[:, None, None]
    return np.broadcast_to((1 - share) * top + share * bottom, (height, width, 3)).astype(np.uint8).copy()


def gap(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), (27, 21, 17), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parents[1] / "docs" / "images" / "hero.png"
    )
    parser.add_argument("--frame", type=int, default=57)
    chosen = parser.parse_args()
    session = demo_session()
    tracks = mvtri.reconstruct(session, detector=mvtri.load_detector("mvtri-demo"))
    frame = range(chosen.frame, chosen.frame + 1)
    images = [next(iter(read_frames(path, frame))) for path in session.videos or ()]
    drawn = picture(tracks, session.cameras, images, chosen.frame)
    with atomic_file(chosen.out) as temporary:
        packing = [
            cv2.IMWRITE_PNG_COMPRESSION,
            9,
            cv2.IMWRITE_PNG_STRATEGY,
            cv2.IMWRITE_PNG_STRATEGY_FILTERED,
        ]
        cv2.imwrite(str(temporary), drawn, packing)
    print(f"{chosen.out}: {drawn.shape[1]} x {drawn.shape[0]}, {chosen.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
