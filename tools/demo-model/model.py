"""RWKV-4 with BlinkDL's tensor names and initialisation: a fast training form and a plain float32 reference."""
import math
from collections import OrderedDict

import torch
import torch.nn.functional as F


def initial(L, C, V, seed):
    """BlinkDL's RWKV-4 initialisation: tiny embedding under ln0, zero key/receptance/output, orthogonal rest."""
    torch.manual_seed(seed)
    sd = OrderedDict()

    def orthogonal(rows, columns, gain):
        m = torch.empty(rows, columns)
        return torch.nn.init.orthogonal_(m, gain * max(1, math.sqrt(rows / columns)))

    def norm(name):
        sd[name + ".weight"], sd[name + ".bias"] = torch.ones(C), torch.zeros(C)

    sd["emb.weight"] = torch.empty(V, C).uniform_(-1e-4, 1e-4)
    h = torch.arange(C)
    for l in range(L):
        b, to1, to0 = f"blocks.{l}.", l / (L - 1), 1 - l / L
        norm(b + "ln1")
        norm(b + "ln2")
        if l == 0:
            norm(b + "ln0")
        ramp = (h / C)[None, None]
        sd[b + "att.time_decay"] = -5 + 8 * (h / (C - 1)) ** (0.7 + 1.3 * to1)
        sd[b + "att.time_first"] = math.log(0.3) + ((h + 1) % 3 - 1) * 0.5
        sd[b + "att.time_mix_k"] = ramp ** to0
        sd[b + "att.time_mix_v"] = ramp ** to0 + 0.3 * to1
        sd[b + "att.time_mix_r"] = ramp ** (0.5 * to0)
        sd[b + "att.key.weight"] = torch.zeros(C, C)
        sd[b + "att.value.weight"] = orthogonal(C, C, 1)
        sd[b + "att.receptance.weight"] = torch.zeros(C, C)
        sd[b + "att.output.weight"] = torch.zeros(C, C)
        sd[b + "ffn.time_mix_k"] = ramp ** to0
        sd[b + "ffn.time_mix_r"] = ramp ** to0
        sd[b + "ffn.key.weight"] = orthogonal(4 * C, C, 1)
        sd[b + "ffn.receptance.weight"] = torch.zeros(C, C)
        sd[b + "ffn.value.weight"] = torch.zeros(C, 4 * C)
    norm("ln_out")
    sd["head.weight"] = orthogonal(V, C, 0.5)
    return sd


def layers(sd):
    return 1 + max(int(k.split(".")[1]) for k in sd if k.startswith("blocks."))


def norm(x, sd, name):
    return F.layer_norm(x, x.shape[-1:], sd[name + ".weight"], sd[name + ".bias"], 1e-5)


def loss(sd, ids, targets):
    """Mean cross entropy of token rows [B,T], with the C kernels; targets < 0 do not count."""
    from kernels import CrossEntropy, Linear, Mix, SquaredRelu, Wkv  # compiles: only training needs it
    lin = Linear.apply
    x = norm(F.embedding(ids, sd["emb.weight"]), sd, "blocks.0.ln0")
    for l in range(layers(sd)):
        a, f = f"blocks.{l}.att.", f"blocks.{l}.ffn."
        mix = torch.cat([sd[a + "time_mix_" + n].view(1, -1) for n in "kvr"])
        xk, xv, xr = Mix.apply(norm(x, sd, f"blocks.{l}.ln1"), mix)
        y = Wkv.apply(sd[a + "time_decay"], sd[a + "time_first"], lin(xk, sd[a + "key.weight"]),
                      lin(xv, sd[a + "value.weight"]), lin(xr, sd[a + "receptance.weight"]))
        x = x + lin(y, sd[a + "output.weight"])
        mix = torch.cat([sd[f + "time_mix_" + n].view(1, -1) for n in "kr"])
        xk, xr = Mix.apply(norm(x, sd, f"blocks.{l}.ln2"), mix)
        k = SquaredRelu.apply(lin(xk, sd[f + "key.weight"]))
        x = x + lin(xr, sd[f + "receptance.weight"]).sigmoid() * lin(k, sd[f + "value.weight"])
    return CrossEntropy.apply(lin(norm(x, sd, "ln_out"), sd["head.weight"]), targets)


def times(x, weight):
    """x @ weight.T in float32 through oneDNN: Debian's PyTorch is otherwise left with the slow reference BLAS."""
    return F.linear(x.contiguous().to_mkldnn(), weight).to_dense()


class Reference:
    """Token by token in float32, many texts side by side, straight from the equations."""

    def __init__(self, path):
        self.sd = {k: v.float() for k, v in torch.load(path, map_location="cpu").items()}
        self.L, self.C = layers(self.sd), self.sd["emb.weight"].shape[1]

    def zero_state(self, rows):
        state = torch.zeros(self.L, 5, rows, self.C)
        state[:, 4] = -1e30
        return state

    def step(self, ids, state):
        """ids [rows] -> the vector after ln_out [rows, C]; state is updated in place."""
        sd = self.sd
        x = norm(sd["emb.weight"][ids], sd, "blocks.0.ln0")
        for l in range(self.L):
            a, f = f"blocks.{l}.att.", f"blocks.{l}.ffn."
            before_a, before_f, aa, bb, pp = state[l].clone()
            xx = norm(x, sd, f"blocks.{l}.ln1")
            shifted = lambda n: xx * sd[n].view(-1) + before_a * (1 - sd[n].view(-1))
            k = times(shifted(a + "time_mix_k"), sd[a + "key.weight"])
            v = times(shifted(a + "time_mix_v"), sd[a + "value.weight"])
            r = times(shifted(a + "time_mix_r"), sd[a + "receptance.weight"])
            u, w = sd[a + "time_first"], -sd[a + "time_decay"].exp()
            p = torch.maximum(pp, u + k)
            e1, e2 = (pp - p).exp(), (u + k - p).exp()
            y = (e1 * aa + e2 * v) / (e1 * bb + e2)
            q = torch.maximum(pp + w, k)
            e1, e2 = (pp + w - q).exp(), (k - q).exp()
            state[l, 0], state[l, 2], state[l, 3], state[l, 4] = xx, e1 * aa + e2 * v, e1 * bb + e2, q
            x = x + times(r.sigmoid() * y, sd[a + "output.weight"])
            xx = norm(x, sd, f"blocks.{l}.ln2")
            shifted = lambda n: xx * sd[n].view(-1) + before_f * (1 - sd[n].view(-1))
            k = times(shifted(f + "time_mix_k"), sd[f + "key.weight"]).relu().square()
            r = times(shifted(f + "time_mix_r"), sd[f + "receptance.weight"]).sigmoid()
            state[l, 1] = xx
            x = x + r * times(k, sd[f + "value.weight"])
        return norm(x, sd, "ln_out")

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
