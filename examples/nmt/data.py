#!/usr/bin/env python
"""Sentence pairs for train.py, as HDF5 files.

    python data.py                                     numbers in French and English words
    python data.py --french A.txt --english B.txt      line by line translations of each other

The numbers need no download and are no toy: "quatre-vingt-dix-sept" is "ninety seven", so the words
neither agree in number nor in order. Published results of this network come from the French and
English proceedings of the United Nations of 2000 (1.3 GB); two such files may be given instead.

Each language has a vocabulary of its own, its first entries <eos> and <unk>. Sentences of more than
20 words are left out; the others are filled up with <eos> on the left.
"""

import argparse
import re
from collections import Counter
from pathlib import Path

import h5py
import numpy as np

MAX_WORDS = 20


def words(sentence):
    """Split a sentence into lower-case words and punctuation."""
    return re.findall(r"\w+|[^\w\s]", sentence.lower())


FR_ONES = words(
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
)
FR_TENS = {20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante"}
EN_ONES = words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
EN_TENS = words("twenty thirty forty fifty sixty seventy eighty ninety")


def french(number):
    """Return the French words of a number below a million."""
    thousands, rest = divmod(number, 1000)
    head = [] if not thousands else ["mille"] if thousands == 1 else [french(thousands), "mille"]
    hundreds, small = divmod(rest, 100)
    if hundreds:
        head += ["cent"] if hundreds == 1 else [FR_ONES[hundreds], "cent"]
    if small or not head:
        head.append(french_below_hundred(small))
    return " ".join(head)


def french_below_hundred(number):
    """Return the French words of a number below 100: counted by twenties from 60 on."""
    if number < 17:
        return FR_ONES[number]
    if number < 20:
        return f"dix {FR_ONES[number - 10]}"
    base = number // 20 * 20 if number >= 60 else number // 10 * 10
    name = "quatre vingt" if base == 80 else FR_TENS[base]
    rest = number - base
    if not rest:
        return name
    joint = " et " if rest in (1, 11) and base != 80 else " "
    return name + joint + french_below_hundred(rest)


def english(number):
    """Return the English words of a number below a million."""
    thousands, rest = divmod(number, 1000)
    head = [english(thousands), "thousand"] if thousands else []
    hundreds, small = divmod(rest, 100)
    if hundreds:
        head += [EN_ONES[hundreds], "hundred"]
    if small >= 20:
        head.append(EN_TENS[small // 10 - 2])
        small %= 10
    if small or not head:
        head.append(EN_ONES[small])
    return " ".join(head)


def number_pairs(count, seed):
    """Return ``count`` different pairs, longer numbers being as frequent as shorter ones."""
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 7, 3 * count)
    numbers = dict.fromkeys((10 ** rng.uniform(0, size)).astype(int).tolist())
    chosen = rng.permutation(list(numbers))[:count].tolist()
    return [(french(number), english(number)) for number in chosen]


def file_pairs(french_file, english_file):
    """Return the pairs of lines of two files."""
    lines = [Path(f).read_text(encoding="utf-8").splitlines() for f in (french_file, english_file)]
    if len(lines[0]) != len(lines[1]):
        raise SystemExit(f"the files have {len(lines[0])} and {len(lines[1])} lines, not the same")
    return list(zip(*lines, strict=True))


def vocabulary(sentences, size):
    """Return the most frequent words, after <eos> and <unk>."""
    counts = Counter(word for sentence in sentences for word in sentence)
    return ["<eos>", "<unk>", *(word for word, _ in counts.most_common(size - 2))]


def encode(sentences, vocab):
    """Return word numbers (sentences, MAX_WORDS), filled with <eos> on the left."""
    number = {word: index for index, word in enumerate(vocab)}
    encoded = np.zeros((len(sentences), MAX_WORDS), dtype=np.int32)
    for row, sentence in zip(encoded, sentences, strict=True):
        row[MAX_WORDS - len(sentence) :] = [number.get(word, 1) for word in sentence]
    return encoded


def write(folder, pairs, vocab_size, valid_share=0.1):
    """Write un2000-train.h5 and un2000-valid.h5, the last pairs being for validation."""
    split = [(words(s), words(t)) for s, t in pairs]
    split = [pair for pair in split if all(0 < len(side) < MAX_WORDS for side in pair)]
    sides = list(zip(*split, strict=True))
    vocabs = [vocabulary(side, vocab_size) for side in sides]
    arrays = [encode(side, vocab) for side, vocab in zip(sides, vocabs, strict=True)]
    border = int(len(split) * (1 - valid_share))
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("train", slice(border)), ("valid", slice(border, None))):
        with h5py.File(folder / f"un2000-{name}.h5", "w") as file:
            for key, array in zip("Xy", arrays, strict=True):
                file[key] = array[rows]
            for key, vocab in zip(("s_vocab", "t_vocab"), vocabs, strict=True):
                file[key] = np.array([word.encode("utf-8") for word in vocab])
    print(f"{border} sentence pairs to train and {len(split) - border} to validate in {folder}")
    print(f"{len(vocabs[0])} French and {len(vocabs[1])} English words")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("-w", "--data_dir", default=".", help="folder to write to")
    parser.add_argument("--french", help="text file")
    parser.add_argument("--english", help="text file with its translation")
    parser.add_argument("--vocab_size", type=int, default=16384)
    parser.add_argument("--count", type=int, default=14000, help="number pairs to draw")
    args = parser.parse_args()
    given = file_pairs(args.french, args.english) if args.french else number_pairs(args.count, 0)
    write(Path(args.data_dir), given, args.vocab_size)
