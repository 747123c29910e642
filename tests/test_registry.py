"""One contract for all formats of files: found by listing a package, chosen by content."""

import pytest

from mvtri.calib.formats.registry import CALIBRATIONS
from mvtri.datasets.registry import DATASETS
from mvtri.errors import InputError, MissingFileError
from mvtri.formats.detections.files import DETECTIONS
from mvtri.formats.motion.files import MOTIONS
from mvtri.formats.tracks.files import TRACKS
from mvtri.registry import Format, Registry, check_options, head_of

ALL = {
    "calibrations": CALIBRATIONS,
    "datasets": DATASETS,
    "detections": DETECTIONS,
    "motions": MOTIONS,
    "tracks": TRACKS,
}


@pytest.fixture(params=ALL)
def registry(request):
    return ALL[request.param]


def test_every_format_declares_what_it_is(registry):
    formats = registry.formats()
    assert list(formats) == sorted(formats)
    for name, one in formats.items():
        assert one.name == name
        assert one.description
        assert all(extension.startswith(".") for extension in one.extensions)
        assert all(extension == extension.lower() for extension in one.extensions)


CONTENTS = [
    b"",
    b"\0" * 99,
    b"\xff\xfe\0a" * 99,
    b"\x89HDF\r\n\x1a\n",
    b"PK\3\4",
    b"{",
    b"[",
    b"<",
    b"\n,\n",
    b"=",
]


@pytest.mark.parametrize("content", CONTENTS)
def test_sniffing_never_raises_and_takes_nothing_for_its_own(registry, tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file", tmp_path / "folder", tmp_path / "nothing", tmp_path / "file" / "below"):
        fitting = [one.name for one in registry.fitting(path)]
        assert fitting in ([], ["nc"])
        assert not fitting or content.startswith(b"\x89HDF")


def test_what_is_not_recognised_is_one_sentence_that_lists_what_is(registry, tmp_path):
    with pytest.raises(MissingFileError, match=f"nothing; expected {registry.noun}, so check the path"):
        registry.find(tmp_path / "nothing")
    with pytest.raises(InputError, match="is a folder; expected"):
        registry.find(tmp_path)
    (tmp_path / "empty").touch()
    with pytest.raises(InputError, match=f"empty is empty; expected {registry.noun}, so write it again"):
        registry.find(tmp_path / "empty")
    (tmp_path / "other").write_text("something else")
    with pytest.raises(
        InputError, match=f"other is in no format that mvtri reads; expected {registry.noun}"
    ) as raised:
        registry.find(tmp_path / "other")
    assert all(one.brief in str(raised.value) for one in registry.formats().values())
    assert all(one.description.startswith(one.brief) and one.brief for one in registry.formats().values())
    assert (
        "(" not in str(raised.value).partition("expected")[2].partition("(")[2]
    )  # what is in brackets is cut
    assert "\n" not in str(raised.value)
    (tmp_path / "binary").write_bytes(b"\1\0\2")
    with pytest.raises(InputError, match="binary is a binary file in no format that mvtri reads"):
        registry.find(tmp_path / "binary")


def test_a_format_may_be_named(registry, tmp_path):
    (tmp_path / "other").write_text("something else")
    for name, one in registry.formats().items():
        assert registry.find(tmp_path / "other", name) is one
    with pytest.raises(InputError, match="is called 'xyz'"):
        registry.find(tmp_path / "other", "xyz")


# ---------------------------------------------------------------- formats of our own

MODULE = """
from mvtri.registry import Format, head_of

def read(path, *, unit="m"):
    return unit

FORMAT = Format(
    name="{name}", description="files of {name}", sniff=lambda path: head_of(path, 1) in {starts},
    read=read, extensions=(".x",){more},
)
"""


@pytest.fixture
def two_formats(tmp_path, monkeypatch):
    """Two formats that share the extension .x and, for a file that begins with b, the content."""
    package = tmp_path / f"two_formats_{tmp_path.name}"
    (package / "inside").mkdir(parents=True)
    for folder in (package, package / "inside"):
        (folder / "__init__.py").touch()
    (package / "first.py").write_text(MODULE.format(name="first", starts=(b"a", b"b"), more=", write=print"))
    (package / "inside" / "second.py").write_text(MODULE.format(name="second", starts=(b"b", b"c"), more=""))
    (package / "helpers.py").write_text("FORMAT = 5")
    monkeypatch.syspath_prepend(tmp_path)
    return Registry("an x file", package.name, Format)


@pytest.mark.parametrize(("content", "name"), [("a", "first"), ("c", "second")])
def test_two_formats_with_one_extension_are_told_apart_by_content(two_formats, tmp_path, content, name):
    assert list(two_formats.formats()) == ["first", "second"]
    for path in (tmp_path / "file.x", tmp_path / "file"):
        path.write_text(content)
        assert two_formats.find(path).name == name


def test_several_that_fit_and_none_that_fits(two_formats, tmp_path):
    path = tmp_path / "file.x"
    path.write_text("b")
    with pytest.raises(InputError, match=r"file.x could be in several formats \(first, second\); choose one"):
        two_formats.find(path)
    path.write_text("d")
    with pytest.raises(InputError, match=r"expected an x file \(files of first; files of second\)"):
        two_formats.find(path)


def test_writing_goes_by_the_extension(two_formats, tmp_path):
    assert two_formats.find_writer(tmp_path / "FILE.X").name == "first"
    with pytest.raises(InputError, match=r"extension of file.y stands for none .* \(.x for first\)"):
        two_formats.find_writer(tmp_path / "file.y")
    with pytest.raises(InputError, match="no format of x file that can be written is called 'second'"):
        two_formats.find_writer(tmp_path / "file.x", "second")


def test_options_that_a_format_does_not_take(two_formats):
    first = two_formats.named("first")
    check_options(first, first.read, {"unit": "mm"})
    with pytest.raises(InputError, match=r"the format first has no option 'colour' \(its options: unit\)"):
        check_options(first, first.read, {"colour": 1})


def test_the_head_of_a_file(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    assert head_of(tmp_path / "file", 3) == b"123"
    assert head_of(tmp_path) == head_of(tmp_path / "nothing") == b""
