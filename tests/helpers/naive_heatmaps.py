"""Slow, obvious twins of the kernels that decode network outputs, written with NumPy, SciPy and OpenCV."""

import cv2
import numpy as np
from scipy import ndimage


def peaks(values, floor, distance, count):
    """Return (x, y, value) of the highest local maxima, best first."""
    height, width = values.shape
    found = []
    for y in range(height):
        for x in range(width):
            around = values[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
            if values[y, x] == around.max():
                found.append((x, y, float(values[y, x])))
    found.sort(key=lambda item: (-item[2], item[1], item[0]))
    kept = []
    for x, y, value in found:
        far = all((x - a) ** 2 + (y - b) ** 2 >= distance**2 for a, b, _ in kept)
        if far and (not kept or value >= floor * kept[0][2]) and len(kept) < count:
            kept.append((x, y, value))
    return kept


def fit_gaussian(values, y, x, radius):
    """Return offset (2,) and covariance (2, 2) by weighted least squares on the logarithm."""
    rows, targets, weights = [], [], []
    for v in range(y - radius, y + radius + 1):
        for u in range(x - radius, x + radius + 1):
            if 0 <= v < values.shape[0] and 0 <= u < values.shape[1] and values[v, u] > 0:
                dx, dy = u - x, v - y
                rows.append([1.0, dx, dy, dx * dx / 2, dx * dy, dy * dy / 2])
                targets.append(np.log(values[v, u] / values[y, x]))
                weights.append(values[v, u] / values[y, x])
    weights = np.array(weights)
    solution = np.linalg.lstsq(np.array(rows) * weights[:, None], np.array(targets) * weights, rcond=None)[0]
    hessian = np.array([[solution[3], solution[4]], [solution[4], solution[5]]])
    return -np.linalg.solve(hessian, solution[1:3]), -np.linalg.inv(hessian)


def fit_gaussian_1d(values, at, part):
    """Return offset and variance of the Gaussian about a peak of one axis."""
    first = last = at
    while first > 0 and (values[first - 1] >= part * values[at] or at - first < 2):
        first -= 1
    while last < len(values) - 1 and (values[last + 1] >= part * values[at] or last - at < 2):
        last += 1
    d = np.arange(first, last + 1) - at
    h = values[first : last + 1] / values[at]
    a, b, _ = np.polyfit(d, np.log(h), 2, w=h)
    return -b / (2 * a), -1 / (2 * a)


def blurred(values, count):
    """Blur with OpenCV's Gaussian of `count` taps, zeros beyond the map."""
    taps = cv2.getGaussianKernel(count, 0, cv2.CV_64F)[:, 0] if count > 1 else np.ones(1)
    once = ndimage.convolve1d(values.astype(float), taps, axis=0, mode="constant")
    return ndimage.convolve1d(once, taps, axis=1, mode="constant")


def dark(values, y, x, count):
    """Return the Newton step of Zhang et al. (CVPR 2020), second derivatives over two cells."""
    log = np.log(np.maximum(blurred(values, count), 1e-10 * values[y, x]))
    gradient = [(log[y, x + 1] - log[y, x - 1]) / 2, (log[y + 1, x] - log[y - 1, x]) / 2]
    hxx = (log[y, x + 2] - 2 * log[y, x] + log[y, x - 2]) / 4
    hyy = (log[y + 2, x] - 2 * log[y, x] + log[y - 2, x]) / 4
    hxy = (log[y + 1, x + 1] - log[y - 1, x + 1] - log[y + 1, x - 1] + log[y - 1, x - 1]) / 4
    return -np.linalg.solve([[hxx, hxy], [hxy, hyy]], gradient)


def udp(values, y, x, count):
    """Return the Newton step of Huang et al. (CVPR 2020), all derivatives over one cell."""
    log = np.log(np.maximum(blurred(values, count), 1e-10 * values[y, x]))
    gradient = [(log[y, x + 1] - log[y, x - 1]) / 2, (log[y + 1, x] - log[y - 1, x]) / 2]
    hxx = log[y, x + 1] - 2 * log[y, x] + log[y, x - 1]
    hyy = log[y + 1, x] - 2 * log[y, x] + log[y - 1, x]
    hxy = (log[y + 1, x + 1] - log[y - 1, x + 1] - log[y + 1, x - 1] + log[y - 1, x - 1]) / 4
    return -np.linalg.solve([[hxx, hxy], [hxy, hyy]], gradient)
