"""A small valid file or folder for every reader in the registries, and how each reader is called.

A reader is named ``kind/format``: ``calibration/vicon``, ``2d/coco``, ``tracks/trc``.  A format that can be
written gets its seed from its own writer; every other needs a line in `SEEDS`.  `missing_seeds` lists those
that lack one, and a test fails on it: whoever registers a reader adds a seed.
"""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

TESTS = Path(__file__).parents[1]
GOLDEN = TESTS / "golden"
if str(TESTS / "helpers") not in sys.path:
    sys.path.insert(0, str(TESTS / "helpers"))

SIZE = (1280, 720)


@dataclass(frozen=True)
class Seed:
    """A reader's input.

    Attributes
    ----------
    make : callable
        ``make(folder) -> Path``: what to read, in an empty folder.
    options : dict
        Passed to the reader.
    """

    make: Callable[[Path], Path]
    options: dict[str, Any] = field(default_factory=dict)


def registries() -> dict[str, Any]:
    """Return the registries by the kind of what their readers read."""
    from mvtri.calib.formats.registry import CALIBRATIONS
    from mvtri.datasets.registry import DATASETS
    from mvtri.formats.detections.files import DETECTIONS
    from mvtri.formats.motion.files import MOTIONS
    from mvtri.formats.tracks.files import TRACKS

    return {
        "calibration": CALIBRATIONS,
        "2d": DETECTIONS,
        "tracks": TRACKS,
        "motion": MOTIONS,
        "dataset": DATASETS,
    }


OTHER = (
    "card/toml",
    "skeleton/toml",
    "video/file",
    "model/onnx",
    "body/osim",
)  # readers that have no registry


def readers() -> list[str]:
    """Return the names of all readers."""
    return [f"{kind}/{name}" for kind, found in registries().items() for name in found.formats()] + list(
        OTHER
    )


def missing_seeds() -> list[str]:
    """Return the readers that have neither a writer of their own nor a line here."""
    return [name for name in readers() if seeds_of(name) is None]


def seeds_of(reader: str) -> list[Seed] | None:
    """Return the inputs of a reader, None where there are none."""
    kind, _, name = reader.partition("/")
    listed = SEEDS.get(reader)
    if listed is not None:
        return listed
    found = registries().get(kind)
    if found is None or found.formats()[name].write is None:
        return None
    return [Seed(lambda folder: _written(kind, found.formats()[name], folder), OPTIONS.get(kind, {}))]


def _written(kind: str, format: Any, folder: Path) -> Path:
    path = folder / ("sample" + (format.extensions[0] if format.extensions else ""))
    written = format.write(path, CONTENT[kind]())
    return path if path.exists() else written[0]


def _cameras() -> Any:
    import writers_calib

    from mvtri.cameras import CameraGroup

    rig = writers_calib.rig()
    return CameraGroup(
        names=[one["name"] for one in rig],
        image_sizes=[one["size"] for one in rig],
        matrices=[one["K"] for one in rig],
        distortions=[one["d"] for one in rig],
        rotations=[one["R"] for one in rig],
        translations=[one["t"] for one in rig],
    )


def _tracks() -> Any:
    from people_tracks import person

    return person(frames=4)


def _detections() -> Any:
    from mvtri.skeletons import get_skeleton
    from mvtri.tracks import make_detections

    rng = np.random.default_rng(5)
    shape = (4, 1, 17, 2)
    return make_detections(
        rng.uniform(100, 600, (*shape, 2)),
        rng.uniform(0.1, 1, shape),
        keypoints=get_skeleton("coco17").keypoints,
        cameras=["cam1", "cam2"],
        image_sizes=[SIZE] * 2,
        fps=50.0,
        skeleton="coco17",
    )


def _motion() -> Any:
    from mvtri.formats.motion.mot import JointMotion

    return JointMotion(
        np.arange(4) / 50, ["pelvis_tilt", "pelvis_tx"], np.arange(8.0).reshape(4, 2), "degree"
    )


CONTENT = {"calibration": _cameras, "tracks": _tracks, "2d": _detections, "motion": _motion}
OPTIONS: dict[str, dict[str, Any]] = {
    "calibration": {"unit": "m", "image_sizes": SIZE},
    "2d": {"image_sizes": [SIZE] * 2},
}


def _rig(writer: str, name: str, lens: bool = True, **options: Any) -> Seed:
    def make(folder: Path) -> Path:
        import writers_calib

        rig = writers_calib.rig() if lens else writers_calib.rig(lens=(0.0,) * 5)
        getattr(writers_calib, writer)(folder / name, rig)
        return folder / name

    return Seed(make, options)


def _golden(name: str, **options: Any) -> Seed:
    def make(folder: Path) -> Path:
        source = GOLDEN / name
        target = folder / source.name
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        return target

    return Seed(make, options)


def _people() -> dict[str, list[list[np.ndarray]]]:
    rng = np.random.default_rng(6)
    return {
        name: [[np.column_stack([rng.uniform(100, 600, (17, 2)), rng.uniform(0.1, 1, 17)])] for _ in range(3)]
        for name in ("cam1", "cam2")
    }


def _pose(form: str) -> Seed:
    def make(folder: Path) -> Path:
        import writers_pose

        found: Path = getattr(writers_pose, form)(folder, _people())
        return found

    return Seed(make, {"image_sizes": [SIZE] * 2, "skeleton": "coco17"})


def _detector(form: str) -> Seed:
    def make(folder: Path) -> Path:
        import writers_detectors

        found: Path = writers_detectors.FORMS[form](folder / "pose", _people())
        return found

    return Seed(make, {"image_sizes": [SIZE] * 2, "skeleton": "coco17"})


def _mediapipe(layout: str) -> Seed:
    def make(folder: Path) -> Path:
        import writers_detectors

        points = np.random.default_rng(1).uniform(0.1, 0.9, (3, 33, 3))
        (folder / "pose").mkdir()
        for camera in ("cam1", "cam2"):
            (folder / "pose" / f"{camera}.json").write_text(writers_detectors.mediapipe(points, layout))
        return folder / "pose"

    return Seed(make, {"image_sizes": [SIZE] * 2})


def _freemocap(folder: Path) -> Path:
    import writers_detectors

    points = np.random.default_rng(1).uniform(1, 900, (3, 33, 2, 2))
    writers_detectors.freemocap(folder / "pose.npy", points)
    return folder / "pose.npy"


def _poses() -> dict[tuple[str, str], np.ndarray]:
    import writers_human36m

    return {("S9", "Greeting"): writers_human36m.people(6, 32, seed=1)}


def _human36m(layout: str) -> Seed:
    def make(folder: Path) -> Path:
        import writers_human36m as write

        root = folder / layout
        if layout == "learnable":
            write.write_learnable(root, write.learnable_labels(_poses()))
        elif layout == "mmpose":
            write.write_mmpose(root, write.mmpose_rows(_poses()), write.mmpose_cameras(["S9"]))
        else:
            getattr(write, f"write_{layout}")(root, _poses())
        return root

    return Seed(make)


def _simspine(form: str) -> Seed:
    def make(folder: Path) -> Path:
        import writers_simspine as write

        poses = {("S9", "Walking"): write.people(5, 37, seed=2)}
        root = folder / "simspine"
        root.mkdir()
        if form == "h5":
            write.write_h5(root / "simspine.h5", poses, write.MARKERS)
        elif form == "folder":
            write.write_folder(root, poses)
        else:
            write.write_annotations(root, write.annotation_rows(poses, write.MARKERS))
        return root

    return Seed(make)


def _acclaim(folder: Path) -> Path:
    import writers_acclaim

    writers_acclaim.write(folder, {"01": writers_acclaim.random_frames(3, seed=1)})
    return next(folder.glob("*.amc"))


def _motions(folder: Path) -> Path:
    _acclaim(folder)
    return folder


def _metadata_xml(folder: Path) -> Path:
    import writers_human36m as write

    write.write_metadata_xml(folder / "metadata.xml", {"S9": write.rig("S9")})
    return folder / "metadata.xml"


def _qualisys(folder: Path) -> Path:
    import texts_calib

    text = texts_calib.QUALISYS
    text = text if isinstance(text, str) else text.decode()
    (folder / "a.qca.txt").write_text(text.replace("{created}", "2026"))
    return folder / "a.qca.txt"


def _body(folder: Path, name: str) -> Path:
    return Path(shutil.copy(GOLDEN / "biomechanics" / f"{name}.osim", folder))


def _text(name: str, content: str, **options: Any) -> Seed:
    def make(folder: Path) -> Path:
        (folder / name).write_text(content)
        return folder / name

    return Seed(make, options)


def _card(folder: Path) -> Path:
    from importlib import resources

    cards = resources.files("mvtri.models") / "cards"
    first = sorted(entry.name for entry in cards.iterdir() if entry.name.endswith(".toml"))[0]
    (folder / "card.toml").write_bytes((cards / first).read_bytes())
    return folder / "card.toml"


def _video(folder: Path) -> Path:
    import writers_video

    writers_video.write_video(folder / "a.mp4", [index / 30 for index in range(6)])
    return folder / "a.mp4"


def _onnx(folder: Path) -> Path:
    import onnx
    from onnx import TensorProto, helper

    weight = helper.make_tensor("w", TensorProto.FLOAT, [2], [1.0, 2.0])
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        "g",
        [value("x", TensorProto.FLOAT, [2])],
        [value("y", TensorProto.FLOAT, [2])],
        [weight],
    )
    onnx.save(helper.make_model(graph), str(folder / "a.onnx"))
    return folder / "a.onnx"


ANIPOSE_HEAD = ",".join(
    f"{name}_{part}" for name in ("nose", "neck") for part in ["x", "y", "z", "error", "ncams", "score"]
)
ANIPOSE = (
    ANIPOSE_HEAD
    + ",fnum\n"
    + "".join(f"100,200,1500,2.5,3,0.9,{110 + f},200,1400,1.5,2,0.5,{f}\n" for f in range(4))
)
SKELETON = (
    'name = "stick"\nkeypoints = ["left_hip", "right_hip", "neck"]\n'
    'links = [["left_hip", "neck"], ["right_hip", "neck"]]\npairs = [["left_hip", "right_hip"]]\n'
)
_SIZED = {"unit": "m", "image_sizes": SIZE}

SEEDS: dict[str, list[Seed]] = {
    "calibration/4d-association": [_rig("four_d_association", "calibration.json")],
    "calibration/caliscope": [_golden("calib/caliscope.toml")],
    "calibration/dannce": [
        _rig("dannce", "calib", unit="mm", image_sizes=SIZE),
        _rig("label3d", "rig_dannce.mat", unit="mm", image_sizes=SIZE),
    ],
    "calibration/deepfly3d": [_rig("deepfly3d", "df3d.pkl", **_SIZED)],
    "calibration/easymocap": [_rig("easymocap", "calib")],
    "calibration/human36m": [Seed(_metadata_xml, {"subject": "S9"})],
    "calibration/opencap": [_rig("opencap", "calib")],
    "calibration/optitrack": [_rig("optitrack", "Cal.mcal")],
    "calibration/panoptic": [_rig("panoptic", "calibration_160422.json")],
    "calibration/qualisys": [Seed(_qualisys)],
    "calibration/vicon": [_rig("vicon", "a.xcp", lens=False)],
    "2d/alphapose": [_detector("alphapose")],
    "2d/csv": [_detector(form) for form in ("tidy", "wide", "numbered")],
    "2d/mediapipe": [_mediapipe(layout) for layout in ("list", "object", "protobuf")],
    "2d/ultralytics": [_detector("ultralytics"), _detector("ultralytics in one folder")],
    "2d/arrays": [_pose("npz"), _pose("npy")],
    "2d/coco": [
        _pose("coco"),
        _pose("coco_in_one_file"),
        _pose("coco_rows_in_one_file"),
        _detector("coco with a listing"),
    ],
    "2d/deeplabcut": [
        _golden(f"detections/{name}", image_sizes=[SIZE])
        for name in ("cam1DLC_table.h5", "cam1DLC_fixed.h5", "cam1DLC.csv", "CollectedData_someone.csv")
    ],
    "2d/freemocap": [Seed(_freemocap, {"image_sizes": [SIZE] * 2})],
    "2d/mmpose": [_pose("mmpose"), _detector("mmpose images")],
    "2d/openpose": [_pose("openpose")],
    "2d/sleap": [
        _golden("detections/labels.slp", image_sizes=[SIZE] * 2),
        _golden("detections/cam1_matlab.analysis.h5"),
    ],
    "2d/videopose3d": [_pose("videopose3d")],
    "tracks/anipose": [_text("pose.csv", ANIPOSE, unit="mm", fps=50)],
    "tracks/c3d": [_golden("formats/ezc3d.c3d")],
    "tracks/nc": [_golden("formats/movement.nc", unit="mm")],
    "tracks/sto": [_golden("formats/opensim_markers.sto")],
    "motion/mot": [_golden("formats/opensim.mot"), _golden("formats/opensim_orientations.sto")],
    "motion/acclaim": [Seed(_acclaim)],
    "dataset/human36m-learnable": [_human36m("learnable")],
    "dataset/human36m-martinez": [_human36m("martinez")],
    "dataset/human36m-mmpose": [_human36m("mmpose")],
    "dataset/human36m-raw": [_human36m("raw")],
    "dataset/human36m-videopose3d": [_human36m("videopose3d")],
    "dataset/simspine-folder": [_simspine("folder")],
    "dataset/simspine-h5": [_simspine("h5")],
    "dataset/simspine-npz": [_simspine("npz")],
    "dataset/synthetic-human36m": [Seed(_motions)],
    "card/toml": [Seed(_card)],
    "skeleton/toml": [_text("skeleton.toml", SKELETON)],
    "video/file": [Seed(_video)],
    "model/onnx": [Seed(_onnx)],
    "body/osim": [Seed(partial(_body, name=name)) for name in ("joints", "functions", "old")],
}
