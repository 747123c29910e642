"""Write aniposelib.toml and aniposelib.json with aniposelib itself (0.8.0): python make_aniposelib.py"""

import json
from pathlib import Path

import numpy as np
from aniposelib.cameras import Camera, CameraGroup, FisheyeCamera

HERE = Path(__file__).parent
POINTS = np.random.default_rng(6).normal(0, 400.0, (12, 3))  # mm
group = CameraGroup(
    [
        Camera(
            matrix=np.array([[900.5, 0, 640.25], [0, 901.5, 360.75], [0, 0, 1]]),
            dist=np.array([-0.2, 0.1, 1e-3, -2e-3, 0.02]),
            size=(1280, 720),
            rvec=np.array([0.1, -0.2, 0.3]),
            tvec=np.array([100.0, -200.0, 3000.0]),
            name="left",
        ),
        FisheyeCamera(
            matrix=np.array([[700.5, 0, 640.25], [0, 701.5, 360.75], [0, 0, 1]]),
            dist=np.array([0.05, -0.02, 0.01, 0.003]),
            size=(1280, 720),
            rvec=np.array([-0.4, 0.5, 0.1]),
            tvec=np.array([-300.0, 100.0, 4000.0]),
            name="right",
        ),
    ]
)
group.dump(HERE / "aniposelib.toml")
pixels = {one.get_name(): one.project(POINTS).reshape(-1, 2).tolist() for one in group.cameras}
(HERE / "aniposelib.json").write_text(json.dumps({"points": POINTS.tolist(), "pixels": pixels}))
