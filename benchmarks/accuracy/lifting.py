"""How well people are lifted from one view, by mvtri's lifters and by two controls that see nothing.

    MVTRI_DATA=FOLDER python benchmarks/accuracy/lifting.py           # writes lifting.md
    MVTRI_DATA=FOLDER python benchmarks/accuracy/lifting.py --quick   # two motions; nothing is written

CMU's motions of subject 02, carried over to the bodies S9 and S11 of ``synthetic-human36m``, each of their
four cameras alone; the true 2D, and 2D with noise of 5 px.  No captured motion was trained on.  The height
of the person is given.  The mean pose is the Procrustes mean of people of the training; the mean spine is
that of the mean pose, laid into the lifted trunk between the lifted hip and neck.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from lifter_motions import make_pool
from scipy.stats import chi2
from smoothing import CHAIN, SPINE, TRUNK, sequences

from mvtri.benchmark.settings import make_setting
from mvtri.kinematics.spine_chain import chain_angles
from mvtri.lifting import lift, load_lifter
from mvtri.metrics.procrustes import procrustes_align
from mvtri.skeletons import get_skeleton
from mvtri.synthetic import Body
from mvtri.tracks import make_detections, to_array

NAMES = get_skeleton("spinetrack37").keypoints
ROOT = NAMES.index("hip")
TORSO = [NAMES.index(n) for n in ("hip", "neck", "left_shoulder", "right_shoulder", "left_hip", "right_hip")]
ENDS = [NAMES.index("hip"), NAMES.index("neck")]
LIFTERS = {"one frame": "mvtri-lift-frame", "27 frames": "mvtri-lift-27"}
MEAN, HUNG = "mean pose", "mean spine in the lifted trunk"
BENDS = 15.0  # degrees, which the bend of the trunk spans
COLUMNS = (
    "MPJPE", "N-MPJPE", "P-MPJPE", "spine, body aligned", "spine, itself aligned", "spine angles deg",
    "velocity m/s", "covered %",
)  # fmt: skip
PUBLISHED = (
    "SIMSPINE's lifter, on SIMSPINE, as published: spine P-MPJPE 13.48 mm (MPJPE 25.94 mm) from the true "
    "2D, and 16.28 mm from detected 2D. Other data, and which alignment is not said."
)


def main():
    """Print the tables, and write them beside this script unless it is a quick run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two motions; nothing is written")
    quick = parser.parse_args().quick
    networks = {name: load_lifter(card) for name, card in LIFTERS.items()}
    mean = mean_pose()
    lines = [
        "# Lifting from one view",
        "",
        f"Made by `python benchmarks/accuracy/lifting.py`. {__doc__.split(chr(10), 5)[5].strip()}",
        "",
    ]
    lines += ["Lengths in mm. Synthetic. Root-relative; P: aligned by a similarity.", ""]
    for noise in ("oracle", "iid:5"):
        found = score_all(networks, mean, noise, 2 if quick else None)
        lines += [f"## {'True 2D' if noise == 'oracle' else '2D with noise of 5 px'}", "", *table(found), ""]
        lines += [*bends(found), ""]
    lines += [PUBLISHED]
    text = "\n".join(lines) + "\n"
    print(text)
    if not quick:
        Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")


def mean_pose():
    """Return the Procrustes mean (37, 3), m, of people of the training."""
    points = make_pool(0, 150)[0][:, ::20].reshape(-1, len(NAMES), 3).astype(np.float64)
    mean = points[0]
    for _ in range(5):
        mean = procrustes_align(points, np.broadcast_to(mean, points.shape)).mean(axis=0)
    return 1.7 * (mean - mean[ROOT]) / np.linalg.norm(mean[ENDS[1]] - mean[ENDS[0]]) * 0.3


def score_all(networks, mean, noise, most):
    """Return scores (columns,), by method, of each sequence and camera, and whether it bends."""
    setting, rows = make_setting(noise), []
    for sequence, seed in list(sequences("cmu", False))[:most]:
        truth = to_array(sequence.truth)[:, 0].astype(np.float64)
        (seen,) = setting.observe(sequence, sequence.cameras.names, seed)
        stature = Body.sample(np.random.default_rng([0, int(sequence.info.subject[1:])])).stature
        bend = np.degrees(np.ptp(chain_angles(truth[:, TRUNK])))
        for c, camera in enumerate(sequence.cameras.names):
            cams = sequence.cameras.subset([camera])
            pixels = np.asarray(seen.points)[:, :, c]
            scores = np.ones(pixels.shape[:2])
            detections = make_detections(
                pixels[:, None, :, None], scores[:, None, :, None], keypoints=NAMES, cameras=[camera],
                image_sizes=cams.image_sizes, fps=50.0, skeleton="spinetrack37",
            )  # fmt: skip
            entry = {"bends": bend >= BENDS, "sequence": str(sequence.info)}
            for name, network in networks.items():
                tracks = lift(detections, cams, lifter=network, height=stature)
                relative = to_array(tracks)[:, 0] - to_array(tracks)[:, 0, ROOT, None]
                entry[name] = scored(relative, truth, covered(network, cams, pixels, stature, truth))
            entry[MEAN] = scored(np.broadcast_to(mean, truth.shape), truth)
            entry[HUNG] = scored(hung(mean, relative), truth)
            rows.append(entry)
    return rows


def covered(network, cams, pixels, stature, truth):
    """Return the share of keypoints, %, whose root-relative error is in the 95 % ellipsoid."""
    rays = cams.undistort(pixels[:, :, None])[:, :, 0]
    lifted = network.lift(rays, np.isfinite(rays).all(axis=-1), network.stride(50.0))
    true = (truth - truth[:, ROOT, None]) @ cams.rotations[0].T
    error = stature * lifted.position - true
    others = [k for k in range(len(NAMES)) if k != ROOT]
    solved = np.linalg.solve(stature**2 * lifted.covariance, error[..., None])[..., 0]
    return 100.0 * ((error * solved).sum(axis=-1)[:, others] < chi2.ppf(0.95, 3)).mean()


def hung(mean, lifted):
    """Return lifted poses with the mean pose's spine, its ends at the lifted hip and neck."""
    T = len(lifted)
    torso = np.broadcast_to(mean[TORSO], (T, len(TORSO), 3))
    turned = _with(procrustes_align, torso, lifted[:, TORSO], np.broadcast_to(mean, (T, len(NAMES), 3)))
    result = lifted.copy()
    a, b = turned[:, ENDS[0]], turned[:, ENDS[1]]
    along = b - a
    share = ((turned - a[:, None]) * along[:, None]).sum(-1) / (along**2).sum(-1)[:, None]
    off = (1.0 - share)[..., None] * (lifted[:, ENDS[0]] - a)[:, None] + share[..., None] * (
        lifted[:, ENDS[1]] - b
    )[:, None]
    result[:, SPINE] = (turned + off)[:, SPINE]
    return result


def _with(align, some, to, whole):
    """Return `whole` moved by the similarity that aligns `some` to `to`."""
    centre, goal = some.mean(axis=1, keepdims=True), to.mean(axis=1, keepdims=True)
    U, S, Vt = np.linalg.svd(np.swapaxes(some - centre, 1, 2) @ (to - goal))
    sign = np.sign(np.linalg.det(U @ Vt))
    U[:, :, 2] *= sign[:, None]
    S[:, 2] *= sign
    scale = S.sum(axis=1) / ((some - centre) ** 2).sum(axis=(1, 2))
    return scale[:, None, None] * (whole - centre) @ (U @ Vt) + goal


def scored(pose, truth, inside=np.nan):
    """Return the columns of the table for root-relative poses (T, 37, 3)."""
    true = truth - truth[:, ROOT, None]
    scale = (pose * true).sum(axis=(1, 2)) / (pose**2).sum(axis=(1, 2))
    aligned = procrustes_align(pose, true)
    spine = procrustes_align(pose[:, SPINE], true[:, SPINE])
    angles = np.degrees(np.abs(chain_angles(pose[:, CHAIN]) - chain_angles(true[:, CHAIN])))
    speed = 50.0 * np.diff(pose - true, axis=0)
    return np.array(
        [
            1e3 * np.linalg.norm(pose - true, axis=-1).mean(),
            1e3 * np.linalg.norm(scale[:, None, None] * pose - true, axis=-1).mean(),
            1e3 * np.linalg.norm(aligned - true, axis=-1).mean(),
            1e3 * np.linalg.norm((aligned - true)[:, SPINE], axis=-1).mean(),
            1e3 * np.linalg.norm(spine - true[:, SPINE], axis=-1).mean(),
            angles.mean(),
            np.linalg.norm(speed, axis=-1).mean(),
            inside,
        ]
    )


def table(rows):
    """Return the means over sequences and cameras as Markdown."""
    lines = [f"| method | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name in (*LIFTERS, HUNG, MEAN):
        values = np.mean([row[name] for row in rows], axis=0)
        hidden = {MEAN: (0, 1, 6, 7), HUNG: (7,)}.get(name, ())
        cells = ["–" if i in hidden else f"{v:.2f}" if i == 6 else f"{v:.1f}" for i, v in enumerate(values)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def bends(rows):
    """Return how much better the spine of 27 frames is than the controls', where people bend."""
    some = [row for row in rows if row["bends"]]
    names = sorted({row["sequence"] for row in some})
    rng, lines = np.random.default_rng(0), []
    for control in (MEAN, HUNG) if names else ():
        for column in (3, 4):
            each = [
                np.mean([r["27 frames"][column] - r[control][column] for r in some if r["sequence"] == n])
                for n in names
            ]
            drawn = rng.choice(each, (2000, len(each))).mean(axis=1)
            low, high = np.percentile(drawn, [2.5, 97.5])
            text = f"{np.mean(each):.1f} mm ({low:.1f} to {high:.1f})"
            lines.append(f"- {COLUMNS[column]}: 27 frames less the {control}: {text}")
    if not names:
        return []
    return [
        f"Over the {len(names)} sequences that bend by 15 degrees or more (95 % intervals over them):",
        "",
        *lines,
    ]


if __name__ == "__main__":
    main()
