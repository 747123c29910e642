"""Fifty changed files for every reader, and those that once went wrong (see `run.py` for more of them)."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import fuzz_corpus  # noqa: E402
import fuzz_judge  # noqa: E402
import fuzz_process  # noqa: E402
import fuzz_read  # noqa: E402
import fuzz_seeds  # noqa: E402

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="each input is read in a forked process"),
    # aniposelib brings JAX, where the peers are installed; no reader calls it in the child
    pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning"),
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <function _at_fork:pytest.PytestUnraisableExceptionWarning"
    ),
]


def test_every_registered_reader_has_a_seed():
    assert not fuzz_seeds.missing_seeds(), "add a seed to tests/fuzz/fuzz_seeds.py for each of these readers"
    assert set(fuzz_seeds.SEEDS) <= set(fuzz_seeds.readers()), "a seed of a reader that no longer is"


@pytest.mark.parametrize("reader", fuzz_seeds.readers())
def test_fifty_changed_files(reader):
    counts, findings = fuzz_process.run_reader(reader, 50, seed=0, out=None)
    assert not findings
    assert counts["read"] + counts["refused"] == 50


@pytest.mark.parametrize("name", fuzz_corpus.entries())
def test_what_once_went_wrong(name, tmp_path):
    entry = fuzz_corpus.entries()[name]
    path, options = fuzz_corpus.rebuild(entry, tmp_path)
    outcome, detail = fuzz_judge.judge(entry["reader"], path, options, entry["forced"])
    assert outcome == entry["outcome"], detail
    assert entry["says"] in detail
    outcome, detail = fuzz_judge.judge(entry["reader"], path, options, not entry["forced"])
    assert outcome in fuzz_judge.FINE, detail


def test_every_file_of_the_corpus_is_used():
    used = {stored for entry in fuzz_corpus.entries().values() for stored in entry["files"].values()}
    assert used == {path.name for path in fuzz_corpus.CORPUS.glob("*.gz")}


def test_the_judge_tells_apart(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"x")

    def hang(*_):
        while True:
            pass

    def take(*_):
        return bytearray(b"x") * 1_200_000_000

    def confuse(*_):
        raise KeyError("x")

    for read, outcome in ((hang, "hang"), (take, "memory"), (confuse, "other"), (lambda *_: None, "read")):
        monkeypatch.setattr(fuzz_read, "read", read)
        monkeypatch.setattr(fuzz_judge, "CPU_LIMIT", 0.1 if read is hang else 30.0)
        assert fuzz_judge.judge("tracks/trc", path, {}, True)[0] == outcome


def test_an_implausible_camera_is_found():
    cams = fuzz_seeds.CONTENT["calibration"]()
    fuzz_read.check_cameras(cams)
    far = SimpleNamespace(
        names=cams.names,
        image_sizes=cams.image_sizes,
        matrices=cams.matrices,
        distortions=cams.distortions,
        rotations=cams.rotations,
        translations=cams.translations + 1e9,
    )
    with pytest.raises(fuzz_read.ImplausibleError, match="position"):
        fuzz_read.check_cameras(far)
