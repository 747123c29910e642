"""Downloading a file over https: resumed after an interruption, verified, then renamed into place."""

import contextlib
import http.client
import os
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from mvtri._version import __version__
from mvtri.errors import MvtriError
from mvtri.files import sha256 as file_sha256
from mvtri.progress import Progress

LARGEST = 4 * 2**30  # bytes; far more than any network that mvtri uses
_CHUNK = 2**18
_TIMEOUT = 30.0  # seconds without a byte
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class FetchError(MvtriError):
    """A file could not be downloaded; the message is a reason that fits into a sentence."""


def fetch(
    url: str,
    target: Path,
    sha256: str = "",
    member: str = "",
    progress: Progress | None = None,
    loopback: bool = False,
    check: Callable[[Path], None] | None = None,
) -> str:
    """Download a file, or one member of a zip archive, to `target`; return its SHA-256.

    The bytes are saved beside `target` with the suffix ``.part`` until the file is complete and verified;
    the next try continues from there.

    Parameters
    ----------
    url : str
        An https address; every redirection must be https too.
    target : Path
    sha256 : str
        The expected SHA-256 of the file (of the member, if there is one); no check when empty.
    member : str
        The path in the archive, or its last parts where only one path ends with them; it names a file inside
        the archive and never a place to write to.
    progress : callable, optional
        Called as ``progress("fetch", bytes, total)``, if the server states the total.
    loopback : bool
        Allow http to the same machine; for tests.
    check : callable, optional
        ``check(path)`` raises MvtriError if the file is not of the right kind.

    Raises
    ------
    FetchError
        If the file cannot be downloaded, or has another SHA-256 or is of another kind; then it is deleted.
    """
    _check_scheme(url, loopback)
    part = target.with_name(f"{target.name}.part")
    try:
        _download(url, part, progress, loopback)
    except (OSError, http.client.HTTPException) as error:  # URLError and timeouts are OSErrors
        raise FetchError(_reason(error)) from error
    whole = _member_of(part, member, target) if member else part
    digest = file_sha256(whole)
    try:
        if sha256 and digest != sha256:
            raise FetchError(f"the downloaded file has the SHA-256 {digest}, expected {sha256}")
        if check is not None:
            check(whole)
    except MvtriError as error:
        whole.unlink()
        _forget(part)
        raise FetchError(str(error).replace(str(whole), "the downloaded file")) from error
    whole.replace(target)
    _forget(part)
    return digest


def _forget(part: Path) -> None:
    """Delete an unfinished download, so that the next one starts anew."""
    part.unlink(missing_ok=True)
    _tag_file(part).unlink(missing_ok=True)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections to https only."""

    def __init__(self, loopback: bool):
        self.loopback = loopback

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        _check_scheme(newurl, self.loopback)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_scheme(url: str, loopback: bool) -> None:
    parts = urllib.parse.urlsplit(url)
    local = loopback and parts.scheme == "http" and parts.hostname in _LOOPBACK
    if parts.scheme != "https" and not local:
        raise FetchError(f"{url} is not an https address, and mvtri trusts no other")


def _download(url: str, part: Path, progress: Progress | None, loopback: bool) -> None:
    done = part.stat().st_size if part.is_file() else 0
    tag_file = _tag_file(part)
    tag = tag_file.read_text(encoding="ascii", errors="replace").strip() if tag_file.is_file() else ""
    with _response(url, part, done, tag, loopback) as response:
        resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(
            f"bytes {done}-"
        )
        done = done if resumed else 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length and length.isdigit() else 0
        if total > LARGEST:
            raise FetchError(
                f"the file has {total / 2**30:.1f} GiB, and {LARGEST / 2**30:.0f} GiB is the limit"
            )
        part.parent.mkdir(parents=True, exist_ok=True)
        new_tag = response.headers.get("ETag", "")
        if new_tag.startswith('"'):  # a strong tag; a weak one does not identify the bytes
            tag_file.write_text(new_tag, encoding="ascii", errors="replace")
        else:
            tag_file.unlink(missing_ok=True)
        with open(part, "ab" if resumed else "wb") as out:
            _copy(response, out, done, total, progress)
    if total and part.stat().st_size != total:
        received = part.stat().st_size
        raise ConnectionError(f"the connection was interrupted after {received} of {total} bytes; try again")


def _response(url: str, part: Path, done: int, tag: str, loopback: bool) -> Any:
    """Open the address; ask for the bytes after `done` if the file on the server still has the tag."""
    opener = urllib.request.build_opener(_Redirects(loopback))
    headers = {"User-Agent": f"mvtri/{__version__}", "Accept-Encoding": "identity"}
    resuming = {"Range": f"bytes={done}-", "If-Range": tag} if done and tag else {}
    try:
        return opener.open(urllib.request.Request(url, headers=headers | resuming), timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        error.close()
        _forget(part)  # the part is longer than the file: start again, once
        return opener.open(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT)


def _copy(source: IO[bytes], out: IO[bytes], done: int, total: int, progress: Progress | None) -> None:
    while chunk := source.read(_CHUNK):
        done += len(chunk)
        if done > LARGEST:
            raise FetchError(f"the file is larger than {LARGEST / 2**30:.0f} GiB, which is the limit")
        out.write(chunk)
        if progress is not None and total:
            progress("fetch", done, total)
    out.flush()
    with contextlib.suppress(OSError):  # not every file system supports it
        os.fsync(out.fileno())


def _member_of(archive: Path, member: str, target: Path) -> Path:
    """Copy one member out of an archive and return its path; the paths in the archive are never used."""
    whole = target.with_name(f"{target.name}.member")
    try:
        with zipfile.ZipFile(archive) as files:
            info = _find_member(files, member)
            if info.file_size > LARGEST:
                raise FetchError(
                    f"{member} has {info.file_size / 2**30:.1f} GiB; {LARGEST / 2**30:.0f} GiB is the limit"
                )
            with files.open(info) as source, open(whole, "wb") as out:
                _copy(source, out, 0, 0, None)  # stops at the limit, whatever the archive says about sizes
    except FetchError:
        whole.unlink(missing_ok=True)
        _forget(archive)
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        whole.unlink(missing_ok=True)
        _forget(archive)
        raise FetchError(f"the downloaded file is not a readable zip archive ({error})") from error
    except OSError as error:
        whole.unlink(missing_ok=True)
        raise FetchError(f"{whole} cannot be written ({error.strerror})") from error
    return whole


def _find_member(files: zipfile.ZipFile, member: str) -> zipfile.ZipInfo:
    """Return the entry of an archive whose path is `member`, or the only one whose path ends with it."""
    entries = [entry for entry in files.infolist() if not entry.is_dir()]
    exact = [entry for entry in entries if entry.filename == member]
    fitting = exact or [entry for entry in entries if entry.filename.endswith(f"/{member}")]
    if len(fitting) != 1:
        raise FetchError(f"the archive has {len(fitting) or 'no'} members {member}, expected one")
    return fitting[0]


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answers {error.code} {error.reason}"
    cause = getattr(error, "reason", error)  # what a URLError wraps
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return " ".join(text.split()) or type(error).__name__


def _tag_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.etag")
