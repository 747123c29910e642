"""How fast triangulation is in two installed versions of mvtri, measured side by side.

Install each version in its own environment and run::

    python benchmarks/speed/compare.py BEFORE/bin/python AFTER/bin/python

Each interpreter works in its own process with one thread.  Both get the same scenes: those of
``benchmarks/speed/triangulation.py --quick``.  The two versions run each case in turns, many times, so that
other load on the machine slows both.  Times are processor times.  A ratio is the time before divided by the
time after: above 1, the second version is faster.  The table gives the median over the rounds, the quartiles,
and the ratio of the shortest times.

``--only 16 hit`` runs the cases whose names contain one of the words; ``--rounds`` sets how often each runs.
Only public names that both versions have are used.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np


def cases():
    """Return what to measure: name, and a function that prepares the work."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import triangulation_scenes as scenes

    from mvtri import triangulate

    def work(scene, count=None, repeats=1, **options):
        pixels = scene.pixels[:count]
        return lambda: [triangulate(pixels, scene.cams, workers=1, **options) for _ in range(repeats)]

    found = {}
    for hit in (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0):
        name = f"4 cameras, one wrong in {hit:.0%} of points"
        found[name] = lambda hit=hit: work(scenes.one_hit(scenes.s9(), 100_000, hit=hit, seed=1))
    for count in (1, 100, 1_000, 10_000, 100_000):
        repeats = max(1, min(30, 10_000 // count))
        for noise in (None, 3.0):
            name = f"{count:,} point{'s'[: count > 1]}, noise {'given' if noise else 'estimated'}"
            found[name] = lambda count=count, repeats=repeats, noise=noise: work(
                scenes.one_hit(scenes.s9(), 100_000, seed=1), count, repeats, noise=noise
            )
    for cameras in (2, 3, 4, 6, 8, 12, 16, 32):
        for rate in (0.0, 0.1, 0.3):
            name = f"{cameras} cameras, {rate:.0%} outliers"
            found[name] = lambda cameras=cameras, rate=rate: work(
                scenes.make(scenes.rig(cameras), 2 * 100_000 // (5 * cameras), rate=rate, seed=2)
            )
    found["4 cameras, dlt"] = lambda: work(
        scenes.one_hit(scenes.s9(), 100_000, seed=1), method="dlt", noise=3.0
    )
    return found


def serve():
    """Run the cases named on standard input, and answer with their processor times."""
    import mvtri

    makers, works = cases(), {}
    print(Path(mvtri.__file__).resolve().parent, "|".join(makers), sep="|", flush=True)
    for line in sys.stdin:
        name = line.rstrip("\n")
        if name not in works:
            works.clear()  # the scenes of one case at a time
            works[name] = makers[name]()
            works[name]()
        start = time.process_time()
        works[name]()
        print(time.process_time() - start, flush=True)


class Version:
    """One version of mvtri at work in its own interpreter."""

    def __init__(self, python):
        self.process = subprocess.Popen(
            [python, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.folder, *self.names = self._answer().split("|")

    def _answer(self):
        answer = self.process.stdout.readline().strip()
        if not answer:
            sys.exit(f"{self.process.args[0]} stopped: see its message above")
        return answer

    def run(self, name):
        """Return the processor time of one run of a case, s."""
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        return float(self._answer())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(versions, names, rounds):
    """Print the table of ratios, a row as soon as it is known; return the median ratios."""
    print("| case | before, ms | after, ms | before / after | quartiles | of the shortest |")
    print("|---|---|---|---|---|---|")
    ratios = []
    for name in names:
        for version in versions:
            version.run(name)
        times = np.empty((rounds, 2))
        for k in range(rounds):
            for i in (0, 1) if k % 2 else (1, 0):
                times[k, i] = versions[i].run(name)
        low, middle, high = np.quantile(times[:, 0] / times[:, 1], [0.25, 0.5, 0.75])
        before, after = 1e3 * np.median(times, axis=0)
        shortest = times[:, 0].min() / times[:, 1].min()
        cells = (f"{before:.2f}", f"{after:.2f}", f"{middle:.3f}", f"{low:.2f} to {high:.2f}")
        print(f"| {name} | " + " | ".join(cells) + f" | {shortest:.3f} |", flush=True)
        ratios.append(middle)
    return ratios


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", help="the Python interpreter of the version before")
    parser.add_argument("after", help="the Python interpreter of the version after")
    parser.add_argument("--rounds", type=int, default=21, help="runs of each case (21)")
    parser.add_argument("--only", nargs="*", default=[], help="words: cases with one of them in their name")
    options = parser.parse_args()
    versions = [Version(options.before), Version(options.after)]
    print(f"Before: {versions[0].folder}\nAfter: {versions[1].folder}")
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f} before.\n")
    names = [n for n in versions[0].names if not options.only or any(word in n for word in options.only)]
    ratios = compare(versions, names, options.rounds)
    if ratios:
        below = sum(ratio < 0.97 for ratio in ratios)
        print(f"\nThe lowest ratio is {min(ratios):.3f}; {below} of {len(ratios)} cases are below 0.97.")
    for version in versions:
        version.close()


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["--serve"] else main()
