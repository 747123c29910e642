"""Threads, cores and seeds for work in chunks: results depend on neither the threads nor the chunks.

Two words are used all over mvtri: `workers` are threads that work side by side on the data of one call;
`threads` belong to one network (ONNX Runtime's own) or to one video decoder.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from mvtri.errors import InputError


def in_threads(work: Callable[[int, int], None], count: int, chunk: int, workers: int | None) -> None:
    """Call ``work(start, stop)`` for chunks that cover 0 to `count`, in several threads.

    Threads are enough for work that is done in kernels, which release the GIL.

    Parameters
    ----------
    work : callable
    count : int
        How many items there are.
    chunk : int
        How many items one call of `work` takes at most.
    workers : int or None
        How many threads; all available cores when None.

    Raises
    ------
    InputError
        If `workers` is not a whole number of 1 or more.
    """
    cuts = [(start, min(start + chunk, count)) for start in range(0, count, chunk)]
    if workers is not None and (int(workers) != workers or workers < 1):
        raise InputError(f"workers is {workers!r}; expected a whole number, 1 or more")
    workers = min(workers or available_cores(), len(cuts))
    if workers <= 1:
        for start, stop in cuts:
            work(start, stop)
        return
    with ThreadPoolExecutor(int(workers)) as pool:
        for _ in pool.map(lambda cut: work(*cut), cuts):
            pass


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def seed_from(rng: int | np.random.Generator) -> int:
    """Return the seed that kernels take: an unsigned integer of 64 bits.

    Raises
    ------
    InputError
        If `rng` is neither a whole number of 0 or more nor a generator.
    """
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**63))
    if isinstance(rng, (int, np.integer)) and rng >= 0:
        return int(rng) % 2**64
    raise InputError(f"rng is {rng!r}; expected a whole number, 0 or more, or a numpy.random.Generator")
