"""RWKV in plain NumPy float64, one token at a time: the equations and nothing else. The library's golden files come from
here. It shares no code with the library, and `make_golden.py --check` compares it with other implementations' results."""
import numpy as np


def layer_norm(x, w, b, eps=1e-5):
    return (x - x.mean()) / np.sqrt(x.var() + eps) * w + b


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Model:
    """weights: name -> float64 array. State: name -> array, named as in saved states."""

    def __init__(self, weights):
        self.w = {k: (v.reshape(-1) if v.ndim == 3 and v.shape[:2] == (1, 1) else v) for k, v in weights.items()}
        self.layers = 1 + max(int(k.split(".")[1]) for k in weights if k.startswith("blocks."))
        self.width = weights["emb.weight"].shape[1]

    def new_state(self):
        s = {}
        for i in range(self.layers):
            for part in ("att_xx", "att_aa", "att_bb", "att_pp", "ffn_xx"):
                s[f"state.{i}.{part}"] = np.full(self.width, -1e30 if part == "att_pp" else 0.0)
        return s

    def norm(self, name, x):
        return layer_norm(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def forward(self, token, s):
        h = self.norm("blocks.0.ln0", self.w["emb.weight"][token])
        for i in range(self.layers):
            p = f"blocks.{i}."
            h = h + self.time_mix4(p + "att.", self.norm(p + "ln1", h), s, f"state.{i}.")
            h = h + self.channel_mix4(p + "ffn.", self.norm(p + "ln2", h), s, f"state.{i}.")
        return self.w["head.weight"] @ self.norm("ln_out", h)

    def time_mix4(self, p, x, s, st):
        w, prev = self.w, s[st + "att_xx"]
        s[st + "att_xx"] = x
        mixed = {c: x * w[p + "time_mix_" + c] + prev * (1 - w[p + "time_mix_" + c]) for c in "rkv"}
        r, k, v = (w[p + n + ".weight"] @ mixed[c] for n, c in (("receptance", "r"), ("key", "k"), ("value", "v")))
        decay, bonus = -np.exp(w[p + "time_decay"]), w[p + "time_first"]
        aa, bb, pp = (s[st + n] for n in ("att_aa", "att_bb", "att_pp"))
        q = np.maximum(pp, bonus + k)
        e1, e2 = np.exp(pp - q), np.exp(bonus + k - q)
        wkv = (e1 * aa + e2 * v) / (e1 * bb + e2)
        q = np.maximum(pp + decay, k)
        e1, e2 = np.exp(pp + decay - q), np.exp(k - q)
        s[st + "att_aa"], s[st + "att_bb"], s[st + "att_pp"] = e1 * aa + e2 * v, e1 * bb + e2, q
        return w[p + "output.weight"] @ (sigmoid(r) * wkv)

    def channel_mix4(self, p, x, s, st):
        w, prev = self.w, s[st + "ffn_xx"]
        s[st + "ffn_xx"] = x
        xk, xr = (x * w[p + "time_mix_" + c] + prev * (1 - w[p + "time_mix_" + c]) for c in "kr")
        k = np.maximum(w[p + "key.weight"] @ xk, 0) ** 2
        return sigmoid(w[p + "receptance.weight"] @ xr) * (w[p + "value.weight"] @ k)


def run(weights, tokens):
    """All logits [T, V], the state after half of the tokens, and the state after all of them."""
    model = Model(weights)
    state, half, logits = model.new_state(), None, []
    for t, token in enumerate(tokens):
        if t == len(tokens) // 2:
            half = dict(state)
        logits.append(model.forward(int(token), state))
    return np.stack(logits), half, state
