"""A recording as long as all of SIMSPINE's test set: from a file of 2D to smoothed tracks, and to all files.

    python benchmarks/speed/long_recording.py                   # 145,000 frames, some minutes
    python benchmarks/speed/long_recording.py --frames 20000 --smooth none

One person of 37 keypoints walks before Human3.6M's four cameras; 3 px of noise, 5 % outliers, float32.  Each
row is a process of its own, after a short one that sees to it that all kernels are compiled.  "Tracks" reads
the 2D and reconstructs, in Python; "all files" is the command, with everything that it writes.  Unix only,
for the peak memory.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmark_tables import report

import mvtri
from mvtri.skeletons import get_skeleton
from mvtri.synthetic import Body, animate, walk
from mvtri.tracks import make_detections

SKELETON, FPS, CYCLE, PART = "spinetrack37", 50.0, 100, 5000
TRACKS = """
import sys, time, mvtri
started = time.perf_counter()
session = mvtri.open_session(sys.argv[1])
pose = session.read_pose()
reading = time.perf_counter() - started
tracks = mvtri.reconstruct(pose, session.cameras, smooth=sys.argv[2])
print(f"{reading:.1f} {tracks.sizes['time']}")
"""
COMMAND = "from mvtri.cli import main; main()"


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=145_000, help="of four views each")
    parser.add_argument("--smooth", default="rts")
    parser.add_argument(
        "--only-tracks", action="store_true", help="without the command that writes all files"
    )
    parser.add_argument("--write", type=pathlib.Path, help="Markdown file to append the table to")
    return parser.parse_args()


def write_session(folder, frames):
    """Write a session of a calibration and 2D, not compressed: reading takes the time of the disk."""
    cameras = mvtri.human36m_cameras("S9")
    keypoints = get_skeleton(SKELETON).keypoints
    rng = np.random.default_rng(0)
    there = animate(Body(), walk(CYCLE)).keypoints
    there = there - there[:, :1].mean(axis=0) * [1.0, 1.0, 0.0]
    cycle = cameras.project(np.concatenate([there, there[::-1]]))  # there and back, without a jump
    pixels = np.empty((frames, 1, len(keypoints), len(cameras), 2), np.float32)
    for start in range(0, frames, PART):
        part = pixels[start : start + PART, 0]
        part[:] = cycle[np.arange(start, start + len(part)) % len(cycle)] + rng.normal(0.0, 3.0, part.shape)
        wrong = rng.random(part.shape[:3]) < 0.05
        part[wrong] += rng.normal(0.0, 80.0, (wrong.sum(), 2))
    detections = make_detections(
        pixels,
        np.ones(pixels.shape[:-1], np.float32),
        keypoints=keypoints,
        cameras=cameras.names,
        image_sizes=cameras.image_sizes,
        fps=FPS,
        skeleton=SKELETON,
    )
    for name in ("pose", "calibration"):
        (folder / name).mkdir(parents=True)
    detections.to_netcdf(folder / "pose" / "detections.nc", engine="h5netcdf")
    mvtri.write_cameras(folder / "calibration" / "calibration.toml", cameras)
    return folder


def measure(code, *arguments):
    """Return the output, wall time, processor time (s) and peak memory (bytes) of a Python process."""
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True
    ) as child:
        output = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"the process ended with exit code {child.returncode}")
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return output, time.perf_counter() - started, used.ru_utime + used.ru_stime, peak


def row(what, frames, wall, processor, peak):
    return {
        "frames": f"{frames:,}",
        "to": what,
        "wall, s": f"{wall:.1f}",
        "processor, s": f"{processor:.1f}",
        "peak memory, GB": f"{peak / 1e9:.2f}",
    }


def main():
    options = arguments()
    smooth = f"--smooth={options.smooth}"
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        short, long = (write_session(folder / name, n) for name, n in (("a", 300), ("b", options.frames)))
        measure(COMMAND, "-q", "reconstruct", str(short), smooth, "--out", str(folder / "short"))
        output, *spent = measure(TRACKS, str(long), options.smooth)
        reading, frames = output.split()
        rows = [row(f"smoothed tracks ({reading} s of it reading)", int(frames), *spent)]
        if not options.only_tracks:
            out = folder / "long"
            _, *spent = measure(COMMAND, "-q", "reconstruct", str(long), smooth, "--out", str(out))
            rows.append(row("all files", int(frames), *spent))
            sizes = {path.name: path.stat().st_size / 1e6 for path in sorted(out.iterdir())}
            print(", ".join(f"{name} {size:.1f} MB" for name, size in sizes.items()))
    report(f"{options.smooth}, four cameras, 37 keypoints", rows, options.write)


if __name__ == "__main__":
    main()
