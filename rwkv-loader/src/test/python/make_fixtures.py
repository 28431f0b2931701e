#!/usr/bin/env python3
"""Writes the small PyTorch files that the loader's tests read, and the values they hold.

Run with PyTorch 1.13 (Debian 12: python3-torch):  python3 make_fixtures.py
Each value stands in expected.txt as Python's float.hex() of the element rounded to float32, in row-major order:
    name TAB dtype TAB shape TAB values
Values are the same in every run; the bytes of *-stream-* files are not, as their storages' keys are addresses.
"""
import collections
import os

import torch

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../resources/io/rwkv/loader")

DTYPES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
}


def tensors():
    torch.manual_seed(7)
    d = collections.OrderedDict()
    d["f64"] = torch.randn(3, 2, dtype=torch.float64)
    d["f32"] = torch.randn(2, 3)
    d["f16"] = torch.randn(5).half()
    d["bf16"] = torch.randn(4).bfloat16()
    d["extremes.f32"] = torch.tensor([0.0, -0.0, float("inf"), -float("inf"), 1e-45, 3.4028234e38])
    d["extremes.f16"] = torch.tensor([65504.0, 6e-8, -0.0, float("inf")]).half()
    d["i64"] = torch.tensor([-1, 2, 3])
    d["i32"] = torch.tensor([-5, 70000], dtype=torch.int32)
    d["i16"] = torch.tensor([-300, 300], dtype=torch.int16)
    d["i8"] = torch.tensor([-128, 127], dtype=torch.int8)
    d["u8"] = torch.tensor([0, 255], dtype=torch.uint8)
    d["bool"] = torch.tensor([True, False, True])
    d["scalar"] = torch.tensor(2.5)
    d["empty"] = torch.zeros(0, 4)
    d["ones.between"] = torch.randn(1, 1, 6)

    shared = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    d["shared.whole"] = shared
    d["shared.offset"] = shared[1:3]
    d["shared.column"] = shared[:, 2]
    d["shared.transposed"] = shared.t()
    d["shared.every2nd"] = shared[::2, 1::2]
    d["shared.permuted"] = shared.reshape(2, 2, 6).permute(2, 0, 1)
    d["shared.expanded"] = shared[0, :3].expand(2, 3)
    d["same.object"] = d["f32"]
    d["parameter"] = torch.nn.Parameter(torch.randn(2, 2))
    d["parameter.frozen"] = torch.nn.Parameter(torch.randn(3).half(), requires_grad=False)
    d["имя \U0001f426"] = torch.tensor([1.0])  # beyond ASCII and beyond 16 bits
    return d


def expected(d, path):
    with open(path, "w", encoding="utf-8", newline="\n") as f:
        for name, t in d.items():
            values = t.detach().float().reshape(-1).tolist()
            f.write("\t".join([name, DTYPES[t.dtype], ",".join(map(str, t.shape)),
                               " ".join(v.hex() for v in values)]) + "\n")


class WithState:
    """What is pickled as PyTorch 2 pickles a tensor or parameter with Python attributes, which 1.13 leaves out."""

    def __init__(self, tensor, state):
        self.tensor, self.state = tensor, state

    def __reduce_ex__(self, protocol):
        if isinstance(self.tensor, torch.nn.Parameter):
            return rebuild_parameter_with_state, (
                self.tensor.data, self.tensor.requires_grad, collections.OrderedDict(), self.state)
        function, arguments = self.tensor.__reduce_ex__(protocol)
        return torch._tensor._rebuild_from_type_v2, (function, torch.Tensor, arguments, self.state)


def rebuild_parameter_with_state(data, requires_grad, backward_hooks, state):
    raise NotImplementedError("only its name is needed")


rebuild_parameter_with_state.__module__ = "torch._utils"
rebuild_parameter_with_state.__qualname__ = rebuild_parameter_with_state.__name__ = "_rebuild_parameter_with_state"
if not hasattr(torch._utils, "_rebuild_parameter_with_state"):
    torch._utils._rebuild_parameter_with_state = rebuild_parameter_with_state
rebuild_parameter_with_state = torch._utils._rebuild_parameter_with_state


def attributes(state):
    tagged = collections.OrderedDict()
    for number, (name, tensor) in enumerate(state.items()):
        tensor = tensor.detach() if number % 2 == 0 else torch.nn.Parameter(tensor.detach())
        tag = {"text": [1, 2.5, None], "more": torch.ones(3)}
        tagged[name] = WithState(tensor, tag if number < 2 else (tag, {"slot": True}))
    save(tagged, "attributes-zip.pth")
    save(tagged, "attributes-stream.pth", 4, False)


def save(obj, name, protocol=2, zipped=True):
    torch.save(obj, os.path.join(OUT, name), pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)


def main():
    os.makedirs(OUT, exist_ok=True)
    for old in os.listdir(OUT):
        os.remove(os.path.join(OUT, old))
    d = tensors()
    expected(d, os.path.join(OUT, "expected.txt"))
    for protocol in (2, 3, 4, 5):
        save(d, "all-zip-protocol%d.pth" % protocol, protocol, True)
        save(d, "all-stream-protocol%d.pth" % protocol, protocol, False)

    # A module's state_dict: an OrderedDict with the attribute _metadata.
    torch.manual_seed(8)
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
    state = module.state_dict()
    assert state._metadata
    expected(state, os.path.join(OUT, "module-expected.txt"))
    save(state, "module-zip.pth")
    save(state, "module-stream.pth", 4, False)

    attributes(state)

    # As written on a machine with a GPU: the storages' location is another.
    original = torch.serialization.location_tag
    torch.serialization.location_tag = lambda storage: "cuda:0"
    try:
        save(state, "cuda-zip.pth")
        save(state, "cuda-stream.pth", 2, False)
    finally:
        torch.serialization.location_tag = original

    # Plain values of every kind beside the tensors.
    plain = dict(state)
    plain.update({"epoch": 3, "loss": 0.5, "name": "x", "done": True, "none": None, "big": 2**40, "negative": -1,
                  "huge": -2**70, "raw": b"\x00\xff", 5: 6})
    save(plain, "plain-zip.pth", 3)
    save(plain, "plain-stream.pth", 4, False)

    # What must be refused, as torch really writes it.
    save({"model": state, "optimizer": {"lr": 0.1}, "epoch": 1}, "nested-zip.pth")
    save({"model": state, "optimizer": {"lr": 0.1}, "epoch": 1}, "nested-stream.pth", 2, False)
    save(module, "whole-module-zip.pth")
    save(torch.zeros(2), "bare-tensor-zip.pth")
    save({"sparse": torch.eye(2).to_sparse()}, "sparse-zip.pth")


if __name__ == "__main__":
    main()
