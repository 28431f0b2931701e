#!/usr/bin/env python3
"""Writes an RWKV-4 checkpoint with random weights, for benchmarks: speed does not depend on what the weights are.

    random_checkpoint.py OUT.pth [--layers 12 --width 768 --vocabulary 50277]      (the defaults: RWKV-4 169M)

Needs PyTorch (Debian: python3-torch)."""
import argparse
import math

import torch

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("out")
parser.add_argument("--layers", type=int, default=12)
parser.add_argument("--width", type=int, default=768)
parser.add_argument("--vocabulary", type=int, default=50277)
options = parser.parse_args()

torch.manual_seed(4)
width, weights = options.width, {}


def matrix(name, rows, columns):
    weights[name + ".weight"] = torch.randn(rows, columns) / math.sqrt(columns)


def norm(name):
    weights[name + ".weight"] = torch.ones(width)
    weights[name + ".bias"] = torch.zeros(width)


matrix("emb", options.vocabulary, width)
norm("blocks.0.ln0")
for i in range(options.layers):
    att, ffn = f"blocks.{i}.att.", f"blocks.{i}.ffn."
    norm(f"blocks.{i}.ln1")
    norm(f"blocks.{i}.ln2")
    weights[att + "time_decay"] = torch.linspace(-5, 3, width)
    weights[att + "time_first"] = torch.randn(width)
    for name in ("att.time_mix_k", "att.time_mix_v", "att.time_mix_r", "ffn.time_mix_k", "ffn.time_mix_r"):
        weights[f"blocks.{i}.{name}"] = torch.rand(1, 1, width)
    for name in ("key", "value", "receptance", "output"):
        matrix(att + name, width, width)
    matrix(ffn + "key", 4 * width, width)
    matrix(ffn + "receptance", width, width)
    matrix(ffn + "value", width, 4 * width)
norm("ln_out")
matrix("head", options.vocabulary, width)
torch.save({name: tensor.bfloat16() for name, tensor in weights.items()}, options.out)
print(options.out, sum(t.numel() for t in weights.values()), "parameters")
