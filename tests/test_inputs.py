"""Only regular files are opened: what else a path may lead to is refused at once, in one sentence."""

import os
import socket
import threading

import pytest

import mvtri
from mvtri.containers.hdf5 import open_hdf5
from mvtri.containers.npz import npz_members
from mvtri.containers.pickle import load_npy, load_pickle
from mvtri.errors import InputError, MissingFileError
from mvtri.files import sha256
from mvtri.formats import read_motion
from mvtri.inputs import exists, open_input, read_bytes
from mvtri.models.onnx_check import external_locations
from mvtri.registry import head_of

READERS = {
    "read_tracks": mvtri.read_tracks,
    "read_tracks as trc": lambda path: mvtri.read_tracks(path, format="trc"),
    "read_tracks as csv": lambda path: mvtri.read_tracks(path, format="csv"),
    "read_tracks as nc": lambda path: mvtri.read_tracks(path, format="nc"),
    "read_detections": mvtri.read_detections,
    "read_cameras": mvtri.read_cameras,
    "read_cameras as aniposelib": lambda path: mvtri.read_cameras(path, format="aniposelib"),
    "read_motion": read_motion,
    "open_hdf5": open_hdf5,
    "npz_members": npz_members,
    "load_npy": load_npy,
    "load_pickle": load_pickle,
    "external_locations": external_locations,
    "sha256": sha256,
    "read_bytes": read_bytes,
}


@pytest.fixture(params=["pipe", "socket", "device", "endless device"])
def odd(request, tmp_path):
    path = tmp_path / "file"
    if request.param == "pipe":
        os.mkfifo(path)
        yield path, "a pipe"
    elif request.param == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
            yield path, "a socket"
    else:
        path.symlink_to("/dev/null" if request.param == "device" else "/dev/zero")
        yield path, "a device"


@pytest.mark.parametrize("name", READERS)
def test_what_is_no_regular_file_is_refused_at_once(odd, name):
    path, kind = odd
    caught = []

    def read():
        try:
            READERS[name](path)
        except InputError as error:
            caught.append(str(error))

    thread = threading.Thread(target=read, daemon=True)  # or a reader that waits would stop the tests
    thread.start()
    thread.join(20)
    assert caught, "it waits, or raised something else"
    assert str(path) in caught[0]
    assert kind in caught[0]
    assert head_of(path) == b""


def test_paths_that_cannot_be(tmp_path):
    for path in (tmp_path / ("x" * 300), tmp_path / "a\0b"):
        assert not exists(path)
        with pytest.raises((InputError, MissingFileError)) as caught:
            open_input(path)
        assert "\n" not in str(caught.value)
        with pytest.raises(MissingFileError):
            mvtri.read_tracks(path)
    with pytest.raises(InputError, match="is a folder"):
        open_input(tmp_path)
    with pytest.raises(MissingFileError, match="there is no file"):
        open_input(tmp_path / "absent")


def test_an_unreadable_file(tmp_path, monkeypatch):
    path = tmp_path / "a.trc"
    path.write_text("PathFileType")

    def deny(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", deny)
    with pytest.raises(InputError, match=r"cannot be read \(Permission denied\)"):
        open_input(path)
