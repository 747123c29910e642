"""A disk that is full: one OSError, no crash of a library, and nothing left behind."""

import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
import numpy as np
from mvtri.formats import write_tracks
from mvtri.tracks import make_tracks
points = np.random.default_rng(0).normal(size=(200, 1, 20, 3))
tracks = make_tracks(points, keypoints=[f"k{i}" for i in range(20)], fps=50)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # as if the disk were full
for name in ("a.nc", "a.trc", "a.csv"):
    try:
        write_tracks(f"{sys.argv[1]}/{name}", tracks)
    except OSError as error:
        print(name, error.errno)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limits of the size of files")
def test_what_does_not_fit_is_refused(tmp_path):
    command = [sys.executable, "-P", "-c", SCRIPT, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "a.nc 27\na.trc 27\na.csv 27\n"
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
