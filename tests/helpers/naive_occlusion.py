"""Sight lines through capsules, one at a time: where a ray enters and leaves two balls and a cylinder."""

import math

import numpy as np


def crossing(eye, direction, start, end, radius):
    """Return where (m along the unit `direction`) the ray is inside the capsule: (enters, leaves) or None."""
    spans = [ball(eye, direction, start, radius), ball(eye, direction, end, radius)]
    if np.linalg.norm(end - start) > 0:
        spans.append(cylinder(eye, direction, start, end, radius))
    spans = [span for span in spans if span is not None]
    return (min(span[0] for span in spans), max(span[1] for span in spans)) if spans else None


def roots(a, b, c):
    """Return the interval where a s² + 2 b s + c <= 0, for a > 0."""
    inside = b * b - a * c
    if inside < 0:
        return None
    return (-b - math.sqrt(inside)) / a, (-b + math.sqrt(inside)) / a


def ball(eye, direction, centre, radius):
    away = eye - centre
    return roots(1.0, float(away @ direction), float(away @ away) - radius**2)


def cylinder(eye, direction, start, end, radius):
    axis = (end - start) / np.linalg.norm(end - start)
    away = eye - start
    across, off = direction - (direction @ axis) * axis, away - (away @ axis) * axis
    if across @ across < 1e-18:
        return None  # along the axis: the balls at the ends say all
    span = roots(float(across @ across), float(off @ across), float(off @ off) - radius**2)
    if span is None:
        return None
    # between the planes of the two ends: 0 <= (away + s direction) . axis <= length
    height, climb, length = float(away @ axis), float(direction @ axis), float(np.linalg.norm(end - start))
    low, high = span
    if climb == 0:
        return span if 0 <= height <= length else None
    ends = sorted([-height / climb, (length - height) / climb])
    low, high = max(low, ends[0]), min(high, ends[1])
    return (low, high) if low <= high else None


def hides(eye, point, start, end, radius, depth):
    """Say whether the capsule hides the point: left behind before it, or entered more than `depth` before."""
    if not all(np.isfinite(place).all() for place in (point, start, end)):
        return False
    distance = float(np.linalg.norm(point - eye))
    span = crossing(eye, (point - eye) / distance, start, end, radius)
    if span is None or span[1] < 0:
        return False
    return span[1] < distance or max(span[0], 0.0) < distance - depth
