"""Train the demo detector on rendered people, and export it: one command from nothing to the ONNX file.

    python benchmarks/train_demo_detector.py --scratch FOLDER --minutes 85 --out mvtri-demo.onnx

Needs the extra ``train`` (torch, onnx).  Nothing of the demo is used: training bodies, motions, clothes,
rooms, lights and cameras are drawn at random by `demo_pool`, from seeds of their own.  Settings, progress and
the error on a held-out set of rendered people go to ``FOLDER/log.jsonl``.
"""

import argparse
import copy
import json
import math
import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from demo_batches import MEAN, SIZE, STD, Pool, batches
from demo_network import SIGMA, STRIDE, Network, export
from demo_pool import PER_SHARD, make_shard
from torch.nn import functional

FIRST_SEED, HELD_OUT_SEED = 1000, 900_000


def prepare(scratch: Path, pictures: int, workers: int) -> None:
    """Render what is missing of the training and the held-out pool."""
    jobs = [(str(scratch / "pool"), FIRST_SEED + i) for i in range(math.ceil(pictures / PER_SHARD))]
    jobs += [(str(scratch / "val"), HELD_OUT_SEED + i) for i in range(2)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        pool.starmap(make_shard, jobs, chunksize=1)


def to_input(images: np.ndarray) -> torch.Tensor:
    tensor = torch.from_numpy(images).permute(0, 3, 1, 2).to(torch.float32)
    return ((tensor - MEAN) / STD).contiguous(memory_format=torch.channels_last)


def targets(points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return Gaussian maps that sum to 1 (N, K, H*W), their centres in cells, and which are in the input."""
    cells = (points - (STRIDE - 1) / 2) / STRIDE
    width, height = (int(v) // STRIDE for v in SIZE)
    x = torch.exp(-0.5 * ((torch.arange(width) - cells[..., :1]) / SIGMA) ** 2)
    y = torch.exp(-0.5 * ((torch.arange(height) - cells[..., 1:]) / SIGMA) ** 2)
    maps = (y[..., :, None] * x[..., None, :]).flatten(2)
    inside = (cells > -0.5).all(-1) & (cells[..., 0] < width - 0.5) & (cells[..., 1] < height - 0.5)
    return maps / maps.sum(2, keepdim=True).clamp_min(1e-9), cells, inside


def loss_of(logits: torch.Tensor, points: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return cross entropy with the Gaussian, and a smooth L1 of the mean place."""
    want, cells, inside = targets(points)
    flat = logits.flatten(2)
    logs = functional.log_softmax(flat, dim=2)
    cross = -(want * logs).sum(2)
    width, height = logits.shape[3], logits.shape[2]
    share = logs.exp().view(*logits.shape)
    mean_x = (share.sum(2) * torch.arange(width)).sum(-1)
    mean_y = (share.sum(3) * torch.arange(height)).sum(-1)
    off = functional.smooth_l1_loss(torch.stack([mean_x, mean_y], -1), cells, beta=0.3, reduction="none").sum(
        -1
    )
    weights = inside * weight[:, None]
    return ((cross + 0.15 * off.clamp_max(8.0)) * weights).sum() / weights.sum()


def decode(logits: torch.Tensor) -> np.ndarray:
    """Return places (N, K, 2) in input px: a parabola through the logarithm of the map about its peak."""
    logs = functional.log_softmax(logits.float().flatten(2), dim=2).view(*logits.shape).numpy()
    height, width = logs.shape[2:]
    peak = logs.reshape(*logs.shape[:2], -1).argmax(-1)
    row, column = np.clip(peak // width, 1, height - 2), np.clip(peak % width, 1, width - 2)
    n, k = np.indices(row.shape)
    here = logs[n, k, row, column]
    parts = []
    for dy, dx, at in ((0, 1, column), (1, 0, row)):
        before, after = logs[n, k, row - dy, column - dx], logs[n, k, row + dy, column + dx]
        bend = before - 2 * here + after
        shift = np.where(bend < -1e-6, 0.5 * (before - after) / np.minimum(bend, -1e-6), 0.0)
        parts.append(at + np.clip(shift, -1, 1))
    return STRIDE * np.stack(parts, -1) + (STRIDE - 1) / 2


@torch.no_grad()
def validate(network: Network, pool: Pool) -> dict[str, float]:
    """Return the error on the held-out pool, input px, crops and whole frames apart."""
    network.eval()
    errors, inside = [], []
    for start in range(0, len(pool), 50):
        made = [pool.crop(index, None) for index in range(start, min(start + 50, len(pool)))]
        found = decode(network(to_input(np.stack([c for c, _ in made]))))
        points = np.stack([p for _, p in made])
        errors.append(np.linalg.norm(found - points, axis=-1))
        inside.append(((points > 0) & (points < SIZE - 1)).all(-1))
    error = np.where(np.concatenate(inside), np.concatenate(errors), np.nan)
    tight, wide = error[~pool.wides], error[pool.wides]
    spine = [19, 26, 27, 28, 29, 30, 18, 35, 36]
    groups = {"crop": tight, "crop_spine": tight[:, spine], "wide": wide}
    found: dict[str, float] = {}
    for name, part in groups.items():
        found[f"{name}_mean_px"] = round(float(np.nanmean(part)), 3)
        found[f"{name}_median_px"] = round(float(np.nanmedian(part)), 3)
        found[f"{name}_p95_px"] = round(float(np.nanpercentile(part, 95)), 3)
    return found


def twin(network: Network) -> Network:
    """Return a network with the same weights in memory, and gradients of its own."""
    other = copy.deepcopy(network)
    for mine, theirs in zip(other.parameters(), network.parameters()):
        mine.data = theirs.data
    return other


def gradient(network: Network, images: np.ndarray, points: np.ndarray) -> float:
    """Compute the gradients of one part of a batch; return its loss."""
    network.train()
    network.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(to_input(images))
    places = torch.from_numpy(points)
    size = (places.amax(1) - places.amin(1)).amax(1)
    loss = loss_of(logits.float(), places, torch.where(size > 140, 1.0, 0.5))
    loss.backward()
    return float(loss.detach())


def blend(average: Network, network: Network, step: int) -> None:
    """Move the averaged weights towards the latest."""
    keep = min(0.999, step / (step + 20))
    for mine, new in zip(average.state_dict().values(), network.state_dict().values()):
        if mine.dtype.is_floating_point:
            mine.lerp_(new, 1 - keep)
        else:
            mine.copy_(new)


def report(scratch: Path, line: dict[str, object]) -> None:
    with open(scratch / "log.jsonl", "a", encoding="utf-8") as log:
        print(json.dumps(line), file=log)


def train(scratch: Path, options: argparse.Namespace) -> Network:
    """Train until the samples or the minutes are used up; return the averaged weights."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)  # the threads work on parts of the batch: fewer waits than within an operation
    pool, held_out = Pool(scratch / "pool"), Pool(scratch / "val")
    network = Network().to(memory_format=torch.channels_last)
    if options.resume:
        network.load_state_dict(torch.load(options.resume))
    average = copy.deepcopy(network).requires_grad_(False)
    replicas = [network, *(twin(network) for _ in range(options.threads - 1))]
    workers = ThreadPoolExecutor(options.threads)
    optimizer = torch.optim.AdamW(network.parameters(), lr=options.rate, weight_decay=0.01)
    settings = {key: str(value) for key, value in vars(options).items()}
    size = sum(parameter.numel() for parameter in network.parameters())
    report(scratch, {"settings": settings, "pictures": len(pool), "parameters": size})
    stream = batches(pool, options.batch // options.threads, options.seed)
    begun = told = time.time()
    step, running = 0, 0.0
    while True:
        seen = step * (options.batch // options.threads) * options.threads
        spent = (time.time() - begun) / 60 / options.minutes if options.minutes else 0.0
        progress = max(spent, seen / options.samples)
        if progress >= 1 or time.time() - told > options.every:
            told = time.time()
            minutes = round((told - begun) / 60, 1)
            line = {"minutes": minutes, "step": step, "seen": seen, "loss": round(running, 4)}
            report(scratch, line | validate(average, held_out))
            torch.save(average.state_dict(), scratch / "average.pt")
            export(copy.deepcopy(average), scratch / "so-far.onnx")
        if progress >= 1:
            return average
        for group in optimizer.param_groups:
            course = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress))
            group["lr"] = options.rate * min(1.0, (step + 1) / 300) * course
        losses = list(workers.map(lambda replica: gradient(replica, *next(stream)), replicas))
        for parameter, *others in zip(*(replica.parameters() for replica in replicas)):
            for other in others:
                parameter.grad.add_(other.grad)
            parameter.grad.div_(len(replicas))
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        step += 1
        running = 0.98 * running + 0.02 * float(np.mean(losses))
        blend(average, network, step)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--scratch", type=Path, required=True, help="folder for pictures, log and checkpoints"
    )
    parser.add_argument("--out", type=Path, default=Path("mvtri-demo.onnx"))
    parser.add_argument("--pictures", type=int, default=27500, help="training pictures to render")
    parser.add_argument("--samples", type=float, default=1e9, help="stop after so many samples")
    parser.add_argument(
        "--minutes", type=float, default=85.0, help="stop after so many minutes of training (0: never)"
    )
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1.5e-3, help="highest learning rate")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--every", type=float, default=240.0, help="seconds between checks on the held-out set"
    )
    parser.add_argument("--resume", type=Path, help="weights to start from")
    options = parser.parse_args()
    prepare(options.scratch, options.pictures, options.threads)
    network = train(options.scratch, options)
    export(network, options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
