"""Calibrations in the formats of others, written from the formats' definitions, not with our readers.

A rig is a list of cameras: dictionaries with name, K, d (k1 k2 p1 p2 k3), R and t (world to camera, m), size.
"""

import json
import pickle

import cv2
import numpy as np

FLIP = np.diag([1.0, -1.0, -1.0])  # from x right, y up, looking along -z to x right, y down, looking along z


def rig(count=3, lens=(-0.1, 0.05, 1e-3, -2e-3, 0.01), size=(1280, 720)):
    rng = np.random.default_rng(7)
    cameras = []
    for index in range(count):
        rotation = cv2.Rodrigues(rng.normal(0, 0.4, 3))[0]
        cameras.append(
            {
                "name": f"cam{index + 1}",
                "K": np.array([[900.0 + index, 0, 640.25], [0, 905.0, 360.75], [0, 0, 1]]),
                "d": np.array(lens, dtype=float),
                "R": rotation,
                "t": rng.normal(0, 0.3, 3) + [0, 0, 4.0],
                "size": size,
            }
        )
    return cameras


POINTS = np.random.default_rng(8).normal(0, 0.5, (40, 3))


def pixels(cameras, points=POINTS):
    """Return the pixels (N, C, 2) that OpenCV computes."""
    seen = [
        cv2.projectPoints(points[:, None], cv2.Rodrigues(one["R"])[0], one["t"], one["K"], one["d"])[0][:, 0]
        for one in cameras
    ]
    return np.stack(seen, axis=1)


def easymocap(folder, cameras, sizes=True):
    """As EasyMocap writes, with OpenCV's own FileStorage."""
    folder.mkdir(parents=True, exist_ok=True)
    inner = cv2.FileStorage(str(folder / "intri.yml"), cv2.FILE_STORAGE_WRITE)
    outer = cv2.FileStorage(str(folder / "extri.yml"), cv2.FILE_STORAGE_WRITE)
    for storage in (inner, outer):
        storage.startWriteStruct("names", cv2.FileNode_SEQ)
        for one in cameras:
            storage.write("", one["name"])
        storage.endWriteStruct()
    for one in cameras:
        inner.write(f"K_{one['name']}", one["K"])
        inner.write(f"dist_{one['name']}", one["d"][None])
        if sizes:
            inner.write(f"H_{one['name']}", one["size"][1])
            inner.write(f"W_{one['name']}", one["size"][0])
        outer.write(f"R_{one['name']}", cv2.Rodrigues(one["R"])[0])
        outer.write(f"Rot_{one['name']}", one["R"])
        outer.write(f"T_{one['name']}", one["t"][:, None])
    inner.release()
    outer.release()


def opencv(folder, cameras, extension):
    """One file per camera, as OpenCV's calibration sample names the values, with R and T."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in cameras:
        storage = cv2.FileStorage(str(folder / f"{one['name']}{extension}"), cv2.FILE_STORAGE_WRITE)
        storage.write("calibration_time", "Mon Jan  1 00:00:00 2026")
        storage.write("image_width", one["size"][0])
        storage.write("image_height", one["size"][1])
        storage.write("camera_matrix", one["K"])
        storage.write("distortion_coefficients", one["d"][:, None])
        storage.write("R", one["R"])
        storage.write("T", one["t"][:, None])
        storage.release()


def opencap(folder, cameras):
    """One folder per camera, each with a pickle of the same name, in mm."""
    for one in cameras:
        place = folder / one["name"]
        place.mkdir(parents=True)
        content = {
            "distortion": one["d"][None],
            "intrinsicMat": one["K"],
            "imageSize": np.array(one["size"][::-1], dtype=float)[:, None],
            "rotation": one["R"],
            "translation": one["t"][:, None] * 1000.0,
            "rotation_EulerAngles": cv2.Rodrigues(one["R"])[0],
        }
        (place / "cameraIntrinsicsExtrinsics.pickle").write_bytes(pickle.dumps(content))


def deepfly3d(path, cameras):
    content = {
        index: {
            "R": one["R"],
            "tvec": one["t"],
            "intr": one["K"],
            "distort": one["d"],
            "rvec": cv2.Rodrigues(one["R"])[0].ravel(),
        }
        for index, one in enumerate(cameras)
    }
    path.write_bytes(pickle.dumps(content))


def panoptic(path, cameras):
    content = [
        {
            "name": one["name"],
            "type": "hd",
            "resolution": list(one["size"]),
            "K": one["K"].tolist(),
            "distCoef": one["d"].tolist(),
            "R": one["R"].tolist(),
            "t": (one["t"][:, None] * 100.0).tolist(),
        }
        for one in cameras
    ]
    path.write_text(json.dumps({"calibDataSource": "160422_calib_norm", "cameras": content}))


def four_d_association(path, cameras):
    content = {
        one["name"]: {
            "K": one["K"].ravel().tolist(),
            "RT": np.hstack([one["R"], one["t"][:, None]]).ravel().tolist(),
            "distCoeff": one["d"].tolist(),
            "imgSize": list(one["size"]),
            "rectifyAlpha": 0,
        }
        for one in cameras
    }
    path.write_text(json.dumps(content))


def dannce(folder, cameras):
    """One file per camera, by the rows of MATLAB: [X 1] [r; t] K, in mm."""
    from scipy.io import savemat

    folder.mkdir(parents=True, exist_ok=True)
    for one in cameras:
        savemat(folder / f"hires_{one['name']}_params.mat", matlab(one))


def label3d(path, cameras):
    from scipy.io import savemat

    params, names = np.empty((len(cameras), 1), object), np.empty((1, len(cameras)), object)
    for index, one in enumerate(cameras):
        params[index, 0], names[0, index] = matlab(one), one["name"]
    savemat(path, {"params": params, "camnames": names, "sync": np.zeros(3)}, do_compression=True)


def matlab(one):
    k1, k2, p1, p2, k3 = one["d"]
    return {
        "K": one["K"].T,
        "RDistort": np.array([[k1, k2, k3]]),
        "TDistort": np.array([[p1, p2]]),
        "r": one["R"].T,
        "t": one["t"][None] * 1000.0,
    }


def vicon(path, cameras, radial="0 0", radial2=None):
    """Positions in mm; the quaternion x y z w turns the world to the camera."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<Cameras VERSION="1.0">']
    for one in cameras:
        x, y, z, w = quaternion(one["R"])
        position = -one["R"].T @ one["t"] * 1000.0
        aspect = one["K"][0, 0] / one["K"][1, 1]
        more = f' VICON_RADIAL2="{radial2}"' if radial2 else ""
        lines.append(
            f'<Camera DEVICEID="{one["name"]}" DISPLAY_TYPE="VideoInputDevice:Vue" '
            f'PIXEL_ASPECT_RATIO="{aspect!r}" SENSOR_SIZE="{one["size"][0]} {one["size"][1]}" SKEW="0" '
            f'TYPE="VideoInputDevice"><KeyFrames><KeyFrame FOCAL_LENGTH="{one["K"][0, 0]!r}" FRAME="0" '
            f'ORIENTATION="{x!r} {y!r} {z!r} {w!r}" POSITION="{" ".join(map(repr, position.tolist()))}" '
            f'PRINCIPAL_POINT="{one["K"][0, 2]!r} {one["K"][1, 2]!r}" VICON_RADIAL="{radial}"{more} '
            'WORLD_ERROR="0.2"/></KeyFrames></Camera>'
        )
    marker = '<Camera DEVICEID="2101" DISPLAY_TYPE="Vantage" SENSOR_SIZE="2432 2048" TYPE="Vantage"/>'
    path.write_text("\n".join([*lines, marker, "</Cameras>"]).replace("np.float64(", "").replace(")", ""))


def optitrack(path, cameras):
    """Metres, y up; OrientMatrix turns a camera that looks along -z to the world; UTF-16."""
    lines = ['<?xml version="1.0" encoding="UTF-16"?>', "<Profile><Calibration><Cameras>"]
    for one in cameras:
        turn = (FLIP @ one["R"]).T.ravel()
        x, y, z = -one["R"].T @ one["t"]
        k1, k2, p1, p2, k3 = one["d"].tolist()
        matrix = " ".join(f'OrientMatrix{index}="{value:.17g}"' for index, value in enumerate(turn))
        lens = f'HorizontalFocalLength="{one["K"][0, 0]:.17g}" VerticalFocalLength="{one["K"][1, 1]:.17g}" '
        lens += f'LensCenterX="{one["K"][0, 2]:.17g}" LensCenterY="{one["K"][1, 2]:.17g}"'
        lines.append(
            f'<Camera Serial="{one["name"]}"><Properties CameraID="1"/>'
            f'<Attributes ImagerPixelWidth="{one["size"][0]}" ImagerPixelHeight="{one["size"][1]}"/>'
            f'<Intrinsic {lens} KC1="9"/><IntrinsicStandardCameraModel {lens} k1="{k1}" k2="{k2}" k3="{k3}" '
            f'TangentialX="{p1}" TangentialY="{p2}"/>'
            f'<Extrinsic X="{x:.17g}" Y="{y:.17g}" Z="{z:.17g}" {matrix}/></Camera>'
        )
    path.write_text("\n".join([*lines, "</Cameras></Calibration></Profile>"]), encoding="utf-16")


def quaternion(rotation):
    """Return x, y, z, w of a rotation by less than half a turn, from its rotation vector."""
    vector = cv2.Rodrigues(rotation)[0].ravel()
    angle = float(np.linalg.norm(vector))
    return [*(vector / angle * np.sin(angle / 2)).tolist(), float(np.cos(angle / 2))]
