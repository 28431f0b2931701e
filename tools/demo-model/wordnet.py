"""Reads WordNet's data files and turns each synset into short readable texts.

Every synset gives four texts ("variants") that say the same thing in different orders:
an entry (word first), prose ("A dog is ..."), gloss first, and example or kind first.
One epoch of training reads one variant of every synset, the next epoch the next one.
"""
import hashlib
import os
import re

LEXNAMES = """adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body
noun.cognition noun.communication noun.event noun.feeling noun.food noun.group noun.location noun.motive
noun.object noun.person noun.phenomenon noun.plant noun.possession noun.process noun.quantity noun.relation
noun.shape noun.state noun.substance noun.time verb.body verb.change verb.cognition verb.communication
verb.competition verb.consumption verb.contact verb.creation verb.emotion verb.motion verb.perception
verb.possession verb.social verb.stative verb.weather adj.ppl""".split()
VARIANTS = 4
POS = {"n": "noun", "v": "verb", "a": "adjective", "s": "adjective", "r": "adverb"}


class Synset:
    """One line of a data file. `key` is 'pos offset', unique over all files."""

    def __init__(self, line):
        fields, gloss = line.split(" | ", 1)
        fields = fields.split()
        self.pos = fields[2]
        self.key = self.pos.replace("s", "a") + fields[0]
        self.lexname = LEXNAMES[int(fields[1])]
        n = int(fields[3], 16)
        # Adjectives may carry a syntactic marker, as in "afraid(p)".
        self.words = [re.sub(r"\(\w+\)$", "", w).replace("_", " ") for w in fields[4:4 + 2 * n:2]]
        pointers = fields[5 + 2 * n:]
        links = [pointers[i:i + 4] for i in range(0, 4 * int(fields[4 + 2 * n]), 4)]
        self.hypernyms = [l[2] + l[1] for l in links if l[0] == "@"]
        gloss = re.sub(r"\s+", " ", gloss).strip()
        self.definition = gloss.split('"')[0].strip(" ;,:-") or gloss.strip('" ')
        self.examples = [e.strip(" ;,") for e in re.findall(r'"([^"]+)"', gloss) if len(e) > 3]

    def category(self):
        """The lexicographer file as a word: noun.animal -> animal."""
        return self.lexname.split(".")[1] if self.pos in "nv" else POS[self.pos]

    def held_out(self):
        """About 2 % of synsets, chosen by their definition: equal definitions stay on one side."""
        return int.from_bytes(hashlib.sha256(self.definition.encode()).digest()[:4], "big") % 50 == 0


def read(folder):
    synsets = {}
    for name in ("noun", "verb", "adj", "adv"):
        with open(os.path.join(folder, "data." + name), encoding="ascii") as f:
            for line in f:
                if not line.startswith("  "):
                    s = Synset(line)
                    synsets[s.key] = s
    return synsets


def upper(s):
    return s[:1].upper() + s[1:]


def a(word):
    return ("an " if word[0] in "aeiouAEIOU" else "a ") + word


def sentence(s):
    s = upper(s)
    return s if s[-1:] in ".!?" else s + "."


THINGS = ("animal", "person", "plant", "artifact", "object")
DETERMINER = re.compile(r"(an?|the|any|one|two|three|someone|somebody|something|some|several|this|that|each|either|"
                        r"all|used|type|genus|of|among|in|on|at|with|for|from|by|his|her|their|its|"
                        r"\(.*|[^ ]*s|[^ ]*ing|.*[0-9].*)\b")


def article(s):
    """Counted things whose definition lacks an article: 'large African bird of prey' gets one, if it is singular."""
    head = re.split(r" (?:of|that|with|having|used|from|in|for|on)\b|[,;:(]", s.definition)[0]
    plural = s.words[0].endswith("s") or re.search("[^su]s$", head)
    return (s.category() in THINGS and s.pos == "n" and s.words[0].islower() and not plural
            and not DETERMINER.match(s.definition) and s.definition[0].isalpha())


def subject(s):
    """'A dog', 'Paris', 'Water': the article follows what the definition starts with."""
    word = s.words[0]
    countable = re.match(r"(an?|any|one|someone|somebody) ", s.definition) and word[0].islower()
    return upper(a(word)) if countable or article(s) else upper(word)


def prose(s):
    """'A dog is a member of ...' for nouns, 'To bark is to make ...' for verbs, 'Able means ...' otherwise."""
    word, d = s.words[0], s.definition
    if s.pos == "n":
        if d.startswith("one who "):
            d = "some" + d
        return f"{subject(s)} is {a(d) if article(s) else d}"
    if s.pos == "v":
        return f"To {word} is to {d}"
    return f"{upper(word)} means {d}"


def texts(s, synsets):
    """The four variants of one synset."""
    names, cat, d = ", ".join(s.words), s.category(), s.definition
    parent = synsets[s.hypernyms[0]].words[0] if s.hypernyms else None
    examples = " ".join(sentence(e) for e in s.examples)
    entry = f"{names} ({cat}): {d}" + "".join(f'; "{e}"' for e in s.examples)
    tail = []
    if s.pos == "n" and parent:
        tail.append(f"It is a kind of {parent}.")
    if len(s.words) > 1:
        tail.append(f"It is also called {' or '.join(s.words[1:4])}." if s.pos == "n"
                    else f"Similar words are {', '.join(s.words[1:4])}.")
    told = " ".join([sentence(prose(s))] + tail + ([examples] if examples else []))
    # The category comes right after the definition, so the state at a text's end has to know it.
    gloss_first = f"{sentence(d)} {upper(cat)}: {names}."
    if s.examples:
        fourth = " ".join([". ".join(s.examples) + "."] + [sentence(prose(s))])
    elif s.pos == "n" and parent:
        fourth = f"{subject(s)} is a kind of {parent}, {d}."
    else:
        fourth = f"{d}: {names}."
    return [entry, told, gloss_first, fourth]
