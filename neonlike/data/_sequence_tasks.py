"""The artificial tasks on which LSTM was shown to bridge long time lags (spec zoo 7).

Source: Hochreiter and Schmidhuber, "Long Short-Term Memory", Neural Computation 9 (1997),
section 5. Each function draws ``n`` sequences from its own stream of ``seed``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.data._sequences import Sequences

Array = NDArray[Any]
Part = tuple[Array, Array, Array]

REBER = "BTPSXVE"  # symbols of the grammar, in the order of their rows
# per state of the inner grammar the symbols that may follow, and where they lead
_INNER: dict[int, list[tuple[str, int]]] = {
    0: [("B", 1)],
    1: [("T", 2), ("P", 3)],
    2: [("S", 2), ("X", 4)],
    3: [("T", 3), ("V", 5)],
    4: [("X", 3), ("S", 6)],
    5: [("P", 4), ("V", 6)],
    6: [("E", 7)],
}


def embedded_reber(n: int, seed: int, exclude: Any = ()) -> Sequences:
    """Draw different strings of the embedded Reber grammar: predict the next symbol.

    The second symbol, T or P, comes back as the last but one: whoever reads the string must
    remember it through a whole inner string.

    Args:
        n: number of strings.
        seed: of the draws.
        exclude: strings not to draw, for a test set beside a training set.

    Returns:
        One-hot inputs and targets (7, T, n); an error signal at every step.
    """
    return reber_sequences(reber_strings(n, seed, exclude))


def reber_sequences(strings: list[str]) -> Sequences:
    """Return strings of the grammar as one-hot sequences, the targets being the next symbols."""
    return Sequences.of([_reber_part(string) for string in strings])


def reber_strings(n: int, seed: int, exclude: Any = ()) -> list[str]:
    """Return ``n`` different strings of the embedded Reber grammar."""
    rng, known = np.random.default_rng(seed), set(exclude)
    found: list[str] = []
    while len(found) < n:
        outer = "TP"[rng.integers(2)]
        string, state = "B" + outer, 0
        while state != 7:
            symbol, state = _INNER[state][rng.integers(len(_INNER[state]))]
            string += symbol
        string += outer + "E"
        if string not in known:
            known.add(string)
            found.append(string)
    return found


def reber_successors(string: str) -> Array:
    """Return which symbols may follow each symbol of a string but the last: (7, steps), bool."""
    legal = np.zeros((len(REBER), len(string) - 1), dtype=bool)
    legal[[REBER.index("T"), REBER.index("P")], 0] = True
    state = 0
    for step, symbol in enumerate(string[2:-2], start=1):
        for other, _ in _INNER[state]:
            legal[REBER.index(other), step] = True
        state = dict(_INNER[state])[symbol]
    legal[REBER.index(string[1]), -2] = True
    legal[REBER.index("E"), -1] = True
    return legal


def _reber_part(string: str) -> Part:
    rows = np.eye(len(REBER))[:, [REBER.index(symbol) for symbol in string]]
    return rows[:, :-1], rows[:, 1:], np.ones(len(string) - 1)


def long_lag(n: int, seed: int, p: int = 100, random_middle: bool = False) -> Sequences:
    """Draw the sequences of tasks 2a and 2b: the first symbol comes back p steps later.

    p + 1 symbols: y or x, then p - 1 symbols (the same ones in 2a, random ones in 2b), then y or x
    again. Predict the next symbol.

    Args:
        p: lag.
        random_middle: task 2b.
    """
    rng, parts = np.random.default_rng(seed), []
    for _ in range(n):
        edge = p - 1 + rng.integers(2)  # rows p - 1 and p stand for x and y
        middle = rng.integers(0, p - 1, p - 1) if random_middle else np.arange(p - 1)
        rows = np.eye(p + 1)[:, [edge, *middle, edge]]
        parts.append((rows[:, :-1], rows[:, 1:], np.ones(p)))
    return Sequences.of(parts)


def very_long_lag(n: int, seed: int, q: int = 50, p: int = 50) -> Sequences:
    """Draw the sequences of task 2c: was the second symbol x or y?

    b, x or y, q random distractors out of p, further ones while a coin of 0.9 says so, e. The two
    targets stand at the last step.
    """
    rng, parts = np.random.default_rng(seed), []
    for _ in range(n):
        kind, count = rng.integers(2), q
        while rng.uniform() < 0.9:
            count += 1
        symbols = [p, p + 2 + kind, *rng.integers(0, p, count), p + 1]  # rows p, p + 1: b, e
        parts.append(_classified(np.eye(p + 4)[:, symbols], np.eye(2)[kind]))
    return Sequences.of(parts)


def temporal_order(n: int, seed: int, marks: int = 2) -> Sequences:
    """Draw the sequences of tasks 6a (two marks) and 6b (three): in which order did X and Y come?

    Eight symbols: E first, B last, a, b, c, d in between, X or Y at the marked places; 100 to 110
    steps. One class for each order.
    """
    places = {2: [(10, 20), (50, 60)], 3: [(10, 20), (33, 43), (66, 76)]}
    if marks not in places:
        raise ValueError(f"temporal_order: marks must be 2 or 3, got {marks}")
    rng, parts = np.random.default_rng(seed), []
    for _ in range(n):
        symbols = rng.integers(0, 4, rng.integers(100, 111))
        symbols[0], symbols[-1] = 6, 7
        kinds = rng.integers(0, 2, marks)
        for kind, (low, high) in zip(kinds, places[marks], strict=True):
            symbols[rng.integers(low, high + 1)] = 4 + kind
        number = int("".join(map(str, kinds)), 2)
        parts.append(_classified(np.eye(8)[:, symbols], np.eye(2**marks)[number]))
    return Sequences.of(parts)


def adding(n: int, seed: int, T: int = 100) -> Sequences:
    """Draw the adding problem: the sum of the two marked numbers, .5 + (X1 + X2) / 4.

    Steps are pairs of a number in [-1, 1] and a mark: 1 at two places, -1 at the first and the last
    step. T to 1.1 T steps.
    """
    return _marked_pairs(n, seed, T, -1.0, 0.0, lambda a, b: 0.5 + (a + b) / 4)


def multiplication(n: int, seed: int, T: int = 100) -> Sequences:
    """Draw the multiplication problem: the product of the two marked numbers, all in [0, 1]."""
    return _marked_pairs(n, seed, T, 0.0, 1.0, lambda a, b: a * b)


def _marked_pairs(n: int, seed: int, T: int, low: float, replaced: float, result: Any) -> Sequences:
    rng, parts = np.random.default_rng(seed), []
    for _ in range(n):
        steps = rng.integers(T, T + T // 10 + 1)
        x = np.zeros((2, steps))
        x[0] = rng.uniform(low, 1.0, steps)
        x[1, [0, -1]] = -1
        first = rng.integers(0, 10)
        second = rng.choice([s for s in range(T // 2 - 1) if s != first])
        x[1, [first, second]] = 1
        if 0 in (first, second):
            x[0, 0] = replaced
        target = np.array([result(x[0, first], x[0, second])])
        parts.append(_classified(x, target))
    return Sequences.of(parts)


def two_sequences(n: int, seed: int, T: int = 100, N: int = 3) -> Sequences:
    """Draw the two-sequence problem 3a: which of two classes do the first N numbers stand for?

    One input: 1 or -1 in the first N steps, by class, then noise of variance 0.2; T to 1.1 T steps.
    The target, 1 or 0, stands at the last step.
    """
    rng, parts = np.random.default_rng(seed), []
    for _ in range(n):
        x = rng.normal(0, np.sqrt(0.2), (1, rng.integers(T, T + T // 10 + 1)))
        kind = rng.integers(2)
        x[0, :N] = 2 * kind - 1
        parts.append(_classified(x, np.array([float(kind)])))
    return Sequences.of(parts)


def _classified(x: Array, target: Array) -> Part:
    """A sequence with its target at the last step."""
    t, mask = np.zeros((len(target), x.shape[1])), np.zeros(x.shape[1])
    t[:, -1], mask[-1] = target, 1
    return x, t, mask
