"""The frame of every report: one HTML file that contains everything it shows and loads nothing."""

import base64
import gzip
import hashlib
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
    path: str | os.PathLike[str],
    headline: str,
    body: Sequence[str],
    figures: Mapping[str, Any],
    trajectories: Mapping[str, Any] | None = None,
) -> Path:
    """Write a page of HTML sections, and of plots that the browser draws when it is opened.

    Parameters
    ----------
    path : path
        The file to write; an existing file is replaced only when the new one is complete.
    headline : str
        The title of the window.
    body : sequence of str
        HTML, with places for plots as `mvtri.report.html.markup.plot` makes them.
    figures : mapping
        Data and layout of plotly by the name of the place; those without a place on the page are left out.
    trajectories : mapping, optional
        Curves of which ``report.js`` draws those of the chosen person and keypoint.

    Returns
    -------
    pathlib.Path
        `path`.  The same input gives the same bytes.
    """
    whole = "".join(body)
    shown = {name: figure for name, figure in figures.items() if f'id="plot-{name}"' in whole}
    text = _page(headline, body, {"figures": shown, "trajectories": trajectories})
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def _page(headline: str, body: Sequence[str], payload: Mapping[str, Any]) -> str:
    data = resources.files("mvtri.report.html") / "data"
    style = (data / "style.css").read_text(encoding="utf-8")
    script = (data / "report.js").read_text(encoding="utf-8")
    script = f"\n{script}"
    packed = json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(headline)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>",
            '<noscript><p class="absent">The plots need JavaScript.</p></noscript>',
            '<p class="absent" id="problem" hidden></p>',
            *body,
            "<footer>This file contains everything it shows and loads nothing.</footer>\n</main>",
            f'<script type="text/plain" id="library">{_library()}</script>',
            f'<script type="text/plain" id="payload">{_packed(packed)}</script>',
            f"<script>{script}</script>\n</body>\n</html>\n",
        ]
    )


def _policy(script: str) -> str:
    """Return what the browser may do: run `script` and the plotting library, and load nothing.

    Names from outside are escaped where they get into the page.  If one ever is not, the browser still runs
    nothing that is in it.  The 3D plots need eval (they make functions for the graphics card).
    """
    hashes = " ".join((_hash(script.encode()), _library_hash()))
    return (
        f"default-src 'none'; script-src {hashes} 'unsafe-eval'; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _hash(content: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode('ascii')}'"


def _plotly() -> bytes:
    return (resources.files("plotly") / "package_data" / "plotly.min.js").read_bytes()


@cache
def _library_hash() -> str:
    return _hash(_plotly())


@cache
def _library() -> str:
    return _packed(_plotly())


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 6, mtime=0)).decode("ascii")
