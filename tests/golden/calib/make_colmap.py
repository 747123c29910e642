"""Write the folder colmap and colmap.json with pycolmap (4.2.1): python make_colmap.py"""

import json
from pathlib import Path

import numpy as np
import pycolmap

HERE = Path(__file__).parent
POINTS = np.random.default_rng(4).normal(0, 0.4, (12, 3))
MODELS = {
    "SIMPLE_PINHOLE": [900.0, 640.5, 360.25],
    "PINHOLE": [900.0, 905.0, 640.5, 360.25],
    "SIMPLE_RADIAL": [900.0, 640.5, 360.25, -0.1],
    "RADIAL": [900.0, 640.5, 360.25, -0.1, 0.02],
    "OPENCV": [900.0, 905.0, 640.5, 360.25, -0.1, 0.02, 1e-3, -2e-3],
    "FULL_OPENCV": [900.0, 905.0, 640.5, 360.25, -0.1, 0.02, 1e-3, -2e-3, 0.01, 0.03, 0.02, 0.01],
    "OPENCV_FISHEYE": [900.0, 905.0, 640.5, 360.25, 0.05, -0.02, 0.01, 0.003],
    "SIMPLE_RADIAL_FISHEYE": [900.0, 640.5, 360.25, 0.05],
    "RADIAL_FISHEYE": [900.0, 640.5, 360.25, 0.05, -0.02],
}
rng = np.random.default_rng(5)
model, pixels = pycolmap.Reconstruction(), {}
for index, (name, parameters) in enumerate(MODELS.items(), start=1):
    camera = pycolmap.Camera(camera_id=index, model=name, width=1280, height=720, params=parameters)
    model.add_camera_with_trivial_rig(camera)
    turn = pycolmap.Rotation3d(rng.normal(0, 0.3, 3))
    pose = pycolmap.Rigid3d(turn, np.array([0.1, -0.2, 4.0]))
    image = pycolmap.Image(name=f"{name.lower()}.png", camera_id=index, image_id=index)
    model.add_image_with_trivial_frame(image, pose)
    seen = camera.img_from_cam(np.array([pose * point for point in POINTS]))
    pixels[name.lower()] = np.asarray(seen).tolist()
folder = HERE / "colmap"
folder.mkdir(exist_ok=True)
model.write_text(folder)
for file in folder.iterdir():
    if file.name not in ("cameras.txt", "images.txt"):
        file.unlink()
(HERE / "colmap.json").write_text(json.dumps({"points": POINTS.tolist(), "pixels": pixels}))
