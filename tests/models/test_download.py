"""Fetching models: resumed, verified, https alone, and a sentence that helps where there is no network."""

import hashlib
import http.server
import io
import json
import logging
import threading
import zipfile

import pytest

from mvtri.errors import InputError, MissingFileError
from mvtri.models import download, library
from mvtri.models.download import FetchError, fetch
from mvtri.models.image_card import BoxCard, InputSpec, OutputSpec, PoseCard

CONTENT = bytes(range(256)) * 2000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT with ranges; breaks off where told; keeps what it was asked."""

    def do_GET(self):
        server = self.server
        server.asked.append((self.path, self.headers.get("Range")))
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        if self.path == "/none":
            self.send_error(404)
            return
        content, start = server.content, 0
        wanted = self.headers.get("Range")
        if wanted and self.headers.get("If-Range") == server.tag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("ETag", server.tag)
        self.end_headers()
        stop = server.stops.pop(0) if server.stops else len(content)
        self.wfile.write(content[start:stop])

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.content, found.tag, found.stops, found.asked = CONTENT, '"one"', [], []
    found.url = f"http://127.0.0.1:{found.server_port}"
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def test_a_file_is_fetched_verified_and_put_into_place(server, tmp_path):
    target = tmp_path / "deep" / "net.onnx"
    seen = []
    assert (
        fetch(f"{server.url}/net", target, DIGEST, progress=lambda *a: seen.append(a), loopback=True)
        == DIGEST
    )
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["net.onnx"]
    assert seen[-1] == ("fetch", len(CONTENT), len(CONTENT))


def test_an_interrupted_download_continues_where_it_stopped(server, tmp_path):
    target = tmp_path / "net.onnx"
    server.stops = [100_000]
    with pytest.raises(FetchError, match="interrupted after 100000 of 512000 bytes"):
        fetch(f"{server.url}/net", target, DIGEST, loopback=True)
    assert not target.exists()
    assert (tmp_path / "net.onnx.part").stat().st_size == 100_000
    assert fetch(f"{server.url}/net", target, DIGEST, loopback=True) == DIGEST
    assert server.asked[-1] == ("/net", "bytes=100000-")
    assert target.read_bytes() == CONTENT


def test_a_file_that_changed_meanwhile_is_fetched_from_the_start(server, tmp_path):
    target = tmp_path / "net.onnx"
    server.stops = [100_000]
    with pytest.raises(FetchError):
        fetch(f"{server.url}/net", target, loopback=True)
    server.content, server.tag = CONTENT[::-1], '"two"'
    fetch(f"{server.url}/net", target, loopback=True)
    assert target.read_bytes() == CONTENT[::-1]


def test_a_part_longer_than_the_file_is_thrown_away(server, tmp_path):
    (tmp_path / "net.onnx.part").write_bytes(CONTENT + b"more")
    (tmp_path / "net.onnx.part.etag").write_text('"one"')
    fetch(f"{server.url}/net", tmp_path / "net.onnx", DIGEST, loopback=True)
    assert (tmp_path / "net.onnx").read_bytes() == CONTENT


def test_what_is_not_the_file_that_was_asked_for_is_deleted(server, tmp_path):
    with pytest.raises(FetchError, match=f"SHA-256 {DIGEST}, expected {'0' * 64}"):
        fetch(f"{server.url}/net", tmp_path / "net.onnx", "0" * 64, loopback=True)
    assert not any(path.suffix in (".onnx", ".part") for path in tmp_path.iterdir())


@pytest.mark.parametrize("url", ["http://example.org/a", "file:///etc/passwd", "ftp://example.org/a", "a"])
def test_nothing_but_https_is_trusted(tmp_path, url):
    with pytest.raises(FetchError, match="is not an https address"):
        fetch(url, tmp_path / "net.onnx")
    with pytest.raises(FetchError, match="is not an https address"):
        fetch(url, tmp_path / "net.onnx", loopback=True)


def test_a_redirection_to_http_is_refused(server, tmp_path):
    with pytest.raises(FetchError, match=r"http://example\.org/a is not an https address"):
        fetch(f"{server.url}/to/http://example.org/a", tmp_path / "net.onnx", loopback=True)
    assert list(tmp_path.iterdir()) == []


def test_an_answer_without_the_file_is_a_reason(server, tmp_path):
    with pytest.raises(FetchError, match="the server answers 404"):
        fetch(f"{server.url}/none", tmp_path / "net.onnx", loopback=True)
    assert list(tmp_path.iterdir()) == []


def test_what_is_too_large_is_not_begun(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "LARGEST", 1000)
    with pytest.raises(FetchError, match="is the limit"):
        fetch(f"{server.url}/net", tmp_path / "net.onnx", loopback=True)


def archive(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file.getvalue()


def test_one_member_comes_out_of_an_archive(server, tmp_path):
    server.content = archive({"a/end2end.onnx": CONTENT, "../evil": b"x"})
    target = tmp_path / "models" / "net.onnx"
    assert fetch(f"{server.url}/z", target, DIGEST, "a/end2end.onnx", loopback=True) == DIGEST
    assert target.read_bytes() == CONTENT
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["net.onnx"]


def test_the_path_of_a_member_is_used_for_nothing(server, tmp_path):
    server.content = archive({"../../evil.onnx": CONTENT})
    target = tmp_path / "a" / "b" / "net.onnx"
    fetch(f"{server.url}/z", target, DIGEST, "../../evil.onnx", loopback=True)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["net.onnx"]


@pytest.mark.parametrize(
    ("content", "found"), [(CONTENT, "not a readable zip archive"), (None, "has no member")]
)
def test_an_archive_that_is_none_or_lacks_the_member(server, tmp_path, content, found):
    server.content = content or archive({"other": b"x"})
    with pytest.raises(FetchError, match=found):
        fetch(f"{server.url}/z", tmp_path / "net.onnx", member="a", loopback=True)
    assert not any(path.suffix in (".onnx", ".part") for path in tmp_path.iterdir())


def card(**changes):
    values = {"name": "net", "description": "", "licence": "MIT", "source": "me"}
    values |= {"urls": ("https://example.invalid/net.onnx",), "file": "net.onnx", "kind": "pose", **changes}
    made = {"pose": PoseCard, "boxes": BoxCard}[values["kind"]]
    return made(**values, input=InputSpec((64, 64)), output=OutputSpec("heatmap"))


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MVTRI_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_without_a_network_the_sentence_says_what_to_do(home, monkeypatch):
    def unplugged(*args, **options):
        raise FetchError("Network is unreachable")

    monkeypatch.setattr(library, "fetch", unplugged)
    place = home / "models" / "net" / "net.onnx"
    with pytest.raises(MissingFileError) as caught:
        library.local_file(card())
    assert str(caught.value) == (
        "net could not be downloaded from https://example.invalid/net.onnx (Network is unreachable); "
        f"download it by hand and save it as {place}, or pass it with --model FILE"
    )
    with pytest.raises(MissingFileError, match="no address to download it from"):
        library.local_file(card(urls=()))
    with pytest.raises(MissingFileError, match="or pass it with --boxes FILE"):
        library.local_file(card(kind="boxes"))
    with pytest.raises(MissingFileError, match="or pass it with --boxes FILE"):
        library.local_file(card(kind="boxes", urls=()))


def test_an_unknown_hash_is_recorded_once_and_held_to(home, caplog, monkeypatch):
    def fetched(url, target, sha256, member, progress, check):
        target.parent.mkdir(parents=True)
        target.write_bytes(CONTENT)
        return DIGEST

    monkeypatch.setattr(library, "fetch", fetched)
    monkeypatch.setattr(library, "built_in_cards", lambda: {"net": card()})
    with caplog.at_level(logging.INFO, logger="mvtri"):
        path, digest = library.local_file(library.find_card("net"))
    assert digest == DIGEST
    assert f"recorded {DIGEST}" in caplog.text
    assert json.loads((home / "hashes.json").read_text()) == {"net": DIGEST}
    caplog.clear()
    assert library.local_file(library.find_card("net")) == (path, DIGEST)
    assert "recorded" not in caplog.text
    path.write_bytes(b"another")
    with pytest.raises(InputError, match=f"net should have {DIGEST}"):
        library.local_file(library.find_card("net"))


MIRRORS = (
    "https://one.invalid/a/net.zip",
    "https://two.invalid/b/net.zip?download=true",
    "https://three.invalid/c/net.onnx",
)


def test_mirrors_are_tried_in_turn_and_archives_told_from_files(home, monkeypatch):
    asked = []

    def fetched(url, target, sha256, member, progress, check):
        asked.append((url, sha256, member))
        if url != MIRRORS[2]:
            raise FetchError("the server answers 404 Not Found.")
        target.parent.mkdir(parents=True)
        target.write_bytes(CONTENT)
        return DIGEST

    monkeypatch.setattr(library, "fetch", fetched)
    path, digest = library.local_file(card(urls=MIRRORS, member="end2end.onnx", sha256=DIGEST))
    assert (path.read_bytes(), digest) == (CONTENT, DIGEST)
    assert asked == [
        (MIRRORS[0], DIGEST, "end2end.onnx"),
        (MIRRORS[1], DIGEST, "end2end.onnx"),
        (MIRRORS[2], DIGEST, ""),
    ]


def test_a_mirror_with_another_file_is_passed_over(home, server, monkeypatch):
    """The checksum decides: the first address serves something else, the second the file."""
    whole = download.fetch
    monkeypatch.setattr(library, "check_is_onnx", lambda path: None)

    def fetched(url, *args, **options):
        server.content = b"something else" if "one" in url else CONTENT
        return whole(f"{server.url}/net", *args, **options, loopback=True)

    monkeypatch.setattr(library, "fetch", fetched)
    two = ("https://one.invalid/net.onnx", "https://two.invalid/net.onnx")
    path, _ = library.local_file(card(urls=two, sha256=DIGEST))
    assert path.read_bytes() == CONTENT
    assert [found.name for found in path.parent.iterdir()] == ["net.onnx"]


def test_every_address_is_named_with_its_cause(home, monkeypatch):
    causes = iter(["Network is unreachable", "the server answers 404 Not Found", "timed out"])

    def unplugged(*args, **options):
        raise FetchError(next(causes))

    monkeypatch.setattr(library, "fetch", unplugged)
    with pytest.raises(MissingFileError) as caught:
        library.local_file(card(urls=MIRRORS, member="end2end.onnx"))
    text = str(caught.value)
    for url, cause in zip(MIRRORS, ["Network is unreachable", "404 Not Found", "timed out"]):
        assert f"{url} (" in text
        assert cause in text
    assert "extract end2end.onnx if it is an archive" in text
    assert "\n" not in text


def test_a_page_instead_of_a_model_is_not_recorded(home, server, monkeypatch):
    """A login page of a network that answers every address must not become the model for good."""
    server.content = b"<html>please log in</html>"
    whole = download.fetch

    def fetched(url, *args, **options):
        return whole(f"{server.url}/net", *args, **options, loopback=True)

    monkeypatch.setattr(library, "fetch", fetched)
    with pytest.raises(MissingFileError, match="the downloaded file is not an ONNX model"):
        library.local_file(card())
    assert not (home / "hashes.json").exists()
    assert not any(path.is_file() for path in home.rglob("*"))


def test_a_member_is_found_by_the_end_of_its_path(server, tmp_path):
    server.content = archive({"20230831/x/end2end.onnx": CONTENT, "20230831/x/not-end2end.onnx": b"x"})
    assert fetch(f"{server.url}/z", tmp_path / "a", DIGEST, "end2end.onnx", loopback=True) == DIGEST
    server.content = archive({"a/end2end.onnx": CONTENT, "b/end2end.onnx": CONTENT})
    with pytest.raises(FetchError, match=r"the archive has 2 members end2end\.onnx, expected one"):
        fetch(f"{server.url}/z", tmp_path / "b", DIGEST, "end2end.onnx", loopback=True)


def test_a_bomb_in_an_archive_stops_at_the_limit(server, tmp_path, monkeypatch):
    """The size that an archive states is not believed: here it states 10 bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("net.onnx", bytes(50_000_000))
    packed = file.getvalue()
    server.content = packed.replace((50_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    monkeypatch.setattr(download, "LARGEST", 1_000_000)
    with pytest.raises(FetchError):
        fetch(f"{server.url}/z", tmp_path / "net.onnx", member="net.onnx", loopback=True)
    server.content, server.tag = packed, '"two"'
    with pytest.raises(FetchError, match="is the limit"):
        fetch(f"{server.url}/z", tmp_path / "net.onnx", member="net.onnx", loopback=True)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


GOOD_CARD = """
name = "{name}"
kind = "pose"
licence = "MIT"
source = "me"
skeleton = "coco17"
[input]
size = [192, 256]
[output]
kind = "heatmap"
"""


def test_a_broken_card_of_the_users_stops_only_its_own_model(home, caplog):
    cards = home / "cards"
    cards.mkdir(parents=True)
    (cards / "good.toml").write_text(GOOD_CARD.format(name="good"))
    (cards / "broken.toml").write_text("name = ")
    (cards / "wrong.toml").write_text(GOOD_CARD.format(name="wrong").replace("192", "0"))
    (cards / "taken.toml").write_text(GOOD_CARD.format(name="rtmpose-m"))
    (cards / "folder.toml").mkdir()
    library._warn_once.cache_clear()
    with caplog.at_level(logging.WARNING, logger="mvtri"):
        known = library.known_cards()
        library.known_cards()
    assert known["good"].path == cards / "good.toml"
    assert known["rtmpose-m"].path != cards / "taken.toml"
    assert not {"broken", "wrong", "folder"} & set(known)
    assert len(caplog.records) == 4  # each once
    for name in ("broken.toml", "wrong.toml", "folder.toml", "taken.toml"):
        assert name in caplog.text
    with pytest.raises(InputError, match=r"broken\.toml is not a model card: it is not valid TOML"):
        library.find_card("broken")
    with pytest.raises(InputError, match=r"input\.size is \(0, 256\)"):
        library.find_card("wrong")


def test_a_family_holds_its_members_and_their_boxes():
    names = [card.name for card in library.family_of("spinepose")]
    assert {f"spinepose-{size}-simspine" for size in "sml"} | {"spinepose-x"} < set(names)
    assert {"rfdetr-n", "rfdetr-s", "rfdetr-m", "rfdetr-l"} < set(names)
    assert len(names) == len(set(names))
    with pytest.raises(InputError, match="no family of models is called 'spine-pose'; did you mean"):
        library.family_of("spine-pose")
    with pytest.raises(InputError, match="no family of models is called ''"):
        library.family_of("")


def test_damaged_records_are_said(home):
    home.mkdir()
    (home / "hashes.json").write_text("{")
    with pytest.raises(InputError, match="is damaged; delete it"):
        library.known_cards()


def test_the_users_folder_follows_the_platform(monkeypatch, tmp_path):
    monkeypatch.delenv("MVTRI_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(library.sys, "platform", "linux")
    assert library.user_folder() == tmp_path / "mvtri"
    monkeypatch.setattr(library.sys, "platform", "darwin")
    assert library.user_folder().parts[-3:] == ("Library", "Caches", "mvtri")
