"""Write xtcocotools.json: the figures of xtcocotools for generated sets of people with 37 keypoints.

Run in an environment of its own (Python 3.11, numpy 1.26, xtcocotools 1.14.3), from the root of the checkout:

    PYTHONPATH=tests/helpers python tests/golden/detection_scores/make_xtcocotools.py
"""

import contextlib
import io
import json
import re
from pathlib import Path

import numpy as np
from people_sets import coco_set
from xtcocotools.coco import COCO
from xtcocotools.cocoeval import COCOeval

SKELETON = Path("mvtri/skeletons/data/spinetrack37.toml")


def figures(seed, sigmas):
    """Return AP, AP50, AP75, APM, APL, AR, AR50, AR75, ARM and ARL."""
    table, results = coco_set(seed, keypoints=len(sigmas))
    truth = COCO()
    truth.dataset = table
    truth.createIndex()
    run = COCOeval(truth, truth.loadRes(results), "keypoints", sigmas, use_area=True)
    run.evaluate()
    run.accumulate()
    run.summarize()
    return run.stats.tolist()


sigmas = np.array(json.loads(re.search(r"^sigmas = (\[.*\])", SKELETON.read_text(), re.MULTILINE)[1]))
with contextlib.redirect_stdout(io.StringIO()):
    found = {str(seed): figures(seed, sigmas) for seed in range(20, 24)}
Path(__file__).with_name("xtcocotools.json").write_text(json.dumps(found, indent=1) + "\n")
