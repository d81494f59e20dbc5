"""BLEU score of machine translation (spec training 5)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

import numpy as np

from neonlike._logging import display
from neonlike.transforms._cost import Metric

logger = logging.getLogger(__name__)

FLOOR = 1e-7  # added to every precision, so that its logarithm exists
Words = list[str]


class BLEUScore(Metric):
    """Corpus BLEU (Papineni et al. 2002) of candidate sentences against references.

    Works on strings, so it is called directly, not through ``Model.eval``.

    Args:
        unk: text of the unknown-word token; n-grams that contain it never match.

    Attributes:
        bleu_n: scores for n-grams up to 1, 2, ... N, after a call.
    """

    def __init__(self, unk: str = "<unk>") -> None:
        super().__init__()
        self.unk = self.unk_symbol = unk
        self.end_token = "."
        self.metric_names = ["BLEU"]
        self.bleu_n: list[float] = []

    def __call__(  # type: ignore[override] # neon's signature: sentences, not tensors
        self,
        y: Sequence[str],
        t: Sequence[Sequence[str]],
        N: int = 4,
        brevity_penalty: bool = False,
        lower_case: bool = True,
    ) -> float:
        """Return the BLEU score (0..100) for n-grams up to N and display all of ``bleu_n``.

        Args:
            y: candidate sentences.
            t: for each candidate its reference sentences.
            N: longest n-gram.
            brevity_penalty: punish candidates shorter than their first references.
            lower_case: fold the candidates' case (references are taken as they are).
        """
        candidates = [self._words(text, lower_case) for text in y]
        references = [[text.split() for text in texts] for texts in t]
        penalty = _brevity(candidates, references) if brevity_penalty else 1.0
        logs = np.log([self._precision(candidates, references, n) for n in range(1, N + 1)])
        means = np.cumsum(logs) / np.arange(1, N + 1)
        self.bleu_n = [float(100.0 * penalty * np.exp(mean)) for mean in means]
        shown = " ".join(str(np.round(score, 2)) for score in self.bleu_n)
        display(logger, "Bleu scores: %s", shown)
        return self.bleu_n[-1]

    def _words(self, text: str, lower_case: bool) -> Words:
        text = text.strip(self.end_token)
        return (text.lower() if lower_case else text).split()

    def _precision(self, candidates: list[Words], references: list[list[Words]], n: int) -> float:
        correct = total = 0
        for words, refs in zip(candidates, references, strict=True):
            best: Counter[str] = Counter()
            for ref in refs:
                best |= _ngrams(ref, n)
            grams = _ngrams(words, n)
            total += sum(grams.values())
            correct += sum(
                min(count, best[gram]) for gram, count in grams.items() if self.unk not in gram
            )
        return correct / max(total, 1) + FLOOR


def _ngrams(words: Words, n: int) -> Counter[str]:
    return Counter(" ".join(words[i : i + n]) for i in range(len(words) - n + 1))


def _brevity(candidates: list[Words], references: list[list[Words]]) -> float:
    """Penalty for short candidates, measured against their first references (as in neon)."""
    length = sum(len(words) for words in candidates)
    wanted = sum(len(refs[0]) for refs in references)
    return float(np.exp(1.0 - wanted / length)) if length < wanted else 1.0
