"""Train the lifters that mvtri brings along, from nothing, on generated people.

    python benchmarks/train_lifter.py frame --scratch FOLDER --minutes 40 --out mvtri-lift-frame.onnx
    python benchmarks/train_lifter.py 27 --scratch FOLDER --minutes 40 --out mvtri-lift-27.onnx

Needs the extra ``train`` (torch, onnx).  Bodies, motions (`lifter_motions`), cameras and the errors of the 2D
are drawn at random; no captured motion is used.  Errors: none in a third of the samples; else noise that is
independent, a part that lasts, keypoints that are missing, and outliers.  The spreads are scaled so that 95 %
of the errors of people who were not trained on lie in their ellipsoids.
"""

import argparse
import copy
import math
import time
from pathlib import Path

import numpy as np
import torch
from lifter_motions import FRAMES, make_pool
from lifter_network import NETWORKS, ROOT, K, export, load
from scipy.stats import chi2

from mvtri import get_skeleton

CLIPS, HELD = 6000, 300  # of training, and of the people who were not trained on
SPINE = list(map(get_skeleton("spinetrack37").keypoints.index, get_skeleton("spinetrack37").groups["spine"]))
NEAR, FAR = 1.4, 5.0  # body heights, from the camera to the root
MOST_NOISE, MOST_LASTING = 0.08, 0.05  # of the size of the person in the image (root mean square)
BATCH, RATE = 512, 1e-3


def main():
    """Train a network and write it as ONNX."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("--scratch", type=Path, required=True, help="where the pool of motions is kept")
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--start", type=Path, help="go on from the weights of this file")
    parser.add_argument("--rate", type=float, default=RATE, help="the learning rate at the start")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    train, held = pools(options.scratch)
    network = NETWORKS[options.network]()
    if options.start:
        load(network, options.start)
        network.heads.factor.fill_(1.0)
    average = learn(network, train, held, options)
    average.heads.factor *= calibration(average, held)
    export(average, options.out)


def pools(scratch):
    """Return the motions (clips, FRAMES, K, 3) of training and of other people, in body heights."""
    found = []
    for name, first, count in (("train", 0, CLIPS), ("held", 1_000_000, HELD)):
        path = scratch / f"lifter-{name}-{count}.npy"
        if not path.exists():
            scratch.mkdir(parents=True, exist_ok=True)
            np.save(path, make_pool(first, count)[0].astype(np.float16))
        found.append(torch.from_numpy(np.load(path)))
    return found


def learn(network, train, held, options):
    """Return the running average of the weights over the training."""
    random = torch.Generator().manual_seed(1)
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-4)
    began, shown, step = time.monotonic(), 0.0, 0
    while (share := (time.monotonic() - began) / (60.0 * options.minutes)) < 1.0:
        warm = min(1.0, step / 500)
        for group in optimiser.param_groups:
            group["lr"] = options.rate * warm * (0.5 + 0.5 * math.cos(math.pi * share)) + 1e-6
        inputs, target = draw(train, network.frames, BATCH, random)
        value = loss(network(*inputs), target)
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        keep = min(0.999, step / (step + 10.0))
        with torch.no_grad():
            for mean, now in zip(average.parameters(), network.parameters()):
                mean.lerp_(now, 1.0 - keep)
        step += 1
        if time.monotonic() - shown > 60.0:
            shown = time.monotonic()
            print(f"{60 * options.minutes * share:5.0f} s, step {step}: {report(average, held)}", flush=True)
            export(copy.deepcopy(average), options.out.with_suffix(".so-far.onnx"))
    print(f"step {step}: {report(average, held)}", flush=True)
    return average.eval()


def draw(pool, frames, count, random, errors=True):
    """Return inputs of a network and true positions (count, K, 3), in body heights, in the turned camera."""
    stride = (
        torch.randint(1, 3, (count,), generator=random) if frames > 1 else torch.ones(count, dtype=torch.long)
    )
    half = frames // 2
    middle = half * stride + (
        torch.rand(count, generator=random) * (FRAMES - 2 * half * stride).float()
    ).long().clamp(max=FRAMES - 1)
    moments = middle[:, None] + stride[:, None] * torch.arange(-half, half + 1)
    moments = moments.clamp(0, FRAMES - 1)
    clips = torch.randint(0, len(pool), (count,), generator=random)
    points = pool[clips[:, None], moments].float()  # (N, F, K, 3)
    root = points[:, half, ROOT]
    seen3 = (points - root[:, None, None]) @ cameras(count, random)[:, None].transpose(-1, -2)
    far = NEAR * (FAR / NEAR) ** torch.rand(count, generator=random)
    place = torch.stack([torch.zeros(count), torch.zeros(count), far], dim=1)
    local = seen3 + place[:, None, None]
    rays = local[..., :2] / local[..., 2:].clamp(min=0.2)
    seen = torch.ones(rays.shape[:3], dtype=torch.bool)
    if errors:
        rays, seen = with_errors(rays, random)
    inputs, turn = normalised(rays, seen)
    target = (seen3[:, half] - seen3[:, half, ROOT : ROOT + 1]) @ turn.transpose(-1, -2)
    return inputs, target


def cameras(count, random):
    """Return rotations (count, 3, 3) from the world (z up) to cameras that look at the root."""
    around = 2 * math.pi * torch.rand(count, generator=random)
    up = torch.deg2rad(-15.0 + 55.0 * torch.rand(count, generator=random))  # how high the camera stands
    roll = torch.deg2rad(6.0 * torch.randn(count, generator=random))
    z = -torch.stack([torch.cos(around) * torch.cos(up), torch.sin(around) * torch.cos(up), torch.sin(up)], 1)
    x = torch.stack([torch.sin(around), -torch.cos(around), torch.zeros(count)], 1)
    x = x * torch.sign((torch.linalg.cross(z, x)[:, 2:] < 0).float() - 0.5)  # y points down
    y = torch.linalg.cross(z, x)
    c, s = torch.cos(roll)[:, None], torch.sin(roll)[:, None]
    return torch.stack([c * x + s * y, c * y - s * x, z], dim=1)


def with_errors(rays, random):
    """Return rays with the errors of detectors, and which keypoints are seen."""
    N, F = rays.shape[:2]

    def uniform(*shape):
        return torch.rand(shape, generator=random)

    def normal(*shape):
        return torch.randn(shape, generator=random)

    size = (
        (rays - rays.mean(dim=(1, 2), keepdim=True))
        .square()
        .sum(-1)
        .mean(dim=(1, 2))
        .sqrt()[:, None, None, None]
    )
    noisy = (uniform(N, 1, 1, 1) > 0.33).float()
    noise = MOST_NOISE * uniform(N, 1, 1, 1) * normal(N, F, K, 2)
    lasting = MOST_LASTING * uniform(N, 1, 1, 1) ** 2 * normal(N, 1, K, 2)
    wrong = (uniform(N, F, K, 1) < 0.02 * uniform(N, 1, 1, 1)).float() * normal(N, F, K, 2)
    rays = rays + noisy * size * (noise + lasting + wrong)
    often = 0.3 * uniform(N, 1, 1) * (uniform(N, 1, 1) < 0.3).float()
    missing = (uniform(N, 1, K) < often) | (uniform(N, F, K) < 0.3 * often)
    return rays, ~missing


def normalised(rays, seen):
    """Return the inputs of a network, and the turns (N, 3, 3) that bring the root onto the optical axis."""
    half = rays.shape[1] // 2
    there = seen[..., None].float()
    mean = (rays[:, half] * there[:, half]).sum(1) / there[:, half].sum(1).clamp(min=1.0)
    root = torch.where(seen[:, half, ROOT, None], rays[:, half, ROOT], mean)
    turn = turned(torch.nn.functional.pad(root, (0, 1), value=1.0))
    local = torch.nn.functional.pad(rays, (0, 1), value=1.0) @ turn[:, None].transpose(-1, -2)
    flat = local[..., :2] / local[..., 2:].clamp(min=0.1)
    squares = (flat[:, half].square().sum(-1, keepdim=True) * there[:, half]).sum((1, 2))
    size = (squares / there[:, half].sum((1, 2)).clamp(min=1.0)).sqrt().clamp(min=1e-6)
    points = torch.cat([there * flat / size[:, None, None, None], there], dim=-1)
    return (points, 10.0 * size[:, None]), turn


def turned(rays):
    """Return the smallest turns (N, 3, 3) that bring rays (N, 3) onto the z axis."""
    x, y, z = (rays / rays.norm(dim=1, keepdim=True)).unbind(1)
    k = 1.0 / (1.0 + z)
    rows = [[1 - x * x * k, -x * y * k, -x], [-x * y * k, 1 - y * y * k, -y], [x, y, z]]
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)


def loss(found, target):
    """Distances on the whole body and of the spine about its own middle, and the likelihood of the errors."""
    position, spread = found
    error = position - target
    spine = error[:, SPINE] - error[:, SPINE].mean(dim=1, keepdim=True)
    square = mahalanobis(error.detach(), spread)
    log_size = spread[..., [0, 2, 5]].log().sum(-1)
    return error.norm(dim=-1).mean() + spine.norm(dim=-1).mean() + 2e-3 * (0.5 * square + log_size).mean()


def mahalanobis(error, spread):
    """Return squared distances (N, K) of errors in their spreads."""
    a, b, c, d, e, f = spread.unbind(-1)
    x, y, z = error.unbind(-1)
    u = x / a
    v = (y - b * u) / c
    return u.square() + v.square() + ((z - d * u - e * v) / f).square()


@torch.no_grad()
def report(network, held):
    """Return distances, in thousandths of the body height, and coverage, on people not trained on."""
    words = []
    for errors in (False, True):
        random = torch.Generator().manual_seed(2)
        inputs, target = draw(held, network.frames, 4096, random, errors)
        position, spread = network.eval()(*inputs)
        error = position - target
        spine = error[:, SPINE] - error[:, SPINE].mean(dim=1, keepdim=True)
        true = target[:, SPINE] - target[:, SPINE].mean(dim=1, keepdim=True)
        still = (true - true.mean(dim=0)).norm(dim=-1).mean()
        square = mahalanobis(error, spread)[:, [k for k in range(K) if k != ROOT]]
        held95 = (square < chi2.ppf(0.95, 3)).float().mean()
        words.append(
            f"body {1e3 * error.norm(dim=-1).mean():.1f}, spine {1e3 * spine.norm(dim=-1).mean():.1f} "
            f"(mean {1e3 * still:.1f}), 95 % hold {100 * held95:.1f} %"
        )
    network.train()
    return "; with errors: ".join(words)


@torch.no_grad()
def calibration(network, held):
    """Return the factor of the spreads with which 95 % of the errors lie in their ellipsoids."""
    inputs, target = draw(held, network.frames, 20_000, torch.Generator().manual_seed(3))
    position, spread = network(*inputs)
    square = mahalanobis(position - target, spread)[:, [k for k in range(K) if k != ROOT]].flatten()
    return float(np.sqrt(np.quantile(square.numpy(), 0.95) / chi2.ppf(0.95, 3)))


if __name__ == "__main__":
    main()
