"""Splitting: no person in two parts, shares kept, repeatable."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from photos import BadInput, Example
from split import at_most, balanced, folds, split_by_person


def many_examples(persons: int = 300, seed: int = 0) -> list[Example]:
    """Persons with one to six photos each, a third of them of class 1."""
    rng = np.random.RandomState(seed)
    return [
        Example(f"{person}-{photo}.jpg", int(person % 3 == 0), f"person {person}")
        for person in range(persons)
        for photo in range(rng.randint(1, 7))
    ]


def test_parts_share_no_person_and_lose_no_photo() -> None:
    examples = many_examples()
    parts = split_by_person(examples, (0.8, 0.1, 0.1), seed=0)
    people = [{example.person for example in part} for part in parts]
    assert not people[0] & people[1] | people[0] & people[2] | people[1] & people[2]
    paths = [example.path for part in parts for example in part]
    assert sorted(paths) == sorted(example.path for example in examples)


def test_parts_keep_sizes_and_class_shares() -> None:
    examples = many_examples()
    share = np.mean([example.label for example in examples])
    for part, fraction in zip(
        split_by_person(examples, (0.8, 0.1, 0.1), seed=0), (0.8, 0.1, 0.1), strict=True
    ):
        assert len(part) == pytest.approx(fraction * len(examples), abs=8)
        assert np.mean([example.label for example in part]) == pytest.approx(share, abs=0.04)


def test_a_seed_repeats_the_split_and_its_order() -> None:
    examples = many_examples(60)
    assert split_by_person(examples, (0.5, 0.5), 1) == split_by_person(examples, (0.5, 0.5), 1)
    assert split_by_person(examples, (0.5, 0.5), 1) != split_by_person(examples, (0.5, 0.5), 2)


def test_folds_test_every_photo_once_and_leak_nobody() -> None:
    examples = many_examples(80)
    tested: Counter[str] = Counter()
    for train, valid, test in folds(examples, 5, seed=0):
        tested.update(example.path for example in test)
        seen = {example.person for example in train + valid}
        assert not seen & {example.person for example in test}
        assert len(train) + len(valid) + len(test) == len(examples)
    assert set(tested.values()) == {1}
    assert len(tested) == len(examples)


def test_balanced_and_at_most() -> None:
    examples = many_examples()
    labels = [example.label for example in balanced(examples, seed=0)]
    assert labels.count(0) == labels.count(1) == sum(example.label for example in examples)
    assert len(at_most(examples, 10, seed=0)) == 10
    assert at_most(examples, None, seed=0) == examples


def test_impossible_splits_are_refused() -> None:
    with pytest.raises(BadInput, match="add up to 1"):
        split_by_person(many_examples(5), (0.8, 0.1), seed=0)
    with pytest.raises(BadInput, match="expected at least 2"):
        folds(many_examples(5), 6, seed=0)
