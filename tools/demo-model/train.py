"""Trains the demo model: linear warm-up, cosine decay to zero against --minutes or --steps."""
import argparse
import math
import os
import time

import numpy as np
import torch

import model
from optimizer import Optimizer


def batches(path, B, T, seed):
    """Rows of T+1 token ids, for ever. A row starts with a text (a few rows with token 0 before it), so that
    starting from the zero state is trained for; a text that does not fit starts the next row again."""
    data = np.load(path)
    ids, ends = data["ids"].astype(np.int64), data["ends"]
    flat = np.concatenate([[0], ends.reshape(-1)])
    turn = np.random.default_rng(seed).integers(ends.shape[1], size=len(ends))
    rows, epoch = [], 0
    while True:
        rng = np.random.default_rng([seed, epoch])
        row, used = [], 0
        for s in rng.permutation(len(ends)):
            at = s * ends.shape[1] + (turn[s] + epoch) % ends.shape[1]
            text = np.append(ids[flat[at]:flat[at + 1]], 0)
            if not row and rng.random() < 0.5:
                row, used = [[0]], 1
            row.append(text)
            used += len(text)
            if used <= T:
                continue
            rows.append(np.concatenate(row)[:T + 1])
            row, used = ([text], len(text)) if T + 1 < used and len(text) <= T else ([], 0)
            if len(rows) == B:
                yield epoch, torch.from_numpy(np.stack(rows))
                rows = []
        epoch += 1


def save(sd, path):
    """bfloat16, under a temporary name first: a reader never sees half a file."""
    out = type(sd)((k, v.detach().to(torch.bfloat16).clone()) for k, v in sd.items())
    torch.save(out, path + ".tmp")
    os.replace(path + ".tmp", path)


def rate(o, done, step):
    """The learning rate when `done` (0..1) of the budget is spent."""
    return o.lr * min(1, (step + 1) / o.warmup) * (0.5 + 0.5 * math.cos(math.pi * min(1, done)))


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("work", help="folder with train.npz; checkpoints go there too")
    p.add_argument("--minutes", type=float, help="anneal against this much time")
    p.add_argument("--steps", type=int, help="anneal against this many steps (repeatable, unlike --minutes)")
    p.add_argument("--start", help="checkpoint to start from instead of the initialisation (the optimiser starts anew)")
    p.add_argument("--version", type=int, choices=model.VERSIONS, default=7)
    p.add_argument("--muon", type=float, default=10, help="Muon's learning rate in multiples of --lr; 0: AdamW for all")
    p.add_argument("--layers", type=int, default=6)
    p.add_argument("--width", type=int, default=256)
    p.add_argument("--vocabulary", type=int, default=4096)
    p.add_argument("--context", type=int, default=256)
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--lr", type=float, default=1.5e-3)
    p.add_argument("--warmup", type=int, default=100)
    p.add_argument("--decay", type=float, default=0.1)
    p.add_argument("--clip", type=float, default=1.0)
    p.add_argument("--save-every", type=float, default=120, help="seconds between checkpoints")
    p.add_argument("--seed", type=int, default=42)
    p.add_argument("--threads", type=int, default=2)
    o = p.parse_args()
    if (o.minutes is None) == (o.steps is None):
        p.error("give --minutes or --steps")
    torch.set_num_threads(o.threads)
    sd = torch.load(o.start) if o.start else model.initial(o.version, o.layers, o.width, o.vocabulary, o.seed)
    optimizer = Optimizer(sd, o.muon, o.decay, o.clip)
    print(f"{len(optimizer.flat)} parameters", flush=True)
    path = os.path.join(o.work, "model.pth")
    started = saved = time.time()
    step, seen, mean = 0, 0, None
    for epoch, rows in batches(os.path.join(o.work, "train.npz"), o.batch, o.context, o.seed):
        elapsed = time.time() - started
        done = step / o.steps if o.steps else elapsed / (o.minutes * 60)
        if done >= 1:
            break
        loss = model.loss(sd, rows[:, :-1].contiguous(), rows[:, 1:].contiguous())
        loss.backward()
        lr = rate(o, done, step)
        step += 1
        length = optimizer.step(lr)
        seen += rows.numel()
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if step % 20 == 0:
            print(f"step {step} epoch {epoch} loss {mean:.4f} gradient {length:.3f} lr {lr:.2e} "
                  f"{seen / (time.time() - started):.0f} tokens/s {elapsed:.0f} s", flush=True)
        if time.time() - saved > o.save_every:
            save(sd, path)
            saved = time.time()
    save(sd, path)
    print(f"{step} steps, {seen} tokens, {epoch} whole epochs, {time.time() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
