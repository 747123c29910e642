"""Runs that are stopped at random moments leave nothing half-written, and the next run works.

``pytest tests/integration/test_kills.py --kills 100 -s`` stops each command a hundred times by each signal.
The runs are forks of one process, so signals hit the command's own work.  With ``--processes``, each run
starts Python anew, so some hit the start of Python, too; that takes four times as long.
"""

import signal
import sys
import time

import pytest
from kills import BENCHMARK, RECONSTRUCT, ForkedTrials, Trials
from warm_python import start_command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT]


@pytest.fixture(scope="module", params=[RECONSTRUCT, BENCHMARK], ids=["reconstruct", "benchmark"])
def trials(request, tmp_path_factory):
    kind = Trials if request.config.getoption("--processes") else ForkedTrials
    return kind(request.param, tmp_path_factory.mktemp("kills") / request.param[0])


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_run_that_is_stopped_leaves_nothing_half_written(trials, number, pytestconfig):
    count = pytestconfig.getoption("--kills")
    found = trials.run(number, count)
    assert sum(found.values()) >= count
    print(f"\n{trials.command[0]} {number.name}: {found}", flush=True)
    if number == SIGNALS[-1]:
        trials.finish()


def test_of_two_runs_into_one_folder_exactly_one_wins(tmp_path):
    """Both begin at once; the one that is refused says so, and the folder is the winner's."""
    runs = []
    for name in ("a", "b"):
        runs.append(start_command(RECONSTRUCT, tmp_path, tmp_path / name))
        time.sleep(0.2)
    codes = sorted(run.wait(timeout=300) for run in runs)
    assert codes == [0, 1]
    said = [(tmp_path / name).read_text() for name in ("a", "b")]
    assert sum("another run is writing to the output folder" in text for text in said) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "out"]
