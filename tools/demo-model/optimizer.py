"""Muon for the layers' matrices, AdamW for everything else."""
import ctypes

import torch

import kernels

MUON, DECAYED, DOUBLE, PLAIN = range(4)  # kinds of tensors, in their order in memory


def orthogonal(x):
    """[n,rows,columns] -> matrices with singular values near 1 and the same singular vectors: Muon's five
    Newton-Schulz steps, in bfloat16."""
    tall = x.shape[1] > x.shape[2]
    x = x.transpose(1, 2) if tall else x
    x = (x / (x.norm(dim=(1, 2), keepdim=True) + 1e-12)).to(torch.bfloat16)
    for _ in range(5):
        a = x @ x.transpose(1, 2)
        x = torch.baddbmm(x, torch.baddbmm(a, a, a, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return x.transpose(1, 2) if tall else x


class Optimizer:
    """Owns the memory of the tensors in sd, one flat array in which each kind is one part, and of their gradients."""

    def __init__(self, sd, muon, decay, clip):
        """muon: Muon's learning rate in multiples of AdamW's, 0 for AdamW alone."""
        self.muon, self.decay, self.clip, self.number = muon, decay, clip, 0

        def kind(name):
            if name.endswith(".weight") and sd[name].dim() == 2:
                return MUON if muon and name.startswith("blocks.") else DECAYED
            return DOUBLE if name.endswith("att.w0") else PLAIN  # the decay's base learns twice as fast

        kinds = {n: kind(n) for n in sd}
        names = sorted(sd, key=lambda n: (kinds[n], sd[n].shape if kinds[n] == MUON else ()))
        self.flat = torch.cat([sd[n].reshape(-1).float() for n in names])
        self.grads, self.m, self.v = (torch.zeros_like(self.flat) for _ in range(3))
        self.stacks = []  # start, end, shape of matrices of one shape
        self.parts, at = {k: (0, 0) for k in range(4)}, 0
        for n in names:
            shape, end = sd[n].shape, at + sd[n].numel()
            sd[n] = self.flat[at:end].view(shape).requires_grad_()
            sd[n].grad = self.grads[at:end].view(shape)
            if kinds[n] == MUON:
                start = self.stacks.pop()[0] if self.stacks and self.stacks[-1][2] == shape else at
                self.stacks.append((start, end, shape))
            start, before = self.parts[kinds[n]]
            self.parts[kinds[n]] = (start if before else at, end)
            at = end

    def step(self, lr):
        """Returns the gradient's length before it was clipped; the gradients are zero afterwards."""
        self.number += 1
        length = self.grads.norm().item()
        scale = min(1.0, self.clip / (length + 1e-6))
        for start, end, shape in self.stacks:
            p, g, m = (t[start:end].view(-1, *shape) for t in (self.flat, self.grads, self.m))
            m.mul_(0.95).add_(g, alpha=scale)
            update = orthogonal(g * scale + 0.95 * m)
            p.mul_(1 - lr * self.decay).add_(update, alpha=-lr * self.muon * max(1, shape[0] / shape[1]) ** 0.5)
        real, long = ctypes.c_float, ctypes.c_long
        for kind, times, decay in ((DECAYED, 1, self.decay), (DOUBLE, 2, 0), (PLAIN, 1, 0)):
            start, end = self.parts[kind]
            arrays = (t[start:end] for t in (self.flat, self.grads, self.m, self.v))
            kernels.LIB.adamw(long(end - start), *map(kernels.ptr, arrays), real(scale), real(lr * times), real(0.9),
                              real(0.99), real(decay), self.number)
        self.grads.zero_()
        return length


def check():
    """AdamW against PyTorch's, and what orthogonal() makes of singular values."""
    torch.manual_seed(0)
    sd = {n: torch.randn(s) for n, s in (("emb.weight", (30, 20)), ("blocks.0.att.w0", (20,)), ("ln_out.bias", (20,)))}
    plain = {n: t.clone().requires_grad_() for n, t in sd.items()}
    ours = Optimizer(sd, 0, 0.1, 1e9)
    theirs = torch.optim.AdamW([{"params": [p], "lr": 2e-3 if "w0" in n else 1e-3, "weight_decay": 0.1 if p.dim() == 2
                                 else 0} for n, p in plain.items()], betas=(0.9, 0.99), eps=1e-18)
    for _ in range(50):
        for n, p in plain.items():
            p.grad = torch.randn_like(p)
            sd[n].grad.copy_(p.grad)
        ours.step(1e-3)
        theirs.step()
    worst = max((sd[n] - p).abs().max().item() for n, p in plain.items())
    print(f"adamw: largest difference {worst:.1e}")
    assert worst < 1e-5
    for rows, columns in ((64, 64), (256, 64), (64, 256)):
        u, _, v = torch.linalg.svd(torch.randn(rows, columns), full_matrices=False)
        s = torch.linspace(0.1, 1, 64)
        got = orthogonal((u * s @ v)[None])[0].float()
        s = (u.t() @ got @ v.t())
        print(f"orthogonal {rows} x {columns}: singular values {s.diag().min():.2f} to {s.diag().max():.2f}, "
              f"beside the diagonal at most {(s - s.diag().diag()).abs().max():.2f}")
        assert 0.6 < s.diag().min() and s.diag().max() < 1.3 and (s - s.diag().diag()).abs().max() < 0.1


if __name__ == "__main__":
    check()
