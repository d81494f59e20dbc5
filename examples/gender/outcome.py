"""What a finished run is known by: its test predictions and what follows from them."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neonlike.serialization.atomic import atomic_write
from neonlike.transforms import auc


@dataclass
class Outcome:
    """The test of one trained network.

    Attributes:
        network: its name.
        title: what it was trained on; synthetic faces are called synthetic.
        names, labels, scores: file, annotated class and predicted probability of
            class 1 ("male") of each test picture.
        parameters: number of trained values.
        epochs, best_epoch: epochs trained, and the one that was tested (counted from 1).
        seconds: training time.
        interrupted: training was stopped by Ctrl-C.
    """

    network: str
    title: str
    names: list[str]
    labels: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    parameters: int
    epochs: int
    best_epoch: int
    seconds: float
    interrupted: bool = False

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """Which test pictures were told wrong."""
        wrong: npt.NDArray[np.bool_] = (self.scores > 0.5) != (self.labels == 1)
        return wrong

    @property
    def error(self) -> float:
        """Test error in percent."""
        return 100 * float(self.wrong.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the test error (Wilson), in percent."""
        return wilson_interval(int(self.wrong.sum()), len(self.wrong))

    @property
    def auc(self) -> float:
        """Area under the ROC curve."""
        return auc(self.scores, self.labels)

    def confident_errors(self) -> list[int]:
        """Return the rows of the wrongly told pictures, the most confident mistake first."""
        wrong = np.flatnonzero(self.wrong)
        confidence = np.abs(self.scores[wrong] - 0.5)
        return [int(row) for row in wrong[np.argsort(-confidence, kind="stable")]]

    @property
    def matrix(self) -> npt.NDArray[np.int64]:
        """Confusion matrix: rows annotated, columns predicted."""
        counts = np.zeros((2, 2), np.int64)
        np.add.at(counts, (self.labels, (self.scores > 0.5).astype(int)), 1)
        return counts

    def save(self, folder: Path) -> None:
        """Write ``result.json`` and ``predictions.csv``."""
        summary = {name: getattr(self, name) for name in _PLAIN}
        summary |= {
            "test_error_percent": self.error,
            "auc": self.auc,
            "test_images": len(self.labels),
        }
        atomic_write(folder / "result.json", json.dumps(summary, indent=2).encode())
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["picture", "label", "p_male"])
        for row in zip(self.names, self.labels, self.scores, strict=True):
            writer.writerow([row[0], row[1], f"{row[2]:.6f}"])
        atomic_write(folder / "predictions.csv", text.getvalue().encode())

    @classmethod
    def load(cls, folder: Path) -> Outcome:
        """Read what ``save`` wrote."""
        summary: dict[str, Any] = json.loads((folder / "result.json").read_text("utf-8"))
        with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return cls(
            names=[row["picture"] for row in rows],
            labels=np.array([int(row["label"]) for row in rows]),
            scores=np.array([float(row["p_male"]) for row in rows]),
            **{name: summary[name] for name in _PLAIN},
        )


_PLAIN = ("network", "title", "parameters", "epochs", "best_epoch", "seconds", "interrupted")


def pooled(outcomes: Sequence[Outcome], title: str) -> Outcome:
    """Join the outcomes of cross-validation folds, whose test parts cover the photos once."""
    return Outcome(
        network=outcomes[0].network,
        title=title,
        names=[name for outcome in outcomes for name in outcome.names],
        labels=np.concatenate([outcome.labels for outcome in outcomes]),
        scores=np.concatenate([outcome.scores for outcome in outcomes]),
        parameters=outcomes[0].parameters,
        epochs=max(outcome.epochs for outcome in outcomes),
        best_epoch=0,  # each fold has its own
        seconds=sum(outcome.seconds for outcome in outcomes),
        interrupted=any(outcome.interrupted for outcome in outcomes),
    )


def wilson_interval(wrong: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Return the confidence interval of a proportion, in percent."""
    p = wrong / total
    centre = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return 100 * (centre - half), 100 * (centre + half)
