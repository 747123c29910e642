"""Boards before cameras, made by OpenCV: corners by its projection, pictures by warping a drawn board."""

import cv2
import numpy as np

from mvtri.calib.boards.board import Board
from mvtri.calib.boards.views import BoardViews
from mvtri.cameras import CameraGroup

CHARUCO = Board("charuco", 5, 7, 0.054, 0.04, "4X4_50")
CHECKERS = Board("checkerboard", 4, 7, 0.06)
SIZE = (960, 600)


def ring(
    count=3, size=SIZE, coefficients=(-0.1, 0.05, 0.001, -0.0005, 0.0), model="opencv", radius=1.5, focal=0.9
):
    """Return cameras on an arc that look at a place 2 m before the first, in whose frame they are."""
    rotations, translations = [], []
    for angle in np.radians(25.0) * np.arange(count):
        # a turn about the point (0, 0, radius) of the first camera's frame
        turn = cv2.Rodrigues(np.array([0.1 * (angle > 0), angle, 0.0]))[0]
        rotations.append(turn)
        translations.append(np.array([0, 0, radius]) - turn @ np.array([0, 0, radius]))
    width, height = size
    focal *= width
    return CameraGroup(
        names=[f"cam{i + 1}" for i in range(count)],
        image_sizes=[size] * count,
        matrices=[
            [[focal + 7 * i, 0, width / 2 + 5], [0, focal, height / 2 - 4], [0, 0, 1]] for i in range(count)
        ],
        distortions=[coefficients] * count,
        rotations=rotations,
        translations=translations,
        models=model,
    )


def poses(count, seed=0, distance=1.4, spread=0.25, tilt=0.6):
    """Return poses of a board (F, 3, 3), (F, 3) about a place before the first camera."""
    rng = np.random.default_rng(seed)
    rotations = [cv2.Rodrigues(rng.uniform(-tilt, tilt, 3) * [1, 1, 0.7])[0] for _ in range(count)]
    places = rng.uniform(-spread, spread, (count, 3)) + [0, 0, distance]
    return np.array(rotations), places


def seen_corners(cams, board, rotations, places, noise=0.1, seed=1):
    """Return corners (F, K, C, 2) by OpenCV's projection, NaN outside of the picture or behind the camera."""
    rng = np.random.default_rng(seed)
    points = board.points - board.points.mean(axis=0)
    found = np.full((len(places), len(points), len(cams), 2), np.nan)
    for f, (R, t) in enumerate(zip(rotations, places)):
        for c in range(len(cams)):
            turn, move = cams.rotations[c] @ R, cams.rotations[c] @ t + cams.translations[c]
            if (points @ turn.T + move)[:, 2].min() < 0.1:
                continue
            project = cv2.fisheye.projectPoints if cams.models[c] == "fisheye" else cv2.projectPoints
            pixels = project(
                points[:, None], cv2.Rodrigues(turn)[0], move, cams.matrices[c], cams.distortions[c]
            )[0][:, 0]
            pixels = pixels + rng.normal(0, noise, pixels.shape)
            inside = ((pixels > 0) & (pixels < cams.image_sizes[c] - 1)).all(axis=1)
            if inside.sum() >= 6:
                found[f, inside, c] = pixels[inside]
    return found


def views_of(cams, corners):
    """Return corners as views."""
    names = tuple(str(f) for f in range(len(corners)))
    return BoardViews(cams.names, cams.image_sizes, corners, names)


def drawn(board, pixels_a_metre=2000):
    """Return a picture of the board, grey, and the map from metres on the board to its pixels (3, 3)."""
    scale, margin = pixels_a_metre, 60
    if board.kind == "checkerboard":
        square = round(board.side * scale)
        y, x = np.indices(((board.rows + 1) * square, (board.columns + 1) * square)) // square
        inner = np.where((x + y) % 2 == 0, 0, 255).astype(np.uint8)
        shift = square - 0.5  # the first inner corner is the origin
    else:
        if board.kind == "charuco":
            shape = (board.columns, board.rows)
            pattern = cv2.aruco.CharucoBoard(shape, board.side, board.second, board.aruco_dictionary())
            extent = np.array(shape) * board.side
        else:
            shape = (board.columns, board.rows)
            pattern = cv2.aruco.GridBoard(shape, board.side, board.second, board.aruco_dictionary())
            extent = np.array(shape) * (board.side + board.second) - board.second
        inner = pattern.generateImage(tuple(int(v) for v in np.round(extent * scale)), marginSize=0)
        shift = -0.5
    picture = cv2.copyMakeBorder(inner, *[margin] * 4, cv2.BORDER_CONSTANT, value=255)
    to_pixels = np.array([[scale, 0, margin + shift], [0, scale, margin + shift], [0, 0, 1.0]])
    return picture, to_pixels


def photograph(cams, camera, board, rotation, place):
    """Return what a camera without distortion sees, grey, and the true corners (K, 2)."""
    picture, to_pixels = drawn(board)
    middle = board.points.mean(axis=0)
    R = cams.rotations[camera] @ rotation
    t = cams.rotations[camera] @ place + cams.translations[camera] - R @ middle
    to_image = cams.matrices[camera] @ np.c_[R[:, :2], t]
    size = tuple(int(v) for v in cams.image_sizes[camera])
    warp = to_image @ np.linalg.inv(to_pixels)
    large = np.diag([2.0, 2.0, 1.0]) @ np.array([[1, 0, 0.25], [0, 1, 0.25], [0, 0, 1]])
    seen = cv2.warpPerspective(
        picture, large @ warp, (2 * size[0], 2 * size[1]), flags=cv2.INTER_AREA, borderValue=120
    )
    seen = cv2.resize(seen, size, interpolation=cv2.INTER_AREA)
    corners = np.c_[board.points[:, :2], np.ones(len(board.points))] @ to_image.T
    return seen, corners[:, :2] / corners[:, 2:]
