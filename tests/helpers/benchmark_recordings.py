"""Small labelled recordings, made up for the tests of the benchmark."""

from pathlib import Path

import numpy as np

import mvtri
from mvtri.benchmark import Plan, collect, get_method, make_setting, run_benchmark
from mvtri.datasets import Dataset, Sequence, SequenceInfo
from mvtri.synthetic import Body, animate, random_motion
from mvtri.tracks import make_tracks

SKELETON = mvtri.get_skeleton("spinetrack37")


class Recordings(Dataset):
    """Subjects S9 and S11 in two actions each, a few frames of random motion; one sequence is damaged."""

    layout = "made-up"
    family = "made-up"

    def __init__(self, root=Path("made-up"), frames=12):
        super().__init__(Path(root))
        self.frames = frames
        self.loaded = []

    def list_sequences(self):
        for subject in ("S9", "S11"):
            for action in ("Walking", "Sitting"):
                damaged = (subject, action) == ("S9", "Sitting")
                yield SequenceInfo(subject, f"{action} 1", action, self.frames, damaged)

    def read(self, info):
        self.loaded.append(str(info))
        rng = np.random.default_rng([int(info.subject[1:]), len(info.name)])
        moving = animate(Body.sample(rng), random_motion(self.frames, rng))
        truth = make_tracks(
            moving.keypoints[:, None], keypoints=SKELETON.keypoints, fps=50, skeleton=SKELETON.name
        )
        return Sequence(info, truth, mvtri.human36m_cameras(info.subject, distortion="opencv"))


def plan(settings=("oracle", "iid:5"), methods=("dlt", "ransac"), **options):
    given = {"subsets": False, "sweep": False} | options
    return Plan(tuple(map(make_setting, settings)), tuple(get_method(name) for name in methods), **given)


def scores(the_plan, dataset=None, sequences=None, **options):
    dataset = dataset or Recordings()
    return collect(run_benchmark(dataset, the_plan, sequences, **options), {})
