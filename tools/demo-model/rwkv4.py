"""RWKV-4's layers: initialisation, the training form and one token at a time in plain float32."""
import math

import torch


def initial(sd, b, l, L, C):
    """Adds layer l's tensors, as BlinkDL initialises RWKV-4; b is the prefix of its names."""
    to1, to0, h = l / (L - 1), 1 - l / L, torch.arange(C)
    ramp = (h / C)[None, None]
    orthogonal = lambda rows: torch.nn.init.orthogonal_(torch.empty(rows, C), math.sqrt(rows / C))
    sd[b + "att.time_decay"] = -5 + 8 * (h / (C - 1)) ** (0.7 + 1.3 * to1)
    sd[b + "att.time_first"] = math.log(0.3) + ((h + 1) % 3 - 1) * 0.5
    sd[b + "att.time_mix_k"] = ramp ** to0
    sd[b + "att.time_mix_v"] = ramp ** to0 + 0.3 * to1
    sd[b + "att.time_mix_r"] = ramp ** (0.5 * to0)
    sd[b + "att.key.weight"] = torch.zeros(C, C)
    sd[b + "att.value.weight"] = orthogonal(C)
    sd[b + "att.receptance.weight"] = torch.zeros(C, C)
    sd[b + "att.output.weight"] = torch.zeros(C, C)
    sd[b + "ffn.time_mix_k"] = ramp ** to0
    sd[b + "ffn.time_mix_r"] = ramp ** to0
    sd[b + "ffn.key.weight"] = orthogonal(4 * C)
    sd[b + "ffn.receptance.weight"] = torch.zeros(C, C)
    sd[b + "ffn.value.weight"] = torch.zeros(C, 4 * C)


def train(sd, l, x, norm, carried):
    """x [B,T,C] -> x after layer l, with the C kernels."""
    from kernels import Linear, Mix, SquaredRelu, Wkv  # compiles: only training needs it
    lin, a, f = Linear.apply, f"blocks.{l}.att.", f"blocks.{l}.ffn."
    mix = torch.cat([sd[a + "time_mix_" + n].view(1, -1) for n in "kvr"])
    xk, xv, xr = Mix.apply(norm(x, sd, f"blocks.{l}.ln1"), mix)
    y = Wkv.apply(sd[a + "time_decay"], sd[a + "time_first"], lin(xk, sd[a + "key.weight"]),
                  lin(xv, sd[a + "value.weight"]), lin(xr, sd[a + "receptance.weight"]))
    x = x + lin(y, sd[a + "output.weight"])
    mix = torch.cat([sd[f + "time_mix_" + n].view(1, -1) for n in "kr"])
    xk, xr = Mix.apply(norm(x, sd, f"blocks.{l}.ln2"), mix)
    k = SquaredRelu.apply(lin(xk, sd[f + "key.weight"]))
    return x + lin(xr, sd[f + "receptance.weight"]).sigmoid() * lin(k, sd[f + "value.weight"])


def zero_state(L, rows, C):
    """Per layer: the time mix's and the channel mix' previous input, aa, bb, pp."""
    state = torch.zeros(L, 5, rows, C)
    state[:, 4] = -1e30
    return state


def step(sd, l, x, state, norm, times, carried):
    """One token of every row: x [rows,C] -> x after layer l; its state is updated in place."""
    a, f = f"blocks.{l}.att.", f"blocks.{l}.ffn."
    before_a, before_f, aa, bb, pp = state.clone()
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
    state[0], state[2], state[3], state[4] = xx, e1 * aa + e2 * v, e1 * bb + e2, q
    x = x + times(r.sigmoid() * y, sd[a + "output.weight"])
    xx = norm(x, sd, f"blocks.{l}.ln2")
    shifted = lambda n: xx * sd[n].view(-1) + before_f * (1 - sd[n].view(-1))
    k = times(shifted(f + "time_mix_k"), sd[f + "key.weight"]).relu().square()
    r = times(shifted(f + "time_mix_r"), sd[f + "receptance.weight"]).sigmoid()
    state[1] = xx
    return x + r * times(k, sd[f + "value.weight"])
