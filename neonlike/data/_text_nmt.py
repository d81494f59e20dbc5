"""``TextNMT``: sentence pairs for translation (spec data 7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neonlike.data._iterator import NervanaDataIterator
from neonlike.data._text import Text, Tokenizer, numbered

DATASETS = ("un2000", "europarl7")


class TextNMT(Text):
    """Sentence pairs of two languages from ``path/DATASET-SPLIT.h5``.

    The file holds the vocabularies ``s_vocab`` and ``t_vocab`` (bytes) and the
    indices ``X`` and ``y`` ``(sentences, time_steps)``. Targets come in reversed
    time order. The last incomplete batch is dropped.

    Args:
        time_steps: length of a sentence.
        path: folder of the file.
        tokenizer: ignored, as in neon.
        onehot_input: one-hot inputs.
        get_prev_target: inputs are a pair, see ``Text``.
        split: 'train' or 'valid'.
        dataset: 'un2000' or 'europarl7'.
        subset_pct: percentage of the sentences to keep, from the start.

    Raises:
        AssertionError: unknown data set, or the file is missing.
    """

    def __init__(
        self,
        time_steps: int,
        path: str,
        tokenizer: Tokenizer | None = None,
        onehot_input: bool = False,
        get_prev_target: bool = False,
        split: str | None = None,
        dataset: str = "un2000",
        subset_pct: float = 100,
    ) -> None:
        # not Text.__init__, which reads a text file
        NervanaDataIterator.__init__(self, name=None)
        self.subset_pct = subset_pct
        file = _file(path, dataset, split)
        X, y, s_vocab, t_vocab = _read(file)
        self.s_vocab, self.s_token_to_index, self.s_index_to_token = numbered(s_vocab)
        self.t_vocab, self.t_token_to_index, self.t_index_to_token = numbered(t_vocab)
        self.vocab = self.t_vocab
        self.token_to_index = self.t_token_to_index
        self.index_to_token = self.t_index_to_token
        if X.shape != y.shape or X.shape[1] != time_steps:
            raise ValueError(
                f"{file}: X and y must be of shape (sentences, {time_steps}), "
                f"got {X.shape} and {y.shape}"
            )
        kept = int(len(X) * subset_pct / 100) // self.be.bsz * self.be.bsz
        if not kept:
            raise ValueError(
                f"{file}: {subset_pct} % of {len(X)} sentences are less than one batch "
                f"of {self.be.bsz}"
            )
        self._set_up(time_steps, X[:kept], y[:kept], onehot_input, True, get_prev_target)


def _file(path: str, dataset: str, split: str | None) -> Path:
    if dataset not in DATASETS:
        raise AssertionError(f"dataset must be one of {DATASETS}, got {dataset!r}")
    file = Path(path).expanduser() / f"{dataset}-{split}.h5"
    if not file.is_file():
        raise AssertionError(f"{file.name} is not in the folder {file.parent}")
    return file


def _read(file: Path) -> tuple[Any, Any, list[bytes], list[bytes]]:
    import h5py  # here: importing neonlike does not load it

    with h5py.File(file, "r") as h5:
        missing = {"X", "y", "s_vocab", "t_vocab"} - set(h5)
        if missing:
            raise KeyError(f"{file} lacks the datasets {sorted(missing)}")
        return h5["X"][()], h5["y"][()], h5["s_vocab"][()].tolist(), h5["t_vocab"][()].tolist()
