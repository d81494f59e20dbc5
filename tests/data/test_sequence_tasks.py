"""The artificial sequence tasks, music, and their minibatches."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from neonlike.data.sequence_tasks import (
    REBER,
    SequenceIterator,
    Sequences,
    adding,
    embedded_reber,
    load_piano_rolls,
    long_lag,
    multiplication,
    next_chords,
    reber_strings,
    reber_successors,
    temporal_order,
    two_sequences,
    very_long_lag,
)

TASKS = {
    "reber": (embedded_reber, 7, 7),
    "2a": (lambda n, seed: long_lag(n, seed, p=10), 11, 11),
    "2b": (lambda n, seed: long_lag(n, seed, p=10, random_middle=True), 11, 11),
    "2c": (very_long_lag, 54, 2),
    "6a": (temporal_order, 8, 4),
    "6b": (lambda n, seed: temporal_order(n, seed, marks=3), 8, 8),
    "adding": (adding, 2, 1),
    "multiplication": (multiplication, 2, 1),
    "3a": (two_sequences, 1, 1),
}


@pytest.mark.parametrize("task", TASKS)
def test_shapes_padding_and_seeds(task: str) -> None:
    make, nin, nout = TASKS[task]
    drawn, again, other = make(12, 3), make(12, 3), make(12, 4)
    steps = drawn.lengths.max()
    assert drawn.x.shape == (nin, steps, 12)
    assert drawn.t.shape == (nout, steps, 12)
    for number, length in enumerate(drawn.lengths):
        assert not drawn.x[:, length:, number].any()
        assert not drawn.mask[length:, number].any()
        assert drawn.mask[length - 1, number] == 1
    np.testing.assert_array_equal(drawn.x, again.x)
    assert drawn.x.shape != other.x.shape or (drawn.x != other.x).any()


def test_reber_strings_follow_the_grammar() -> None:
    train = reber_strings(64, seed=0)
    test = reber_strings(64, seed=1, exclude=train)
    assert len({*train, *test}) == 128
    for string in train:
        legal = reber_successors(string)
        assert all(legal[REBER.index(s), step] for step, s in enumerate(string[1:]))
        assert legal[:, 1:].sum(axis=0).max() == 2
        assert string[1] == string[-2]


def test_embedded_reber_predicts_the_next_symbol() -> None:
    drawn = embedded_reber(5, seed=0)
    np.testing.assert_array_equal(drawn.t[:, :-1, 0][:, :4], drawn.x[:, 1:, 0][:, :4])
    assert drawn.mask[: drawn.lengths[0], 0].all()


def test_very_long_lag_remembers_the_second_symbol() -> None:
    drawn = very_long_lag(20, seed=0, q=5, p=5)
    for number, length in enumerate(drawn.lengths):
        assert drawn.t[drawn.x[:, 1, number].argmax() - 7, length - 1, number] == 1
        assert drawn.mask[:, number].sum() == 1


def test_temporal_order_classes() -> None:
    drawn = temporal_order(40, seed=0)
    for number, length in enumerate(drawn.lengths):
        marks = drawn.x[4:6, :length, number]
        kinds = marks.argmax(axis=0)[marks.any(axis=0)]
        assert drawn.t[2 * kinds[0] + kinds[1], length - 1, number] == 1
    with pytest.raises(ValueError, match="marks must be 2 or 3"):
        temporal_order(1, seed=0, marks=4)


@pytest.mark.parametrize("make", [adding, multiplication])
def test_marked_pairs(make: Any) -> None:
    drawn = make(40, seed=0, T=30)
    assert set(drawn.lengths) <= set(range(30, 34))
    for number, length in enumerate(drawn.lengths):
        x, marks = drawn.x[:, :length, number]
        a, b = x[marks == 1]
        wanted = 0.5 + (a + b) / 4 if make is adding else a * b
        assert drawn.t[0, length - 1, number] == pytest.approx(wanted, abs=1e-6)
        assert marks[0] in (-1, 1)
        assert marks[-1] == -1


def test_two_sequences() -> None:
    drawn = two_sequences(10, seed=0, T=20)
    for number, length in enumerate(drawn.lengths):
        np.testing.assert_array_equal(
            drawn.x[0, :3, number], 2 * drawn.t[0, length - 1, number] - 1
        )


def test_end_to_end_leaves_the_padding_out() -> None:
    drawn = temporal_order(4, seed=0)
    x, t, mask = drawn.end_to_end()
    assert x.shape == (8, drawn.lengths.sum())
    assert mask.sum() == 4
    start = drawn.lengths[0]
    np.testing.assert_array_equal(x[:, start : start + 5], drawn.x[:, :5, 1])
    np.testing.assert_array_equal(t[:, start - 1], drawn.t[:, start - 1, 0])


def test_padded() -> None:
    drawn = adding(3, seed=0, T=10)
    more = drawn.padded(20, 8)
    assert more.x.shape == (2, 20, 8)
    np.testing.assert_array_equal(more.x[:, : drawn.x.shape[1], :3], drawn.x)
    assert more.mask.sum() == 3
    assert more.lengths.tolist() == [*drawn.lengths, 0, 0, 0, 0, 0]


def test_iterator(be: Any) -> None:
    drawn = adding(10, seed=0, T=12)
    batches = SequenceIterator(drawn)
    assert (batches.nbatches, batches.ndata) == (2, 8)
    x, (t, mask) = next(iter(batches))
    np.testing.assert_array_equal(x.get().reshape(2, -1, 4), drawn.x[:, :, :4])
    np.testing.assert_array_equal(t.get().reshape(-1, 4), drawn.t[0, :, :4])
    np.testing.assert_array_equal(mask.get().reshape(-1, 4), drawn.mask[:, :4])
    shuffled = SequenceIterator(drawn, seed=1)
    first, second = ([x.get() for x, _ in shuffled] for _ in range(2))
    assert any((a != b).any() for a, b in zip(first, second, strict=True))
    state = shuffled.train_state()
    third = [x.get() for x, _ in shuffled]
    resumed = SequenceIterator(drawn, seed=1)
    resumed.load_train_state(state)
    np.testing.assert_array_equal(third, [x.get() for x, _ in resumed])
    with pytest.raises(ValueError, match="less than one minibatch"):
        SequenceIterator(drawn[:3])


PIECES = {name: [[[60, 64], [], [67]], [[21], [108]]] for name in ("train", "valid", "test")}


def write_mat(path: Path) -> None:
    rolls = load_piano_rolls(str(path.with_suffix(".json")))
    cells = {}
    for name, pieces in rolls.items():
        cell = np.empty((1, len(pieces)), dtype=object)
        for place, piece in enumerate(pieces):
            cell[0, place] = piece.T
        cells[f"{name}data"] = cell
    savemat(path, cells)


@pytest.mark.parametrize("suffix", [".json", ".pickle", ".mat"])
def test_piano_rolls(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "m.json").write_text(json.dumps(PIECES))
    (tmp_path / "m.pickle").write_bytes(pickle.dumps(PIECES))
    write_mat(tmp_path / "m.mat")
    rolls = load_piano_rolls(str(tmp_path / f"m{suffix}"))
    assert {name: len(pieces) for name, pieces in rolls.items()} == dict.fromkeys(PIECES, 2)
    first, second = rolls["train"]
    assert first.shape == (88, 3)
    np.testing.assert_array_equal(first.sum(axis=0), [2, 0, 1])
    np.testing.assert_array_equal(second[[0, 87]], np.eye(2))
    sequences = next_chords(rolls["train"])
    assert isinstance(sequences, Sequences)
    np.testing.assert_array_equal(sequences.t[:, 1, 0], first[:, 2])
    np.testing.assert_array_equal(sequences.lengths, [2, 1])


def test_bad_music(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(json.dumps({**PIECES, "test": [[[5]]]}))
    with pytest.raises(ValueError, match="21 to 108"):
        load_piano_rolls(str(tmp_path / "m.json"))
    (tmp_path / "n.json").write_text("{}")
    with pytest.raises(ValueError, match="sets train, valid, test"):
        load_piano_rolls(str(tmp_path / "n.json"))
    savemat(tmp_path / "m.mat", {"traindata": np.zeros(1)})
    with pytest.raises(ValueError, match="lacks the variables validdata, testdata"):
        load_piano_rolls(str(tmp_path / "m.mat"))
