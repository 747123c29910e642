"""Names of others in the report, opened in a browser: they are shown, and nothing in them runs."""

import base64
import gzip
import hashlib
import re
import shutil
import subprocess

import pandas as pd
import pytest
from report_page import Page
from report_scene import scene

from mvtri.report import write_report

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
RUN = "document.documentElement.dataset.owned=1"
ATTACKS = [
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f'"><img src=x onerror={RUN}>',
    f"' autofocus onfocus={RUN} x='",
    f'" onmouseover="{RUN}" x="',
    f'<a href="javascript:{RUN}">a</a>',
    f"<iframe srcdoc='<script>parent.{RUN}</script>'>",
    f"</title><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"--><script>{RUN}</script><!--",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"<b onclick={RUN}>%{{x}}</b>",
    f"<template><script>{RUN}</script></template>",
]


def hostile_report(folder):
    """Write a report in which every name is an attack, and return its path."""
    tracks, cameras, truth = scene(6, people=2)
    names = ATTACKS[: len(cameras)]
    cameras = type(cameras)(
        names=names,
        image_sizes=cameras.image_sizes,
        matrices=cameras.matrices,
        distortions=cameras.distortions,
        rotations=cameras.rotations,
        translations=cameras.translations,
    )
    count = tracks.sizes["keypoints"]
    tracks = tracks.assign_coords(
        cameras=names,
        keypoints=[f"{ATTACKS[index % len(ATTACKS)]}{index}" for index in range(count)],
        individuals=ATTACKS[:2],
    )
    rows = pd.DataFrame([{"setting": attack, attack: 1.0} for attack in ATTACKS])
    summary = {attack: attack for attack in ATTACKS}
    path, title = folder / "report.html", "".join(ATTACKS)
    return write_report(path, tracks, cameras, title=title, truth=truth, scores=rows, summary=summary)


def with_unescaped_names(path, policy=True):
    """Put all attacks into a report as they are; leave the page's policy out where `policy` is False."""
    text = path.read_text(encoding="utf-8").replace("<main>", f"<main>{''.join(ATTACKS)}", 1)
    text = text if policy else re.sub(r"<meta http-equiv=[^>]*>", "", text, count=1)
    path.write_text(text, encoding="utf-8")
    return path


def opened(path, folder):
    """Return the page after its scripts ran, as the browser has it."""
    done = subprocess.run(
        [
            *(BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *("--virtual-time-budget=20000", f"--user-data-dir={folder / 'profile'}", "--dump-dom"),
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return done.stdout


def is_owned(page):
    """Return whether an attack ran in the page."""
    return re.search(r"<html[^>]*data-owned", page) is not None


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_no_name_runs_in_a_browser(tmp_path):
    page = opened(hostile_report(tmp_path), tmp_path)
    assert 'data-drawn="yes"' in page  # its own script ran, and drew all plots
    assert not is_owned(page)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
@pytest.mark.parametrize("policy", [True, False])
def test_even_a_name_that_is_not_escaped_runs_nothing(tmp_path, policy):
    """Because of the page's policy, so that one forgotten escape is no disaster; without it they do run."""
    path = with_unescaped_names(hostile_report(tmp_path), policy)
    assert is_owned(opened(path, tmp_path)) is not policy


def test_the_policy_allows_the_scripts_of_the_page_and_no_others(tmp_path):
    text = hostile_report(tmp_path).read_text(encoding="utf-8")
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    page = Page(text)
    library = gzip.decompress(base64.b64decode(page.scripts["library"]))
    allowed = {
        f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}"
        for content in (page.scripts[""].encode(), library)
    }
    assert set(re.findall(r"sha256-[^']+", policy)) == allowed
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert page.tags.count("script") == 3  # library, data, the page's own
    assert not {"svg", "iframe", "template"} & set(page.tags)  # no attack became a tag
