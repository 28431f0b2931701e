"""kernels.c as autograd functions, and bfloat16 matrix products with float32 master weights.

Run as a program it checks the gradients: the same C code, compiled for doubles, against a plain loop.
"""
import ctypes
import os
import subprocess
import tempfile

import torch
import torch.nn.functional as F

HALF = torch.bfloat16
REAL = torch.float32


def build(*flags):
    """Compiles for the machine at hand, into a folder of its own: -march=native code must not travel."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernels.c")
    target = os.path.join(tempfile.mkdtemp(prefix="rwkv-kernels-"), "kernels.so")
    subprocess.run(["gcc", "-O3", "-march=native", "-ffast-math", "-fopenmp", "-shared", "-fPIC", *flags,
                    "-o", target, source, "-lm"], check=True)
    return ctypes.CDLL(target)


LIB = build()


def ptr(t):
    assert t.is_contiguous()
    return ctypes.c_void_p(t.data_ptr())


def pointers(tensors):
    """An array of eight, the rest null."""
    return (ctypes.c_void_p * 8)(*[t.data_ptr() for t in tensors])


def aligned(*shape):
    """PyTorch aligns memory to 64 bytes, what whole vectors need."""
    t = torch.empty(shape, dtype=REAL)
    assert t.data_ptr() % 64 == 0
    return t


class Mix(torch.autograd.Function):
    """x [B,T,C], mix [N,C] -> N tensors, token-shifted with each row of mix."""

    @staticmethod
    def forward(ctx, x, mix):
        B, T, C = x.shape
        x, mix = x.contiguous(), mix.contiguous()
        out = torch.empty(len(mix), B, T, C, dtype=HALF)
        LIB.mix_forward(B, T, C, len(mix), ptr(x), ptr(mix), ptr(out))
        ctx.save_for_backward(x, mix)
        return out.unbind(0)

    @staticmethod
    def backward(ctx, *g):
        x, mix = ctx.saved_tensors
        B, T, C = x.shape
        g = [t.contiguous() for t in g]
        dx, dmix = torch.zeros_like(x), torch.zeros(B, *mix.shape, dtype=REAL)
        LIB.mix_backward(B, T, C, len(mix), ptr(x), ptr(mix),
                         (ctypes.c_void_p * len(g))(*[t.data_ptr() for t in g]), ptr(dx), ptr(dmix))
        return dx, dmix.sum(0)


class Wkv(torch.autograd.Function):
    """sigmoid(r) * wkv(k, v), with w = -exp(time_decay) taken here."""

    @staticmethod
    def forward(ctx, decay, u, k, v, r):
        B, T, C = k.shape
        w = -decay.exp()
        u = u.contiguous()
        out, state = torch.empty_like(k), torch.empty(3, B, T, C, dtype=REAL)
        LIB.wkv_forward(B, T, C, ptr(w), ptr(u), ptr(k), ptr(v), ptr(r), ptr(out), ptr(state))
        ctx.save_for_backward(w, u, k, v, r, state)
        return out

    @staticmethod
    def backward(ctx, g):
        w, u, k, v, r, state = ctx.saved_tensors
        B, T, C = k.shape
        dk, dv, dr = (torch.empty_like(k) for _ in range(3))
        du, dw = (torch.empty(B, C, dtype=REAL) for _ in range(2))
        LIB.wkv_backward(B, T, C, ptr(w), ptr(u), ptr(k), ptr(v), ptr(r), ptr(state), ptr(g.contiguous()),
                         ptr(dk), ptr(dv), ptr(dr), ptr(du), ptr(dw))
        return dw.sum(0) * w, du.sum(0), dk, dv, dr


class TimeMix7(torch.autograd.Function):
    """RWKV-7's time mix between its matrix products. parameters [8,C]: w0 a0 v0 k_k k_a r_k ln_x.weight ln_x.bias;
    inputs [B,T,C]: r, w's and the key, value, a's, gate, and except in layer 0 v's and the first layer's value, the
    primed ones being what the low-rank products give."""

    @staticmethod
    def forward(ctx, parameters, *inputs):
        B, T, C = inputs[0].shape
        inputs = [t.contiguous() for t in inputs]
        out = torch.empty_like(inputs[0])
        y, sa = (torch.empty(B, T, C, dtype=REAL) for _ in range(2))
        kept = aligned(B, C // 64, -(-T // 16), 64, 64)
        LIB.time_mix7_forward(B, T, C, pointers(inputs), ptr(parameters), ptr(out), ptr(y), ptr(sa), ptr(kept))
        ctx.save_for_backward(parameters, y, sa, kept, *inputs)
        return out

    @staticmethod
    def backward(ctx, g):
        parameters, y, sa, kept, *inputs = ctx.saved_tensors
        B, T, C = y.shape
        grads = [torch.empty_like(t) for t in inputs]
        dp = torch.zeros(8, B, C, dtype=REAL)
        LIB.time_mix7_backward(B, T, C, pointers(inputs), ptr(parameters), ptr(y), ptr(sa), ptr(kept),
                               ptr(g.contiguous()), pointers(grads), ptr(dp))
        return dp.sum(1), *grads


class Linear(torch.autograd.Function):
    """x @ weight.T in bfloat16 (float32 accumulation inside the product); the weight's gradient is float32."""

    @staticmethod
    def forward(ctx, x, weight):
        x, w = x.to(HALF), weight.to(HALF)
        ctx.save_for_backward(x, w)
        return x @ w.t()

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        rows = g.reshape(-1, g.shape[-1])
        return g @ w, (rows.t() @ x.reshape(-1, x.shape[-1])).to(REAL)


class SquaredRelu(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        x = x.relu()
        ctx.save_for_backward(x)
        return x.square()

    @staticmethod
    def backward(ctx, g):
        return (ctx.saved_tensors[0] * g).mul_(2)


class CrossEntropy(torch.autograd.Function):
    """Mean over the targets >= 0. The logits' memory is overwritten with their gradient."""

    @staticmethod
    def forward(ctx, logits, targets):
        V = logits.shape[-1]
        LIB.cross_entropy.restype = ctypes.c_double
        loss = LIB.cross_entropy(targets.numel(), V, ptr(logits), ptr(targets), int((targets >= 0).sum()))
        ctx.grad = logits
        return torch.tensor(loss)

    @staticmethod
    def backward(ctx, g):
        return ctx.grad, None  # the loss is the last operation: g is 1


def check():
    global LIB, HALF, REAL
    LIB, HALF, REAL = build("-DCHECK", "-fno-finite-math-only"), torch.float64, torch.float64
    torch.manual_seed(0)
    B, T, C = 3, 17, 20
    rand = lambda *shape: torch.randn(*shape, dtype=REAL).mul_(2).requires_grad_()

    def loop(decay, u, k, v, r):
        w, out = -decay.exp(), []
        for t in range(T):
            e = torch.stack([(t - 1 - i) * w + k[:, i] for i in range(t)] + [u + k[:, t]]).exp()
            out.append((e * v[:, :t + 1].transpose(0, 1)).sum(0) / e.sum(0))
        return r.sigmoid() * torch.stack(out, 1)

    def mixed(x, mix):
        before = torch.cat([torch.zeros(B, 1, C, dtype=REAL), x[:, :-1]], 1)
        return sum((x * m + before * (1 - m)) * (i + 1) for i, m in enumerate(mix))

    def compare(name, ours, plain, args):
        y, z = ours(*args), plain(*args)
        g = torch.randn_like(z)
        a, b = torch.autograd.grad(y, args, g), torch.autograd.grad(z, args, g)
        worst = max([(y - z).abs().max()] + [(p - q).abs().max() for p, q in zip(a, b)])
        print(f"{name}: largest difference {worst:.1e}")
        assert worst < 1e-10

    compare("wkv", Wkv.apply, loop, [rand(C), rand(C), rand(B, T, C), rand(B, T, C), rand(B, T, C)])
    compare("mix", lambda x, m: sum(t * (i + 1) for i, t in enumerate(Mix.apply(x, m))), mixed,
            [rand(B, T, C), rand(3, C)])
    B, T, H = 2, 37, 2
    C = 64 * H

    def delta_rule(first):
        def run(p, r, wl, k, v, al, g, *residual):
            w0, a0, v0, k_k, k_a, r_k, lnw, lnb = p
            heads = lambda x: x.view(B, T, H, 64)
            decay, rate = heads(torch.exp(-0.606531 * (w0 + wl).sigmoid())), heads((a0 + al).sigmoid())
            if residual:
                v = v + (residual[1] - v) * (v0 + residual[0]).sigmoid()
            kk = F.normalize(heads(k * k_k), dim=-1)
            r, k, v = heads(r), heads(k) * (1 + (rate - 1) * k_a.view(H, 64)), heads(v)
            s, ys = torch.zeros(B, H, 64, 64, dtype=REAL), []
            for t in range(T):
                s = (s * decay[:, t, :, None] - (s @ kk[:, t, :, :, None]) * (kk * rate)[:, t, :, None]
                     + v[:, t, :, :, None] * k[:, t, :, None])
                ys.append((s @ r[:, t, :, :, None])[..., 0])
            y = F.group_norm(torch.stack(ys, 1).view(B * T, C), H, lnw, lnb, 64e-5).view(B, T, C)
            return (y + ((r * k * r_k.view(H, 64)).sum(-1, keepdim=True) * v).view(B, T, C)) * g
        compare("delta rule" + (" of the first layer" if first else ""), TimeMix7.apply, run,
                [rand(8, C)] + [rand(B, T, C) for _ in range(6 if first else 8)])

    delta_rule(True)
    delta_rule(False)
    logits, target = rand(B * T, C), torch.randint(-1, C, (B * T,))
    loss = torch.nn.functional.cross_entropy(logits, target, ignore_index=-1)
    wanted = torch.autograd.grad(loss, logits)[0]
    copy = logits.detach().clone().requires_grad_()
    ours = CrossEntropy.apply(copy * 1, target)
    got = torch.autograd.grad(ours, copy)[0]
    print(f"cross entropy: largest difference {(got - wanted).abs().max():.1e}, {abs(ours - loss):.1e}")
    assert (got - wanted).abs().max() < 1e-10 and abs(ours - loss) < 1e-6


if __name__ == "__main__":
    check()
