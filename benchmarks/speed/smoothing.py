"""How many points a second smoothing does on one thread, with covariances.

python benchmarks/speed/smoothing.py
"""

import time

import numpy as np

from mvtri.smoothing import batch, butterworth, rts

FRAMES, KEYPOINTS, RATE = 20_000, 37, 50.0
ROUNDS = 3


def scene():
    """Return times, points and covariances of a walk about the room."""
    rng = np.random.default_rng(0)
    times = np.arange(FRAMES) / RATE
    phase = rng.uniform(0, 2 * np.pi, (KEYPOINTS, 3))
    truth = 0.3 * np.sin(2 * np.pi * 0.7 * times[:, None, None] + phase)
    half = 0.02 * (np.eye(3) + 0.3 * rng.normal(size=(FRAMES, KEYPOINTS, 3, 3)))
    points = truth + (half @ rng.normal(size=(FRAMES, KEYPOINTS, 3, 1)))[..., 0]
    return times, points, half @ half.swapaxes(-1, -2)


def main():
    times, points, covariances = scene()
    given = {"process": 10.0, "inflation": 1.0, "tail": np.inf, "workers": 1}
    works = {
        "rts, process noise given": lambda n: rts(points[:n], times[:n], covariances[:n], **given),
        "rts, with velocities": lambda n: rts(
            points[:n], times[:n], covariances[:n], velocities=True, **given
        ),
        "rts, all from the data": lambda n: rts(points[:n], times[:n], covariances[:n], workers=1),
        "butterworth": lambda n: butterworth(points[:n], RATE),
    }
    chain = np.array([(k, k + 1) for k in range(KEYPOINTS - 1)])
    works["batch, all from the data"] = lambda n: batch(
        points[:n], times[:n], covariances[:n], chain, workers=1
    )
    seconds = {name: [] for name in works}
    for work in works.values():
        work(200)  # compiled, or read from the cache
    for _ in range(ROUNDS):
        for name, work in works.items():
            started = time.process_time()
            work(FRAMES)
            seconds[name].append(time.process_time() - started)
    print(f"{FRAMES} frames of {KEYPOINTS} keypoints, one thread; processor time, the best of {ROUNDS}\n")
    print("| method | million points/s | µs a point |\n|---|---|---|")
    count = FRAMES * KEYPOINTS
    for name, spent in seconds.items():
        print(f"| {name} | {count / min(spent) / 1e6:.2f} | {1e6 * min(spent) / count:.2f} |")


if __name__ == "__main__":
    main()
