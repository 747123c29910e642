"""How long `mvtri benchmark` takes and how much memory, on recordings of the size of SIMSPINE's test set.

Run ``python benchmarks/speed/benchmark.py`` (``--frames`` for another size, ``--motions`` for a folder of
CMU's ``.asf`` and ``.amc``, ``--write FILE`` to append the table to a Markdown file). People and noise
are synthetic. The run is a process of its own. Its time is compared with that of the triangulation and
the reading (here: the making) of its sequences alone, measured within it. Unix only, for the peak memory.
"""

import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmark_tables import report


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=145_000, help="of four views each")
    parser.add_argument("--motions", type=pathlib.Path, help="a folder of .asf and .amc; our own by default")
    parser.add_argument("--setting", default="oracle,iid:5")
    parser.add_argument("--method", default="ransac")
    parser.add_argument("--parallel-sequences", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--write", type=pathlib.Path, help="Markdown file to append the table to")
    return parser.parse_args()


def measure(options, count):
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", "from mvtri.cli import main; main()", "-q", "benchmark"]
        command += ["--dataset", "synthetic-human36m", "--subjects", "S9,S11", "--out", f"{folder}/out"]
        command += ["--dataset-option", f"frames={options.frames}"]
        command += ["--dataset-option", 'subjects=["S9", "S11"]']
        command += ["--setting", options.setting, "--method", options.method, "--no-subsets", "--no-sweep"]
        command += ["--root", str(options.motions)] if options.motions else []
        started = time.perf_counter()
        subprocess.run([*command, "--parallel-sequences", str(count)], check=True, stdout=subprocess.DEVNULL)
        wall = time.perf_counter() - started
        found = json.loads(pathlib.Path(folder, "out", "results.json").read_text())["about"]
    seconds = found["seconds"]
    alone = (seconds["reading"] + seconds["triangulation"]) / count
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    row = {
        "frames": f"{found['frames']:,}",
        "sequences at a time": str(count),
        "wall, s": f"{wall:.1f}",
        "reading, s": f"{seconds['reading'] / count:.1f}",
        "2D, s": f"{seconds['2D'] / count:.1f}",
        "triangulation, s": f"{seconds['triangulation'] / count:.1f}",
        "scoring, s": f"{seconds['scoring'] / count:.1f}",
        "wall / (reading + triangulation)": f"{wall / alone:.2f}",
        "peak memory, GB": f"{peak / 1e9:.2f}",
    }
    return row


def main():
    options = arguments()
    rows = [measure(options, count) for count in sorted(options.parallel_sequences)]
    report(f"settings {options.setting}, method {options.method}", rows, options.write)


if __name__ == "__main__":
    main()
