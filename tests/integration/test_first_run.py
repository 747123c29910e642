"""What is compiled ahead is what a run needs: each kernel that Python calls, for one signature alone."""

import json
import os

from warm_python import run_code

CODE = """import json
import mvtri
from mvtri.compilation import _types
from mvtri.kernels.jit import SIGNATURES
from mvtri.sessions import demo_session

session = demo_session(frames="0:30:2")
tracks = mvtri.reconstruct(session, detector=mvtri.load_detector("mvtri-demo", device="cpu"))
mvtri.smooth(tracks, "batch")
cams = session.cameras
cams.distort(cams.undistort(cams.project(tracks.position.to_numpy()[:, :, 0, 0])))
found = {}
for kernel in SIGNATURES:
    others = [str(types) for types in kernel.overloads if types != _types(kernel)]
    found[kernel.__name__] = [_types(kernel) in kernel.overloads, others]
print(json.dumps(found))
"""
USED = {
    "sample_yuv", "decode_heatmaps", "to_image", "keypoint_boxes", "image_distances", "ray_disagreements",
    "undistort_all", "one_to_one_radius", "undistort_opencv", "project_points", "distort_points",
    "huber_scale", "solve_ordinary_chunk", "find_swaps",
    "smooth_velocity_model", "velocity_model_costs", "read_information", "pulls_of", "bend_squares",
    "compare_with_smooth", "add_segments", "smooth_positions", "take_lengths",
}  # fmt: skip


def test_a_run_needs_each_kernel_for_the_signature_that_is_compiled_ahead(tmp_path):
    done = run_code(CODE, tmp_path, dict(os.environ))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {name for name, (compiled, _) in found.items() if compiled} == USED
    assert {name: others for name, (_, others) in found.items() if others} == {}
