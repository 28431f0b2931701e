"""A start for an RWKV-7 from a trained RWKV-4 of the same size: what both have is copied, the time mix begins anew."""
import sys

import torch

import model
import train


def convert(old, seed):
    """The RWKV-4's embedding, norms, head, channel mix (its gate replaced by one half) and the value's matrix."""
    L, (V, C) = model.layers(old), old["emb.weight"].shape
    sd = model.initial(7, L, C, V, seed)
    for name in sd:
        if name in old and ".att." not in name:
            sd[name] = old[name].float()
    for l in range(L):
        a, f = f"blocks.{l}.att.", f"blocks.{l}.ffn."
        sd[a + "value.weight"] = old[a + "value.weight"].float()
        sd[f + "x_k"] = 1 - old[f + "time_mix_k"].float()
        sd[f + "value.weight"] = sd[f + "value.weight"] / 2
    return sd


if __name__ == "__main__":
    train.save(convert(torch.load(sys.argv[1]), 42), sys.argv[2])
