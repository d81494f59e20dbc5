"""Beam search over the outputs of a sequence-to-sequence network (spec util 7)."""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike._object import NervanaObject
from neonlike.layers.recurrent import Recurrent

Array = np.ndarray[Any, Any]


class BeamSearch(NervanaObject):
    """Finds probable output sequences, keeping the best few at every step.

    There is no end-of-sentence token and no length normalization.

    Args:
        seq2seq: a ``Seq2Seq`` container; its decoder is switched to single steps.

    Attributes:
        candidates: token indices of the hypotheses, arrays (steps, N); of the
            live ones the last is best.
        scores: summed log probabilities, arrays (1, N) in the same order.
        scores_list: per live hypothesis the scores of its continuations, (num_out, N).
        z_list: per hypothesis the decoder's next input.
        init_state_lists: per hypothesis the states of the decoder's recurrent layers.
        num_live, num_dead: hypotheses that go on, and that have ended (none).
    """

    def __init__(self, seq2seq: Any) -> None:
        super().__init__()
        self.layers = seq2seq
        self.hasLUT = seq2seq.hasLUT
        seq2seq.decoder.switch_mode(inference=True)
        self.z_shape = seq2seq.decoder.in_shape
        self.num_out = seq2seq.out_shape[0]
        self._recurrent = [x for x in seq2seq.decoder.layers if isinstance(x, Recurrent)]

    def beamsearch(self, inputs: Any, num_beams: int = 5, steps: int | None = None) -> Any:
        """Return the best sequence of tokens for each example, as an int32 tensor (steps, N).

        Args:
            inputs: encoder input.
            num_beams: number of hypotheses kept.
            steps: length of the sequences, default the encoder's.

        Raises:
            ValueError: the encoder gives another number of states than the decoder takes.
        """
        if steps is None:  # tokens for a lookup table have the shape (steps, 1)
            steps = self.layers.in_shape[0 if self.hasLUT else 1]
        self._start(inputs, num_beams, steps)
        for t in range(steps):
            self._beamsearch_step(t, self.z_list, self.init_state_lists)
        return self.be.array(self.candidates[self.num_live - 1], dtype=np.int32)

    def _start(self, inputs: Any, num_beams: int, steps: int) -> None:
        self.layers.decoder.switch_mode(inference=True)
        self.layers.encoder.fprop(inputs, inference=True)
        states = self.layers.encoder.get_final_states(self.layers.decoder_connections)
        if len(states) != len(self._recurrent):
            raise ValueError(
                f"the decoder has {len(self._recurrent)} recurrent layers, the encoder gives "
                f"{len(states)} states"
            )
        be = self.be
        self.num_beams, self.num_live, self.num_dead = num_beams, 1, 0
        self.candidates = [np.zeros((steps, be.bsz), dtype=np.int32) for _ in range(num_beams)]
        self.scores = [np.zeros((1, be.bsz), dtype=np.float32) for _ in range(num_beams)]
        self.scores_list: list[Array] = []
        self.z_list = [be.iobuf(self.z_shape) for _ in range(num_beams)]
        self.init_state_lists = [
            [be.iobuf(layer.out_shape[0]) for layer in self._recurrent] for _ in range(num_beams)
        ]
        for state, first in zip(self.init_state_lists[0], states, strict=True):
            if first is not None:
                state[:] = first
        start = self.layers.decoder.start_index
        if start is not None:
            self._feed(self.z_list[0], np.full(be.bsz, start))

    def _beamsearch_step(self, t: int, z_list: list[Any], init_state_lists: list[Any]) -> None:
        """Extend all live hypotheses by one token and keep the best ``num_beams``."""
        self.scores_list, finals = [], []
        for beam in range(self.num_live):
            y = self.layers.decoder.fprop(
                z_list[beam], inference=True, init_state_list=init_state_lists[beam]
            )
            with np.errstate(divide="ignore"):
                self.scores_list.append(np.log(y.get()) + self.scores[beam])
            finals.append([layer.final_state().get() for layer in self._recurrent])
        scores = np.concatenate(self.scores_list)
        best = np.argsort(scores, axis=0, kind="stable")[-self.num_beams :]
        parents, tokens = np.divmod(best, self.num_out)
        column = np.arange(best.shape[1])
        histories = np.stack(self.candidates)
        self.num_live = len(best)
        for beam in range(self.num_live):
            parent = parents[beam]
            self.candidates[beam][:t] = histories[parent, :t, column].T
            self.candidates[beam][t] = tokens[beam]
            self.scores[beam] = scores[best[beam], column][None, :]
            for i, state in enumerate(init_state_lists[beam]):
                state[:] = np.stack([final[i] for final in finals])[parent, :, column].T
            self._feed(z_list[beam], tokens[beam])

    def _feed(self, z: Any, tokens: Array) -> None:
        """Write tokens into a decoder input: as indices for a lookup table, else one-hot."""
        if self.hasLUT:
            z[:] = tokens.reshape(z.shape).astype(np.float32)
        else:
            z[:] = np.eye(self.z_shape[0])[:, tokens]
