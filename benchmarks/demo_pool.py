"""Rendered training pictures for the demo detector.

Other bodies, motions, clothes, lights and cameras than the demo's: all are drawn at random, a camera for each
person.  A shard is a folder of JPEG files with the keypoints in `labels.npz`; it follows from its seed alone.
"""

from pathlib import Path

import cv2
import numpy as np

from mvtri import CameraGroup
from mvtri.errors import InputError
from mvtri.synthetic import Animation, Body, Look, Motion, Renderer, Scene, View, animate, random_motion

WIDTH, HEIGHT = 360, 480
PER_SHARD = 250


def camera_about(keypoints: np.ndarray, rng: np.random.Generator, wide: bool) -> CameraGroup:
    """Return a random camera that sees `keypoints` (37, 3), small in the frame if `wide`."""
    middle = keypoints.mean(axis=0)
    bearing, distance = rng.uniform(-np.pi, np.pi), rng.uniform(2.4, 8.0)
    height = rng.uniform(0.3, 3.0) if rng.random() < 0.75 else rng.uniform(1.2, 1.9)
    place = np.array([middle[0] + distance * np.cos(bearing), middle[1] + distance * np.sin(bearing), height])
    ahead = middle - place
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.array([right, np.cross(ahead, right), ahead])
    tilt = np.radians(rng.normal(0, (7.0, 7.0, 2.5)))
    rotation = cv2.Rodrigues(tilt)[0] @ rotation
    seen = (keypoints - place) @ rotation.T
    flat = seen[:, :2] / seen[:, 2:]
    low, high = flat.min(axis=0), flat.max(axis=0)
    extent = max(high[1] - low[1], (high[0] - low[0]) * HEIGHT / WIDTH)
    target = HEIGHT * (rng.uniform(0.19, 0.5) if wide else rng.uniform(0.52, 0.70))
    focal = target / extent
    room = 0.5 * np.array([WIDTH, HEIGHT]) - 0.5 * focal * (high - low) - 8
    offset = rng.uniform(-1, 1, 2) * np.maximum(room, 0) * (1.0 if wide else 0.35)
    centre = 0.5 * np.array([WIDTH - 1, HEIGHT - 1]) + offset - focal * 0.5 * (low + high)
    matrix = np.array([[focal, 0, centre[0]], [0, focal * rng.uniform(0.995, 1.005), centre[1]], [0, 0, 1]])
    lens = [rng.uniform(-0.28, 0.1), rng.uniform(-0.05, 0.2), rng.normal(0, 0.002), rng.normal(0, 0.002), 0.0]
    return CameraGroup(
        names=["camera"], image_sizes=[[WIDTH, HEIGHT]], matrices=[matrix], distortions=[lens],
        rotations=[rotation], translations=[-rotation @ place],
    )  # fmt: skip


def sample(rng: np.random.Generator, wide: bool, poses: int = 2) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return a few pictures (HEIGHT, WIDTH, 3) of one person with their keypoints (37, 2) px."""
    body, look = Body.sample(rng), Look.sample(rng)
    motion = random_motion(31 * poses, rng, hold=15)
    heading = np.repeat(rng.uniform(-np.pi, np.pi, poses), 31)
    animation = animate(body, Motion(motion.angles, heading))
    frames = 31 * np.arange(poses) + rng.integers(0, 31, poses)
    middle = animation.keypoints[frames].mean(axis=1)
    shift = np.zeros((poses, 3))
    shift[:, :2] = -middle[:, :2]
    animation = Animation(
        body,
        animation.keypoints[frames] + shift[:, None],
        animation.rotations[frames],
        animation.joints[frames] + shift[:, None],
    )
    camera = camera_about(animation.keypoints.reshape(-1, 3), rng, wide)
    scene = Scene.sample(rng, np.vstack([camera.centers, [[0, 0, 2.3], [-0.6, -0.6, 0], [0.6, 0.6, 0]]]))
    renderer = Renderer(View.of(camera, samples=1, every=8), scene, look)
    return [
        (renderer.frame(animation, i), camera.project(animation.keypoints[i])[:, 0]) for i in range(poses)
    ]


def make_shard(folder: str, seed: int, wide_share: float = 0.25) -> None:
    """Write one shard of PER_SHARD pictures under `folder`, unless it is there."""
    cv2.setNumThreads(1)
    target = Path(folder) / f"{seed:06d}"
    if (target / "labels.npz").exists():
        return
    target.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    points, wides = [], []
    while len(points) < PER_SHARD:
        wide = bool(rng.random() < wide_share)
        try:
            made = sample(rng, wide)
        except InputError:  # a lens that cannot be inverted: take another
            continue
        for image, pixels in made:
            quality = int(rng.integers(45, 97))
            cv2.imwrite(
                str(target / f"{len(points):03d}.jpg"), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality]
            )
            points.append(pixels)
            wides.append(wide)
    np.savez(target / "labels.npz", points=np.array(points, dtype=np.float32), wide=np.array(wides))
