"""Threads of our own, and seeds: results depend on neither the number of threads nor the chunks."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from mvtri.errors import InputError


def in_threads(work: Callable[[int, int], None], count: int, chunk: int, workers: int | None) -> None:
    """Call `work` on pieces of 0 to `count`, in threads of our own: kernels release the GIL."""
    cuts = [(start, min(start + chunk, count)) for start in range(0, count, chunk)]
    if workers is not None and (int(workers) != workers or workers < 1):
        raise InputError(f"workers is {workers!r}; expected a whole number, 1 or more")
    threads = min(workers or _cores(), len(cuts))
    if threads <= 1:
        for start, stop in cuts:
            work(start, stop)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda cut: work(*cut), cuts):
            pass


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def seed_from(rng: int | np.random.Generator) -> int:
    """Return a seed for kernels, 64 bits without a sign."""
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**63))
    if isinstance(rng, (int, np.integer)) and rng >= 0:
        return int(rng) % 2**64
    raise InputError(f"rng is {rng!r}; expected a whole number, 0 or more, or a numpy.random.Generator")
