"""Byte-level BPE: training, encoding, and the Hugging Face tokenizer.json form."""
import heapq
import json
import re
from collections import Counter, defaultdict

EOT = "<|endoftext|>"
# GPT-2's pre-tokenisation. For ASCII text \p{L} is [A-Za-z], \p{N} is [0-9] and the control characters
# U+001C..U+001F, which Python's \s takes and Unicode's White_Space does not, do not occur; `pretokens` checks both.
PATTERN = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+")


def pretokens(text):
    if not text.isascii() or re.search("[\x1c-\x1f]", text):
        raise ValueError("only ASCII text is pre-tokenised here: " + ascii(text))
    return PATTERN.findall(text)


def byte_alphabet():
    """GPT-2's map from bytes to printable characters."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {b: chr(b) for b in plain}
    for i, b in enumerate(b for b in range(256) if b not in table):
        table[b] = chr(256 + i)
    return table


ALPHABET = byte_alphabet()


def train(texts, vocabulary):
    """Merges, most frequent pair first; ties go to the pair that sorts first, so the result is reproducible."""
    counts = Counter(p for t in texts for p in pretokens(t))
    words = [[ALPHABET[b] for b in w.encode()] for w in counts]
    weights = list(counts.values())
    pairs, where = Counter(), defaultdict(set)
    for i, w in enumerate(words):
        for p in zip(w, w[1:]):
            pairs[p] += weights[i]
            where[p].add(i)
    heap = [(-n, p) for p, n in pairs.items()]
    heapq.heapify(heap)
    merges = []
    while len(merges) < vocabulary - 257:
        n, best = heapq.heappop(heap)
        if pairs[best] != -n:  # a stale entry: the count has changed since it was pushed
            continue
        merges.append(best)
        changed = set()
        for i in where.pop(best):
            for p in zip(words[i], words[i][1:]):
                pairs[p] -= weights[i]
                changed.add(p)
            words[i] = merge(words[i], best)
            for p in zip(words[i], words[i][1:]):
                pairs[p] += weights[i]
                where[p].add(i)
                changed.add(p)
        for p in changed:
            if pairs[p] > 0:
                heapq.heappush(heap, (-pairs[p], p))
    return merges


def merge(symbols, pair):
    out, i = [], 0
    while i < len(symbols):
        if i + 1 < len(symbols) and (symbols[i], symbols[i + 1]) == pair:
            out.append(symbols[i] + symbols[i + 1])
            i += 2
        else:
            out.append(symbols[i])
            i += 1
    return out


def save(path, merges):
    tokens = [EOT] + [ALPHABET[b] for b in sorted(ALPHABET, key=lambda b: ord(ALPHABET[b]))]
    tokens += [x + y for x, y in merges]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    doc = {"version": "1.0", "truncation": None, "padding": None,
           "added_tokens": [{"id": 0, "special": True, "content": EOT, "single_word": False,
                             "lstrip": False, "rstrip": False, "normalized": False}],
           "normalizer": {"type": "NFC"}, "pre_tokenizer": level, "post_processor": level, "decoder": level,
           "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                     "end_of_word_suffix": None, "fuse_unk": False,
                     "vocab": {t: i for i, t in enumerate(tokens)},
                     "merges": [f"{x} {y}" for x, y in merges]}}
    with open(path, "w", encoding="utf-8") as f:
        json.dump(doc, f, ensure_ascii=False, indent=1)


class Tokenizer:
    """Encodes and decodes with a tokenizer.json written by `save`."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            model = json.load(f)["model"]
        self.vocab = model["vocab"]
        self.ranks = {tuple(m.split(" ")): i for i, m in enumerate(model["merges"])}
        self.tokens = {i: t for t, i in self.vocab.items()}
        self.bytes = {c: b for b, c in ALPHABET.items()}
        self.cache = {}

    def word(self, w):
        ids = self.cache.get(w)
        if ids is None:
            symbols = [ALPHABET[b] for b in w.encode()]
            while len(symbols) > 1:
                best = min(zip(symbols, symbols[1:]), key=lambda p: self.ranks.get(p, 1 << 30))
                if best not in self.ranks:
                    break
                symbols = merge(symbols, best)
            ids = self.cache[w] = [self.vocab[s] for s in symbols]
        return ids

    def encode(self, text):
        return [i for w in pretokens(text) for i in self.word(w)]

    def decode(self, ids):
        return bytes(self.bytes[c] for i in ids if i for c in self.tokens[i]).decode("utf-8", "replace")
