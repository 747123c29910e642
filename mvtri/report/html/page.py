"""The frame of every report: one HTML file that holds all it shows and asks the network for nothing."""

import base64
import gzip
import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from mvtri.files import atomic_file


def write_page(
    path: str | os.PathLike[str], headline: str, body: Sequence[str], payload: Mapping[str, Any]
) -> Path:
    """Write a page of HTML pieces, and of plots that it draws when it is opened.

    Parameters
    ----------
    path : path
        The file to write; one that is there is replaced when the new one is whole.
    headline : str
        The title of the window.
    body : sequence of str
        HTML.
    payload : mapping
        What ``report.js`` draws: ``"figures"`` (plotly data and layout, by the name of their place), and
        ``"trajectories"``, if there are any.

    Returns
    -------
    pathlib.Path
        The file; the same input gives the same bytes.
    """
    text = _page(headline, body, payload)
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def _page(headline: str, body: Sequence[str], payload: Mapping[str, Any]) -> str:
    data = resources.files("mvtri.report.html") / "data"
    style = (data / "style.css").read_text(encoding="utf-8")
    script = (data / "report.js").read_text(encoding="utf-8")
    packed = json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(headline)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>",
            '<noscript><p class="absent">The plots need JavaScript.</p></noscript>',
            '<p class="absent" id="problem" hidden></p>',
            *body,
            "<footer>This file holds all that it shows and loads nothing.</footer>\n</main>",
            f'<script type="text/plain" id="library">{_library()}</script>',
            f'<script type="text/plain" id="payload">{_packed(packed)}</script>',
            f"<script>\n{script}</script>\n</body>\n</html>\n",
        ]
    )


@cache
def _library() -> str:
    return _packed((resources.files("plotly") / "package_data" / "plotly.min.js").read_bytes())


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 6, mtime=0)).decode("ascii")
