#!/usr/bin/env python3
"""Makes the golden files of the tests: small random models, tokens, and the logits and states that the plain float64
implementation beside this script computes for them.

    make_golden.py OUT_FOLDER           writes OUT_FOLDER/rwkv4.safetensors ...
    make_golden.py --check REFERENCE    compares the plain implementation with REFERENCE/models and REFERENCE/logits
                                        (there is no reference for 7a: it follows BlinkDL's published inference code)

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


LAYERS, WIDTH, HEADS, HIDDEN, VOCABULARY, TOKENS = 2, 24, 3, 48, 37, 75


class Builder:
    """Random weights. Decays go from slower than float32 notices to so fast that they underflow, and RWKV-4's keys are
    large enough to overflow an unguarded e^k in float32."""

    def __init__(self, rng):
        self.rng, self.w = rng, {}

    def matrix(self, name, o, i, scale=1.0):
        self.w[name] = self.rng.standard_normal((o, i)) * scale / np.sqrt(i)

    def transposed(self, name, i, o, scale=1.0):
        self.w[name] = self.rng.standard_normal((i, o)) * scale / np.sqrt(i)

    def norm(self, name):
        self.w[name + ".weight"] = 1 + 0.1 * self.rng.standard_normal(WIDTH)
        self.w[name + ".bias"] = 0.1 * self.rng.standard_normal(WIDTH)

    def mixes(self, prefix, letters):
        for c in letters:
            self.w[prefix + c] = self.rng.uniform(size=(1, 1, WIDTH))

    def square(self, *names):
        for name in names:
            self.matrix(name + ".weight", WIDTH, WIDTH)

    def gated_ffn(self, p, mix):
        self.mixes(p + mix, "kr")
        self.square(p + "receptance")
        self.matrix(p + "key.weight", HIDDEN, WIDTH)
        self.matrix(p + "value.weight", WIDTH, HIDDEN)

    def layer4(self, i, a, f):
        self.w[a + "time_decay"] = np.linspace(-8, 5, WIDTH)
        self.w[a + "time_first"] = self.rng.standard_normal(WIDTH)
        self.mixes(a + "time_mix_", "rkv")
        self.square(a + "receptance", a + "value", a + "output")
        self.matrix(a + "key.weight", WIDTH, WIDTH, 40)
        self.gated_ffn(f, "time_mix_")

    def layer5(self, i, a, f, gated=True, per_head=True):
        shape = (HEADS,) if per_head else (HEADS, WIDTH // HEADS)
        self.w[a + "time_decay"] = np.linspace(-9, 4, int(np.prod(shape))).reshape(shape)
        self.w[a + ("time_faaaa" if gated else "time_first")] = self.rng.standard_normal(shape) * 0.5
        self.mixes(a + "time_mix_", "rkvg" if gated else "rkv")
        self.square(a + "receptance", a + "key", a + "value", a + "output", *([a + "gate"] if gated else []))
        self.norm(a + "ln_x")
        self.gated_ffn(f, "time_mix_")

    def layer6(self, i, a, f, rank=5, decay_rank=7):
        self.mixes(a + "time_maa_", "xwkvrg")
        self.transposed(a + "time_maa_w1", WIDTH, 5 * rank)
        self.w[a + "time_maa_w2"] = self.rng.standard_normal((5, rank, WIDTH)) * 0.3
        self.w[a + "time_decay"] = np.linspace(-9, 4, WIDTH).reshape(1, 1, WIDTH)
        self.transposed(a + "time_decay_w1", WIDTH, decay_rank)
        self.transposed(a + "time_decay_w2", decay_rank, WIDTH)
        self.w[a + "time_faaaa"] = self.rng.standard_normal((HEADS, WIDTH // HEADS)) * 0.5
        self.square(a + "receptance", a + "key", a + "value", a + "output", a + "gate")
        self.norm(a + "ln_x")
        self.gated_ffn(f, "time_maa_")

    def layer7(self, i, a, f, ranks=(("w", 5), ("a", 6), ("v", 3), ("g", 7)), deep_rank=0):
        self.mixes(a + "x_", "rwkvag")
        for c, rank in ranks:
            self.transposed(a + c + "1", WIDTH, rank)
            self.transposed(a + c + "2", rank, WIDTH)
            if c != "g":
                self.w[a + c + "0"] = self.rng.standard_normal((1, 1, WIDTH))
        self.w[a + "w0"] = np.linspace(-12, 9, WIDTH).reshape(1, 1, WIDTH)
        self.w[a + "a0"] = np.linspace(-6, 6, WIDTH)[::-1].reshape(1, 1, WIDTH).copy()
        self.w[a + "k_k"] = self.rng.uniform(0.5, 1, (1, 1, WIDTH))
        self.w[a + "k_a"] = self.rng.uniform(0.8, 1.2, (1, 1, WIDTH))
        self.w[a + "r_k"] = self.rng.standard_normal((HEADS, WIDTH // HEADS)) * 0.3
        self.square(a + "receptance", a + "key", a + "value", a + "output")
        self.norm(a + "ln_x")
        self.mixes(f + "x_", "k")
        self.matrix(f + "key.weight", HIDDEN, WIDTH)
        self.matrix(f + "value.weight", WIDTH, HIDDEN)
        if deep_rank:
            self.w[f + "s_emb.weight"] = self.rng.standard_normal((VOCABULARY, deep_rank * deep_rank)) * 0.5
            self.matrix(f + "s_emb_x.weight", deep_rank * deep_rank, WIDTH, 0.5)
            self.transposed(f + "s1", WIDTH, deep_rank)
            self.transposed(f + "s2", deep_rank, HIDDEN)
            self.w[f + "s0"] = 1 + 0.1 * self.rng.standard_normal((1, 1, HIDDEN))

    def model(self, layer, **options):
        self.w["emb.weight"] = self.rng.standard_normal((VOCABULARY, WIDTH))
        self.norm("blocks.0.ln0")
        for i in range(LAYERS):
            p = f"blocks.{i}."
            self.norm(p + "ln1")
            self.norm(p + "ln2")
            layer(self, i, p + "att.", p + "ffn.", **options)
        self.norm("ln_out")
        self.matrix("head.weight", VOCABULARY, WIDTH)
        return self.w


MODELS = {
    "rwkv4": (Builder.layer4, {}),
    "rwkv5.0": (Builder.layer5, {"gated": False}),
    "rwkv5.1": (Builder.layer5, {}),
    "rwkv5.2": (Builder.layer5, {"per_head": False}),
    "rwkv6": (Builder.layer6, {}),
    "rwkv7": (Builder.layer7, {}),
    "rwkv7a": (Builder.layer7, {"deep_rank": 4}),
}


def make(out):
    for name, (layer, options) in MODELS.items():
        rng = np.random.default_rng(20230522)
        weights = {k: v.astype(np.float32) for k, v in Builder(rng).model(layer, **options).items()}
        tokens = rng.integers(0, VOCABULARY, TOKENS)
        logits, half, state = rwkv_plain.run({k: v.astype(np.float64) for k, v in weights.items()}, tokens)
        tensors = dict(weights, tokens=tokens.astype(np.int64), logits=logits.astype(np.float32))
        tensors.update({k: v.astype(np.float32) for k, v in state.items()})
        tensors.update({k.replace("state.", "state_mid."): v.astype(np.float32) for k, v in half.items()})
        path = os.path.join(out, name + ".safetensors")
        write_safetensors(path, tensors, {"made_by": "tools/golden/make_golden.py"})
        print(path, os.path.getsize(path), "bytes, largest logit", abs(logits).max())


CHECKS = {
    "tiny-rwkv-4v0": "tiny-rwkv-4v0-fp32.pth", "synthetic-rwkv4-c96": "synthetic-rwkv4-c96-bf16.pth",
    "tiny-rwkv-5v1": "tiny-rwkv-5v1-fp32.pth", "synthetic-rwkv5.1": "synthetic-rwkv5.1-bf16.pth",
    "tiny-rwkv-5v2": "tiny-rwkv-5v2-fp32.pth", "tiny-rwkv-6v0": "tiny-rwkv-6v0-fp32.pth",
    "synthetic-rwkv6-h3": "synthetic-rwkv6-h3-bf16.pth", "tiny-rwkv-7v0": "tiny-rwkv-7v0-fp32.pth",
    "synthetic-rwkv7-h3": "synthetic-rwkv7-h3-bf16.pth",
}


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
