"""Files are whole or not there; folders too."""

import os
import stat

import pytest

from mvtri.errors import ExistsError, InputError
from mvtri.files import atomic_file, atomic_folder, check_output_folder, provenance, sha256


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


def test_an_output_folder_is_checked_before_the_work_and_nothing_is_left(tmp_path):
    check_output_folder(tmp_path / "new" / "out")
    assert everything(tmp_path) == []
    (tmp_path / "out").mkdir()
    (tmp_path / "file").write_text("")
    check_output_folder(tmp_path / "out", overwrite=True)
    with pytest.raises(ExistsError, match="--overwrite"):
        check_output_folder(tmp_path / "out")
    with pytest.raises(ExistsError, match="is a file"):
        check_output_folder(tmp_path / "file", overwrite=True)
    with pytest.raises(InputError, match="cannot be written"):
        check_output_folder(tmp_path / "file" / "out")
    assert everything(tmp_path) == ["file", "out"]
