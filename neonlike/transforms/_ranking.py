"""How well scores rank positive above negative examples: ROC curve and its area."""

from __future__ import annotations

from typing import Any

import numpy as np


def roc_curve(scores: Any, labels: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the ROC curve of a binary classifier.

    Args:
        scores: one number per example, larger means more likely positive.
        labels: 1 (or True) for positive examples, 0 for negative ones.

    Returns:
        False-positive rate, true-positive rate and threshold of each point,
        from (0, 0, inf) to (1, 1, smallest score). Examples with equal scores
        pass together.

    Raises:
        ValueError: lengths differ, labels other than 0/1, or only one class.
    """
    score, positive = _check(scores, labels)
    order = np.argsort(-score, kind="stable")
    score, positive = score[order], positive[order]
    last_of_ties = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    hits = np.cumsum(positive)[last_of_ties]
    false_alarms = last_of_ties + 1 - hits
    return (
        np.append(0.0, false_alarms / false_alarms[-1]),
        np.append(0.0, hits / hits[-1]),
        np.append(np.inf, score[last_of_ties]),
    )


def auc(scores: Any, labels: Any) -> float:
    """Return the area under the ROC curve, the chance that a positive outranks a negative.

    Formula: (R1 - n1 (n1 + 1) / 2) / (n0 n1), R1 the sum of the positives'
    ranks; equal scores share their average rank. Arguments and errors as in
    ``roc_curve``.
    """
    score, positive = _check(scores, labels)
    _, group, count = np.unique(score, return_inverse=True, return_counts=True)
    average_rank = np.cumsum(count) - (count - 1) / 2.0
    n1 = int(positive.sum())
    n0 = len(positive) - n1
    return float((average_rank[group][positive].sum() - n1 * (n1 + 1) / 2.0) / (n0 * n1))


def _check(scores: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    score = np.asarray(scores, dtype=np.float64).ravel()
    label = np.asarray(labels).ravel()
    if score.shape != label.shape:
        raise ValueError(f"got {score.size} scores but {label.size} labels; one of each is needed")
    if np.isnan(score).any():
        raise ValueError("scores contain nan, which cannot be ranked")
    positive = label == 1
    if not np.all(positive | (label == 0)):
        raise ValueError(f"labels must be 0 or 1, got {np.unique(label)}")
    if positive.all() or not positive.any():
        raise ValueError("both classes must occur in labels to draw a ROC curve")
    return score, positive
