#!/usr/bin/env python
"""Turn reviews in a text file into numbers.

    python prepare.py -f labeledTrainData.tsv --vocab_file imdb.vocab

Reads lines `id TAB rating TAB review` below a header line, as in Kaggle's "Bag of Words Meets Bags
of Popcorn"; rating is 0 or 1. Writes `FILE.h5` with the reviews and their words' numbers, split at
random into training and validation, and the vocabulary: numbers by falling frequency, from 0 on.
"""

import argparse
import csv
from collections import Counter
from pathlib import Path

import h5py
import numpy as np

from neonlike.data.text_preprocessing import clean_string
from neonlike.util.persist import save_obj

VALID_PART = 0.2
REVIEW = np.dtype([("id", h5py.string_dtype()), ("rating", "i4"), ("text", h5py.string_dtype())])


def read_reviews(path):
    """Return (id, rating, cleaned review) of each line."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(lines)  # the header
        return [(key, int(rating), clean_string(review)) for key, rating, review in lines]


def build_vocabulary(reviews):
    """Return the tables word -> number and number -> word."""
    counts = Counter(word for _, _, review in reviews for word in review.split())
    words = [word for word, _ in counts.most_common()]
    return {word: number for number, word in enumerate(words)}, dict(enumerate(words))


def prepare(review_file, vocab_file):
    """Write the two files; return the path of the first.

    Each row of the data sets `train` and `valid` is a rating and the numbers of the words after it.
    """
    reviews = read_reviews(review_file)
    vocab, words = build_vocabulary(reviews)
    save_obj((vocab, words), str(vocab_file))

    is_valid = np.random.random(len(reviews)) < VALID_PART
    rows = [
        np.array([rating, *(vocab[word] for word in review.split())], np.int32)
        for _, rating, review in reviews
    ]
    parts = {
        "train": [row for row, valid in zip(rows, is_valid, strict=True) if not valid],
        "valid": [row for row, valid in zip(rows, is_valid, strict=True) if valid],
    }
    ratings = np.array([rating for _, rating, _ in reviews])
    path = f"{review_file}.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("reviews", data=np.array(reviews, dtype=REVIEW))
        for name, part in parts.items():
            data = file.create_dataset(name, (len(part),), h5py.vlen_dtype(np.int32))
            for number, row in enumerate(part):
                data[number] = row
            file.attrs[f"n{name}"] = len(part)
        file.attrs["vocab_size"] = len(vocab)
        file.attrs["nrows"] = len(reviews)
        file.attrs["nclass"] = int(ratings.max()) + 1
        file.attrs["class_distribution"] = np.bincount(ratings)
    return path


def write_example(path, count=2000):
    """Write made-up reviews of a few words, for trying the scripts without data."""
    rng = np.random.default_rng(0)
    words = (["awful", "boring", "poor"], ["lovely", "great", "moving"])
    lines = ["id\tsentiment\treview"]
    for number in range(count):
        rating = number % 2
        first, second = rng.choice(words[rating], 2)
        lines.append(f"{number}\t{rating}\tWhat a {first} film, it was {second}!")
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-f", "--review_file", required=True, help="reviews with ratings")
    parser.add_argument("--vocab_file", default="imdb.vocab", help="vocabulary to write")
    options = parser.parse_args()
    print(prepare(options.review_file, options.vocab_file))
