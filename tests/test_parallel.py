"""Threads, cores and seeds: every item is worked on once, and bad arguments are refused."""

import threading

import numpy as np
import pytest

from mvtri.errors import InputError
from mvtri.parallel import available_cores, in_threads, seed_from


@pytest.mark.parametrize("workers", [None, 1, 2, 7])
@pytest.mark.parametrize(("count", "chunk"), [(0, 3), (1, 3), (10, 3), (12, 4)])
def test_every_item_is_worked_on_once(count, chunk, workers):
    done, sizes = np.zeros(count, int), []

    def work(start, stop):
        done[start:stop] += 1
        sizes.append(stop - start)

    in_threads(work, count, chunk, workers)
    assert (done == 1).all()
    assert max(sizes, default=0) <= chunk


def test_workers_work_side_by_side():
    meeting = threading.Barrier(3, timeout=20)  # breaks unless three threads wait at the same time
    in_threads(lambda start, stop: meeting.wait(), 3, 1, 3)
    names = set()
    in_threads(lambda start, stop: names.add(threading.current_thread().name), 5, 1, 1)
    assert names == {threading.current_thread().name}


def test_an_error_in_a_thread_is_raised():
    def fail(start, stop):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_threads(fail, 4, 1, 2)


@pytest.mark.parametrize("workers", [0, -1, 1.5])
def test_workers_that_are_no_count_are_refused(workers):
    with pytest.raises(InputError, match=f"workers is {workers}; expected a whole number, 1 or more"):
        in_threads(lambda start, stop: None, 4, 1, workers)


def test_cores_are_those_that_the_process_may_use(monkeypatch):
    assert available_cores() >= 1
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert available_cores() == 3
    monkeypatch.delattr("os.sched_getaffinity")  # as on macOS and Windows
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert available_cores() == 1


def test_seeds_are_unsigned_64_bit_integers():
    assert seed_from(3) == seed_from(np.int64(3)) == 3
    assert seed_from(2**64 + 5) == 5
    drawn = [seed_from(np.random.default_rng(1)) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert 0 <= drawn[0] < 2**64
    for wrong in (-1, 0.5, "1", None):
        with pytest.raises(InputError, match=r"rng is .*expected a whole number, 0 or more, or a numpy"):
            seed_from(wrong)
