"""Adding up what was scored: every figure with its interval and the fraction it stands for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mvtri import metrics
from mvtri.benchmark.lookup import ALL, PIXELS
from mvtri.benchmark.noise_sweep import SIGMAS
from mvtri.benchmark.results import COLUMNS, BenchmarkResults
from mvtri.benchmark.score_sequence import Entry, Scored, nothing_scored
from mvtri.benchmark.tally import METRICS, Tally
from mvtri.errors import InputError


def collect(scored: Sequence[Scored], about: Mapping[str, Any]) -> BenchmarkResults:
    """Add up what was scored, over everything and by subject, action, keypoint and cameras.

    A method that cannot run on some sequences is left out of all of them, so that all rows are about the same
    frames.

    Raises
    ------
    InputError
        If that leaves nothing, or sequences have other keypoints than the first.
    """
    lacking = {pair for one in scored for pair in one.left_out}
    pairs = [
        (one, entry)
        for one in scored
        for entry in one.entries
        if (entry.setting, entry.method) not in lacking
    ]
    _check_keypoints(pairs)
    full = [(one, entry) for one, entry in pairs if entry.cameras == one.rig]
    rows: list[dict[str, Any]] = []
    histograms = []
    for (setting, method), members in _grouped(
        full, lambda one, entry: (entry.setting, entry.method)
    ).items():
        head = {"setting": setting, "method": method}
        tallies = [entry.tally for _, entry in members]
        rows += _figures(head | {"by": ALL, "key": ALL}, tallies)
        if method == PIXELS:
            continue
        for by in ("subject", "action"):
            cut = _grouped(members, lambda one, entry, by=by: getattr(one.info, by))
            for key, some in cut.items():
                rows += _figures(head | {"by": by, "key": key}, [entry.tally for _, entry in some])
        rows += _keypoints(head, tallies)
        total = Tally.total(tallies)
        histograms += [
            head | {"group": group, "counts": counts.tolist()}
            for group, counts in zip(total.groups, total.histogram)
        ]
    rows += _by_cameras([(one, entry) for one, entry in pairs if entry.method != PIXELS])
    if not histograms:
        raise InputError(nothing_scored(scored))
    return BenchmarkResults(
        dict(about) | _summary(scored), pd.DataFrame(rows, columns=list(COLUMNS)), histograms, _sweep(scored)
    )


def _check_keypoints(pairs: Iterable[tuple[Scored, Entry]]) -> None:
    first: dict[str, tuple[Scored, Entry]] = {}
    for one, entry in pairs:
        other, earlier = first.setdefault(entry.setting, (one, entry))
        if entry.tally.keypoints != earlier.tally.keypoints:
            raise InputError(
                f"the 2D of {one.info} and of {other.info} has other keypoints in common with the truth "
                f"(setting {entry.setting}); score them apart, by --subjects or --actions"
            )


def _figures(head: dict[str, Any], tallies: Sequence[Tally]) -> list[dict[str, Any]]:
    """Return a row for each group and metric that has something to say."""
    stack = np.stack([tally.table for tally in tallies])  # (S, G, M, 3)
    rates = np.array([metric.is_rate for metric in METRICS.values()])
    counts = np.where(rates, stack[..., 2], stack[..., 1])
    total = stack.sum(axis=0)
    low, high = metrics.bootstrap_interval(stack[..., 0], counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = total[..., 0] / counts.sum(axis=0)
        fraction = total[..., 1] / total[..., 2]
    rows = []
    for g, group in enumerate(tallies[0].groups):
        for m, (name, metric) in enumerate(METRICS.items()):
            if total[g, m, 2] == 0:
                continue
            figures = [metric.factor * float(array[g, m]) for array in (value, low, high)]
            rows.append(
                head
                | {"group": group, "metric": name, "unit": metric.unit}
                | dict(zip(("value", "low", "high"), figures))
                | {"fraction": float(fraction[g, m]), "count": int(total[g, m, 1])}
            )
    return rows


def _keypoints(head: dict[str, Any], tallies: Sequence[Tally]) -> list[dict[str, Any]]:
    stack = np.stack([tally.errors for tally in tallies])  # (S, K, 3)
    total = stack.sum(axis=0)
    low, high = metrics.bootstrap_interval(stack[..., 0], stack[..., 1])
    with np.errstate(invalid="ignore", divide="ignore"):
        value, fraction = total[:, 0] / total[:, 1], total[:, 1] / total[:, 2]
    factor, unit = METRICS["mpjpe"].factor, METRICS["mpjpe"].unit
    return [
        head
        | {"by": "keypoint", "key": name, "group": "full", "metric": "mpjpe", "unit": unit}
        | {"value": factor * value[k], "low": factor * low[k], "high": factor * high[k]}
        | {"fraction": float(fraction[k]), "count": int(total[k, 1])}
        for k, name in enumerate(tallies[0].keypoints)
        if total[k, 2]
    ]


def _by_cameras(pairs: Sequence[tuple[Scored, Entry]]) -> list[dict[str, Any]]:
    """Return the figures of every subset of the cameras, and of all subsets of a size together."""
    probed = {(entry.setting, entry.method) for one, entry in pairs if entry.cameras != one.rig}
    pairs = [(one, entry) for one, entry in pairs if (entry.setting, entry.method) in probed]
    rows = []
    for (setting, method), members in _grouped(
        pairs, lambda one, entry: (entry.setting, entry.method)
    ).items():
        head = {"setting": setting, "method": method}
        for count, some in _grouped(members, lambda one, entry: len(entry.cameras)).items():
            sums = _grouped(some, lambda one, entry: id(one)).values()  # a block is a sequence, not a subset
            tallies = [Tally.total([entry.tally for _, entry in block]) for block in sums]
            rows += _figures(head | {"by": "camera count", "key": str(count)}, tallies)
        for names, some in _grouped(members, lambda one, entry: entry.cameras).items():
            rows += _figures(head | {"by": "cameras", "key": " + ".join(names)}, [e.tally for _, e in some])
    return rows


def _sweep(scored: Sequence[Scored]) -> dict[str, Any]:
    sweeps = [one.sweep for one in scored if one.sweep is not None]
    if not sweeps:
        return {}
    total = sweeps[0]
    for sweep in sweeps[1:]:
        total = total + sweep
    curves = {name: [round(float(v), 6) for v in curve] for name, curve in total.curves().items()}
    fractions = {name: part.tolist() for name, part in total.fractions().items()}
    return {"sigma": list(SIGMAS), "points": total.points, "fractions": fractions, **curves}


def _summary(scored: Sequence[Scored]) -> dict[str, Any]:
    seconds: dict[str, float] = {}
    for one in scored:
        for what, took in one.seconds.items():
            seconds[what] = round(seconds.get(what, 0.0) + took, 3)
    left_out = {
        f"{setting}: {method}": why for one in scored for (setting, method), why in one.left_out.items()
    }
    lacking = Counter(f"{setting}: {method}" for one in scored for setting, method in one.left_out)
    left_out |= {
        pair: f"{left_out[pair]}, which {count} of {len(scored)} sequences do not have"
        for pair, count in lacking.items()
        if count < len(scored)
    }
    return {
        "sequences": len(scored),
        "frames": sum(one.info.frames for one in scored),
        "damaged": [str(one.info) for one in scored if one.info.damaged],
        "left_out": left_out,
        "unseen": {setting: names for one in scored for setting, names in one.unseen.items()},
        "seconds": seconds,
    }


def _grouped(
    pairs: Iterable[tuple[Scored, Entry]], key: Callable[..., Any]
) -> dict[Any, list[tuple[Scored, Entry]]]:
    found: dict[Any, list[tuple[Scored, Entry]]] = {}
    for one, entry in pairs:
        found.setdefault(key(one, entry), []).append((one, entry))
    return found
