"""Calibrations of other programs: each camera sees points where the program that wrote it says."""

import itertools
import json
import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
import writers_calib as write

import mvtri
from mvtri.calib import find_calibration
from mvtri.errors import InputError, MissingFileError

GOLDEN = Path(__file__).parents[2] / "golden" / "calib"
FORMATS = {
    "easymocap": (write.easymocap, "calib", {}),
    "opencap": (write.opencap, "calib", {}),
    "deepfly3d": (write.deepfly3d, "df3d.pkl", {"unit": "m", "image_sizes": (1280, 720)}),
    "panoptic": (write.panoptic, "calibration_160422.json", {}),
    "4d-association": (write.four_d_association, "calibration.json", {}),
    "dannce": (write.dannce, "calib", {"unit": "mm", "image_sizes": (1280, 720)}),
    "label3d": (write.label3d, "rig_dannce.mat", {"unit": "mm", "image_sizes": [[1280, 720]] * 3}),
    "optitrack": (write.optitrack, "Cal.mcal", {}),
    **{
        f"opencv{end}": (
            lambda path, cameras, end=end: write.opencv(path, cameras, end),
            "calib",
            {"unit": "m"},
        )
        for end in (".yml", ".xml", ".json")
    },
}


@pytest.mark.parametrize("name", FORMATS)
def test_points_are_seen_where_opencv_sees_them(tmp_path, name):
    writer, file, options = FORMATS[name]
    cameras = write.rig()
    writer(tmp_path / file, cameras)
    cams = mvtri.read_cameras(tmp_path / file, **options)
    wanted = ("0", "1", "2") if name == "deepfly3d" else tuple(one["name"] for one in cameras)
    assert cams.names == wanted
    assert cams.image_sizes.tolist() == [[1280, 720]] * 3
    np.testing.assert_allclose(cams.project(write.POINTS), write.pixels(cameras), rtol=0, atol=1e-9)
    np.testing.assert_allclose(cams.translations, [one["t"] for one in cameras], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "unit"), [("caliscope.toml", None), ("aniposelib.toml", "mm"), ("colmap", "m")]
)
def test_points_are_seen_where_the_program_that_wrote_the_file_sees_them(name, unit):
    truth = json.loads((GOLDEN / name).with_suffix(".json").read_text())
    cams = mvtri.read_cameras(GOLDEN / name, unit=unit)
    assert sorted(cams.names) == sorted(truth["pixels"])
    points = np.array(truth["points"]) * (0.001 if unit == "mm" else 1.0)
    expected = np.stack([truth["pixels"][one] for one in cams.names], axis=1)
    if name == "colmap":
        expected = expected - 0.5  # its first pixel has its centre at (0.5, 0.5)
    np.testing.assert_allclose(cams.project(points), expected, rtol=0, atol=1e-9)


def test_caliscope_leaves_out_what_it_ignores_and_what_has_no_pose(tmp_path, caplog):
    text = (GOLDEN / "caliscope.toml").read_text()
    (tmp_path / "camera_array.toml").write_text(text.replace("[cameras.2]", "[cameras.2]\nignore = true"))
    assert mvtri.read_cameras(tmp_path / "camera_array.toml").names == ("0",)
    assert "camera 2 is left out: Caliscope ignores it" in caplog.text
    assert "camera 3 is left out: it has no pose" in caplog.text


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["four_webcams", "four_webcams_b"])
def test_real_files_of_caliscope(shared_data, name):
    """The corners of a board that four webcams saw, triangulated, keep the distances of the board."""
    folder = shared_data / "boards" / name
    cams = mvtri.read_cameras(folder / "camera_array.toml")
    assert cams.names == ("0", "1", "2", "3")
    rows = np.genfromtxt(folder / "xy.csv", delimiter=",", names=True)
    camera = rows["cam_id"] if "cam_id" in rows.dtype.names else rows["port"]
    corner = rows["keypoint_id"] if "keypoint_id" in rows.dtype.names else rows["point_id"]
    board = [rows[f"{'obj' if 'obj_loc_x' in rows.dtype.names else 'board'}_loc_{axis}"] for axis in "xy"]
    keys, index = np.unique(np.stack([rows["sync_index"], corner]), axis=1, return_inverse=True)
    seen, truth = np.full((keys.shape[1], 4, 2), np.nan), np.zeros((keys.shape[1], 2))
    seen[index.ravel(), camera.astype(int)] = np.stack([rows["img_loc_x"], rows["img_loc_y"]], axis=1)
    truth[index.ravel()] = np.stack(board, axis=1)
    points = mvtri.triangulate(seen, cams, method="dlt").points
    found = []
    for frame in np.unique(keys[0]):
        here = np.nonzero((keys[0] == frame) & np.isfinite(points).all(axis=1))[0]
        for one, other in itertools.pairwise(here):
            length = np.linalg.norm(truth[one] - truth[other])
            found.append(np.linalg.norm(points[one] - points[other]) / length)
    assert len(found) > 100
    assert abs(np.median(found) - 1) < 0.03  # so metres, and the axes and directions are right


@pytest.mark.parametrize("radial", ["-2e-8 1e-15", "3e-8 -4e-15"])
@pytest.mark.parametrize("dialect", ["VICON_RADIAL", "VICON_RADIAL2"])
def test_vicon(tmp_path, radial, dialect):
    """A pixel that Vicon corrects lies where the pinhole camera sees the point."""
    cameras = write.rig(lens=(0.0,) * 5)
    both = (
        {"radial": radial} if dialect == "VICON_RADIAL" else {"radial2": f"ViconRadial2 640 360 {radial} 0"}
    )
    write.vicon(tmp_path / "a.xcp", cameras, **both)
    cams = mvtri.read_cameras(tmp_path / "a.xcp")
    assert cams.names == ("cam1", "cam2", "cam3")
    seen, straight = cams.project(write.POINTS), write.pixels(cameras)
    k1, k2 = map(float, radial.split())
    center = cams.matrices[:, :2, 2]
    offset = (seen - center) * [[1.0, one["K"][0, 0] / one["K"][1, 1]] for one in cameras]
    square = (offset**2).sum(axis=-1, keepdims=True)
    corrected = center + (seen - center) * (1 + k1 * square + k2 * square**2)
    inside = ((seen > 0) & (seen < cams.image_sizes)).all(axis=-1)
    assert inside.sum() > 60
    np.testing.assert_allclose(corrected[inside], straight[inside], rtol=0, atol=0.02)
    assert np.abs(seen - straight)[inside].max() > 1.0


def test_vicon_without_distortion_is_exact(tmp_path, caplog):
    cameras = write.rig(lens=(0.0,) * 5)
    write.vicon(tmp_path / "a.xcp", cameras)
    cams = mvtri.read_cameras(tmp_path / "a.xcp")
    np.testing.assert_allclose(cams.project(write.POINTS), write.pixels(cameras), rtol=0, atol=1e-9)
    assert "camera 2101 is left out: it films no video" in caplog.text


def test_a_stereo_pair_of_opencv(tmp_path):
    one, two = write.rig(2)
    storage = cv2.FileStorage(str(tmp_path / "stereo.yml"), cv2.FILE_STORAGE_WRITE)
    turn, move = two["R"] @ one["R"].T, two["t"] - two["R"] @ one["R"].T @ one["t"]
    for key, value in {
        "M1": one["K"],
        "D1": one["d"],
        "M2": two["K"],
        "D2": two["d"],
        "R": turn,
        "T": move,
    }.items():
        storage.write(key, value)
    storage.release()
    cams = mvtri.read_cameras(tmp_path / "stereo.yml", unit="m", image_sizes=(1280, 720))
    first = write.POINTS @ one["R"].T + one["t"]  # the world is camera 1
    assert cams.names == ("1", "2")
    np.testing.assert_allclose(cams.project(first), write.pixels([one, two]), rtol=0, atol=1e-9)


def test_human36m_by_subject(tmp_path):
    from writers_human36m import rig, write_metadata_xml

    write_metadata_xml(tmp_path / "metadata.xml", {"S11": rig("S11")})
    with pytest.raises(InputError, match=r"cameras of every subject .*subject='S9'"):
        mvtri.read_cameras(tmp_path / "metadata.xml")
    built_in = mvtri.human36m_cameras("S11", "human36m")
    cams = mvtri.read_cameras(tmp_path / "metadata.xml", subject="S11")
    assert cams.names == built_in.names
    assert cams.models == built_in.models
    np.testing.assert_allclose(cams.project(write.POINTS), built_in.project(write.POINTS), atol=1e-6)
    with pytest.raises(InputError, match="of S1 to S11, not of S12"):
        mvtri.read_cameras(tmp_path / "metadata.xml", subject="S12")


@pytest.mark.realdata
def test_the_json_of_human36m(shared_data):
    path = shared_data / "human36m" / "camera-parameters.json"
    for formula in ("human36m", "opencv"):
        cams = mvtri.read_cameras(path, subject="S9", distortion=formula)
        built_in = mvtri.human36m_cameras("S9", formula)
        assert (cams.names, cams.models) == (built_in.names, built_in.models)
        np.testing.assert_array_equal(cams.matrices, built_in.matrices)
        np.testing.assert_array_equal(cams.rotations, built_in.rotations)
        np.testing.assert_allclose(cams.translations, built_in.translations, rtol=1e-15)


def test_image_sizes_that_a_file_lacks_can_be_given(tmp_path):
    cameras = write.rig()
    write.easymocap(tmp_path / "rig", cameras, sizes=False)
    with pytest.raises(InputError, match=r"states no image size of cam1, cam2, cam3; pass image_sizes"):
        mvtri.read_cameras(tmp_path / "rig")
    assert (
        mvtri.read_cameras(tmp_path / "rig", image_sizes=(640, 480)).image_sizes.tolist() == [[640, 480]] * 3
    )
    by_name = {"cam1": (640, 480), "cam2": (800, 600), "cam3": (320, 240)}
    cams = mvtri.read_cameras(tmp_path / "rig", image_sizes=lambda names: [by_name[name] for name in names])
    assert cams.image_sizes.tolist() == [[640, 480], [800, 600], [320, 240]]
    with pytest.raises(InputError, match="image_sizes must be width and height"):
        mvtri.read_cameras(tmp_path / "rig", image_sizes=[1, 2, 3])


@pytest.mark.parametrize("name", ["easymocap", "opencap", "opencv.yml", "dannce"])
def test_a_calibration_folder_of_several_files_is_one_calibration(tmp_path, name):
    writer, _, _ = FORMATS[name]
    writer(tmp_path / "calibration", write.rig())
    assert find_calibration(tmp_path) == [(tmp_path / "calibration").resolve()]
    write.panoptic(tmp_path / "calibration" / "other.json", write.rig())
    names = [path.name for path in find_calibration(tmp_path)]
    assert names == ["other.json", "calibration"]  # which is an ambiguity, to be settled with --calib


def test_pickles_run_nothing(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "gone"), "w"))

    import pickle

    for name in ("a.pickle", "b.pkl"):
        content = {"intrinsicMat": Bomb(), "tvec": 0, "intr": 0}
        (tmp_path / name).write_bytes(pickle.dumps(content))
        with pytest.raises(InputError):
            mvtri.read_cameras(tmp_path / name, unit="m")
    assert not (tmp_path / "gone").exists()


def test_matlab_version_7_3(tmp_path):
    """It is HDF5 after a block of 512 bytes, with the axes of each array reversed."""
    import h5py

    one = write.rig(1)[0]
    path = tmp_path / "hires_cam1_params.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        for key, value in write.matlab(one).items():
            file[key] = np.asarray(value).T
    with open(path, "r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(126) + b"IM")
    cams = mvtri.read_cameras(path, unit="mm", image_sizes=(1280, 720))
    assert cams.names == ("cam1",)
    np.testing.assert_allclose(cams.project(write.POINTS), write.pixels([one]), rtol=0, atol=1e-9)


def test_a_matlab_file_that_inflates_to_gigabytes_is_refused(tmp_path, monkeypatch):
    from scipy.io import savemat

    large = {"RDistort": np.zeros((1, 3)), "K": np.zeros((20_000, 1000))}
    savemat(tmp_path / "a.mat", large, do_compression=True)
    monkeypatch.setenv("MVTRI_MAX_INPUT_GB", "0.05")
    with pytest.raises(InputError, match=r"needs .* of memory"):
        mvtri.read_cameras(tmp_path / "a.mat", unit="mm")


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("name", [*FORMATS, "vicon"])
def test_a_truncated_file_is_one_sentence(tmp_path, name, cut):
    writer, file, options = FORMATS.get(name, (write.vicon, "a.xcp", {}))
    writer(tmp_path / file, write.rig())
    for path in (tmp_path / file).rglob("*") if (tmp_path / file).is_dir() else [tmp_path / file]:
        if path.is_file():
            path.write_bytes(path.read_bytes()[: int(cut * path.stat().st_size)])
    with pytest.raises(InputError) as caught:
        mvtri.read_cameras(tmp_path / file, **options)
    assert "\n" not in str(caught.value)


def test_a_pair_that_is_not_whole(tmp_path):
    write.easymocap(tmp_path, write.rig())
    (tmp_path / "intri.yml").rename(tmp_path / "x.txt")
    with pytest.raises(MissingFileError, match=r"extri.yml has no intri.yml beside it"):
        mvtri.read_cameras(tmp_path / "extri.yml")
    (tmp_path / "x.txt").rename(tmp_path / "intri.yml")
    (tmp_path / "extri.yml").unlink()
    with pytest.raises(InputError, match=r"holds lenses alone; expected extri.yml beside it"):
        mvtri.read_cameras(tmp_path)


def test_a_binary_qca_is_explained(tmp_path):
    (tmp_path / "a.qca").write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match=r"own binary calibration.*export it as .qca.txt"):
        mvtri.read_cameras(tmp_path / "a.qca")


@pytest.mark.parametrize("name", ["panoptic", "4d-association"])
def test_a_camera_without_a_pose_is_left_out(tmp_path, caplog, name):
    writer, file, options = FORMATS[name]
    writer(tmp_path / file, write.rig())
    text = (tmp_path / file).read_text()
    tree = json.loads(text)
    one = tree["cameras"][1] if name == "panoptic" else tree["cam2"]
    for key in ("R", "t", "RT"):
        one.pop(key, None)
    (tmp_path / file).write_text(json.dumps(tree))
    with caplog.at_level(logging.WARNING):
        assert mvtri.read_cameras(tmp_path / file, **options).names == ("cam1", "cam3")
    assert "camera cam2 is left out: it has no pose" in caplog.text
