#!/usr/bin/env python3
"""Makes the golden files of the tests: small random models, tokens, and the logits and states that the plain float64
implementation beside this script computes for them.

    make_golden.py OUT_FOLDER           writes OUT_FOLDER/rwkv4.safetensors ...
    make_golden.py --check REFERENCE    compares the plain implementation with REFERENCE/models and REFERENCE/logits

Needs NumPy; --check needs PyTorch as well (Debian: python3-numpy, python3-torch)."""
import json
import os
import struct
import sys

import numpy as np
import rwkv_plain

DTYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8"}


def write_safetensors(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, array in tensors.items():
        raw = np.ascontiguousarray(array)
        dtype = {"float32": "F32", "int64": "I64"}[str(raw.dtype)]
        header[name] = {"dtype": dtype, "shape": list(raw.shape), "data_offsets": [len(data), len(data) + raw.nbytes]}
        data += raw.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    raw = open(path, "rb").read()
    (n,) = struct.unpack("<Q", raw[:8])
    out = {}
    for name, t in json.loads(raw[8:8 + n]).items():
        if name != "__metadata__":
            a, b = t["data_offsets"]
            out[name] = np.frombuffer(raw[8 + n + a:8 + n + b], DTYPES[t["dtype"]]).reshape(t["shape"])
    return out


def rwkv4(rng, layers=2, width=24, hidden=64, vocabulary=37):
    """Decays from slow to so fast that e^w underflows, keys large enough to overflow an unguarded e^k in float32."""
    def matrix(o, i, scale=1.0):
        return rng.standard_normal((o, i)) * scale / np.sqrt(i)

    w = {"emb.weight": rng.standard_normal((vocabulary, width))}

    def norm(name):
        w[name + ".weight"] = 1 + 0.1 * rng.standard_normal(width)
        w[name + ".bias"] = 0.1 * rng.standard_normal(width)

    norm("blocks.0.ln0")
    for i in range(layers):
        p = f"blocks.{i}."
        norm(p + "ln1")
        norm(p + "ln2")
        w[p + "att.time_decay"] = np.linspace(-8, 5, width)
        w[p + "att.time_first"] = rng.standard_normal(width)
        for c in "rkv":
            w[p + f"att.time_mix_{c}"] = rng.uniform(size=(1, 1, width))
        for n, scale in (("receptance", 1), ("key", 40), ("value", 1), ("output", 1)):
            w[p + f"att.{n}.weight"] = matrix(width, width, scale)
        for c in "rk":
            w[p + f"ffn.time_mix_{c}"] = rng.uniform(size=(1, 1, width))
        w[p + "ffn.receptance.weight"] = matrix(width, width)
        w[p + "ffn.key.weight"] = matrix(hidden, width)
        w[p + "ffn.value.weight"] = matrix(width, hidden)
    norm("ln_out")
    w["head.weight"] = matrix(vocabulary, width)
    return w


def make(out):
    for name, build in (("rwkv4", rwkv4),):
        rng = np.random.default_rng(20230522)
        weights = {k: v.astype(np.float32) for k, v in build(rng).items()}
        tokens = rng.integers(0, weights["emb.weight"].shape[0], 48)
        logits, half, state = rwkv_plain.run({k: v.astype(np.float64) for k, v in weights.items()}, tokens)
        tensors = dict(weights, tokens=tokens.astype(np.int64), logits=logits.astype(np.float32))
        tensors.update({k: v.astype(np.float32) for k, v in state.items()})
        tensors.update({k.replace("state.", "state_mid."): v.astype(np.float32) for k, v in half.items()})
        path = os.path.join(out, name + ".safetensors")
        write_safetensors(path, tensors, {"made_by": "tools/golden/make_golden.py"})
        print(path, os.path.getsize(path), "bytes")


CHECKS = {"tiny-rwkv-4v0": "tiny-rwkv-4v0-fp32.pth", "synthetic-rwkv4-c96": "synthetic-rwkv4-c96-bf16.pth"}


def check(reference):
    import torch
    for file in sorted(os.listdir(os.path.join(reference, "logits"))):
        prefix = file.rsplit("-prompt", 1)[0]
        if prefix not in CHECKS:
            continue
        weights = torch.load(os.path.join(reference, "models", CHECKS[prefix]), map_location="cpu")
        expected = read_safetensors(os.path.join(reference, "logits", file))
        logits, half, state = rwkv_plain.run({k: v.double().numpy() for k, v in weights.items()}, expected["tokens"])
        worst = np.abs(logits - expected["logits"]).max()
        for name, value in state.items():
            worst = max(worst, np.abs(value - expected[name]).max() / max(1, np.abs(expected[name]).max()))
        for name, value in half.items():
            name = name.replace("state.", "state_mid.")
            worst = max(worst, np.abs(value - expected[name]).max() / max(1, np.abs(expected[name]).max()))
        print(f"{file}: largest difference {worst:.2g}")
        if not worst < 1e-5:
            sys.exit("the plain implementation does not agree with the reference")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--check":
        check(sys.argv[2])
    elif len(sys.argv) == 2 and not sys.argv[1].startswith("-"):
        make(sys.argv[1])
    else:
        sys.exit(__doc__)
