"""RWKV-4 and RWKV-7 with BlinkDL's tensor names: a fast training form and a plain float32 reference."""
import math
from collections import OrderedDict

import torch
import torch.nn.functional as F

import rwkv4
import rwkv7

VERSIONS = {4: rwkv4, 7: rwkv7}


def initial(version, L, C, V, seed):
    """BlinkDL's initialisation: tiny embedding under ln0, zero matrices at the end of each branch."""
    torch.manual_seed(seed)
    sd = OrderedDict()

    def norm(name):
        sd[name + ".weight"], sd[name + ".bias"] = torch.ones(C), torch.zeros(C)

    sd["emb.weight"] = torch.empty(V, C).uniform_(-1e-4, 1e-4)
    for l in range(L):
        b = f"blocks.{l}."
        norm(b + "ln1")
        norm(b + "ln2")
        if l == 0:
            norm(b + "ln0")
        VERSIONS[version].initial(sd, b, l, L, C)
    norm("ln_out")
    sd["head.weight"] = torch.nn.init.orthogonal_(torch.empty(V, C), 0.5 * max(1, math.sqrt(V / C)))
    return sd


def layers(sd):
    return 1 + max(int(k.split(".")[1]) for k in sd if k.startswith("blocks."))


def version(sd):
    return rwkv7 if "blocks.0.att.r_k" in sd else rwkv4


def norm(x, sd, name):
    return F.layer_norm(x, x.shape[-1:], sd[name + ".weight"], sd[name + ".bias"], 1e-5)


def loss(sd, ids, targets):
    """Mean cross entropy of token rows [B,T], with the C kernels; targets < 0 do not count."""
    from kernels import CrossEntropy, Linear  # compiles: only training needs it
    x, carried = norm(F.embedding(ids, sd["emb.weight"]), sd, "blocks.0.ln0"), {}
    for l in range(layers(sd)):
        x = version(sd).train(sd, l, x, norm, carried)
    return CrossEntropy.apply(Linear.apply(norm(x, sd, "ln_out"), sd["head.weight"]), targets)


def times(x, weight):
    """x @ weight.T in float32 through oneDNN: Debian's PyTorch is otherwise left with the slow reference BLAS."""
    return F.linear(x.contiguous().to_mkldnn(), weight.contiguous()).to_dense()


class Reference:
    """Token by token in float32, many texts side by side, straight from the equations."""

    def __init__(self, path):
        self.sd = {k: v.float() for k, v in torch.load(path, map_location="cpu").items()}
        self.L, self.C, self.version = layers(self.sd), self.sd["emb.weight"].shape[1], version(self.sd)

    def zero_state(self, rows):
        """[layer, part of the state, row, channel]"""
        return self.version.zero_state(self.L, rows, self.C)

    def step(self, ids, state):
        """ids [rows] -> the vector after ln_out [rows, C]; state is updated in place."""
        x, carried = norm(self.sd["emb.weight"][ids], self.sd, "blocks.0.ln0"), {}
        for l in range(self.L):
            x = self.version.step(self.sd, l, x, state[l], norm, times, carried)
        return norm(x, self.sd, "ln_out")

    def logits(self, hidden):
        return times(hidden, self.sd["head.weight"])


def check(path, rows):
    """The two forms on the same token rows: they differ by bfloat16 rounding only."""
    ref = Reference(path)
    ids = torch.as_tensor(rows)
    with torch.no_grad():
        fast = loss(ref.sd, ids[:, :-1].contiguous(), ids[:, 1:].contiguous()).item()
        state, plain = ref.zero_state(len(ids)), 0.0
        for t in range(ids.shape[1] - 1):
            plain += F.cross_entropy(ref.logits(ref.step(ids[:, t], state)), ids[:, t + 1]).item()
    print(f"loss by the training form {fast:.4f}, by the plain loop {plain / (ids.shape[1] - 1):.4f}")


if __name__ == "__main__":
    import sys
    import train
    check(sys.argv[1], next(train.batches(sys.argv[2], 4, 128, 0))[1])
