"""RWKV-7's layers: initialisation, the training form and one token at a time in plain float32."""
import math

import torch
import torch.nn.functional as F

SHIFTS = "rwkvag"
VECTORS = ("w0", "a0", "v0", "k_k", "k_a", "r_k", "ln_x.weight", "ln_x.bias")  # as kernels.TimeMix7 takes them
HEAD = 64
RANKS = {"w": 32, "a": 32, "v": 32, "g": 64}


def initial(sd, b, l, L, C):
    """Adds layer l's tensors, as BlinkDL initialises RWKV-7; b is the prefix of its names."""
    to1, to0, h = l / (L - 1), 1 - l / L, torch.arange(C)
    linear, zigzag = h / (C - 1) - 0.5, (h % HEAD) / ((HEAD - 1) / 2) - 1
    zigzag = zigzag * zigzag.abs()
    a = b + "att."

    def vector(name, values):
        sd[name] = (torch.zeros(C) + values)[None, None]

    def uniform(rows, columns, bound):
        return torch.empty(rows, columns).uniform_(-bound / math.sqrt(C), bound / math.sqrt(C))

    for n, power in zip(SHIFTS, (0.2, 0.9, 0.7, 0.7, 0.9, 0.2)):
        vector(a + "x_" + n, 1 - (h / C) ** (power * to0))
    vector(a + "w0", -5.5 + 6 * (h / (C - 1)) ** (1 + to1 ** 0.3) + zigzag * 2.5)
    vector(a + "a0", -0.19 + zigzag * 0.3 + linear * 0.4)
    if l:
        vector(a + "v0", 0.73 - linear * 0.4)
    for n, rank in RANKS.items():
        if n != "v" or l:
            sd[a + n + "1"] = torch.zeros(C, rank)
            sd[a + n + "2"] = torch.nn.init.orthogonal_(torch.empty(rank, C), 0.1)
    vector(a + "k_k", 0.71 - linear * 0.1)
    vector(a + "k_a", 1.02)
    sd[a + "r_k"] = torch.full((C // HEAD, HEAD), -0.04)
    sd[a + "receptance.weight"] = uniform(C, C, 0.5)
    sd[a + "key.weight"] = uniform(C, C, 0.05)
    sd[a + "value.weight"] = uniform(C, C, 0.5)
    sd[a + "output.weight"] = torch.zeros(C, C)
    sd[a + "ln_x.weight"], sd[a + "ln_x.bias"] = torch.full((C,), ((1 + l) / L) ** 0.7), torch.zeros(C)
    vector(b + "ffn.x_k", 1 - (h / C) ** to0 ** 4)
    sd[b + "ffn.key.weight"] = uniform(4 * C, C, 0.5)
    sd[b + "ffn.value.weight"] = torch.zeros(C, 4 * C)


def train(sd, l, x, norm, carried):
    """x [B,T,C] -> x after layer l, with the C kernels. carried keeps the first layer's value for the later ones."""
    from kernels import Linear, Mix, SquaredRelu, TimeMix7  # compiles: only training needs it
    lin, a, f = Linear.apply, f"blocks.{l}.att.", f"blocks.{l}.ffn."
    low = lambda x, n, between=lambda t: t: lin(between(lin(x, sd[a + n + "1"].t())), sd[a + n + "2"].t())
    mix = 1 - torch.cat([sd[a + "x_" + n].view(1, -1) for n in SHIFTS])
    xr, xw, xk, xv, xa, xg = Mix.apply(norm(x, sd, f"blocks.{l}.ln1"), mix)
    v = lin(xv, sd[a + "value.weight"])
    inputs = [lin(xr, sd[a + "receptance.weight"]), low(xw, "w", torch.tanh), lin(xk, sd[a + "key.weight"]), v,
              low(xa, "a"), low(xg, "g", torch.sigmoid)]
    if l:
        inputs += [low(xv, "v"), carried["v_first"]]
    else:
        carried["v_first"] = v
    vectors = torch.stack([sd[a + n].reshape(-1) if a + n in sd else torch.zeros(x.shape[-1]) for n in VECTORS])
    x = x + lin(TimeMix7.apply(vectors, *inputs), sd[a + "output.weight"])
    xk, = Mix.apply(norm(x, sd, f"blocks.{l}.ln2"), 1 - sd[f + "x_k"].view(1, -1))
    return x + lin(SquaredRelu.apply(lin(xk, sd[f + "key.weight"])), sd[f + "value.weight"])


def zero_state(L, rows, C):
    """Per layer: the time mix's and the channel mix' previous input, then value channel by row by key channel."""
    return torch.zeros(L, 2 + HEAD, rows, C)


def step(sd, l, x, state, norm, times, carried):
    """One token of every row: x [rows,C] -> x after layer l; its state is updated in place."""
    a, f, rows, C = f"blocks.{l}.att.", f"blocks.{l}.ffn.", *x.shape
    heads = lambda t: t.view(rows, -1, HEAD)
    xx = norm(x, sd, f"blocks.{l}.ln1")
    before = state[0].clone()
    state[0] = xx
    xr, xw, xk, xv, xa, xg = (xx + (before - xx) * sd[a + "x_" + n].view(-1) for n in SHIFTS)
    r, k, v = (times(t, sd[a + n + ".weight"]) for t, n in ((xr, "receptance"), (xk, "key"), (xv, "value")))
    low = lambda x, n, between=lambda t: t: times(between(times(x, sd[a + n + "1"].t())), sd[a + n + "2"].t())
    decay = torch.exp(-0.606531 * torch.sigmoid(sd[a + "w0"].view(-1) + low(xw, "w", torch.tanh)))
    rate = torch.sigmoid(sd[a + "a0"].view(-1) + low(xa, "a"))
    gate = low(xg, "g", torch.sigmoid)
    if l:
        v = v + (carried["v_first"] - v) * torch.sigmoid(sd[a + "v0"].view(-1) + low(xv, "v"))
    else:
        carried["v_first"] = v
    kk = F.normalize(heads(k * sd[a + "k_k"].view(-1)), dim=-1)
    k = k * (1 + (rate - 1) * sd[a + "k_a"].view(-1))
    # [row, head, value channel, key channel]
    s = state[2:].view(HEAD, rows, -1, HEAD).permute(1, 2, 0, 3)
    removed = (s * kk[:, :, None]).sum(-1, keepdim=True)
    s = (s * heads(decay)[:, :, None] - removed * (kk * heads(rate))[:, :, None]
         + heads(v)[..., None] * heads(k)[:, :, None])
    state[2:] = s.permute(2, 0, 1, 3).reshape(HEAD, rows, C)
    y = (s * heads(r)[:, :, None]).sum(-1)
    y = F.group_norm(y.reshape(rows, C), C // HEAD, sd[a + "ln_x.weight"], sd[a + "ln_x.bias"], 64e-5)
    bonus = (heads(r * k) * sd[a + "r_k"]).sum(-1, keepdim=True) * heads(v)
    x = x + times((y + bonus.reshape(rows, C)) * gate, sd[a + "output.weight"])
    xx = norm(x, sd, f"blocks.{l}.ln2")
    xk = xx + (state[1] - xx) * sd[f + "x_k"].view(-1)
    state[1] = xx
    return x + times(times(xk, sd[f + "key.weight"]).relu().square(), sd[f + "value.weight"])
