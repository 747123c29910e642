"""How good cameras from boards are: photographs of a checkerboard, rigs of webcams, and generated lenses.

Run ``python benchmarks/accuracy/calibration.py`` (``--quick`` for fewer generated lenses, ``--only rigs`` for
some sections).  It reads the real recordings from MVTRI_DATA, else from ../shared/data beside the checkout.
It prints its tables and writes them beside this file.
"""

import argparse
import functools
import pathlib
import sys

import cv2
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import real_recordings as real
from benchmark_tables import add_options, run, say, table

from mvtri.calib.boards import calibrate_lenses, calibrate_rig, find_boards, find_recordings, parse_board
from mvtri.calib.boards.bend import unevenness
from mvtri.calib.boards.lenses import squared_errors
from mvtri.calib.boards.sources import folder_of
from mvtri.calib.boards.views import BoardViews
from mvtri.cameras import CameraGroup
from mvtri.triangulation import triangulate

HERE = pathlib.Path(__file__).resolve().parent
CHECKERS = parse_board("checkerboard:4x7:30mm")  # no length matters to a lens
CHARUCO = parse_board("charuco:4x5:54mm")
WHOLE = {"cam01": 7, "cam02": 6, "cam03": 7, "cam04": 6}  # photographs in which a person sees all 28 corners
FLAGS = {1: cv2.CALIB_FIX_K2, 2: 0, 4: 0, 5: 0}


@functools.cache
def photographs():
    """Return the recordings, the views found in them, and the lenses, by camera."""
    folder = folder_of(real.data_folder() / "pose2sim", "intrinsics")
    recordings = find_recordings(folder)
    views = {name: find_boards({name: one}, CHECKERS) for name, one in recordings.items()}
    return recordings, views, calibrate_lenses(views, CHECKERS)


def detection():
    say("## Photographs of a checkerboard (Pose2Sim's): in how many the corners are found")
    say()
    recordings, views, _ = photographs()
    rows = []
    for name, stills in recordings.items():
        plain = sum(
            cv2.findChessboardCorners(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), (4, 7))[0]
            for file in stills.files
        )
        rows.append([name, len(stills.files), WHOLE[name], len(views[name].frames), plain])
    rows.append(["all", *np.array([row[1:] for row in rows]).sum(axis=0)])
    table(
        ["camera", "photographs", "whole board in view", "found", "found by cv2.findChessboardCorners"], rows
    )
    say(
        "A person looked at all photographs: in one there is no board, in one a corner lies outside of the "
        "picture."
    )
    say()


def lenses():
    say("## Lenses from these photographs, beside Qualisys's")
    say()
    _, views, found = photographs()
    given = real.people_cameras()
    rows, errors = [], []
    shapes = [f"{name} {shape}" for name, shape in zip(found, map(shape_of_board, found.values()))]
    for index, (name, one) in enumerate(found.items()):
        numbers = parameters_of(one.camera, 0, len(one.parameters) - 4)
        theirs = parameters_of(given, index, len(one.parameters) - 4)
        spread = one.standard_deviations
        for key, value, other in zip(one.parameters, numbers, theirs):
            digits = 1 if key[0] in "fc" else 4
            rows.append([name, key, *(f"{v:.{digits}f}" for v in (value, spread[key], other))])
        own = CameraGroup(
            names=[name],
            image_sizes=given.image_sizes[[index]],
            matrices=given.matrices[[index]],
            distortions=[given.distortions[index]],
            rotations=[np.eye(3)],
            translations=[np.zeros(3)],
        )
        qualisys = np.sqrt(squared_errors(views[name], own, CHECKERS.points).mean())
        halves = np.sqrt(np.nanmean(one.difference**2))
        cells = [one.rms, opencv_rms(one), one.held_out[one.lens.name], qualisys, halves, one.predicted]
        errors.append([name, one.lens.name, len(one.views.frames), *(f"{cell:.3f}" for cell in cells)])
    table(["camera", "parameter", "mvtri", "standard deviation", "Qualisys"], rows)
    head = [
        "camera",
        "lens",
        "views",
        "rms px",
        "cv2.calibrateCamera, same corners",
        "error on views left out",
        "error with Qualisys's lens",
        "halves differ px",
        "predicted",
    ]
    table(head, errors)
    say(
        "*Error*: root mean square of a coordinate, the board's pose fitted to each view, the board taken "
        f"to be flat. In the calibration the board is bent by: {', '.join(shapes)} (if its squares were of "
        "30 mm). OpenCV takes it to be flat."
    )
    say()
    agreement(found)


def agreement(found):
    """Say whether the four lenses could be one."""
    ones = list(found.values())
    count = min(len(one.parameters) for one in ones)
    values = np.array([parameters_of(one.camera, 0, count - 4) for one in ones])
    weights = [np.linalg.inv(one.covariance[:count, :count]) for one in ones]
    mean = np.linalg.solve(sum(weights), sum(w @ v for w, v in zip(weights, values)))
    chi = sum((v - mean) @ w @ (v - mean) for w, v in zip(weights, values))
    freedom = count * (len(ones) - 1)
    say(
        f"The four lenses differ from their common mean by chi square {chi:.0f} at {freedom} degrees of "
        f"freedom, as if they were one lens and the standard deviations {np.sqrt(chi / freedom):.1f} times "
        "too small. The photographs of all four show the same room from the same place: they seem to be of "
        "one camera. Qualisys's lenses, which are of the recordings, have a larger error on them."
    )
    say()


def shape_of_board(one):
    return f"{1e3 * unevenness(CHECKERS.points, one.bend):.2f} mm"


def parameters_of(cams, index, coefficients):
    """Return fx, fy, cx, cy and coefficients."""
    lens = cams.distortions[index][:coefficients]
    return np.concatenate([cams.matrices[index][[0, 1, 0, 1], [0, 1, 2, 2]], lens])


def opencv_rms(one):
    """Return the residual of OpenCV's calibration on the corners that `one` used."""
    kept = np.isfinite(one.residuals[..., 0])
    places = [CHECKERS.points[seen].astype(np.float32) for seen in kept]
    pixels = [view[seen].astype(np.float32) for view, seen in zip(one.views.corners[:, :, 0], kept)]
    count = one.lens.coefficients
    flags = (
        FLAGS[count]
        + (cv2.CALIB_FIX_K3 if count < 5 else 0)
        + (cv2.CALIB_ZERO_TANGENT_DIST if count < 4 else 0)
    )
    size = tuple(int(side) for side in one.views.image_sizes[0])
    return cv2.calibrateCamera(places, pixels, size, None, None, flags=flags)[0]


def rigs():
    say("## Two rigs of four webcams: poses from even frames, tested on odd frames")
    say()
    rows = []
    for label, refine in (("as shipped", False), ("refined with the poses", True)):
        logs = []
        for board in real.boards():
            even = np.unique(board.frames)[::2]
            rig = calibrate_rig(webcam_views(board, even), board.cams, CHARUCO, refine_intrinsics=refine)
            cells, ratios = compared(board, rig.cameras, ~np.isin(board.frames, even))
            rows.append([board.name, label, f"{rig.rms:.2f}", f"{rig.held_out['flat board']:.2f}", *cells])
            logs.append(np.log(ratios))
        mean = np.exp(np.mean(logs, axis=0))
        rows.append(["geometric mean", label, "", "", "", "", f"{mean[0]:.3f}", "", "", f"{mean[1]:.3f}"])
    head = ["board", "lenses", "rms px", "error on moments left out px", "mvtri mm", "shipped mm", "ratio",
            "plain DLT: mvtri mm", "shipped mm", "ratio"]  # fmt: skip
    table(head, rows)
    say(
        "Board error after rigid alignment of each frame, by mvtri's triangulation and by plain DLT. The "
        "shipped poses were probably fitted to all frames."
    )
    say()


def compared(board, cams, tested):
    """Return the board errors with `cams` and with the shipped cameras, mm, as cells, and their ratios."""
    from real import aligned_errors

    cells, ratios = [], []
    for locate in (located, real.plain_dlt):
        points, shipped = locate(board.pixels, cams), locate(board.pixels, board.cams)
        both = tested & np.isfinite(points[:, 0]) & np.isfinite(shipped[:, 0])
        own, theirs = (aligned_errors(one, board, both).mean() for one in (points, shipped))
        ratios.append(own / theirs)
        cells += [f"{own:.3f}", f"{theirs:.3f}", f"{own / theirs:.3f}"]
    return cells, ratios


def located(pixels, cams):
    return triangulate(pixels, cams).points


def webcam_views(board, frames):
    """Return the views of a recording of corners, of the chosen frames."""
    numbers = {tuple(np.round(place[:2], 4)): k for k, place in enumerate(CHARUCO.points)}
    corners = np.full((len(frames), len(numbers), len(board.cams), 2), np.nan)
    for pixels, frame, place in zip(board.pixels, board.frames, board.places):
        if frame in frames:
            corners[np.searchsorted(frames, frame), numbers[tuple(np.round(place[:2], 4))]] = pixels
    few = np.isfinite(corners[..., 0]).sum(axis=1) < 6
    corners = np.where(few[:, None, :, None], np.nan, corners)
    return BoardViews(board.cams.names, board.cams.image_sizes, corners, tuple(map(str, frames)))


def intervals(count):
    say("## Generated lenses: how often the truth lies in the 95 % interval of a parameter")
    say()
    inside, rms = [], []
    for seed in range(count):
        truth, views = generated(seed)
        found = calibrate_lenses({"cam1": views}, CHECKERS, lens="k1 k2")["cam1"]
        scaled = (parameters_of(found.camera, 0, 2) - truth) / np.sqrt(found.covariance.diagonal())
        inside.append(np.abs(scaled) < 1.96)
        rms.append(scaled**2)
    share, size = np.mean(inside, axis=0), np.sqrt(np.mean(rms, axis=0))
    head = [f"{count} lenses, 20 views each, noise 0.3 px", "fx", "fy", "cx", "cy", "k1", "k2", "all"]
    rows = [["in the interval %", *(f"{100 * one:.1f}" for one in share), f"{100 * share.mean():.1f}"]]
    rows += [
        [
            "rms error / standard deviation",
            *(f"{one:.2f}" for one in size),
            f"{np.sqrt((size**2).mean()):.2f}",
        ]
    ]
    table(head, rows)


def generated(seed):
    """Return the parameters of a lens, and 20 views of the checkerboard by OpenCV's projection."""
    rng = np.random.default_rng(seed)
    truth = np.array([900.0, 905.0, 640.0, 360.0, -0.2, 0.1]) + rng.normal(size=6) * [
        20,
        20,
        10,
        10,
        0.03,
        0.03,
    ]
    matrix = np.array([[truth[0], 0, truth[2]], [0, truth[1], truth[3]], [0, 0, 1]])
    lens = np.array([*truth[4:], 0, 0])
    points = CHECKERS.points - CHECKERS.points.mean(axis=0)
    corners = []
    while len(corners) < 20:
        turn, place = rng.uniform(-0.7, 0.7, 3), rng.uniform([-0.15, -0.08, 0.25], [0.15, 0.08, 0.5])
        pixels = cv2.projectPoints(points, turn, place, matrix, lens)[0][:, 0]
        if (pixels > 0).all() and (pixels < [1279, 719]).all():
            corners.append(pixels + rng.normal(0, 0.3, pixels.shape))
    names = tuple(map(str, range(20)))
    return truth, BoardViews(("cam1",), np.array([[1280, 720]]), np.array(corners)[:, :, None], names)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    options = parser.parse_args()
    say("# Cameras from boards")
    say()
    sections = {
        "detection": detection,
        "lenses": lenses,
        "rigs": rigs,
        "intervals": lambda: intervals(20 if options.quick else 300),
    }
    run(sections, options, HERE / "calibration.md")


if __name__ == "__main__":
    main()
