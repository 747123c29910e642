"""Write DeepLabCut's tables as DeepLabCut does: with pandas and PyTables, in both layouts of HDF5 and as CSV.

Run it where pandas and tables are installed: ``python make_deeplabcut.py``.  The calls are those of
deeplabcut/pose_estimation_pytorch/apis/videos.py (3.0.2); compression is added to keep the files small.
"""

from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
SCORER = "DLC_resnet50_projShuffle1_100000"
SMALL = {"complib": "zlib", "complevel": 9}


def values(frames, individuals, keypoints):
    """x = 100 n + 10 k + t + 0.25, y = 1000 + x, likelihood = 0.5 + 0.125 (k % 4)."""
    t, n, k = np.meshgrid(np.arange(frames), np.arange(individuals), np.arange(keypoints), indexing="ij")
    x = 100 * n + 10 * k + t + 0.25
    found = np.stack([x, 1000 + x, 0.5 + 0.125 * (k % 4)], axis=-1)
    found[2, 0, 1] = np.nan  # the second keypoint is missing in the third frame
    return found


def single():
    columns = pd.MultiIndex.from_product(
        [[SCORER], ["snout", "tail_base", "paw"], ["x", "y", "likelihood"]],
        names=["scorer", "bodyparts", "coords"],
    )
    return pd.DataFrame(values(5, 1, 3).reshape(5, -1), columns=columns)


def several():
    columns = pd.MultiIndex.from_product(
        [[SCORER], ["mus1", "mus2"], ["snout", "tail_base"], ["x", "y", "likelihood"]],
        names=["scorer", "individuals", "bodyparts", "coords"],
    )
    found = values(4, 2, 2)
    found[1, 1] = np.nan  # the second animal is away
    return pd.DataFrame(found.reshape(4, -1), columns=columns)


def labelled():
    columns = pd.MultiIndex.from_product(
        [["someone"], ["snout", "tail_base"], ["x", "y"]], names=["scorer", "bodyparts", "coords"]
    )
    rows = pd.MultiIndex.from_tuples(
        [("labeled-data", "cam1", f"img{number:04d}.png") for number in (3, 7, 12)]
    )
    return pd.DataFrame(values(3, 1, 2)[..., :2].reshape(3, -1), index=rows, columns=columns)


if __name__ == "__main__":
    single().to_hdf(HERE / "cam1DLC_table.h5", key="df_with_missing", format="table", mode="w", **SMALL)
    single().to_hdf(HERE / "cam1DLC_fixed.h5", key="df_with_missing", mode="w", **SMALL)
    single().to_csv(HERE / "cam1DLC.csv")
    several().to_hdf(HERE / "cam1DLC_several.h5", key="tracks", format="table", mode="w", **SMALL)
    several().to_csv(HERE / "cam1DLC_several.csv")
    labelled().to_hdf(HERE / "CollectedData_someone.h5", key="df_with_missing", mode="w", **SMALL)
    labelled().to_csv(HERE / "CollectedData_someone.csv")
