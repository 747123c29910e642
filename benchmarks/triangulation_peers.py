"""Other tools' triangulation, each as a function from a scene's pixels (n, C, 2) to points (n, 3).

``aniposelib`` and ``pycolmap`` are called as they are installed (extra ``peers``).  Pose2Sim's published
method is written out here afresh: the score-weighted homogeneous linear transform, views left out one more at
a time until the mean reprojection error is below 15 px.
"""

import itertools

import numpy as np


def anipose(cams):
    """Return aniposelib's linear triangulation of all views."""
    group = cams.to_aniposelib()
    return lambda pixels: group.triangulate(np.ascontiguousarray(pixels.swapaxes(0, 1)))


def anipose_fast(cams):
    """Return aniposelib's median over the points of all pairs of views."""
    group = cams.to_aniposelib()
    return lambda pixels: group.triangulate(np.ascontiguousarray(pixels.swapaxes(0, 1)), fast=True)


def anipose_ransac(cams):
    """Return aniposelib's robust triangulation."""
    group = cams.to_aniposelib()
    return lambda pixels: group.triangulate_ransac(np.ascontiguousarray(pixels.swapaxes(0, 1)))[0]


def colmap(cams, error=None):
    """Return pycolmap's LO-RANSAC; `error` in pixels, else its own default (an angle of 2 degrees).

    Its cameras are pinholes and it is given undistorted pixels, so that work is free for it.
    """
    import pycolmap

    poses = [
        pycolmap.Rigid3d(pycolmap.Rotation3d(R), t[:, None])
        for R, t in zip(cams.rotations, cams.translations)
    ]
    lenses = [
        pycolmap.Camera(
            model="PINHOLE", width=int(w), height=int(h), params=[K[0, 0], K[1, 1], K[0, 2], K[1, 2]]
        )
        for (w, h), K in zip(cams.image_sizes, cams.matrices)
    ]
    options = pycolmap.EstimateTriangulationOptions()
    if error is not None:
        options.residual_type = pycolmap.TriangulationResidualType.REPROJECTION_ERROR
        options.ransac.max_error = error
    options.ransac.random_seed = 0

    def solve(pixels):
        out = np.full((len(pixels), 3), np.nan)
        for i, seen in enumerate(pixels):
            found = pycolmap.estimate_triangulation(seen, poses, lenses, options)
            if found is not None:
                out[i] = found["xyz"]
        return out

    return solve


def straight(cams, pixels):
    """Return pixels as pinhole cameras would have seen them."""
    rays = cams.undistort(pixels)
    focal = cams.matrices[:, (0, 1), (0, 1)]
    return rays * focal + cams.matrices[:, :2, 2]


def pose2sim(cams, limit=15.0, least=2, plain=False):
    """Return Pose2Sim's method, mean-error exclusion, on pixels as they are (it ignores distortion).

    `plain` does it row by row and camera by camera, as it was published; else these loops are NumPy's.
    """
    matrices = cams.matrices @ np.concatenate([cams.rotations, cams.translations[:, :, None]], axis=2)

    def row_by_row(pixels, views):
        rows = []
        for c in views:
            (u, v), P, score = pixels[c], matrices[c], 1.0
            rows.append((P[0] - u * P[2]) * score)
            rows.append((P[1] - v * P[2]) * score)
        vector = np.linalg.svd(np.array(rows))[2].T[:, -1]
        point = np.array([vector[0] / vector[3], vector[1] / vector[3], vector[2] / vector[3], 1.0])
        errors = []
        for c in views:
            P = matrices[c]
            u, v = P[0].dot(point) / P[2].dot(point), P[1].dot(point) / P[2].dot(point)
            errors.append(np.sqrt((u - pixels[c][0]) ** 2 + (v - pixels[c][1]) ** 2))
        return np.mean(errors), point[:3]

    def one(pixels, views):
        rows = pixels[views, :, None] * matrices[views, 2:3] - matrices[views, :2]
        vector = np.linalg.svd(rows.reshape(-1, 4))[2][-1]
        point = vector / vector[3]
        seen = matrices[views] @ point
        error = np.linalg.norm(seen[:, :2] / seen[:, 2:] - pixels[views], axis=1).mean()
        return error, point[:3]

    def solve(pixels):
        out = np.full((len(pixels), 3), np.nan)
        for i, seen in enumerate(pixels):
            scored = np.flatnonzero(np.isfinite(seen).all(axis=1)).tolist()
            for count in range(len(scored), least - 1, -1):
                tried = [
                    (row_by_row if plain else one)(seen, list(views))
                    for views in itertools.combinations(scored, count)
                ]
                error, point = min(tried, key=lambda pair: pair[0])
                if error <= limit or count == least:
                    out[i] = point
                    break
        return out

    return solve
