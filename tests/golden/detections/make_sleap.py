"""Write SLEAP's labels and analysis files with sleap-io.

Run it where sleap-io is installed: ``python make_sleap.py``.
"""

from pathlib import Path

import numpy as np
import sleap_io as sio
from sleap_io.io import analysis_h5

HERE = Path(__file__).parent


def points(n, t):
    """x = 100 n + 10 k + t + 0.25, y = 1000 + x of the keypoints k."""
    x = 100 * n + 10 * np.arange(3) + t + 0.25
    return np.stack([x, 1000 + x], axis=-1)


def make_labels():
    skeleton = sio.Skeleton(["snout", "tail_base", "paw"], edges=[("snout", "tail_base")])
    videos = [sio.Video(f"videos/{name}.mp4", open_backend=False) for name in ("cam1", "cam2")]
    videos[0].backend_metadata = {"shape": [10, 1480, 640, 3]}
    tracks = [sio.Track("a"), sio.Track("b")]
    frames = []
    for number, video in enumerate(videos):
        for t in (0, 1, 4):
            found = []
            for n in range(2):
                place = points(n, t + 20 * number)
                if (n, t) == (0, 4):
                    place[1] = np.nan
                if (n, t) != (1, 1):
                    scores = [0.5, 0.625, 0.75]
                    found.append(
                        sio.PredictedInstance.from_numpy(
                            place, skeleton=skeleton, point_scores=scores, score=0.9, track=tracks[n]
                        )
                    )
            if (number, t) == (1, 0):  # somebody corrected the first animal
                own = sio.Instance.from_numpy(place * 0 + 7.5, skeleton=skeleton, track=tracks[0])
                own.from_predicted = found[0]
                found.append(own)
            frames.append(sio.LabeledFrame(video=video, frame_idx=t, instances=found))
    return sio.Labels(frames)


if __name__ == "__main__":
    labels = make_labels()
    labels.save(str(HERE / "labels.slp"), verbose=False)
    for preset in ("matlab", "standard"):
        path = HERE / f"cam1_{preset}.analysis.h5"
        analysis_h5.write_labels(labels, str(path), video=labels.videos[0], preset=preset)
