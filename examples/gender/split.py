"""Splitting by person: parts share no person, classes keep their share, a seed repeats it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from photos import BadInput, Example


def split_by_person(
    examples: Sequence[Example], fractions: Sequence[float], seed: int
) -> list[list[Example]]:
    """Divide the examples into parts of about the given fractions.

    Class by class the persons are taken in random order, and each goes with all
    its photos to the part that lacks most of its share. The examples of each
    part come back shuffled, because the HDF5 iterators read in storage order.
    """
    if min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        raise BadInput(f"splits {tuple(fractions)}: expected positive fractions that add up to 1")
    rng = np.random.RandomState(seed)
    parts: list[list[Example]] = [[] for _ in fractions]
    persons: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        persons[example.person].append(example)
    for label in (0, 1):
        groups = [group for group in persons.values() if _label(group) == label]
        lacking = np.array(fractions) * sum(len(group) for group in groups)
        for index in rng.permutation(len(groups)):
            part = int(np.argmax(lacking / np.array(fractions)))
            lacking[part] -= len(groups[index])
            parts[part].extend(groups[index])
    return [[part[i] for i in rng.permutation(len(part))] for part in parts]


def _label(group: Sequence[Example]) -> int:
    """Return the label most photos of a person carry."""
    return int(2 * sum(example.label for example in group) > len(group))


def folds(
    examples: Sequence[Example], count: int, seed: int, valid: float = 0.125
) -> list[tuple[list[Example], list[Example], list[Example]]]:
    """Return ``count`` splits (train, valid, test) whose test parts cover every example once.

    Args:
        valid: fraction of the examples outside the test part that choose the best epoch.
    """
    if not 2 <= count <= len({example.person for example in examples}):
        raise BadInput(f"{count} folds: expected at least 2, and no more than there are persons")
    tests = split_by_person(examples, [1 / count] * count, seed)
    result = []
    for index, test in enumerate(tests):
        rest = [example for other in tests[:index] + tests[index + 1 :] for example in other]
        train, valid_part = split_by_person(rest, [1 - valid, valid], seed + 1 + index)
        result.append((train, valid_part, test))
    return result


def balanced(examples: Sequence[Example], seed: int) -> list[Example]:
    """Drop random examples of the larger class until both are equally large; order is kept."""
    by_class = [
        [i for i, example in enumerate(examples) if example.label == label] for label in (0, 1)
    ]
    smaller = min(len(indices) for indices in by_class)
    rng = np.random.RandomState(seed)
    keep = [i for indices in by_class for i in rng.choice(indices, smaller, replace=False)]
    return [examples[i] for i in sorted(keep)]


def at_most(examples: Sequence[Example], count: int | None, seed: int) -> list[Example]:
    """Keep ``count`` random examples (all of them for None); order is kept."""
    if count is None or count >= len(examples):
        return list(examples)
    keep = np.random.RandomState(seed).choice(len(examples), count, replace=False)
    return [examples[i] for i in sorted(keep)]
