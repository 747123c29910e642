"""Make the demo that ships with mvtri: four videos of a rendered person, the cameras, and the truth.

    python benchmarks/make_demo.py [--out mvtri/datasets/demo]

The cameras are those of Human3.6M's subject S9 (OpenCV's distortion formula).  Body, motion, clothes, room
and light are ours and follow from the seeds in this file.  Needs ``ffmpeg`` with libx264 on the path.
"""

import argparse
import dataclasses
import subprocess
from pathlib import Path

import numpy as np

import mvtri
from mvtri import synthetic
from mvtri.files import atomic_file
from mvtri.skeletons import get_skeleton
from mvtri.tracks import make_tracks

FPS = 50
SUBJECT = "S9"
BODY_SEED, LOOK_SEED, ROOM_SEED = 36, 11, 5
RATE = 20  # x264's constant rate factor


def motion() -> synthetic.Motion:
    """Return a walk, a bend forward to 60 degrees, one to the side and a twist, while turning slowly."""
    parts = [
        synthetic.walk(58, FPS, cadence=0.95, phase=0.6),
        synthetic.forward_bend(52, 60.0),
        synthetic.side_bend(40, 28.0),
        synthetic.twist(42, -38.0),
    ]
    course = synthetic.chain(parts, overlap=12)
    heading = 1.05 + np.linspace(0.0, 0.5, len(course))
    return synthetic.turned(course, heading, start=(-0.15, 0.0))


def clothes() -> synthetic.Look:
    """Return a striped shirt and plain shorts."""
    look = synthetic.Look.sample(LOOK_SEED)
    look.materials[0, :12] = 0.90, 0.88, 0.82, 0.13, 0.24, 0.45, 1, 12.0, 0.0, 0.0, 1.0, 0.15
    look.materials[1, :7] = 0.30, 0.33, 0.38, 0.30, 0.33, 0.38, 0
    return look


def room(cams: mvtri.CameraGroup) -> synthetic.Scene:
    """Return a quiet room about the cameras."""
    scene = synthetic.Scene.sample(ROOM_SEED, np.vstack([cams.centers, [[0, 0, 2.6]]]))
    wall = [0.80, 0.78, 0.72] * 2 + [0, 1.0, 1, 0, 0, 0, 0.10, 1.3, 0]
    floor = [0.50, 0.42, 0.35, 0.42, 0.35, 0.29, 1, 1.2, 0.8, 0.6, 0, 0, 0.12, 4.0, 0]
    tints = np.array([[1, 1, 1], [0.92, 0.97, 1.0], [0.98, 0.95, 0.9], [0.85, 0.92, 0.9]])
    walls = [[*(np.tile(tint, 2) * wall[:6]), *wall[6:]] for tint in tints]
    materials = np.array([*walls, floor, wall])
    lamps = np.array([[0.35, 0.45, 0.82], [-0.6, -0.2, 0.77]])
    light = np.array([[0.60, 0.58, 0.54], [0.20, 0.21, 0.24]])
    return synthetic.Scene(
        low=scene.low, high=scene.high, materials=materials, walls=np.full((6, 3), 1.05),
        ambient=np.array([0.52, 0.53, 0.56]), directions=lamps, colours=light, shadow=0.5,
    )  # fmt: skip


def write_video(path: Path, renderer: synthetic.Renderer, animation: synthetic.Animation) -> None:
    """Encode every frame as H.264 (4:2:0), bit for bit the same each time."""
    width, height = renderer.view.size
    command = (
        f"ffmpeg -v error -y -f rawvideo -pix_fmt rgb24 -s {width}x{height} -r {FPS} -i - -an -c:v libx264"
    )
    command += (
        f" -preset slow -crf {RATE} -pix_fmt yuv420p -threads 1 -bf 2 -map_metadata -1 -fflags +bitexact"
    )
    command += (
        " -flags:v +bitexact -movflags +faststart -colorspace bt709 -color_primaries bt709 -color_trc bt709"
    )
    command += " -vf scale=in_range=full:out_range=tv:out_color_matrix=bt709"
    with atomic_file(path) as temporary:
        encoder = subprocess.Popen([*command.split(), str(temporary)], stdin=subprocess.PIPE)
        assert encoder.stdin is not None
        for index in range(len(animation)):
            encoder.stdin.write(renderer.frame(animation, index).tobytes())
        encoder.stdin.close()
        if encoder.wait() != 0:
            raise SystemExit(f"ffmpeg could not write {path}")


def write_truth(path: Path, animation: synthetic.Animation) -> None:
    """Write the keypoints as Tracks, in double precision."""
    skeleton = get_skeleton("spinetrack37")
    origin = {"made by": "benchmarks/make_demo.py", "body": dataclasses.asdict(animation.body)}
    truth = make_tracks(
        animation.keypoints[:, None], keypoints=skeleton.keypoints, fps=FPS, skeleton=skeleton.name,
        source="mvtri.synthetic", provenance=origin,
    )  # fmt: skip
    with atomic_file(path) as temporary:
        truth.to_netcdf(temporary, engine="h5netcdf", encoding={"position": {"zlib": True, "shuffle": True}})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "mvtri" / "sessions" / "demo")
    parser.add_argument("--frames", type=int, help="only the first so many")
    out, frames = vars(parser.parse_args()).values()
    cams = mvtri.human36m_cameras(SUBJECT)
    animation = synthetic.animate(synthetic.Body.sample(BODY_SEED), motion())
    scene, look = room(cams), clothes()
    if frames:
        animation = synthetic.Animation(
            animation.body,
            animation.keypoints[:frames],
            animation.rotations[:frames],
            animation.joints[:frames],
        )
    for name in cams.names:
        renderer = synthetic.Renderer(synthetic.View.of(cams.subset([name])), scene, look)
        write_video(out / "videos" / f"{name}.mp4", renderer, animation)
    (out / "calibration").mkdir(parents=True, exist_ok=True)
    mvtri.write_cameras(out / "calibration" / "calibration.toml", cams)
    write_truth(out / "truth.nc", animation)
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    print(f"{out}: {len(animation)} frames, {len(cams)} cameras, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
