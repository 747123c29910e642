"""Write caliscope.toml and caliscope.json with Caliscope itself (0.11.8): python make_caliscope.py"""

import json
from pathlib import Path

import cv2
import numpy as np
from caliscope.cameras.camera_array import CameraArray, CameraData

HERE = Path(__file__).parent
POINTS = np.random.default_rng(3).normal(0, 0.4, (12, 3))


def camera(number, turn, move, lens, fisheye=False, **more):
    return CameraData(
        cam_id=number,
        size=(1280, 720),
        rotation_count=-1,
        error=0.3,
        matrix=np.array([[900.5, 0, 640.25], [0, 901.5, 360.75], [0, 0, 1]]),
        distortions=np.array(lens),
        rotation=None if turn is None else cv2.Rodrigues(np.array(turn))[0],
        translation=None if move is None else np.array(move),
        fisheye=fisheye,
        **more,
    )


array = CameraArray(
    {
        0: camera(0, [0.1, -0.2, 0.3], [0.1, -0.2, 3.0], [-0.2, 0.1, 1e-3, -2e-3, 0.02]),
        2: camera(2, [-0.4, 0.5, 0.1], [-0.3, 0.1, 4.0], [0.05, -0.02, 0.01, 0.003], fisheye=True),
        3: camera(3, None, None, [0.0] * 5),  # not posed
    }
)
array.to_toml(HERE / "caliscope.toml")
pixels = {}
for number, one in array.posed_cameras.items():
    vector = cv2.Rodrigues(one.rotation)[0]
    project = cv2.fisheye.projectPoints if one.fisheye else cv2.projectPoints
    args = (POINTS[:, None], vector, one.translation, one.matrix, one.distortions)
    pixels[str(number)] = project(*args)[0].reshape(-1, 2).tolist()
(HERE / "caliscope.json").write_text(json.dumps({"points": POINTS.tolist(), "pixels": pixels}))
