"""WordNet -> tokenizer.json, train.npz (token ids of all variants) and heldout.jsonl, in a work folder."""
import argparse
import json
import os
import time

import numpy as np

import bpe
import wordnet


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("work", help="output folder")
    p.add_argument("--wordnet", default="/usr/share/wordnet")
    p.add_argument("--vocabulary", type=int, default=4096)
    o = p.parse_args()
    os.makedirs(o.work, exist_ok=True)
    started = time.time()
    synsets = wordnet.read(o.wordnet)
    train = [s for s in synsets.values() if not s.held_out()]
    held = [s for s in synsets.values() if s.held_out()]
    texts = [wordnet.texts(s, synsets) for s in train]
    print(f"{len(train)} synsets to train on, {len(held)} held out; "
          f"{sum(len(t) for v in texts for t in v)} bytes in all variants")
    tokenizer = os.path.join(o.work, "tokenizer.json")
    bpe.save(tokenizer, bpe.train((t for v in texts for t in v), o.vocabulary))
    print(f"tokenizer after {time.time() - started:.0f} s")
    tok = bpe.Tokenizer(tokenizer)
    ids, ends = [], []
    for variants in texts:
        for t in variants:
            ids += tok.encode(t)
            ends.append(len(ids))
    np.savez(os.path.join(o.work, "train.npz"), ids=np.array(ids, dtype=np.uint16),
             ends=np.array(ends, dtype=np.int64).reshape(-1, wordnet.VARIANTS))
    print(f"{len(ids)} tokens in all variants, {sum(len(t) for v in texts for t in v) / len(ids):.3f} bytes per token")
    with open(os.path.join(o.work, "heldout.jsonl"), "w") as f:
        for i, s in enumerate(held):
            text = wordnet.texts(s, synsets)[i % wordnet.VARIANTS]
            f.write(json.dumps({"key": s.key, "lexname": s.lexname, "definition": s.definition,
                                "text": text}) + "\n")
    print(f"done after {time.time() - started:.0f} s")


if __name__ == "__main__":
    main()
