"""One camera of a file is broken: the others are read where only they are wanted, and a sentence says why."""

import json
import logging
import re

import numpy as np
import pytest
import writers_calib as write
from texts_calib import ANIPOSELIB, POSE2SIM, QUALISYS

import mvtri
from mvtri.errors import InputError

SIZES = {"image_sizes": (1280, 720)}
WRITERS = {
    "easymocap": (write.easymocap, {}),
    "opencap": (write.opencap, {}),
    "deepfly3d": (write.deepfly3d, {"unit": "m"} | SIZES),
    "panoptic": (write.panoptic, {}),
    "4d-association": (write.four_d_association, {}),
    "dannce": (write.dannce, {"unit": "mm"} | SIZES),
    "label3d": (write.label3d, {"unit": "mm"} | SIZES),
    "optitrack": (write.optitrack, {}),
    "opencv": (lambda path, cameras: write.opencv(path, cameras, ".yml"), {"unit": "m"}),
    "vicon": (write.vicon, {}),
}
FILES = {
    "deepfly3d": "a.pkl", "panoptic": "a.json", "4d-association": "a.json", "label3d": "a_dannce.mat",
    "optitrack": "a.mcal", "vicon": "a.xcp",
}  # fmt: skip


def nan_focal(camera):
    camera["K"][0, 0] = np.nan


def negative_focal(camera):
    camera["K"][0, 0] = -900.0


def tiny_focal(camera):
    camera["K"][0, 0] = camera["K"][1, 1] = 0.01


def mirrored(camera):
    camera["R"] = -camera["R"]


def nan_position(camera):
    camera["t"] = camera["t"] * np.nan


BREAKS = {
    one.__name__: (one, sentence)
    for one, sentence in (
        (nan_focal, "NaN|not made of numbers|nan"),
        (negative_focal, r"positive|FOCAL_LENGTH|folds back"),
        (tiny_focal, r"focal lengths of|FOCAL_LENGTH|explodes"),
        (mirrored, "determinant -1|not orthogonal|quaternion"),
        (nan_position, "NaN|not made of numbers|nan"),
    )
}


@pytest.mark.parametrize(
    ("name", "damage"),
    [(name, damage) for name in WRITERS for damage in BREAKS if (name, damage) != ("vicon", "mirrored")],
)  # a quaternion cannot mirror
def test_a_broken_camera_leaves_the_others_alone(tmp_path, caplog, name, damage):
    writer, options = WRITERS[name]
    cameras = write.rig(lens=(0.0,) * 5)
    breaks, sentence = BREAKS[damage]
    breaks(cameras[1])
    path = tmp_path / FILES.get(name, "calibration")
    writer(path, cameras)
    names = ["0", "1", "2"] if name == "deepfly3d" else ["cam1", "cam2", "cam3"]
    with pytest.raises(InputError, match=sentence) as caught:
        mvtri.read_cameras(path, **options)
    assert str(caught.value).endswith(f"use the other cameras alone: --cams {names[0]},{names[2]}")
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=sentence):
        mvtri.read_cameras(path, cameras=names[1:], **options)
    with caplog.at_level(logging.WARNING, "mvtri"):
        cams = mvtri.read_cameras(path, cameras=[names[0], names[2]], **options)
    assert cams.names == (names[0], names[2])
    np.testing.assert_allclose(cams.project(write.POINTS), write.pixels(cameras[::2]), rtol=0, atol=1e-9)
    if damage == "tiny_focal" and "image_sizes" in options:
        return  # it is too short for the size of the images, which only those of the wanted cameras have
    line = next(one.getMessage() for one in caplog.records if names[1] in one.getMessage())
    assert re.search(rf"camera {names[1]} is left out: .*({sentence})", line)


TEXTS = {
    "pose2sim": (POSE2SIM, "[ [ 1681.25, 0.0", "[ [ nan, 0.0", "left cam", {}),
    "no numbers": (POSE2SIM, "distortions = [ -0.05, 0.1, 1e-3, 2e-3]", "distortions = 'no'", "left cam", {}),
    "wrong shape": (POSE2SIM, "[ 1.5, 1.0, -0.5]", "[ 1.5, 1.0]", "left cam", {}),
    "lacks size": (POSE2SIM, "size = [ 1088.0, 1920.0]\n", "", "left cam", {}),
    "aniposelib": (ANIPOSELIB, "[ [ 900.0, 0.0", "[ [ -900.0, 0.0", "B", {"unit": "mm"}),
    "far away": (POSE2SIM, "[ 0.25, 1.0, 3.0]", "[ 250.0, 1000.0, 3000.0]", "left cam", {}),
}


@pytest.mark.parametrize("name", TEXTS)
def test_tables_of_toml(tmp_path, name):
    text, old, new, sound, options = TEXTS[name]
    path = tmp_path / "Calib.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=f"use the other cameras alone: --cams '?{sound}'?$|pass unit"):
        mvtri.read_cameras(path, **options)
    assert mvtri.read_cameras(path, cameras=sound, **options).names == (sound,)


def test_a_count_takes_the_first_and_checks_no_more(tmp_path):
    cameras = write.rig(4)
    nan_focal(cameras[2])
    write.panoptic(tmp_path / "a.json", cameras)
    assert mvtri.read_cameras(tmp_path / "a.json", cameras=2).names == ("cam1", "cam2")
    with pytest.raises(InputError, match=r"K of camera cam3.*--cams cam1,cam2,cam4$"):
        mvtri.read_cameras(tmp_path / "a.json", cameras=3)


def test_qualisys(tmp_path):
    camera = QUALISYS[QUALISYS.index("    <camera active") : QUALISYS.index("</camera>") + 9]
    two = QUALISYS.replace(camera, camera + camera.replace("27001", "27002").replace('r11="1"', 'r11="far"'))
    path = tmp_path / "rig.qca.txt"
    path.write_text(two)
    with pytest.raises(InputError, match=r"r11 of camera 27002 is no number but 'far'.*--cams 27001$"):
        mvtri.read_cameras(path)
    assert mvtri.read_cameras(path, cameras=["27001"]).names == ("27001",)


def test_caliscope_and_npz_and_colmap(tmp_path):
    cams = mvtri.human36m_cameras("S9")
    arrays = ("image_sizes", "matrices", "distortions", "rotations", "translations")
    sound = mvtri.CameraGroup(names=["0", "1"], **{key: getattr(cams, key)[:2] for key in arrays})
    mvtri.write_cameras(tmp_path / "a.toml", sound, format="caliscope")
    text = (tmp_path / "a.toml").read_text()
    place = text.index("matrix = ", text.index("[cameras.1]"))
    (tmp_path / "a.toml").write_text(text[:place] + "matrix = [[nan]]\n" + text[text.index("\n", place) :])
    mvtri.write_cameras(tmp_path / "colmap", sound, format="colmap")
    lines = (tmp_path / "colmap" / "cameras.txt").read_text().splitlines()
    lines[2] = re.sub(r"2 \w+", "2 FOV", lines[2])
    (tmp_path / "colmap" / "cameras.txt").write_text("\n".join(lines))
    mvtri.write_cameras(tmp_path / "a.npz", sound)
    arrays = dict(np.load(tmp_path / "a.npz"))
    arrays["rotations"][1, 0, 0] = np.nan
    np.savez(tmp_path / "a.npz", **arrays)
    for path, options in (("a.toml", {}), ("colmap", {"unit": "m"}), ("a.npz", {})):
        with pytest.raises(InputError, match=r"--cams 0$"):
            mvtri.read_cameras(tmp_path / path, **options)
        assert mvtri.read_cameras(tmp_path / path, cameras=["0"], **options).names == ("0",)


def test_one_damaged_file_of_a_folder(tmp_path):
    write.opencap(tmp_path / "calib", write.rig())
    damaged = next((tmp_path / "calib").rglob("*cam2*/*.pickle"))
    damaged.write_bytes(damaged.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"--cams cam1,cam3$"):
        mvtri.read_cameras(tmp_path / "calib")
    assert mvtri.read_cameras(tmp_path / "calib", cameras=["cam1", "cam3"]).names == ("cam1", "cam3")


def test_human36m_json(tmp_path):
    lens = {"calibration_matrix": [[1100, 0, 500], [0, 1100, 500], [0, 0, 1]], "distortion": [0.0] * 5}
    pose = {"R": np.eye(3).tolist(), "t": [[0], [0], [5000]]}
    tree = {"intrinsics": {"54138969": lens, "55011271": lens}, "extrinsics": {"S1": {"54138969": pose}}}
    tree["extrinsics"]["S1"]["55011271"] = {"R": "lost", "t": pose["t"]}
    (tmp_path / "a.json").write_text(json.dumps(tree))
    with pytest.raises(InputError, match=r"R of camera 55011271 is not made of numbers.*--cams 54138969$"):
        mvtri.read_cameras(tmp_path / "a.json", subject="S1")
    cams = mvtri.read_cameras(tmp_path / "a.json", subject="S1", cameras="54138969")
    assert cams.names == ("54138969",)


def test_a_camera_without_a_pose_cannot_be_asked_for(tmp_path, caplog):
    text = POSE2SIM.replace("rotation = [ 1.5, 1.0, -0.5]\n", "").replace(
        "translation = [ 0.25, 1.0, 3.0]\n", "", 1
    )
    (tmp_path / "a.toml").write_text(text)
    assert mvtri.read_cameras(tmp_path / "a.toml").names == ("left cam",)
    with pytest.raises(InputError, match=r"cannot be used \(cam_01: it has no pose\).*--cams 'left cam'$"):
        mvtri.read_cameras(tmp_path / "a.toml", cameras=["cam_01"])


def test_a_table_that_is_there_twice_is_not_called_truncated(tmp_path):
    text = POSE2SIM + POSE2SIM[POSE2SIM.index("[") :]
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(
        InputError, match=r"says something twice: .*; give one of the two another name"
    ) as raised:
        mvtri.read_cameras(tmp_path / "a.toml")
    assert "truncated" not in str(raised.value)
    (tmp_path / "a.toml").write_text(POSE2SIM[:-20])
    with pytest.raises(InputError, match=r"is not whole TOML: .*; is it truncated"):
        mvtri.read_cameras(tmp_path / "a.toml")


def test_a_name_without_quotes_is_not_called_truncated(tmp_path):
    (tmp_path / "a.toml").write_text(POSE2SIM.replace("[", "[Küche ", 1), encoding="utf-8")
    with pytest.raises(
        InputError, match=r"is not valid TOML: .*at line 2.*; correct that line .*quotes"
    ) as raised:
        mvtri.read_cameras(tmp_path / "a.toml")
    assert "truncated" not in str(raised.value)


def test_an_npz_with_other_names_says_what_it_holds_and_which_names_are_expected(tmp_path):
    np.savez(tmp_path / "a.npz", K=np.eye(3)[None], dist=np.zeros((1, 5)))
    with pytest.raises(InputError, match=r"holds K, dist, but lacks matrices, .*mvtri.write_cameras"):
        mvtri.read_cameras(tmp_path / "a.npz")


LENSES = {  # OpenCV's coefficients, whether of its fisheye model, and what is said; pictures of 1280 x 720 px
    "a usual lens": ([-0.3, 0.1, 0.001, 0.001, 0.0], 900, "opencv", ""),
    "it folds outside of the middle": ([-1.0, 0, 0, 0, 0], 900, "opencv", ""),
    "wide, of eight coefficients": ([0.2, -0.05, 0, 0, 0, 0.9, 0.1, 0.01], 500, "opencv", ""),
    "fisheye of 180 degrees": ([0.05, -0.01, 0.002, 0], 400, "fisheye", ""),
    "it folds in the middle": ([-30.0, 0, 0, 0, 0], 900, "opencv", "folds back within the middle half"),
    "all is in the middle": ([5000.0, 0, 0, 0, 0], 900, "opencv", "5 times too near"),
    "it has a pole": ([0, 0, 0, 0, 0, -2000.0, 0, 0], 900, "opencv", "too near to the centre, or too far"),
    "a fisheye that folds": ([-30.0, 0, 0, 0], 900, "fisheye", "folds back within the middle half"),
}


@pytest.mark.parametrize("name", LENSES)
def test_lenses_that_no_camera_has_are_refused(name, tmp_path):
    """What a lens does is told by OpenCV: whether rays farther from the axis are shown farther from it."""
    import cv2

    coefficients, focal, model, sentence = LENSES[name]
    coefficients = np.array(coefficients, dtype=np.float64)
    rig = mvtri.CameraGroup(
        names=["a", "b"],
        image_sizes=[(1280, 720)] * 2,
        matrices=[np.array([[focal, 0, 640.0], [0, focal, 360], [0, 0, 1]])] * 2,
        distortions=[coefficients] * 2,
        rotations=[np.eye(3)] * 2,
        translations=[[0.0, 0, 3], [1.0, 0, 3]],
        models=[model] * 2,
    )
    mvtri.write_cameras(tmp_path / "a.npz", rig)
    rays = np.array([[np.tan(angle), 0, 1] for angle in np.linspace(0.01, 1.2, 200)])
    project = cv2.fisheye.projectPoints if model == "fisheye" else cv2.projectPoints
    pixels = project(rays[:, None], np.zeros(3), np.zeros(3), np.diag([focal, focal, 1.0]), coefficients)[0]
    along = pixels.reshape(-1, 2)[:, 0]
    falling = np.flatnonzero(np.diff(along) < 0)
    turn = along[falling[0]] if len(falling) else np.inf  # where it folds, px from the centre
    assert (turn < 180) == ("folds" in sentence)
    if not sentence:
        assert mvtri.read_cameras(tmp_path / "a.npz").names == ("a", "b")
        return
    with pytest.raises(InputError, match=rf"the lens of a .*({sentence}).*no camera is like that"):
        mvtri.read_cameras(tmp_path / "a.npz")
