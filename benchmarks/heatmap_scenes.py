"""Heatmaps with known truth, drawn and of the demo's detector, for the benchmark of triangulation."""

import dataclasses

import numpy as np
import triangulation_scenes as scenes

import mvtri
from mvtri.kernels.heatmaps import decode as decoding
from mvtri.sessions.built_in_demo import demo_truth
from mvtri.skeletons import get_skeleton
from mvtri.tracks import to_array
from mvtri.triangulation import TriangulationOptions, refine_on_heatmaps, triangulate, triangulate_modes
from mvtri.video import open_videos

ALWAYS = TriangulationOptions(keep_doubtful=True)
SHAPE = (64, 48)  # rows and columns
BATCH = 200


@dataclasses.dataclass(frozen=True)
class Maps:
    """Points (n, 3), and heatmaps (n, C, H, W) with their origins (n, C, 2) and scales (n, C)."""

    cams: mvtri.CameraGroup
    points: np.ndarray
    values: np.ndarray
    origins: np.ndarray
    scales: np.ndarray

    def decoded(self):
        """Return pixels of three modes (n, C, 3, 2), the first's covariances, and scores (n, C, 3).

        By the rule ``quadratic``.
        """
        count, views = self.values.shape[:2]
        position, value = np.empty((count, views, 3, 2)), np.empty((count, views, 3))
        covariance = np.empty((count, views, 2, 2))
        decoding.decode_heatmaps(
            self.values, decoding.QUADRATIC, np.ones(1), 0.1, 3.0, 0.0, 0.25, position, value, covariance
        )
        scales = self.scales[..., None, None]
        return self.origins[:, :, None] + scales * position, covariance * scales**2, np.clip(value, 0.0, 1.0)

    def errors(self, points):
        """Return the errors of points, mm."""
        return np.linalg.norm(points - self.points, axis=-1) * 1e3


def draw(count, widths, displaced=None, grain=0.0, second=0.0, seed=0):
    """Return heatmaps of Gaussians for the cameras of S9, with cells of 4 to 7 px.

    Parameters
    ----------
    count : int
    widths : (float, float)
        Range of the standard deviations along both axes of an ellipse at any angle, cells.
    displaced : float, optional
        By how many cells the blobs are displaced; by their own widths if None.
    grain : float
        Standard deviation of noise on every cell, over the peak; what falls below 0 is 0.
    second : float
        Share of views in which a higher blob stands 10 cells away.
    """
    cams = scenes.s9()
    rng = np.random.default_rng([seed, *scenes.extra_seed()])
    points, pixels = scenes.people(cams, count, rng)
    scales = rng.uniform(4.0, 7.0, pixels.shape[:2])
    off = rng.uniform(-4.0, 4.0, pixels.shape)
    origins = pixels - scales[..., None] * (np.array([SHAPE[1] / 2, SHAPE[0] / 2]) + off)
    angle, axes = rng.uniform(0.0, np.pi, scales.shape), rng.uniform(*widths, pixels.shape)
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1).reshape(
        *scales.shape, 2, 2
    )
    noise = rng.normal(size=pixels.shape)
    moved = np.einsum("...ij,...j->...i", turn, axes * noise) if displaced is None else displaced * noise
    centres = (pixels - origins) / scales[..., None] + moved
    information = turn / axes[..., None, :] ** 2 @ np.swapaxes(turn, -1, -2)
    values = np.empty((*scales.shape, *SHAPE), np.float32)
    away = 10.0 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    wrong = (rng.random(scales.shape) < second)[..., None, None]
    for start in range(0, count, BATCH):
        part = slice(start, start + BATCH)
        one = _blobs(centres[part], information[part])
        one = np.where(wrong[part], 0.7 * one + _blobs((centres + away)[part], information[part]), one)
        values[part] = np.maximum(one + grain * rng.normal(size=one.shape), 0.0) if grain else one
    return Maps(cams, points, values, origins, scales)


def _blobs(centres, information):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    dx, dy = x - centres[..., 0, None, None], y - centres[..., 1, None, None]
    a, b, c = (information[..., i, j][..., None, None] for i, j in ((0, 0), (0, 1), (1, 1)))
    return np.exp(-0.5 * (a * dx * dx + 2.0 * b * dx * dy + c * dy * dy))


def drawn_rows(count):
    """Return a row for each kind of drawn maps: decoded and triangulated, or refined on the maps."""
    cases = {
        "1.5 cells wide, 0.6 cells off": {"widths": (1.5, 1.5), "displaced": 0.6},
        "1.2 to 4 cells, off by their widths": {"widths": (1.2, 4.0)},
        "the same, grain 2 %": {"widths": (1.2, 4.0), "grain": 0.02},
        "the same, grain 2 %, blur 1": {"widths": (1.2, 4.0), "grain": 0.02, "blur": 1.0},
        "1.5 cells, 0.6 off, a higher peak in 10 %": {"widths": (1.5, 1.5), "displaced": 0.6, "second": 0.1},
    }
    rows = []
    for label, case in cases.items():
        blur = case.pop("blur", 0.0)
        maps = draw(count, seed=31, **case)
        pixels, covariances, scores = maps.decoded()
        first = pixels[:, :, 0]
        equal = triangulate(first, maps.cams, options=ALWAYS).points
        weighted = triangulate(first, maps.cams, covariances=covariances, options=ALWAYS).points
        modes = triangulate_modes(pixels, maps.cams, scores, options=ALWAYS).result.points
        found = refine_on_heatmaps(modes, maps.values, maps.cams, maps.origins, maps.scales, blur=blur)
        errors = [maps.errors(points) for points in (equal, weighted, modes, found.points)]
        good = np.isfinite(errors).all(axis=0)
        means = [one[good].mean() for one in errors]
        top = found.status == mvtri.Status.OK
        ratios = [f"{means[3] / mean:.3f}" for mean in means[:3]]
        shares = [f"{100 * share.mean():.1f}" for share in (top, good)]
        rows.append([label, *(f"{mean:.2f}" for mean in means), " / ".join(ratios), *shares])
    return rows


def demo_rows(step):
    """Return rows for every `step`-th frame of the demo: what its detector drew, refined in several ways."""
    session, detector = mvtri.sessions.demo_session(), mvtri.load_detector("mvtri-demo")
    found = mvtri.detect(session, detector, frames=(0, None, step))
    pixels, scores, covariances = (
        to_array(found, name)[:, 0].astype(np.float64) for name in ("position", "confidence", "covariance")
    )
    boxes = to_array(found, "box")[:, 0]
    with open_videos(session.videos) as videos:
        frames = zip(*(video.read(range(0, step * len(boxes), step)) for video in videos))
        maps = [detector.heatmaps(views, box) for views, box in zip(frames, boxes)]
    values = np.stack([one.values for one in maps]).swapaxes(1, 2)
    where = [np.stack([getattr(one, name) for one in maps])[:, None] for name in ("origins", "scales")]
    begun = triangulate(pixels, session.cameras, scores, covariances, keypoint_axis=1)
    truth = to_array(demo_truth())[::step, 0]
    spine = [detector.keypoints.index(name) for name in get_skeleton("spinetrack37").groups["spine"]]
    taken = {"decoded": begun.points}
    for blur in (0.0, 1.0, 2.0):
        for label, weights in (("equal", None), ("scores", np.clip(scores, 0.0, 1.0))):
            refined = refine_on_heatmaps(
                begun.points, values, session.cameras, *where, scores=weights, blur=blur
            )
            taken[f"refined, blur {blur:g}, {label}"] = refined.points
    rows, first = [], None
    for label, points in taken.items():
        errors = np.linalg.norm(points - truth, axis=-1) * 1e3
        first = errors if first is None else first
        row = [label]
        for part, base in ((errors, first), (errors[:, spine], first[:, spine])):
            low, high = _interval(part.mean(axis=1), base.mean(axis=1), step)
            row += [f"{part.mean():.2f}", f"{part.mean() / base.mean():.3f} [{low:.3f}, {high:.3f}]"]
        rows.append([*row, f"{100 * np.isfinite(errors).mean():.1f}"])
    return rows


def _interval(errors, others, step):
    """Return the 95 % interval of a ratio of means over frames, by a bootstrap over quarters of a second."""
    rng = np.random.default_rng(0)
    blocks = np.array_split(np.arange(len(errors)), max(len(errors) * step // 12, 1))
    chosen = [rng.integers(0, len(blocks), len(blocks)) for _ in range(1000)]
    draws = [np.concatenate([blocks[i] for i in one]) for one in chosen]
    return np.quantile([errors[draw].mean() / others[draw].mean() for draw in draws], [0.025, 0.975])
