"""Sentences of a text, and minibatches of a sentence with its two neighbours."""

from collections import Counter
from pathlib import Path

import numpy as np

from neonlike.data import NervanaDataIterator

PAD, UNKNOWN = 0, 1


def sentences(path, longest):
    """Return the sentences of a text file as lists of words, those that are too long cut off."""
    text = Path(path).read_text(encoding="utf-8")
    parts = text.replace("\n", " . ").split(" . ")
    words = [part.split()[:longest] for part in parts if len(part.split()) > 2]
    if len(words) < 3:
        raise SystemExit(f"{path} has {len(words)} sentences; three in a row are the least")
    return words


def vocabulary(all_sentences, size):
    """Return the numbers of the most frequent words, from 2 on."""
    counts = Counter(word for sentence in all_sentences for word in sentence)
    return {word: number for number, (word, _) in enumerate(counts.most_common(size), start=2)}


def encode(sentence, numbers, length):
    """Return word numbers, filled with the padding on the right."""
    row = np.full(length, PAD, dtype=np.int32)
    row[: len(sentence)] = [numbers.get(word, UNKNOWN) for word in sentence[:length]]
    return row


class Triplets(NervanaDataIterator):
    """Minibatches of (sentence, previous, next), and the two neighbours as targets.

    All sentences of a minibatch have the same length, so that the encoder's last state is that of a
    last word. Neighbours are filled up to ``longest`` and masked. The decoders read a neighbour
    shifted by one word and predict the next.
    """

    def __init__(self, all_sentences, numbers, longest, seed=0):
        super().__init__(name="triplets")
        self.nclass = len(numbers) + 2
        self.longest = longest
        rows = np.stack([encode(s, numbers, longest) for s in all_sentences])
        self.rows, self.lengths = rows, np.array([len(s) for s in all_sentences])
        self.rng = np.random.default_rng(seed)
        steps = (longest, 1)
        self.shape = [steps, steps, steps]
        self.x = [self.be.iobuf(longest, dtype=np.int32) for _ in range(3)]
        self.t = [self.be.iobuf((self.nclass, longest)) for _ in range(2)]
        self.mask = [self.be.iobuf((self.nclass, longest)) for _ in range(2)]
        self.nbatches = len(self._order())
        self.ndata = self.nbatches * self.be.bsz

    def _order(self):
        """Return the places of the sentences of each minibatch."""
        inner = np.arange(1, len(self.rows) - 1)
        batches = []
        for length in np.unique(self.lengths[inner]):
            places = self.rng.permutation(inner[self.lengths[inner] == length])
            whole = len(places) // self.be.bsz * self.be.bsz
            batches += list(places[:whole].reshape(-1, self.be.bsz))
        return [batches[i] for i in self.rng.permutation(len(batches))]

    def reset(self):
        """Start again."""

    def __iter__(self):
        """Yield [sentence, previous, next], ((target, mask), (target, mask))."""
        for places in self._order():
            # the sentence stands at the right end, its last word is the last step
            length = self.lengths[places[0]]
            sentence = np.roll(self.rows[places], self.longest - length, axis=1)
            self.x[0].set(np.ascontiguousarray(sentence.T))
            for number, neighbour in enumerate((places - 1, places + 1)):
                words = self.rows[neighbour]
                shifted = np.roll(words, 1, axis=1)
                shifted[:, 0] = PAD
                self.x[number + 1].set(np.ascontiguousarray(shifted.T))
                steps = words.T.reshape(1, -1)  # column = step * batch size + example
                self.t[number].set(np.eye(self.nclass, dtype=np.float32)[steps[0]].T.copy())
                counts = np.broadcast_to(steps != PAD, self.mask[number].shape)
                self.mask[number].set(counts.astype(np.float32))
            yield self.x, list(zip(self.t, self.mask, strict=True))
