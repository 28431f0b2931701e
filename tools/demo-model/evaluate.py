"""Held-out perplexity, continuations and category embeddings of a saved checkpoint, all by the plain float32 loop."""
import argparse
import json
import math
import os
import random

import torch

import bpe
import model

CATEGORIES = ("noun.animal", "noun.food", "noun.person", "noun.plant", "noun.artifact", "noun.location", "noun.act",
              "noun.communication")
PROMPTS = ("A dog is", "The ocean is", "the ocean", "Water is", "A violin is", "To run is to", "A small bird that",
           "Paris is", "The moon", "In the morning")


def batched(ref, texts, visit):
    """Runs token lists side by side, longest first, so that finished ones fall off the end; visit(t, rows, hidden)."""
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
    for start in range(0, len(order), 256):
        rows = order[start:start + 256]
        state = ref.zero_state(len(rows))
        for t in range(len(texts[rows[0]])):
            rows = [i for i in rows if len(texts[i]) > t]
            state = state[:, :, :len(rows)].clone()
            visit(t, rows, ref.step(torch.tensor([texts[i][t] for i in rows]), state))


def perplexity(ref, tok, held):
    """Each text on its own from the zero state, after token 0, and up to and with the token 0 that ends it."""
    texts = [[0] + tok.encode(h["text"]) + [0] for h in held]
    total, count = 0.0, sum(len(t) - 1 for t in texts)

    def visit(t, rows, hidden):
        nonlocal total
        kept = [(n, texts[i][t + 1]) for n, i in enumerate(rows) if t + 1 < len(texts[i])]
        if kept:
            at, want = map(torch.tensor, zip(*kept))
            total -= ref.logits(hidden[at]).log_softmax(-1)[torch.arange(len(at)), want].double().sum().item()

    batched(ref, texts, visit)
    size = sum(len(h["text"].encode()) for h in held)
    print(f"{len(held)} held-out texts, {size} bytes, {count} tokens (ends of text among them)")
    print(f"loss {total / count:.4f} nats per token, perplexity {math.exp(total / count):.3f}, "
          f"{total / math.log(2) / size:.4f} bits per byte")


def embeddings(ref, tok, held):
    """Leave-one-out nearest centroid (cosine) over the definitions of eight noun categories."""
    chosen = [h for h in held if h["lexname"] in CATEGORIES]
    labels = torch.tensor([CATEGORIES.index(h["lexname"]) for h in chosen])
    counts = torch.bincount(labels)
    print(f"{len(chosen)} held-out definitions: " +
          ", ".join(f"{c} {n}" for c, n in zip(CATEGORIES, counts.tolist())) +
          f"; the largest category alone would give {100 * counts.max() / len(chosen):.1f} %")
    for name, form in (("definition as it is", lambda d: d),
                       ("as a sentence, 'A ... .'", lambda d: d[:1].upper() + d[1:].rstrip(".") + ".")):
        texts = [tok.encode(form(h["definition"])) for h in chosen]
        last, mean = torch.zeros(len(texts), ref.C), torch.zeros(len(texts), ref.C)

        def visit(t, rows, hidden):
            last[rows] = hidden
            mean[rows] += hidden

        batched(ref, texts, visit)
        mean /= torch.tensor([len(t) for t in texts])[:, None]
        for kind, x in (("last", last), ("mean", mean)):
            for centred in (False, True):
                y = x - x.mean(0) if centred else x
                y = y / y.norm(dim=1, keepdim=True)
                sums = torch.zeros(len(CATEGORIES), ref.C).index_add_(0, labels, y)
                hit = per = 0
                rates = torch.zeros(len(CATEGORIES))
                for i, l in enumerate(labels):
                    c = sums.clone()
                    c[l] -= y[i]
                    right = int((torch.nn.functional.normalize(c) @ y[i]).argmax() == l)
                    hit += right
                    rates[l] += right
                per = (rates / counts).mean()
                print(f"  {name}, {kind} vector{', mean removed' if centred else ''}: "
                      f"{100 * hit / len(chosen):.1f} % right, {100 * per:.1f} % averaged over categories")


def sample(ref, tok, prompt, length, temperature, top_p, seed):
    generator = torch.Generator().manual_seed(seed)
    ids, state = tok.encode(prompt), ref.zero_state(1)
    for i in ids:
        hidden = ref.step(torch.tensor([i]), state)
    while len(ids) < length:
        p = (ref.logits(hidden)[0] / max(temperature, 1e-6)).softmax(-1)
        if temperature > 0:
            order = p.sort(descending=True)
            p[order.indices[order.values.cumsum(0) - order.values > top_p]] = 0
            ids.append(int(torch.multinomial(p, 1, generator=generator)))
        else:
            ids.append(int(p.argmax()))
        if ids[-1] == 0:
            break
        hidden = ref.step(torch.tensor(ids[-1:]), state)
    return tok.decode(ids)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("work", help="folder with heldout.jsonl and tokenizer.json")
    p.add_argument("--model", help="checkpoint (default: model.pth in the work folder)")
    p.add_argument("--subset", type=int, help="only this many held-out texts for the perplexity")
    p.add_argument("--prompt", action="append", help="only continue this prompt (repeatable)")
    p.add_argument("--length", type=int, default=60, help="tokens, the prompt's among them")
    p.add_argument("--temperature", type=float, default=0.7)
    p.add_argument("--top-p", type=float, default=0.8)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--threads", type=int, default=2)
    o = p.parse_args()
    torch.set_num_threads(o.threads)
    ref = model.Reference(o.model or os.path.join(o.work, "model.pth"))
    tok = bpe.Tokenizer(os.path.join(o.work, "tokenizer.json"))
    with open(os.path.join(o.work, "heldout.jsonl")) as f:
        held = [json.loads(line) for line in f]
    with torch.no_grad():
        if not o.prompt:
            part = random.Random(o.seed).sample(held, o.subset) if o.subset else held
            perplexity(ref, tok, part)
            embeddings(ref, tok, held)
        for prompt in o.prompt or PROMPTS:
            print("  greedy: " + sample(ref, tok, prompt, o.length, 0, 1, 0))
            print("  sample: " + sample(ref, tok, prompt, o.length, o.temperature, o.top_p, o.seed))


if __name__ == "__main__":
    main()
