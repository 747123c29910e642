"""Each calibration format: what is read, what is written, exactly."""

import naive_cameras as naive
import numpy as np
import pytest
from texts_calib import ANIPOSELIB, POSE2SIM, QUALISYS

import mvtri
from mvtri.calib import camera_formats
from mvtri.errors import InputError
from mvtri.kernels.algebra.rotations import rotation_vector


@pytest.fixture
def put(tmp_path):
    def write(text, name="file", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


def test_the_formats_that_there_are():
    formats = camera_formats()
    written = ["aniposelib", "caliscope", "colmap", "dannce", "easymocap"]
    written += ["npz", "opencv", "panoptic", "pose2sim"]
    read = ["4d-association", "deepfly3d", "human36m", "opencap", "optitrack", "qualisys", "vicon"]
    assert list(formats) == sorted(written + read)
    assert [one.name for one in formats.values() if one.write] == written


def test_pose2sim(put):
    cams = mvtri.read_cameras(put(POSE2SIM))
    assert cams.names == ("cam_01", "left cam")
    assert cams.models == ("opencv", "fisheye")
    assert cams.image_sizes.tolist() == [[1088, 1920]] * 2
    assert cams.matrices[0].tolist() == [[1681.25, 0, 532.75], [0, 1681.5, 948.25], [0, 0, 1]]
    assert cams.distortions[0].tolist() == [-0.05, 0.1, 1e-3, 2e-3]
    np.testing.assert_allclose(rotation_vector(cams.rotations[0]), [1.5, 1.0, -0.5], rtol=1e-14)
    assert cams.rotations[1].tolist() == np.eye(3).tolist()
    assert cams.translations.tolist() == [[0.25, 1.0, 3.0]] * 2


def test_aniposelib_does_not_state_its_unit(put):
    path = put(ANIPOSELIB)
    with pytest.raises(InputError, match=r"states no unit of length; pass unit= \(m, cm, mm\)"):
        mvtri.read_cameras(path)
    cams = mvtri.read_cameras(path, unit="mm")
    assert cams.names == ("A", "B")
    assert cams.models == ("opencv", "fisheye")
    assert cams.translations.tolist() == [[0.25, 0, 3], [-0.25, 0, 3]]
    assert mvtri.read_cameras(path, unit="cm").translations[0].tolist() == [2.5, 0, 30]


def test_qualisys(put):
    cams = mvtri.read_cameras(put(QUALISYS))
    assert cams.names == ("27001",)  # the other one is not active
    assert cams.image_sizes.tolist() == [[1078, 1900]]
    assert cams.matrices[0].tolist() == [[1681.0, 2.0, 533.0 - 10], [0, 1680.0, 948.0 - 20], [0, 0, 1]]
    assert cams.distortions[0].tolist() == [-0.05, 0.14, 0.001, 0.002, 0.01]
    np.testing.assert_allclose(cams.centers, [[1, 2, 3]], rtol=1e-15)
    # what is in front of it lies at smaller z, what is above it at greater y: smaller v
    u, v = cams.project([[1, 2, 0], [1, 2.1, 0], [1.1, 2, 0]])[:, 0].T
    assert v[1] < v[0]
    assert u[2] > u[0]
    assert np.isnan(cams.project([1, 2, 4])).all()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_qualisys_in_encodings_other_than_it_declares(put, encoding):
    text = QUALISYS.replace("{created}", "Göteborg")
    assert mvtri.read_cameras(put(text, encoding=encoding)).names == ("27001",)


@pytest.mark.parametrize(
    ("stated", "lines", "size", "focal", "center"),
    [
        ('video_resolution="1080p"', 0, [1078, 1900], 1681.0, 523.0),
        ('video_resolution="N/A"', 0, [1078, 1900], 1681.0, 523.0),
        ('video_resolution="540p"', 0, [539, 950], 1681.0 / 2, 523.0 / 2),
        ('video_resolution="1440p"', 1440, [1078, 1900], 1681.0, 523.0),  # cropped, not binned
        ('video_resolution="720p"', 1440, [539, 950], 1681.0 / 2, 523.0 / 2),  # cropped and binned
        ('video_resolution="720p"', 1080, [719, 1267], 1681.0 / 1.5, 523.0 / 1.5),
    ],
)
def test_qualisys_at_the_resolution_of_the_video(put, stated, lines, size, focal, center):
    sensor = f'<fov_video_max bottom="1919" left="0" right="{lines - 1}" top="0"/>' if lines else ""
    text = QUALISYS.replace('viewrotation="0">', f'viewrotation="0" {stated}>{sensor}')
    cams = mvtri.read_cameras(put(text))
    assert cams.image_sizes.tolist() == [size]
    np.testing.assert_allclose(cams.matrices[0, 0, [0, 2]], [focal, center], rtol=1e-14)
    np.testing.assert_allclose(cams.distortions[0], [-0.05, 0.14, 0.001, 0.002, 0.01])


def test_qualisys_leaves_out_cameras_without_pose_or_video(put, caplog):
    camera = QUALISYS[QUALISYS.index("<camera ") : QUALISYS.index("</camera>") + 9]
    marker = camera.replace("27001", "7", 1).replace("<camera ", '<camera model="Miqus M3" ')
    posed = camera.replace("<camera ", '<camera model="Miqus Video" ')
    unposed = posed.replace("27001", "8", 1).replace("<transform", "<no")
    cams = mvtri.read_cameras(put(QUALISYS.replace(camera, marker + posed + unposed)))
    assert cams.names == ("27001",)
    assert "camera 7 is left out: its model, Miqus M3, films no video" in caplog.text
    assert "camera 8 is left out: it has no pose" in caplog.text
    assert mvtri.read_cameras(put(QUALISYS.replace(camera, marker))).names == ("7",)  # they may all film


@pytest.mark.realdata
def test_the_same_rig_from_qualisys_and_from_pose2sim(shared_data):
    folder = shared_data / "pose2sim" / "calibration"
    qca = mvtri.read_cameras(folder / "Calib.qca.txt")
    toml = mvtri.read_cameras(folder / "Calib_qualisys.toml")
    assert qca.names == toml.names == ("cam_01", "cam_02", "cam_03", "cam_04")
    np.testing.assert_array_equal(qca.image_sizes, toml.image_sizes)
    np.testing.assert_array_equal(qca.matrices, toml.matrices)
    np.testing.assert_allclose(qca.rotations, toml.rotations, rtol=0, atol=2e-15)
    np.testing.assert_allclose(qca.translations, toml.translations, rtol=0, atol=2e-15)
    for true, divided in zip(qca.distortions, toml.distortions):  # Pose2Sim divides these by 64 too
        np.testing.assert_allclose(true[:4], 64 * divided, rtol=1e-12)
        assert true[4] == 0
    np.testing.assert_allclose(qca.distortions[0][:2], [-0.046183, 0.139983])


@pytest.mark.parametrize("format", ["pose2sim", "aniposelib"])
def test_round_trip(tmp_path, format):
    rng = np.random.default_rng(0)
    lenses = [rng.normal(0, 0.1, count) for count in (4, 5, 8, 12, 14, 4, 4, 4, 4, 4, 4, 4)]
    models = ["opencv"] * 5 + ["fisheye"] + ["opencv"] * 6
    cams = naive.rig(lenses, models)
    mvtri.write_cameras(tmp_path / "rig.toml", cams, format)
    back = mvtri.read_cameras(tmp_path / "rig.toml")
    assert back.names == cams.names
    assert back.models == cams.models
    for key in ("image_sizes", "matrices", "translations"):
        np.testing.assert_array_equal(getattr(back, key), getattr(cams, key))
    for one, other in zip(back.distortions, cams.distortions):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(back.rotations, cams.rotations, rtol=0, atol=2e-15)


def renamed(cams, names):
    keys = ("image_sizes", "matrices", "distortions", "rotations", "translations", "models")
    return mvtri.CameraGroup(names=names, **{key: getattr(cams, key) for key in keys})


ROUND_TRIPS = {  # the lenses that a format can hold, and what has to be said on reading
    "caliscope": ("cameras.toml", 5, {}),
    "colmap": ("model", 8, {"unit": "m"}),
    "dannce": ("rig", 5, {"unit": "mm", "image_sizes": True}),
    "easymocap": ("rig", 14, {}),
    "npz": ("cameras.npz", 14, {}),
    "opencv": ("cameras.yml", 14, {}),
    "panoptic": ("cameras.json", 5, {}),
}


@pytest.mark.parametrize("format", ROUND_TRIPS)
@pytest.mark.parametrize("fisheye", [False, True])
def test_what_is_written_reads_back_or_is_refused(tmp_path, format, fisheye):
    file, most, options = ROUND_TRIPS[format]
    rng = np.random.default_rng(1)
    lenses = [rng.normal(0, 0.02, count) for count in (4, 5, 8, 12, 14) if count <= most]
    models = ["opencv"] * len(lenses) + ["fisheye"] * fisheye
    cams = naive.rig(lenses + [rng.normal(0, 0.02, 4)] * fisheye, models)
    cams = renamed(cams, list(map(str, range(len(cams)))))
    if fisheye and format in ("dannce", "easymocap", "panoptic"):
        with pytest.raises(InputError, match="fisheye"):
            mvtri.write_cameras(tmp_path / file, cams, format)
        assert not list(tmp_path.rglob("*"))
        return
    mvtri.write_cameras(tmp_path / file, cams, format)
    if "image_sizes" in options:
        options = options | {"image_sizes": cams.image_sizes}
    back = mvtri.read_cameras(tmp_path / file, **options)
    assert (back.names, back.models) == (cams.names, cams.models)
    np.testing.assert_array_equal(back.image_sizes, cams.image_sizes)
    points = rng.normal(0, 0.6, (60, 3)) + [0, 0, 1]
    np.testing.assert_allclose(back.project(points), cams.project(points), rtol=0, atol=1e-9)
    np.testing.assert_allclose(back.translations, cams.translations, rtol=1e-14)
    np.testing.assert_allclose(back.rotations, cams.rotations, rtol=0, atol=2e-15)


@pytest.mark.parametrize(
    ("format", "sentence"),
    [
        ("caliscope", "lens formula of Human3.6M"),
        ("colmap", "human36m, 5 coefficients"),
        ("dannce", "human36m, 5 coefficients"),
        ("easymocap", "lens model human36m"),
        ("opencv", "lens formula of Human3.6M"),
        ("panoptic", "human36m, 5 coefficients"),
    ],
)
def test_a_lens_that_a_format_cannot_hold_is_refused(tmp_path, format, sentence):
    cams = renamed(mvtri.human36m_cameras("S1", "human36m"), ["1", "2", "3", "4"])
    with pytest.raises(InputError, match=sentence):
        mvtri.write_cameras(tmp_path / ROUND_TRIPS[format][0], cams, format)
    assert not list(tmp_path.rglob("*"))
    mvtri.write_cameras(tmp_path / "all.npz", cams)
    assert mvtri.read_cameras(tmp_path / "all.npz") == cams


def test_names_that_toml_has_to_quote(tmp_path):
    cams = naive.rig([[0.0] * 4] * 3, "opencv")
    names = ['left "front".1', "tab\tand \\", "köln"]
    odd = mvtri.CameraGroup(
        names=names,
        **{
            key: getattr(cams, key)
            for key in ("image_sizes", "matrices", "distortions", "rotations", "translations")
        },
    )
    for format in ("pose2sim", "aniposelib"):
        mvtri.write_cameras(tmp_path / "odd.toml", odd, format)
        assert mvtri.read_cameras(tmp_path / "odd.toml").names == tuple(names)


def test_a_camera_called_metadata(tmp_path):
    cams = naive.rig([[0.0] * 4], "opencv")
    keys = ("image_sizes", "matrices", "distortions", "rotations", "translations")
    odd = mvtri.CameraGroup(names=["metadata"], **{key: getattr(cams, key) for key in keys})
    with pytest.raises(InputError, match="cannot be called 'metadata'"):
        mvtri.write_cameras(tmp_path / "odd.toml", odd)
    assert not list(tmp_path.iterdir())


def test_aniposelib_loads_what_is_written_for_it(tmp_path):
    aniposelib = pytest.importorskip("aniposelib.cameras")
    cams = naive.rig([[0.01 * index] * 4 for index in range(12)], "opencv")
    mvtri.write_cameras(tmp_path / "rig.toml", cams, "aniposelib")
    group = aniposelib.CameraGroup.load(tmp_path / "rig.toml")
    assert tuple(group.get_names()) == cams.names  # though it sorts the tables by name
    back = mvtri.CameraGroup.from_aniposelib(group)
    np.testing.assert_array_equal(back.matrices, cams.matrices)
    group.dump(tmp_path / "theirs.toml")
    assert mvtri.read_cameras(tmp_path / "theirs.toml").names == cams.names


def test_cameras_that_toml_cannot_say(tmp_path):
    for format in ("pose2sim", "aniposelib"):
        with pytest.raises(InputError, match=r"54138969 has the lens formula of Human3\.6M"):
            mvtri.write_cameras(tmp_path / "rig.toml", mvtri.human36m_cameras("S1", "human36m"), format)
    assert not list(tmp_path.iterdir())
