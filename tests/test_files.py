"""Files are whole or not there; folders too."""

import os
import stat
import subprocess
import sys
import threading

import pytest

from mvtri.errors import ExistsError, InputError
from mvtri.files import atomic_file, atomic_folder, file_name, output_folder, provenance, sha256


def everything(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_file_appears_at_the_end_and_not_before(tmp_path):
    with atomic_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("whole")
        assert temporary.suffix == ".txt"
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_text() == "whole"
    assert everything(tmp_path) == ["a.txt"]


def test_a_file_has_the_permissions_that_open_would_have_given(tmp_path):
    (tmp_path / "plain").write_text("")
    with atomic_file(tmp_path / "ours"):
        pass
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "plain").stat().st_mode
    )


@pytest.mark.parametrize("exception", [RuntimeError, KeyboardInterrupt])
def test_a_file_that_fails_leaves_nothing_and_keeps_the_old_one(tmp_path, exception):
    (tmp_path / "old").write_text("old")

    def fail(path):
        with atomic_file(path) as temporary:
            temporary.write_text("half")
            raise exception

    with pytest.raises(exception):
        fail(tmp_path / "old")
    with pytest.raises(exception):
        fail(tmp_path / "new" / "deep" / "file")
    assert everything(tmp_path) == ["old"]
    assert (tmp_path / "old").read_text() == "old"


def test_a_file_is_not_replaced_against_the_callers_will(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(ExistsError, match="already exists"), atomic_file(tmp_path / "a", overwrite=False):
        pass
    assert (tmp_path / "a").read_text() == "old"


def test_a_folder_in_place_of_a_file_is_refused_and_the_reverse(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(ExistsError, match="is a folder"), atomic_file(tmp_path / "folder"):
        pass
    for overwrite in (False, True):
        with pytest.raises(ExistsError, match="is a file"), atomic_folder(tmp_path / "file", overwrite):
            pass
    assert everything(tmp_path) == ["file", "folder"]


def test_a_place_that_cannot_be_written_to_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"), atomic_file(tmp_path / "file" / "a"):
        pass
    with pytest.raises(InputError, match="cannot be written"), atomic_folder(tmp_path / "file" / "a"):
        pass


def test_a_folder_that_may_not_be_written_in_is_said_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)
    with pytest.raises(InputError, match="cannot be written"), atomic_folder(tmp_path, overwrite=True):
        pytest.fail("the work was begun")
    assert everything(tmp_path) == []


def test_a_folder_appears_at_the_end_with_all_that_is_in_it(tmp_path):
    with atomic_folder(tmp_path / "new" / "out") as temporary:
        (temporary / "a").write_text("a")
        assert not (tmp_path / "new" / "out").exists()
    assert everything(tmp_path) == ["new", "new/out", "new/out/a"]


def test_a_folder_that_fails_leaves_nothing(tmp_path):
    def fail():
        with atomic_folder(tmp_path / "new" / "out") as temporary:
            (temporary / "a").write_text("a")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert everything(tmp_path) == []


def test_an_existing_folder_needs_overwrite_and_keeps_what_is_not_replaced(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_text("old")
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(ExistsError, match="--overwrite"), atomic_folder(tmp_path / "out"):
        pass
    with atomic_folder(tmp_path / "out", overwrite=True) as temporary:
        (temporary / "a").write_text("new")
    assert everything(tmp_path) == ["out", "out/a", "out/mine"]
    assert (tmp_path / "out" / "a").read_text() == "new"
    assert (tmp_path / "out" / "mine").read_text() == "mine"


def test_sha256_is_that_of_the_standard(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_provenance_names_version_call_and_inputs(tmp_path):
    (tmp_path / "in").write_bytes(b"abc")
    found = provenance("mvtri x", {"a": 1}, [tmp_path / "in"])
    assert found["call"] == "mvtri x"
    assert found["parameters"] == {"a": 1}
    assert found["inputs"] == {"in": sha256(tmp_path / "in")}
    assert found["mvtri"]


def test_the_umask_is_left_as_it_was(tmp_path):
    before = os.umask(0o027)
    try:
        with atomic_file(tmp_path / "a"):
            pass
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)


def claim(*args, **options):
    with output_folder(*args, **options):
        pass


def test_an_output_folder_is_checked_before_the_work_and_nothing_is_left(tmp_path):
    claim(tmp_path / "new" / "out", overwrite=False)
    assert everything(tmp_path) == []
    (tmp_path / "out").mkdir()
    (tmp_path / "file").write_text("")
    claim(tmp_path / "out", overwrite=True)
    claim(tmp_path / "out")
    with pytest.raises(ExistsError, match="--overwrite"):
        claim(tmp_path / "out", overwrite=False)
    with pytest.raises(ExistsError, match="is a file"):
        claim(tmp_path / "file", overwrite=True)
    with pytest.raises(InputError, match="cannot be written"):
        claim(tmp_path / "file" / "out", overwrite=False)
    assert everything(tmp_path) == ["file", "out"]


def test_an_output_folder_is_claimed_by_one(tmp_path):
    """Another process is pretended by another thread: locks belong to what is open, not to the process."""
    said = []

    def other(path):
        try:
            claim(path, overwrite=True)
            said.append("claimed")
        except ExistsError as error:
            said.append(str(error))

    def ask(path):
        thread = threading.Thread(target=other, args=[path])
        thread.start()
        thread.join()
        return said.pop()

    (tmp_path / "link").symlink_to(tmp_path)
    with output_folder(tmp_path / "out"):
        claim(tmp_path / "out")  # who holds it may claim it again
        assert "another run is writing to the output folder" in ask(tmp_path / "out")
        assert "another run is writing to the output folder" in ask(tmp_path / "link" / "out")
        assert "another run is writing to the output folder" in ask(tmp_path / "x" / ".." / "out")
        assert ask(tmp_path / "other") == "claimed"
    assert ask(tmp_path / "out") == "claimed"
    assert everything(tmp_path) == ["link"]


HOLD = """
import sys, time
from pathlib import Path
from mvtri.files import atomic_file, atomic_folder, output_folder
with output_folder(sys.argv[1]):
    with atomic_folder(sys.argv[1]) as folder, atomic_file(Path(sys.argv[1] + ".txt")) as file:
        with atomic_file(folder / "a") as inside:
            inside.write_text("half")
            print("ready", flush=True)
            time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds a claim and writes, for a minute."""
    with subprocess.Popen(
        [sys.executable, "-P", "-c", HOLD, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="nothing there shows who lives")
def test_what_a_killed_process_left_is_swept_and_what_a_living_one_has_is_not(tmp_path, holder):
    (tmp_path / ".mvtri-networks").mkdir()  # of the user's, whatever its name
    (tmp_path / ".mvtri-tmp-notes.txt").write_text("mine")
    mine = everything(tmp_path)
    assert len(mine) > 4
    claim(tmp_path / "other", overwrite=False)
    assert everything(tmp_path) == mine
    with pytest.raises(ExistsError, match="another run is writing"):
        claim(tmp_path / "out", overwrite=False)
    holder.kill()
    holder.wait()
    assert everything(tmp_path) == mine  # nothing was there to clean up
    assert not (tmp_path / "out").exists()
    claim(tmp_path / "out", overwrite=False)
    assert everything(tmp_path) == [".mvtri-networks", ".mvtri-tmp-notes.txt"]


def test_of_two_who_write_one_folder_one_wins(tmp_path):
    """Whoever ends second is refused, though the folder was not there when it began."""
    with pytest.raises(ExistsError, match="already exists"), atomic_folder(tmp_path / "out") as slow:
        (slow / "a").write_text("slow")
        with atomic_folder(tmp_path / "out") as quick:
            (quick / "a").write_text("quick")
    assert everything(tmp_path) == ["out", "out/a"]
    assert (tmp_path / "out" / "a").read_text() == "quick"


def test_the_file_that_says_complete_is_replaced_last(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    for name in ("a", "b", "run.json"):
        (tmp_path / "out" / name).write_text("old")

    def interrupted(self, target):
        if self.name == "b":
            raise KeyboardInterrupt
        return os.replace(self, target)

    monkeypatch.setattr("pathlib.Path.replace", interrupted)
    with (
        pytest.raises(KeyboardInterrupt),
        atomic_folder(tmp_path / "out", overwrite=True, last="run.json") as new,
    ):
        for name in ("a", "b", "run.json"):
            (new / name).write_text("new")
    assert everything(tmp_path) == ["out", "out/a", "out/b"]


def test_without_locks_the_last_step_still_decides(tmp_path, monkeypatch):
    def no_locks(handle, operation):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("mvtri.locks.fcntl.flock", no_locks)
    with output_folder(tmp_path / "out", overwrite=False), atomic_folder(tmp_path / "out") as folder:
        (folder / "a").write_text("a")
    with pytest.raises(ExistsError), atomic_folder(tmp_path / "out"):
        pass
    assert everything(tmp_path) == ["out", "out/a"]


ODD = [
    "x" * 300,
    "\N{GRINNING FACE}" * 100,
    "line\nbreak",
    "-rf",
    ".hidden",
    "..",
    "",
    " ",
    "a/b\\c",
    'a<b>c:d"e|f?g*h',
    "CON",
    "nul.txt",
    "com1.trc",
    "ends with dots...",
    "\x00\x1b]0;title\x07",
    "\ud800",
    "e\u0301",
    "\u202eright to left",
]


@pytest.mark.parametrize("name", ODD)
def test_any_name_becomes_one_that_can_be_written(tmp_path, name):
    made = file_name(name)
    (tmp_path / f"{made}.json.part").write_text("x")
    assert 0 < len(made.encode()) <= 120
    assert made.isprintable()
    assert not made.startswith(("-", "."))
    assert not made.endswith((".", " "))
    assert not set(made) & set('<>:"/\\|?*')


def test_ordinary_names_stay_and_others_stay_apart():
    for name in ("S9-Walking 1", "Größe_3.5", "試験", "2024-05-01 (a)", "x" * 120):
        assert file_name(name) == name
    assert len({file_name(name) for name in [*ODD, "x" * 301, "x" * 299 + "y", "con"]}) == len(ODD) + 3


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_names_that_no_file_can_have_are_refused_with_a_sentence(tmp_path, name):
    for use in (atomic_file, atomic_folder, output_folder):
        with pytest.raises(InputError, match="cannot be written"), use(tmp_path / name):
            pass
    assert everything(tmp_path) == []


@pytest.mark.parametrize("name", ["-out", "line\nbreak", "\N{GRINNING FACE}", " ", "x" * 255, "a'b\"c"])
def test_whatever_name_the_user_chooses_is_written_if_the_system_allows_it(tmp_path, name):
    with (
        output_folder(tmp_path / name, overwrite=False),
        atomic_folder(tmp_path / name) as folder,
        atomic_file(folder / name) as file,
    ):
        file.write_text("x")
    assert everything(tmp_path) == [name, f"{name}/{name}"]


@pytest.mark.skipif(sys.platform == "win32", reason="nothing there shows who lives")
@pytest.mark.parametrize("where", ["_open", "shutil.rmtree", "_is_still"])
def test_an_interruption_at_the_worst_moment_leaves_nothing_at_the_end(tmp_path, monkeypatch, where):
    """Between making a hidden file and being ready to remove it, and while it is removed."""
    from mvtri import locks

    def interrupted(*args, **options):
        raise KeyboardInterrupt

    def work():
        with output_folder(tmp_path / "out"), atomic_file(tmp_path / "file"):
            pass

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(f"mvtri.locks.{where}", interrupted)
        work()
    assert any(name.startswith(".mvtri") for name in everything(tmp_path))
    locks._held.clear()
    locks.release_all()
    assert not any(name.startswith(".mvtri") for name in everything(tmp_path))


def test_a_block_that_ends_after_all_is_released_ends_in_silence(tmp_path):
    from mvtri import locks

    with atomic_folder(tmp_path / "out") as folder:
        folder.rmdir()
        folder.parent.rmdir()
        locks.release_all()
        folder.mkdir(parents=True)
    assert everything(tmp_path) == ["out"]
