"""Pseudo-labels against the truth: how much better than the detector they are, and how many there are.

People of synthetic-human36m, 2D of the noise model all:5 (synthetic): reconstructed with `--smooth rts` and
without, and written back as labels with `mvtri.pseudo_labels`.

    python benchmarks/accuracy/pseudo_labels.py

The table goes to pseudo_labels.md beside this file; --subjects and --actions make it shorter.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np

import mvtri
from mvtri.benchmark import make_setting
from mvtri.datasets import open_dataset, oracle_detections
from mvtri.pseudo_labels import LabelRules, label_tracks
from mvtri.tracks import make_detections, to_array

TABLE = Path(__file__).with_suffix(".md")
RULES = (LabelRules(), LabelRules(max_sigma=4.0), LabelRules(min_views=4, min_share=1.0))


def detections_of(observed, fps):
    """Return Detections of one person from the observations of the benchmark."""

    def person(values):
        return None if values is None else values[:, None]

    made = make_detections(
        person(observed.points),
        person(observed.scores),
        keypoints=observed.keypoints,
        cameras=observed.cameras.names,
        image_sizes=observed.cameras.image_sizes,
        fps=fps,
        mode_position=person(observed.modes),
        mode_confidence=person(observed.mode_scores),
        skeleton=observed.skeleton,
    )
    made.attrs["associated"] = 1
    return made


def score(sequence, observed, smooth):
    """Return the errors of the detector and of the labels of each rule, (T, K, C) px; NaN without a label."""
    true = to_array(oracle_detections(sequence))[:, 0]
    fps = sequence.truth.attrs["fps"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tracks = mvtri.reconstruct(detections_of(observed, fps), sequence.cameras, smooth=smooth)
    inside = ((true >= -0.5) & (true < sequence.cameras.image_sizes - 0.5)).all(axis=-1)
    errors = [np.where(inside, np.linalg.norm(observed.points - true, axis=-1), np.nan)]
    sigmas = []
    for rules in RULES:
        labels = label_tracks(tracks, sequence.cameras, rules)
        off = labels.pixels[:, 0] - true
        errors.append(np.where(inside, np.linalg.norm(off, axis=-1), np.nan))
        sigmas.append(np.where(inside, (off**2).sum(axis=-1) / (2 * labels.sigmas[:, 0] ** 2), np.nan))
    return errors, sigmas, int(inside.sum())


def main():
    """Score and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--actions", default="", help="such as walk,twist; all by default")
    parser.add_argument("--subjects", default="S9,S11")
    parser.add_argument("--setting", default="all:5")
    parser.add_argument("--out", type=Path, default=TABLE)
    given = parser.parse_args()
    dataset = open_dataset("synthetic-human36m", None)
    infos = dataset.select(
        given.subjects.split(","), [name for name in given.actions.split(",") if name] or None
    )
    setting = make_setting(given.setting)
    about = (
        f"`python benchmarks/accuracy/pseudo_labels.py`: {len(infos)} sequences of synthetic-human36m "
        f"({given.subjects}), 2D of {given.setting}. Mean errors in pixels, in the images; “the same” is the "
        "detector's error where there are labels. “z²”: mean squared error over the stated variance, 1 "
        "where the stated sigma is right."
    )
    heads = ("smoothing", "rules", "labelled", "detector", "the same", "labels", "labels / detector", "z²")
    lines = [
        "# Pseudo-labels (synthetic)",
        "",
        about,
        "",
        f"| {' | '.join(heads)} |",
        "|---" * len(heads) + "|",
    ]
    for smooth in ("none", "rts"):
        parts = []
        for info in infos:
            sequence = dataset.load(info)
            observed = setting.observe(sequence, sequence.cameras.names, 0)[0]
            parts.append(score(sequence, observed, smooth))
        total = sum(part[2] for part in parts)
        own = np.concatenate([part[0][0].ravel() for part in parts])
        for place, rules in enumerate(RULES):
            error = np.concatenate([part[0][place + 1].ravel() for part in parts])
            z = np.concatenate([part[1][place].ravel() for part in parts])
            there = np.isfinite(error)
            text = f"{rules.min_views} views, {rules.min_share:.0%} agree, sigma <= {rules.max_sigma:g} px"
            figures = [np.nanmean(own), np.nanmean(own[there]), error[there].mean()]
            lines.append(
                f"| {smooth} | {text} | {there.sum() / total:.1%} | {figures[0]:.2f} | {figures[1]:.2f} | "
                f"{figures[2]:.2f} | {figures[2] / figures[0]:.2f} | {np.nanmean(z):.2f} |"
            )
            print(lines[-1], flush=True)
    given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
