"""Runs of the command that are stopped by signals at random moments, and what they leave behind."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from warm_python import run_command, start_command

from mvtri.files import output_folder

CODE = "from mvtri.cli import main; main()"
RECONSTRUCT = ("reconstruct", "--cams", "2", "--frames", "0:4", "--out", "out")
BENCHMARK = (
    *("benchmark", "--dataset", "synthetic-human36m", "--subjects", "S9", "--actions", "walk,twist"),
    *("--no-subsets", "--no-sweep", "--setting", "iid:5", "--dataset-option", "placements=3"),
    *("--dataset-option", "fps=10"),
    *("--method", "dlt", "--out", "out"),
)
EARLY = {signal.SIGINT: {-signal.SIGINT}, signal.SIGTERM: {-signal.SIGTERM}, signal.SIGKILL: set()}
STOPPED = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -signal.SIGKILL}
RUN_FILES = {
    *("tracks.nc", "tracks.trc", "tracks.csv", "angles.csv", "spine.trc", "spine.csv"),
    *("report.html", "run.json"),
}


class Trials:
    """Trials of one command in one folder.

    Parameters
    ----------
    command : tuple of str
        `RECONSTRUCT` or `BENCHMARK`.
    folder : Path
        An empty folder to work in.
    seed : int
        Of the moments.
    """

    def __init__(self, command, folder, seed=0):
        self.command, self.folder, self.out = command, folder, folder / "out"
        self.random = random.Random(seed)
        self.log = folder.parent / f"{folder.name}.log"
        folder.mkdir(exist_ok=True)
        started = time.monotonic()
        process = self.start()
        writes = None
        while process.poll() is None:
            if writes is None and self.is_writing():
                writes = time.monotonic()
            time.sleep(0.002)
        ended = time.monotonic()
        assert process.returncode == 0, self.log.read_text()
        self.whole, self.writing = ended - started, ended - (writes or started)
        self.expected = self.check_complete()
        shutil.rmtree(self.out)
        assert self.hidden() == []

    def start(self):
        with open(self.log, "w") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-c", CODE, *self.command], cwd=self.folder, stdout=log, stderr=log
            )

    def is_writing(self):
        """Return whether the process has begun to write its results."""
        if self.command is BENCHMARK:
            return (self.out / "sequences").is_dir()
        return any(name.startswith(".mvtri-tmp") for name in self.hidden())

    def hidden(self):
        """Return what lies about that no user wants to see."""
        return sorted(path.name for path in self.folder.rglob(".*"))

    def check_complete(self):
        """Check a folder that a run has finished; return what must be the same in each."""
        if self.command is BENCHMARK:
            self.check_parts()
            return (self.out / "results.csv").read_bytes()
        assert {path.name for path in self.out.iterdir()} == RUN_FILES
        json.loads((self.out / "run.json").read_text())
        assert (self.out / "report.html").read_text().endswith("</html>\n")
        return (self.out / "tracks.csv").read_bytes()

    def check_parts(self):
        """Check what a benchmark that was stopped may show: whole files."""
        for path in [*self.out.glob("*.json"), *(self.out / "sequences").glob("[!.]*")]:
            json.loads(path.read_text())
        for path in self.out.glob("*.html"):
            assert path.read_text().endswith("</html>\n")

    def trial(self, number, while_writing):
        """Start the command, stop it by a signal and check everything; return what happened."""
        started = time.monotonic()
        process = self.start()
        if while_writing:
            while process.poll() is None and not self.is_writing():
                time.sleep(0.001)
            time.sleep(self.random.uniform(0.0, self.writing))
        else:
            time.sleep(self.random.uniform(0.0, self.whole))
        process.send_signal(number)
        code = process.wait(timeout=120)
        said = self.log.read_text()
        if code == 0:
            assert self.check_complete() == self.expected
            assert self.hidden() == []
            shutil.rmtree(self.out)
            self.whole = min(
                self.whole, time.monotonic() - started
            )  # the first run may have compiled kernels
            return "finished before"
        if self.command is BENCHMARK:
            self.check_parts()
        elif self.out.exists():  # it was complete before the signal arrived
            assert self.check_complete() == self.expected
        if code == 1 and number == signal.SIGINT and "init_import_site" in said:
            code = -signal.SIGINT  # Ctrl-C while Python itself starts
        allowed = {STOPPED[number], *EARLY[number]}
        assert code in allowed, (code, said)
        if number != signal.SIGKILL:
            assert self.hidden() == [], (code, said)
        if code in (130, 143):
            assert "Traceback" not in said, said
            assert "no incomplete files were left behind" in said
        left = self.hidden()
        with output_folder(self.out):  # what the next run begins with
            if self.command is BENCHMARK:
                from mvtri.benchmark.checkpoints import Checkpoints

                Checkpoints(self.out, json_or_none(self.out / "plan.json"))
        assert self.hidden() == []
        if self.command is RECONSTRUCT and self.out.exists():
            shutil.rmtree(self.out)
        early = code in EARLY[number]
        return "stopped before it began" if early else "stopped, left hidden files" if left else "stopped"

    def finish(self):
        """Run the command to its end after all that was stopped, and check that nothing is left."""
        process = self.start()
        assert process.wait(timeout=300) == 0, self.log.read_text()
        assert self.check_complete() == self.expected
        assert self.hidden() == []
        shutil.rmtree(self.out)

    def run(self, number, count):
        """Do `count` trials with one signal, every second one while results are written."""
        found = Counter()
        for index in range(count):
            found[self.trial(number, while_writing=index % 2 == 1)] += 1
            if index % 20 == 19:
                self.finish()
                found["then finished"] += 1
        return dict(found)


class ForkedTrials(Trials):
    """Trials in forks of a process that has run the command before: a quarter of the time each.

    All signals then hit the command's own work, and none the start of Python, which writes nothing.
    """

    def __init__(self, command, folder, seed=0):
        assert run_command(["--version"]).returncode == 0  # or the first run would wait for that process
        super().__init__(command, folder, seed)

    def start(self):
        return start_command(self.command, self.folder, self.log)


def json_or_none(path: Path):
    return json.loads(path.read_text()) if path.exists() else None
