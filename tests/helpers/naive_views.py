"""Slow, obvious twins of the kernels that treat the views of one point as quadratic forms.

A form is a symmetric 4 x 4 matrix Q; its value at a point X is ``[X, 1]' Q [X, 1]``.
"""

import itertools
import math

import columns_triangulation as columns
import numpy as np
from naive_cameras import differences
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from mvtri.kernels.triangulation import layout


def ray_form(cams, camera, pixel, information, depth):
    """Return the form of one view: how far a point at `depth` is from the pixel, to first order."""
    ray = cams.subset([cams.names[camera]]).undistort(np.reshape(pixel, (1, 2)))[0]
    bend = differences(lambda xy: cams.distort(np.tile(xy, (len(cams), 1)))[camera], ray)
    P = np.concatenate([cams.rotations[camera], cams.translations[camera][:, None]], axis=1)
    across = (P[:2] - ray[:, None] * P[2]) / depth  # camera coordinates x - x0 z over z, y - y0 z over z
    return across.T @ bend.T @ information @ bend @ across


def random_forms(count, rng, noise=1.0, centre=(0.0, 0.0, 0.0), outliers=()):
    """Return forms of rank two, such as views have, about a common point; those in `outliers` are far off."""
    forms = []
    for i in range(count):
        rows = rng.normal(size=(2, 3))
        offset = noise * rng.normal(size=2) + (rng.normal(size=2) * 30.0 if i in outliers else 0.0)
        rows = np.concatenate([rows, (offset - rows @ centre)[:, None]], axis=1)
        forms.append(rows.T @ rows)
    return np.array(forms)


def workspace(forms, penalties=9.0, ratios=0.0, members=None):
    """Return the kernels' observations with these forms, one view a camera."""
    observations = np.zeros((len(forms), layout.COLUMNS))
    observations[:, layout.CAMERA] = np.arange(len(forms))
    observations[:, columns.FORM_MATRIX] = forms[:, [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]
    observations[:, columns.FORM_VECTOR] = -forms[:, :3, 3]
    observations[:, layout.FORM_CONSTANT] = forms[:, 3, 3]
    observations[:, layout.OUTLIER_PENALTY], observations[:, layout.OUTLIER_RATIO] = penalties, ratios
    observations[:, layout.MEMBER] = 1.0 if members is None else members
    return observations


def value(form, point):
    """Return the value of a form at a point."""
    X = np.append(point, 1.0)
    return float(X @ form @ X)


def minimum(forms):
    """Return the point at which the sum of some forms is least, and its value there."""
    whole = np.sum(forms, axis=0)
    point = np.linalg.solve(whole[:3, :3], -whole[:3, 3])
    return point, value(whole, point)


def outside(penalty, broad, square, far=12.0):
    """Return what an outlier costs: its penalty and a share of its chi square, up to `far`."""
    return penalty + min(broad * square, far)


def cost_at(forms, penalties, broads, inside, point):
    """Return the cost of a point when it is said which views are inliers."""
    cost = 0.0
    for form, penalty, broad, inlier in zip(forms, penalties, broads, inside):
        square = value(form, point)
        cost += square if inlier else outside(penalty, broad, square)
    return cost


def subsets(count, least):
    """Yield all subsets of `least` views or more, as boolean arrays."""
    for inside in itertools.product([False, True], repeat=count):
        if sum(inside) >= least:
            yield np.array(inside)


def ranked_subsets(forms, penalties, broads, least, allowed=lambda inside, point: True):
    """Return (cost, subset, point) of all subsets with their own best points, the cheapest first."""
    found = []
    for inside in subsets(len(forms), least):
        point, _ = minimum(forms[inside])
        if allowed(inside, point):
            found.append((cost_at(forms, penalties, broads, inside, point), tuple(inside), point))
    return sorted(found, key=lambda item: item[0])


def descend(forms, penalties, broads, inside, least, rounds):
    """Move one view at a time in or out, the one that helps most, until none does."""

    def cost(members):
        return cost_at(forms, penalties, broads, members, minimum(forms[members])[0])

    inside = np.array(inside)
    for _ in range(rounds):
        trials = []
        for i in range(len(forms)):
            trial = inside.copy()
            trial[i] = not trial[i]
            if trial.sum() >= least:
                trials.append((cost(trial), i, trial))
        lowest, _, trial = min(trials, key=lambda item: item[:2])
        if not lowest < cost(inside) - 1e-9:
            break
        inside = trial
    return inside


def all_outliers_likelier(forms, penalties, broads, inside, cost):
    """Compare two evidences, both Gaussian integrals over the point, and return the second one's centre.

    Minus twice the log of such an integral is the least cost plus the log determinant of half its second
    derivative; what both have in common is left out.
    """
    members = np.sum(forms[inside], axis=0)[:3, :3]
    broad = [b * form for b, form in zip(broads, forms)]
    point, _ = minimum(broad)
    other = sum(outside(p, 1.0, value(form, point)) for p, form in zip(penalties, broad))
    everyone = np.sum(broad, axis=0)[:3, :3]
    mine = cost + np.linalg.slogdet(members)[1]
    return not mine < other + np.linalg.slogdet(everyone)[1], point


def expected_place(cams, depths):
    """Return the mean of the places on the cameras' axes at some depths, and the information of a point.

    It is that of a normal distribution about this place, half as wide as the depths on average.
    """
    places = cams.centers + np.array(depths)[:, None] * cams.rotations[:, 2]
    return places.mean(axis=0), np.eye(3) / (0.5 * np.mean(depths)) ** 2


def hypotheses(forms, start, penalties, broads, middle, prior):
    """Return (subset, point, probability, covariance) of all 2^n subsets being the inliers.

    `forms` returns the forms for the depths of a point: of `start` at first, then of the point so found.
    The probability is that of the Gaussian integral over the point, as in `all_outliers_likelier`, times the
    density of a normal distribution about `middle` with the information `prior`.
    """
    found, evidences = [], []
    before = np.block([[prior, -(prior @ middle)[:, None]], [-prior @ middle, middle @ prior @ middle]])
    for inside in subsets(len(penalties), 0):
        weights, place = np.where(inside, 1.0, broads), start
        for _ in range(2):
            some = forms(place)
            place, _ = minimum([*(weights[:, None, None] * some), before])
        information = np.einsum("c,cij->ij", weights, some)[:3, :3] + prior
        cost = cost_at(some, penalties, broads, inside, place) + value(before, place)
        evidences.append(cost + np.linalg.slogdet(information)[1])
        found.append((inside, place, np.linalg.inv(information)))
    chances = np.exp(0.5 * (min(evidences) - np.array(evidences)))
    chances /= chances.sum()
    return [(inside, place, chance, spread) for (inside, place, spread), chance in zip(found, chances)]


def agreement(found, views):
    """Return the probability that two or more of some views are inliers."""
    return sum(p for inside, _, p, _ in found if (inside & views).sum() >= 2)


def least_expected_distance(found):
    """Return the point that minimises the mean root of squared distance plus variance, with SciPy."""

    def expected(place):
        return sum(p * math.sqrt(((place - x) ** 2).sum() + np.trace(spread)) for _, x, p, spread in found)

    return minimize(expected, sum(p * x for _, x, p, _ in found), method="BFGS", options={"gtol": 1e-9}).x


def likeliest_place(found, width):
    """Return where most of a mixture is near, climbing with SciPy from the best of its own points."""

    wide = [(p, multivariate_normal(x, spread + width**2 * np.eye(3))) for _, x, p, spread in found]

    def missed(place):
        return -sum(p * normal.pdf(place) for p, normal in wide)

    start = min((x for _, x, _, _ in found), key=missed)
    scale = -missed(start)
    return minimize(lambda at: missed(at) / scale, start, method="BFGS", options={"gtol": 1e-8}).x


def robust_cost(forms, penalties, broads, point):
    """Return the cost of a point when each view is what suits it better, and how many are inliers."""
    cost, inliers = 0.0, 0
    for form, penalty, broad in zip(forms, penalties, broads):
        square = value(form, point)
        inliers += square < outside(penalty, broad, square)
        cost += min(square, outside(penalty, broad, square))
    return cost, inliers


def xorshift(state):
    """Return the next state of Marsaglia's generator with the shifts 13, 7, 17 (2003, section 3)."""
    for shift in (13, -7, 17):
        moved = state << shift if shift > 0 else state >> -shift
        state = (state ^ moved) % 2**64
    return state


def seed_of(seed, index):
    """Return the generator's state for a point: seed with its halves exchanged, index, and a constant."""
    state = index ^ (seed << 32) % 2**64 ^ seed >> 32 ^ 0x9E3779B97F4A7C15
    for _ in range(8):
        state = xorshift(state)
    return state


def drawn_pairs(count, state):
    """Return all pairs in the order in which they are drawn: Fisher and Yates's shuffle."""
    pairs = [(i, j) for j in range(count) for i in range(j)]
    for k in range(len(pairs)):
        state = xorshift(state)
        other = k + state % (len(pairs) - k)
        pairs[k], pairs[other] = pairs[other], pairs[k]
    return pairs


def sample_pairs(forms, penalties, broads, state, bound, most, before=lambda i, j, point: True):
    """Return the best point of pairs drawn until it is likely enough that a good one was among them.

    The chance to have missed all good pairs is looked at after every fourth draw; also returned is the number
    of draws.
    """
    from scipy.stats import hypergeom

    pairs = drawn_pairs(len(forms), state)
    best, inliers, found = math.inf, 0, np.full(3, np.nan)
    for k, (i, j) in enumerate(pairs[:most]):
        point, _ = minimum(forms[[i, j]])
        if not before(i, j, point):
            continue
        cost, suited = robust_cost(forms, penalties, broads, point)
        if cost < best:
            best, inliers, found = cost, suited, point
        missed = hypergeom(len(pairs), math.comb(inliers, 2), k + 1).pmf(0)
        if inliers > 2 and k % 4 == 3 and missed < bound:
            return found, k + 1
    return found, min(len(pairs), most)
