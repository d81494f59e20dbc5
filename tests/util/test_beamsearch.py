"""Beam search with enough beams finds what trying all sequences finds."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from neonlike.initializers import Gaussian
from neonlike.layers import GRU, Affine, LookupTable, Seq2Seq
from neonlike.layers.container import Decoder, Encoder
from neonlike.transforms import Logistic, Softmax, Tanh
from neonlike.util.beamsearch import BeamSearch

TOKENS, STEPS = 3, 3
INIT = Gaussian(scale=1.0)


def gru() -> GRU:
    return GRU(4, INIT, activation=Tanh(), gate_activation=Logistic(), reset_cells=True)


def network(be: Any, lookup: bool, start_index: int | None) -> tuple[Seq2Seq, Any]:
    embedding = [LookupTable(TOKENS, 4, INIT)] if lookup else []
    output = Affine(TOKENS, INIT, activation=Softmax())
    encoder = Encoder([*embedding, gru()])
    decoder = Decoder(
        [*([LookupTable(TOKENS, 4, INIT)] if lookup else []), gru(), output],
        start_index=start_index,
    )
    seq2seq = Seq2Seq([encoder, decoder])
    shape = (STEPS, 1) if lookup else (TOKENS, STEPS)
    seq2seq.configure((*shape, *shape))
    seq2seq.allocate()
    seq2seq.allocate_deltas()
    tokens = np.random.RandomState(3).randint(0, TOKENS, (STEPS, be.bsz))
    one_hot = np.eye(TOKENS)[tokens.ravel()].T
    return seq2seq, be.array(tokens, dtype=np.int32) if lookup else be.array(one_hot)


def log_probability(search: BeamSearch, x: Any, sequence: tuple[int, ...]) -> np.ndarray:
    """Summed log probabilities (N,) of one output sequence, step by step."""
    search._start(x, 1, STEPS)
    decoder, z, states = search.layers.decoder, search.z_list[0], search.init_state_lists[0]
    total = np.zeros(x.shape[1] if search.hasLUT else x.shape[1] // STEPS)
    for token in sequence:
        y = decoder.fprop(z, inference=True, init_state_list=states).get()
        total += np.log(y[token])
        states[0][:] = search._recurrent[0].final_state()
        search._feed(z, np.full(len(total), token))
    return total


@pytest.mark.parametrize("lookup", [False, True])
@pytest.mark.parametrize("start_index", [None, 1])
def test_finds_the_most_probable_sequence(be: Any, lookup: bool, start_index: int | None) -> None:
    seq2seq, x = network(be, lookup, start_index)
    search = BeamSearch(seq2seq)
    found = search.beamsearch(x, num_beams=TOKENS**STEPS + 3).get()
    assert found.dtype == np.int32
    assert search.num_live == TOKENS**STEPS
    best_score = search.scores[search.num_live - 1][0].copy()
    sequences = list(itertools.product(range(TOKENS), repeat=STEPS))
    scores = np.stack([log_probability(search, x, sequence) for sequence in sequences])
    best = scores.argmax(axis=0)
    np.testing.assert_array_equal(found, np.array(sequences)[best].T)
    np.testing.assert_allclose(best_score, scores.max(axis=0), rtol=1e-5)


def test_one_beam_is_greedy_and_steps_can_be_given(be: Any) -> None:
    seq2seq, x = network(be, lookup=False, start_index=None)
    search = BeamSearch(seq2seq)
    found = search.beamsearch(x, num_beams=1, steps=2).get()
    assert found.shape == (2, be.bsz)
    search._start(x, 1, 1)
    first = seq2seq.decoder.fprop(
        search.z_list[0], inference=True, init_state_list=search.init_state_lists[0]
    )
    np.testing.assert_array_equal(found[0], first.get().argmax(axis=0))
