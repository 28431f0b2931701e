"""RWKV in plain NumPy float64, one token at a time: the equations and nothing else. The library's golden files come from
here. It shares no code with the library, and `make_golden.py --check` compares it with other implementations' results."""
import numpy as np

GROUP_NORM_EPS = 64e-5


def layer_norm(x, w, b, eps=1e-5):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) * w + b


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def silu(x):
    return x * sigmoid(x)


def version_of(names):
    for sign, version in (("ffn.s_emb.weight", "7a"), ("att.r_k", "7"), ("att.time_maa_x", "6"), ("att.ln_x.weight", "5")):
        if "blocks.0." + sign in names:
            return version
    return "4"


class Model:
    """weights: name -> float64 array. State: name -> array, named as in saved states."""

    def __init__(self, weights):
        self.version = version_of(weights)
        self.heads = {"4": lambda: 0, "5": lambda: weights["blocks.0.att.time_decay"].shape[0],
                      "6": lambda: weights["blocks.0.att.time_faaaa"].shape[0],
                      }.get(self.version, lambda: weights["blocks.0.att.r_k"].shape[0])()
        self.w = {k: (v.reshape(-1) if v.ndim == 3 and v.shape[:2] == (1, 1) else v) for k, v in weights.items()}
        self.layers = 1 + max(int(k.split(".")[1]) for k in weights if k.startswith("blocks."))
        self.width = weights["emb.weight"].shape[1]

    def new_state(self):
        s = {}
        for i in range(self.layers):
            p = f"state.{i}."
            s[p + "att_xx"] = np.zeros(self.width)
            s[p + "ffn_xx"] = np.zeros(self.width)
            if self.version == "4":
                for part in ("att_aa", "att_bb", "att_pp"):
                    s[p + part] = np.full(self.width, -1e30 if part == "att_pp" else 0.0)
            else:
                n = self.width // self.heads
                s[p + "att_kv"] = np.zeros((self.heads, n, n))
        return s

    def norm(self, name, x):
        return layer_norm(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def forward(self, token, s):
        embedded = h = self.norm("blocks.0.ln0", self.w["emb.weight"][token])
        context = {"token": token, "embedded": embedded}
        time_mix = getattr(self, "time_mix" + self.version[0])
        channel_mix = getattr(self, "channel_mix" + self.version)
        for i in range(self.layers):
            p, st = f"blocks.{i}.", f"state.{i}."
            h = h + time_mix(p + "att.", self.norm(p + "ln1", h), s, st, context)
            h = h + channel_mix(p + "ffn.", self.norm(p + "ln2", h), s, st, context)
        return self.w["head.weight"] @ self.norm("ln_out", h)

    @staticmethod
    def shift(x, s, name):
        previous, s[name] = s[name], x
        return previous

    def linear(self, names, mixed):
        return (self.w[n + ".weight"] @ x for n, x in zip(names, mixed))

    def group_norm(self, p, y):
        """y: [H, N]. Each head is normalised alone."""
        n = (y - y.mean(1, keepdims=True)) / np.sqrt(y.var(1, keepdims=True) + GROUP_NORM_EPS)
        return n.reshape(-1) * self.w[p + "ln_x.weight"] + self.w[p + "ln_x.bias"]

    # RWKV-4

    def time_mix4(self, p, x, s, st, context):
        w, prev = self.w, self.shift(x, s, st + "att_xx")
        mixed = [x * w[p + "time_mix_" + c] + prev * (1 - w[p + "time_mix_" + c]) for c in "rkv"]
        r, k, v = self.linear([p + "receptance", p + "key", p + "value"], mixed)
        decay, bonus = -np.exp(w[p + "time_decay"]), w[p + "time_first"]
        aa, bb, pp = (s[st + n] for n in ("att_aa", "att_bb", "att_pp"))
        q = np.maximum(pp, bonus + k)
        e1, e2 = np.exp(pp - q), np.exp(bonus + k - q)
        wkv = (e1 * aa + e2 * v) / (e1 * bb + e2)
        q = np.maximum(pp + decay, k)
        e1, e2 = np.exp(pp + decay - q), np.exp(k - q)
        s[st + "att_aa"], s[st + "att_bb"], s[st + "att_pp"] = e1 * aa + e2 * v, e1 * bb + e2, q
        return w[p + "output.weight"] @ (sigmoid(r) * wkv)

    def channel_mix4(self, p, x, s, st, context):
        w, prev = self.w, self.shift(x, s, st + "ffn_xx")
        xk, xr = (x * w[p + "time_mix_" + c] + prev * (1 - w[p + "time_mix_" + c]) for c in "kr")
        return self.gated_ffn(p, xk, xr)

    def gated_ffn(self, p, xk, xr):
        k = np.maximum(self.w[p + "key.weight"] @ xk, 0) ** 2
        return sigmoid(self.w[p + "receptance.weight"] @ xr) * (self.w[p + "value.weight"] @ k)

    # RWKV-5 and 6: state [H, key channel, value channel]

    def matrix_wkv(self, r, k, v, decay, bonus, s, st):
        """r, k, v [C]; decay and bonus broadcast to [H, N]. Returns [H, N]."""
        r, k, v = (a.reshape(self.heads, -1) for a in (r, k, v))
        shape = r.shape
        decay, bonus = np.broadcast_to(decay, shape), np.broadcast_to(bonus, shape)
        old = s[st + "att_kv"]
        kv = k[:, :, None] * v[:, None, :]
        s[st + "att_kv"] = decay[:, :, None] * old + kv
        return np.einsum("hi,hij->hj", r, old + bonus[:, :, None] * kv)

    def time_mix5(self, p, x, s, st, context):
        w, prev = self.w, self.shift(x, s, st + "att_xx")
        gated = p + "gate.weight" in w
        mixed = [x * w[p + "time_mix_" + c] + prev * (1 - w[p + "time_mix_" + c]) for c in ("rkvg" if gated else "rkv")]
        r, k, v, *g = self.linear([p + "receptance", p + "key", p + "value", p + "gate"], mixed)
        bonus = w[p + "time_faaaa"] if p + "time_faaaa" in w else np.exp(w[p + "time_first"])
        decay = np.exp(-np.exp(w[p + "time_decay"]))
        if decay.ndim == 1:
            decay, bonus = decay[:, None], bonus[:, None]
        out = self.group_norm(p, self.matrix_wkv(r, k, v, decay, bonus, s, st))
        return w[p + "output.weight"] @ (out * silu(g[0]) if gated else out)

    channel_mix5 = channel_mix4

    def time_mix6(self, p, x, s, st, context):
        w = self.w
        delta = self.shift(x, s, st + "att_xx") - x
        low = np.tanh((x + delta * w[p + "time_maa_x"]) @ w[p + "time_maa_w1"]).reshape(5, -1)
        m = [low[i] @ w[p + "time_maa_w2"][i] for i in range(5)]
        xw, xk, xv, xr, xg = (x + delta * (w[p + "time_maa_" + c] + m[i]) for i, c in enumerate("wkvrg"))
        r, k, v, g = self.linear([p + "receptance", p + "key", p + "value", p + "gate"], [xr, xk, xv, xg])
        d = w[p + "time_decay"].reshape(-1) + np.tanh(xw @ w[p + "time_decay_w1"]) @ w[p + "time_decay_w2"]
        decay = np.exp(-np.exp(d)).reshape(self.heads, -1)
        out = self.group_norm(p, self.matrix_wkv(r, k, v, decay, w[p + "time_faaaa"], s, st))
        return w[p + "output.weight"] @ (out * silu(g))

    def channel_mix6(self, p, x, s, st, context):
        delta = self.shift(x, s, st + "ffn_xx") - x
        return self.gated_ffn(p, *(x + delta * self.w[p + "time_maa_" + c] for c in "kr"))

    # RWKV-7: state [H, value channel, key channel]

    def time_mix7(self, p, x, s, st, context):
        w, h = self.w, self.heads
        delta = self.shift(x, s, st + "att_xx") - x
        xr, xw, xk, xv, xa, xg = (x + delta * w[p + "x_" + c] for c in "rwkvag")
        r, k, v = self.linear([p + "receptance", p + "key", p + "value"], [xr, xk, xv])
        decay = np.exp(-0.606531 * sigmoid(w[p + "w0"] + np.tanh(xw @ w[p + "w1"]) @ w[p + "w2"]))
        a = sigmoid(w[p + "a0"] + xa @ w[p + "a1"] @ w[p + "a2"])
        g = sigmoid(xg @ w[p + "g1"]) @ w[p + "g2"]
        if p == "blocks.0.att.":
            context["v_first"] = v
        else:
            v = v + (context["v_first"] - v) * sigmoid(w[p + "v0"] + xv @ w[p + "v1"] @ w[p + "v2"])
        kk = (k * w[p + "k_k"]).reshape(h, -1)
        kk = kk / np.maximum(np.sqrt((kk * kk).sum(1, keepdims=True)), 1e-12)
        k = (k * (1 + (a - 1) * w[p + "k_a"])).reshape(h, -1)
        r, decay, v, a = (t.reshape(h, -1) for t in (r, decay, v, a))
        old = s[st + "att_kv"]
        removed = np.einsum("hij,hj->hi", old, kk)
        new = old * decay[:, None, :] - removed[:, :, None] * (kk * a)[:, None, :] + v[:, :, None] * k[:, None, :]
        s[st + "att_kv"] = new
        y = np.einsum("hij,hj->hi", new, r)
        bonus = (r * k * w[p + "r_k"]).sum(1, keepdims=True) * v
        return w[p + "output.weight"] @ ((self.group_norm(p, y) + bonus.reshape(-1)) * g)

    def channel_mix7(self, p, x, s, st, context, scale=1):
        w = self.w
        xk = x + (self.shift(x, s, st + "ffn_xx") - x) * w[p + "x_k"]
        return w[p + "value.weight"] @ (np.maximum(w[p + "key.weight"] @ xk, 0) ** 2 * scale)

    def channel_mix7a(self, p, x, s, st, context):
        """DeepEmbed: a matrix of each token's own scales the hidden units."""
        w = self.w
        rank = w[p + "s1"].shape[1]
        own = w[p + "s_emb.weight"][context["token"]] + w[p + "s_emb_x.weight"] @ context["embedded"]
        scale = x @ w[p + "s1"] @ own.reshape(rank, rank) @ w[p + "s2"] + w[p + "s0"]
        return self.channel_mix7(p, x, s, st, context, scale)


def run(weights, tokens):
    """All logits [T, V], the state after half of the tokens, and the state after all of them."""
    model = Model(weights)
    state, half, logits = model.new_state(), None, []
    for t, token in enumerate(tokens):
        if t == len(tokens) // 2:
            half = dict(state)
        logits.append(model.forward(int(token), state))
    return np.stack(logits), half, state
