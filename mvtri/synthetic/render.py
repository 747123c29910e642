"""Pictures of an animated body in a scene, through one camera of a `CameraGroup`."""

from dataclasses import dataclass

import cv2
import numpy as np

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.kernels.images import render as kernels
from mvtri.synthetic.motion import Animation
from mvtri.synthetic.scene import Scene
from mvtri.synthetic.surface import Look, Surface, surface


@dataclass(frozen=True)
class View:
    """One camera's sampling of the world: `samples` by `samples` rays a pixel, through its lens.

    Attributes
    ----------
    camera : CameraGroup
        Of one camera.
    samples : int
        Rays a pixel along each side.
    rays : ndarray, shape (H * samples, W * samples, 2)
        Normalised coordinates of each ray.
    """

    camera: CameraGroup
    samples: int
    rays: np.ndarray

    @classmethod
    def of(cls, camera: CameraGroup, samples: int = 2, every: int = 1) -> "View":
        """Return the view of `camera`; its lens is inverted on each `every`-th ray, interpolated between."""
        if len(camera) != 1:
            raise InputError(f"a view has one camera, but {len(camera)} were given; pass cams.subset([name])")
        width, height = (int(size) * samples for size in camera.image_sizes[0])
        columns = np.arange(0, width + every - 1, every)
        rows = np.arange(0, height + every - 1, every)
        pixels = (np.stack(np.meshgrid(columns, rows), axis=-1) + 0.5) / samples - 0.5
        rays = camera.undistort(pixels[:, :, None])[:, :, 0]
        if not np.isfinite(rays).all():
            raise InputError("the lens cannot be inverted up to the image's corners; use a milder distortion")
        if every > 1:
            x, y = np.meshgrid(np.arange(width) / every, np.arange(height) / every)
            coarse = rays.astype(np.float64)
            parts = [
                cv2.remap(coarse[..., i], x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)
                for i in (0, 1)
            ]
            rays = np.stack(parts, axis=-1)
        return cls(camera, samples, np.ascontiguousarray(rays))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        width, height = self.camera.image_sizes[0]
        return int(width), int(height)

    def box(self, points: np.ndarray, margin: float = 2.0) -> np.ndarray:
        """Return the samples (..., 4) that bound `points` (..., N, 3); all if one is behind the camera."""
        pixels = self.camera.project(points)[..., 0, :]
        place = (pixels + 0.5) * self.samples - 0.5
        low, high = place.min(axis=-2) - margin, place.max(axis=-2) + margin + 1
        limit = np.array(self.rays.shape[1::-1])
        unseen = ~np.isfinite(low + high)
        low = np.clip(np.where(unseen, 0, low), 0, limit)
        high = np.clip(np.where(unseen, limit, high), 0, limit)
        return np.concatenate([np.floor(low), np.ceil(high)], axis=-1).astype(np.int64)


class Renderer:
    """Draws one body, in one look and scene, through one view.

    Parameters
    ----------
    view : View
        Of the camera.
    scene : Scene
        The room and its light.
    look : Look
        The clothes.
    """

    def __init__(self, view: View, scene: Scene, look: Look):
        self.view, self.scene, self.look = view, scene, look
        self._surface: tuple[object, Surface] | None = None
        camera = view.camera
        self._rotation = np.ascontiguousarray(camera.rotations[0])
        centre = np.ascontiguousarray(camera.centers[0])
        if not np.all((centre > scene.low) & (centre < scene.high)):
            raise InputError(
                f"the camera at {np.round(centre, 2)} m is outside the room; expected it inside the scene"
            )
        self._backdrop = np.empty((*view.rays.shape[:2], 3))
        self._ground = np.empty(view.rays.shape)
        kernels.room(
            view.rays,
            self._rotation,
            centre,
            scene.low,
            scene.high,
            scene.materials,
            scene.walls,
            self._backdrop,
            self._ground,
        )
        self._background = self._reduced(self._backdrop)
        lights = np.vstack([[[0.0, 0.0, 1.0]], scene.directions]) @ self._rotation.T
        self._lights = np.hstack([lights, np.vstack([scene.ambient, scene.colours])])

    def frame(self, animation: Animation, index: int) -> np.ndarray:
        """Return frame `index` as an image (H, W, 3), uint8 RGB."""
        maps, offsets, rests, shifts, corners = self._placed(animation, index)
        body = self._skin(animation)
        boxes = self.view.box(corners)
        blobs = self._blobs(animation, index)
        rim = blobs[:, None, :2] + 2.5 * blobs[:, 2:, None] * np.array([(1, 0), (-1, 0), (0, 1), (0, -1)])
        dark = self.view.box(np.concatenate([rim, np.zeros((*rim.shape[:2], 1))], axis=-1).reshape(-1, 3))
        everything = np.vstack([boxes, dark])
        step = self.view.samples
        box = np.concatenate(
            [everything[:, :2].min(axis=0) // step, -(-everything[:, 2:].max(axis=0) // step)]
        )
        x0, y0, x1, y1 = box * step
        if x1 <= x0 or y1 <= y0:
            return self._background.copy()
        part = np.ascontiguousarray(self._backdrop[y0:y1, x0:x1])
        rays = np.ascontiguousarray(self.view.rays[y0:y1, x0:x1])
        inside = np.array([0, 0, x1 - x0, y1 - y0])
        kernels.shadow(
            np.ascontiguousarray(self._ground[y0:y1, x0:x1]), inside, blobs, self.scene.shadow, part
        )
        depth = np.full(part.shape[:2], np.inf)
        owner = np.full(part.shape[:2], -1)
        kernels.cover(rays, boxes - np.array([x0, y0, x0, y0]), maps, offsets, body.shapes, depth, owner)
        kernels.shade(
            rays, inside, depth, owner, maps, offsets, body.shapes, rests, shifts, body.planes, body.pairs,
            self.look.materials, self._lights, part,
        )  # fmt: skip
        image = self._background.copy()
        image[box[1] : box[3], box[0] : box[2]] = self._reduced(part)
        return image

    def _skin(self, animation: Animation) -> Surface:
        if self._surface is None or self._surface[0] is not animation.body:
            self._surface = (animation.body, surface(animation.body, self.look))
        return self._surface[1]

    def _placed(self, animation: Animation, index: int) -> tuple[np.ndarray, ...]:
        """Return the maps from camera to local and to rest coordinates, and the corners in the world."""
        body = self._skin(animation)
        turn = animation.rotations[index, body.segments]
        joint = animation.joints[index, body.segments]
        rest = animation.body.segments[1][body.segments]
        translation = self.view.camera.translations[0]
        rests = turn.transpose(0, 2, 1) @ self._rotation.T
        shifts = rest - np.einsum(
            "pij,pj->pi", turn.transpose(0, 2, 1), self._rotation.T @ translation + joint
        )
        maps = body.axes @ rests
        offsets = np.einsum("pij,pj->pi", body.axes, shifts - body.origins)
        length, wide = body.shapes[:, 0], body.shapes[:, 1:].max(axis=1)
        low = np.stack([-wide, -wide, -body.shapes[:, 1]], axis=-1)
        high = np.stack([wide, wide, length + body.shapes[:, 2]], axis=-1)
        cube = np.array([(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)])
        local = low[:, None] + cube * (high - low)[:, None]
        back = np.linalg.inv(body.axes)
        corners = np.einsum("pij,pcj->pci", back, local) + body.origins[:, None] - rest[:, None]
        world = np.einsum("pij,pcj->pci", turn, corners) + joint[:, None]
        return tuple(np.ascontiguousarray(array) for array in (maps, offsets, rests, shifts, world))

    def _blobs(self, animation: Animation, index: int) -> np.ndarray:
        """Return where the body's joints cast their shade (B, 3): x, y and radius, m."""
        points = np.concatenate([animation.joints[index], animation.keypoints[index, 17:26]])
        height = np.clip(points[:, 2], 0.0, None)
        direction = self.scene.directions[0]
        slope = direction[:2] / max(direction[2], 0.5)
        return np.column_stack([points[:, :2] - height[:, None] * slope, 0.09 + 0.08 * height])

    def _reduced(self, fine: np.ndarray) -> np.ndarray:
        """Return colours in 0..1 as uint8, averaged over the rays of each pixel."""
        step = self.view.samples
        height, width = fine.shape[0] // step, fine.shape[1] // step
        mean = np.clip(fine, 0.0, 1.0).reshape(height, step, width, step, 3).mean(axis=(1, 3))
        image: np.ndarray = np.round(255.0 * mean).astype(np.uint8)
        return image
