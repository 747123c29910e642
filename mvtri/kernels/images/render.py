"""Ray casting of round cones, a room and soft shadows: what `mvtri.synthetic` draws people with.

A round cone is the convex hull of two spheres on the local z axis, radius r0 at z = 0 and r1 at z = L; an
affine map from camera to local coordinates makes it elliptic.  Rays are (x, y, 1) in the camera's frame, so
the ray parameter is the depth and is the same in every affine frame.
"""

import math

import numpy as np

from mvtri.kernels.jit import jit, jit_inline, jit_internal

PLAIN, STRIPES, CHECKS, PATCHES = 0, 1, 2, 3


@jit_internal
def _sphere(ox, oy, oz, dx, dy, dz, radius):
    """Return the nearer ray parameter at which a sphere about the origin is hit, inf if it is not."""
    a = dx * dx + dy * dy + dz * dz
    b = ox * dx + oy * dy + oz * dz
    c = ox * ox + oy * oy + oz * oz - radius * radius
    root = b * b - a * c
    if root < 0.0:
        return math.inf
    return (-b - math.sqrt(root)) / a


@jit_internal
def hit_round_cone(ox, oy, oz, dx, dy, dz, length, r0, r1):
    """Return the smallest positive ray parameter at which o + t d enters a round cone, inf if it does not.

    The side is the cone tangent to both spheres: with s = (r0 - r1) / L it is the set rho = (r0 - s z) / c,
    c = sqrt(1 - s^2), between the circles of contact z = r0 s and z = L + r1 s.
    """
    best = math.inf
    s = (r0 - r1) / length if length > 0.0 else 0.0
    low = r0 * s
    high = length + r1 * s
    t = _sphere(ox, oy, oz, dx, dy, dz, r0)
    if t > 0.0 and (length == 0.0 or oz + t * dz <= low):
        best = t
    if length == 0.0:
        return best
    t = _sphere(ox, oy, oz - length, dx, dy, dz, r1)
    if 0.0 < t < best and oz + t * dz >= high:
        best = t
    cc = 1.0 - s * s
    w = r0 - s * oz
    a = cc * (dx * dx + dy * dy) - s * s * dz * dz
    b = cc * (ox * dx + oy * dy) + s * dz * w
    c = cc * (ox * ox + oy * oy) - w * w
    root = b * b - a * c
    if root >= 0.0 and a != 0.0:
        root = math.sqrt(root)
        for sign in (-1.0, 1.0):
            t = (-b + sign * root) / a
            if 0.0 < t < best:
                z = oz + t * dz
                if low <= z <= high and r0 - s * z >= 0.0:
                    best = t
    return best


@jit_internal
def _normal(px, py, pz, length, r0, r1):
    """Return the outward normal of a round cone at a point of its surface (not of unit length)."""
    s = (r0 - r1) / length if length > 0.0 else 0.0
    if length == 0.0 or pz <= r0 * s:
        return px, py, pz
    if pz >= length + r1 * s:
        return px, py, pz - length
    rho = math.sqrt(px * px + py * py)
    c = math.sqrt(1.0 - s * s)
    return c * px / rho, c * py / rho, s


@jit
def cover(rays, boxes, maps, offsets, shapes, depth, owner):
    """Write, where a shape is nearer than `depth`, its depth and its number.

    Parameters
    ----------
    rays : ndarray, shape (H, W, 2)
        Normalised coordinates x, y of each sample.
    boxes : ndarray of int, shape (P, 4)
        The samples that shape p may cover: first column, first row, and those after the last.
    maps, offsets : ndarray, shapes (P, 3, 3) and (P, 3)
        From camera to local coordinates: q = A x + a.
    shapes : ndarray, shape (P, 3)
        Length, first and second radius, local units.
    depth, owner : ndarray, shapes (H, W)
        Depth (m) and number of the shape in front; changed in place.
    """
    for p in range(len(boxes)):
        A = maps[p]
        a = offsets[p]
        for row in range(boxes[p, 1], boxes[p, 3]):
            for column in range(boxes[p, 0], boxes[p, 2]):
                x, y = rays[row, column, 0], rays[row, column, 1]
                dx = A[0, 0] * x + A[0, 1] * y + A[0, 2]
                dy = A[1, 0] * x + A[1, 1] * y + A[1, 2]
                dz = A[2, 0] * x + A[2, 1] * y + A[2, 2]
                t = hit_round_cone(a[0], a[1], a[2], dx, dy, dz, shapes[p, 0], shapes[p, 1], shapes[p, 2])
                if t < depth[row, column]:
                    depth[row, column] = t
                    owner[row, column] = p


@jit_internal
def _hash(i, j, k):
    """Return a number in 0..1 that looks random, the same for the same integers."""
    h = (i * 73856093) ^ (j * 19349663) ^ (k * 83492791)
    h = (h ^ (h >> 13)) & 0xFFFFFFFF
    h = (h * 1274126177) & 0xFFFFFFFF
    return ((h ^ (h >> 16)) & 0xFFFF) / 65535.0


@jit_internal
def noise(x, y, z):
    """Return smooth value noise in 0..1 of unit grain at a place."""
    i, j, k = math.floor(x), math.floor(y), math.floor(z)
    fx, fy, fz = x - i, y - j, z - k
    fx, fy, fz = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy), fz * fz * (3 - 2 * fz)
    total = 0.0
    for a in range(2):
        for b in range(2):
            for c in range(2):
                weight = (fx if a else 1 - fx) * (fy if b else 1 - fy) * (fz if c else 1 - fz)
                total += weight * _hash(int(i) + a, int(j) + b, int(k) + c)
    return total


@jit_internal
def albedo(material, x, y, z, out):
    """Write the colour of a material at a place x, y, z (m) fixed to what it is on.

    A material is a row: colour (3), second colour (3), pattern, waves a metre, direction (3), share of the
    second colour (-1..1), strength and grain (1/m) of the noise, specular strength.
    """
    pattern = int(material[6])
    frequency = 2.0 * math.pi * material[7]
    along = material[8] * x + material[9] * y + material[10] * z
    mix = 0.0
    if pattern == STRIPES:
        mix = math.sin(frequency * along) - material[11]
    elif pattern == CHECKS:
        across = material[9] * x + material[10] * y + material[8] * z
        mix = math.sin(frequency * along) * math.sin(frequency * across) - 0.5 * material[11]
    elif pattern == PATCHES:
        f = material[7]
        mix = 4.0 * (noise(f * x + 31.0, f * y + 17.0, f * z + 5.0) - 0.5) - material[11]
    share = min(1.0, max(0.0, 0.5 + 4.0 * mix)) if pattern != PLAIN else 0.0
    grain = material[13]
    light = 1.0 + material[12] * (noise(grain * x, grain * y, grain * z) - 0.5)
    light += 0.5 * material[12] * (noise(3.1 * grain * x, 3.1 * grain * y, 3.1 * grain * z) - 0.5)
    for i in range(3):
        out[i] = light * (material[i] + share * (material[3 + i] - material[i]))


@jit_inline
def illuminate(colour, gloss, lights, nx, ny, nz, x, y, z, image, row, column):
    """Write how a surface looks: its colour by ambient light, and by each light with a highlight.

    Parameters
    ----------
    colour : ndarray, shape (3,)
    gloss : float
        Strength of the highlights.
    lights : ndarray, shape (L + 1, 6)
        As of `shade`.
    nx, ny, nz, x, y, z : float
        The unit normal, and the place, in camera coordinates.
    image : ndarray, shape (H, W, 3)
        Changed in place, at `row` and `column`.
    """
    distance = math.sqrt(x * x + y * y + z * z)
    for i in range(3):
        sky = 0.5 + 0.5 * (nx * lights[0, 0] + ny * lights[0, 1] + nz * lights[0, 2])
        value = colour[i] * lights[0, 3 + i] * (0.55 + 0.45 * sky)
        for k in range(1, len(lights)):
            lx, ly, lz = lights[k, 0], lights[k, 1], lights[k, 2]
            facing = nx * lx + ny * ly + nz * lz
            value += colour[i] * lights[k, 3 + i] * max(0.0, 0.85 * facing + 0.15)
            hx, hy, hz = lx - x / distance, ly - y / distance, lz - z / distance
            half = (nx * hx + ny * hy + nz * hz) / max(1e-9, math.sqrt(hx * hx + hy * hy + hz * hz))
            if facing > 0.0 and half > 0.0:
                value += gloss * lights[k, 3 + i] * half**24
        image[row, column, i] = value


@jit
def shade(
    rays,
    box,
    depth,
    owner,
    maps,
    offsets,
    shapes,
    rests,
    rest_offsets,
    planes,
    pairs,
    materials,
    lights,
    image,
):
    """Colour the samples in `box` that a shape covers.

    Parameters
    ----------
    rays, depth, owner, maps, offsets, shapes
        As of `cover`.
    box : ndarray of int, shape (4,)
        First column, first row, and those after the last.
    rests, rest_offsets : ndarray, shapes (P, 3, 3) and (P, 3)
        From camera coordinates to those that the texture lives in.
    planes : ndarray, shape (P, 4)
        n, d: the first material where n.x > d, the second elsewhere.
    pairs : ndarray of int, shape (P, 2)
        The two materials, rows of `materials`.
    materials : ndarray, shape (M, 15)
        See `albedo`.
    lights : ndarray, shape (L + 1, 6)
        First the ambient light: towards the sky (3), its colour (3); then direction towards each light and
        its colour; in camera coordinates.
    image : ndarray, shape (H, W, 3)
        Changed in place.
    """
    colour = np.empty(3)
    for row in range(box[1], box[3]):
        for column in range(box[0], box[2]):
            p = owner[row, column]
            if p < 0:
                continue
            t = depth[row, column]
            cx, cy = t * rays[row, column, 0], t * rays[row, column, 1]
            A, a, N, n = maps[p], offsets[p], rests[p], rest_offsets[p]
            qx = A[0, 0] * cx + A[0, 1] * cy + A[0, 2] * t + a[0]
            qy = A[1, 0] * cx + A[1, 1] * cy + A[1, 2] * t + a[1]
            qz = A[2, 0] * cx + A[2, 1] * cy + A[2, 2] * t + a[2]
            gx, gy, gz = _normal(qx, qy, qz, shapes[p, 0], shapes[p, 1], shapes[p, 2])
            nx = A[0, 0] * gx + A[1, 0] * gy + A[2, 0] * gz
            ny = A[0, 1] * gx + A[1, 1] * gy + A[2, 1] * gz
            nz = A[0, 2] * gx + A[1, 2] * gy + A[2, 2] * gz
            size = math.sqrt(nx * nx + ny * ny + nz * nz)
            nx, ny, nz = nx / size, ny / size, nz / size
            x = N[0, 0] * cx + N[0, 1] * cy + N[0, 2] * t + n[0]
            y = N[1, 0] * cx + N[1, 1] * cy + N[1, 2] * t + n[1]
            z = N[2, 0] * cx + N[2, 1] * cy + N[2, 2] * t + n[2]
            side = planes[p, 0] * x + planes[p, 1] * y + planes[p, 2] * z > planes[p, 3]
            material = materials[pairs[p, 0] if side else pairs[p, 1]]
            albedo(material, x, y, z, colour)
            illuminate(colour, material[14], lights, nx, ny, nz, cx, cy, t, image, row, column)


@jit
def room(rays, rotation, centre, low, high, materials, lights, image, ground):
    """Draw a room seen from within: a box from `low` to `high` with a material for each of its six faces.

    Parameters
    ----------
    rays : ndarray, shape (H, W, 2)
        Normalised coordinates.
    rotation, centre : ndarray, shapes (3, 3) and (3,)
        Of the camera: world to camera, and its place in the world, m.
    low, high : ndarray, shape (3,)
        Corners of the room, m; the floor is at ``low[2]``.
    materials : ndarray, shape (6, 15)
        Of the faces x low, x high, y low, y high, floor, ceiling; see `albedo`.
    lights : ndarray, shape (6, 3)
        The light on each face.
    image, ground : ndarray, shapes (H, W, 3) and (H, W, 2)
        Colour, and where on the floor a sample looks (NaN elsewhere), m; changed in place.
    """
    colour = np.empty(3)
    point = np.empty(3)
    direction = np.empty(3)
    for row in range(rays.shape[0]):
        for column in range(rays.shape[1]):
            x, y = rays[row, column, 0], rays[row, column, 1]
            best, face = math.inf, 0
            for i in range(3):
                direction[i] = rotation[0, i] * x + rotation[1, i] * y + rotation[2, i]
                if direction[i] != 0.0:
                    wall = high[i] if direction[i] > 0.0 else low[i]
                    t = (wall - centre[i]) / direction[i]
                    if t < best:
                        best, face = t, 2 * i + (1 if direction[i] > 0.0 else 0)
            for i in range(3):
                point[i] = centre[i] + best * direction[i]
            albedo(materials[face], point[0], point[1], point[2], colour)
            corner = 1.0
            for i in range(3):
                if i != face // 2:
                    edge = min(point[i] - low[i], high[i] - point[i])
                    corner *= 1.0 - 0.35 * math.exp(-edge / 0.25)
            for i in range(3):
                image[row, column, i] = colour[i] * lights[face, i] * corner
            ground[row, column, 0] = point[0] if face == 4 else math.nan
            ground[row, column, 1] = point[1] if face == 4 else math.nan


@jit
def shadow(ground, box, blobs, strength, image):
    """Darken the floor in `box` about the places `blobs` (B, 3: x, y, radius, in m) by up to `strength`."""
    for row in range(box[1], box[3]):
        for column in range(box[0], box[2]):
            x, y = ground[row, column, 0], ground[row, column, 1]
            if math.isnan(x):
                continue
            clear = 1.0
            for k in range(len(blobs)):
                far = ((x - blobs[k, 0]) ** 2 + (y - blobs[k, 1]) ** 2) / (blobs[k, 2] * blobs[k, 2])
                if far < 9.0:
                    clear *= 1.0 - 0.6 * math.exp(-far)
            for i in range(3):
                image[row, column, i] *= 1.0 - strength * (1.0 - clear)
