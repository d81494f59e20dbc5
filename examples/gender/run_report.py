"""The report of a run: which plots there are, and what is said about them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from data import GenderData
from network_plots import add_feature_maps, add_filters, add_layers
from outcome import Outcome
from photos import CLASSES

from neonlike.transforms import roc_curve
from neonlike.visualizations import (
    History,
    Panel,
    Report,
    Series,
    add_recurrent,
    confusion_figure,
    line_figure,
    montage_figure,
    roc_figure,
)

LABEL_NOTE = (
    "The labels female and male are annotations that came with the data set: metadata, not facts "
    "about anybody's identity. The network learns to repeat the annotation, no more."
)
SYNTHETIC_NOTE = (
    "These are synthetic faces: cartoons drawn from nine random numbers whose means differ between "
    "two classes that overlap. They show nobody, and a result on them says nothing about photos."
)


def write_report(
    outcome: Outcome, history: str, model: Any, data: GenderData, train: Any, folder: Path
) -> Path:
    """Write report.html and its PNG files; ``history`` is the file of the training."""
    report = _opened(outcome, f"{outcome.network} on {outcome.title}")
    report.section("Training")
    _add_curves(report, [History.read(history)], ["training"], outcome)
    _add_test(report, outcome, data)
    report.section("What the network looks at")
    add_filters(report, model, outcome.title)
    add_feature_maps(report, model, data, outcome)
    add_recurrent(report, model, train, outcome.title, history)
    add_layers(report, model, train)
    _add_settings(report, folder)
    return report.write(folder)


def write_folds_report(
    outcomes: Sequence[Outcome], whole: Outcome, data: GenderData, folder: Path
) -> Path:
    """Write the report of a cross-validation."""
    errors = [outcome.error for outcome in outcomes]
    report = _opened(whole, f"{whole.network} on {whole.title}: {len(outcomes)} folds")
    report.section("Folds", "Each fold was tested with a network that never saw its persons.")
    report.table(
        ["fold", "test photos", "test error, %", "AUC", "epochs", "best epoch", "seconds"],
        [
            [str(i), len(o.labels), o.error, o.auc, o.epochs, o.best_epoch, o.seconds]
            for i, o in enumerate(outcomes, 1)
        ],
        caption=f"mean error {np.mean(errors):.1f} %, standard deviation {np.std(errors):.1f} %",
        decimals={2: 1, 3: 3, 6: 1},
    )
    histories = [History.read(folder / f"fold-{i + 1}" / "history.h5") for i in range(len(errors))]
    _add_curves(report, histories, [f"fold {i + 1}" for i in range(len(errors))], None)
    report.section("Test", "The predictions of all folds together: every photo once.")
    _add_confusion(report, whole)
    curves = {f"fold {i}": outcome for i, outcome in enumerate(outcomes, 1)} | {"all": whole}
    add_roc(report, curves, whole.title)
    _add_settings(report, folder)
    return report.write(folder)


def add_roc(report: Report, outcomes: dict[str, Outcome], title: str) -> None:
    """Add the ROC curves of all outcomes in one axis."""
    curves = {
        name: (*roc_curve(outcome.scores, outcome.labels)[:2], outcome.auc)
        for name, outcome in outcomes.items()
    }
    areas = ", ".join(f"{name} {curve[2]:.3f}" for name, curve in curves.items())
    report.figure(
        "roc",
        lambda theme: roc_figure(curves, theme, f"ROC · {title}"),
        alt=f"ROC curves; areas under them: {areas}",
        caption="Each point is a threshold on the predicted probability of male. AUC is the chance "
        "that a picture annotated male gets a higher probability than one annotated female.",
    )


def _opened(outcome: Outcome, heading: str) -> Report:
    """Start a report with the key numbers and the notes that every page carries."""
    low, high = outcome.interval
    best = f"best epoch {outcome.best_epoch}" if outcome.best_epoch else "the best of each fold"
    state = "stopped by Ctrl-C" if outcome.interrupted else best
    report = Report(heading, "Repeating the gender annotation of a face picture.")
    report.tiles(
        [
            ("test error", f"{outcome.error:.1f} %", f"95 % interval {low:.1f} to {high:.1f} %"),
            ("area under the ROC curve", f"{outcome.auc:.3f}", "1 is perfect, 0.5 is chance"),
            ("test pictures", str(len(outcome.labels)), f"{outcome.wrong.sum()} told wrong"),
            ("parameters", f"{outcome.parameters:,}".replace(",", "\u202f"), "trained values"),
            ("training", _duration(outcome.seconds), f"{outcome.epochs} epochs, {state}"),
        ]
    )
    report.note(LABEL_NOTE)
    if "synthetic" in outcome.title:
        report.note(SYNTHETIC_NOTE)
    return report


def _add_curves(
    report: Report, histories: Sequence[History], names: Sequence[str], outcome: Outcome | None
) -> None:
    """Add cost and error by epoch; of one run also training curves and the tested epoch."""
    cost, error = [], []
    marks = []
    dot = "o" if max(history.epochs for history in histories) <= 30 else ""
    title = outcome.title if outcome else "all folds"
    for index, (history, name) in enumerate(zip(histories, names, strict=True)):
        if outcome:
            cost.append(Series("", history.batch_epoch, history.batch_cost))
            cost.append(Series("training", *history.curves["train"], marker=dot))
            error.append(Series("training", *_percent(history, "TrainError"), marker=dot))
        label = "validation" if outcome else name
        colour = 1 if outcome else index
        cost.append(Series(label, *history.curves["loss"], colour=colour, marker=dot))
        error.append(Series(label, *_percent(history, "Top1Misclass"), colour=colour, marker=dot))
        epochs, values = _percent(history, "Top1Misclass")
        if outcome and outcome.best_epoch:
            best = values[list(epochs).index(outcome.best_epoch)]
            marks = [(outcome.best_epoch, best, f"tested: {best:.1f} %")]
    panels = [
        Panel("cost", "epoch", "cross entropy", cost, integer_x=True),
        Panel("error", "epoch", "error, %", error, marks=marks, integer_x=True),
    ]
    report.figure(
        "curves",
        lambda theme: line_figure(panels, theme, f"Cost and error · {title}"),
        alt="Two panels of lines by epoch: cost and error of " + ", ".join(names),
        caption="The thin line is the cost after each minibatch. Training curves fall for as long "
        "as training goes on; the epoch with the least validation error is the one that is tested."
        if outcome
        else "Validation curves of the folds.",
        wide=True,
    )


def _percent(history: History, name: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    epochs, values = history.curves[name]
    return epochs, 100 * values


def _add_test(report: Report, outcome: Outcome, data: GenderData) -> None:
    report.section("Test", "Pictures the network has never seen, told by its best epoch.")
    _add_confusion(report, outcome)
    add_roc(report, {outcome.network: outcome}, outcome.title)
    rows = outcome.confident_errors()[:16]
    if not rows:
        report.note("No test picture was told wrong.")
        return
    captions = [_caption(outcome, row) for row in rows]
    images = data.images("test", rows)
    report.figure(
        "errors",
        lambda theme: montage_figure(
            images, captions, theme, f"Most confident errors · {outcome.title}"
        ),
        alt=f"The {len(rows)} wrongly told pictures with the highest confidence: "
        + "; ".join(text.replace("\n", ", ") for text in captions),
        caption="p is the predicted probability of the class that was annotated.",
        wide=True,
    )


def _add_confusion(report: Report, outcome: Outcome) -> None:
    matrix = outcome.matrix
    report.figure(
        "confusion",
        lambda theme: confusion_figure(
            matrix, CLASSES, theme, f"Confusion matrix · {outcome.title}"
        ),
        alt="; ".join(
            f"annotated {true}, predicted {told}: {matrix[i, j]}"
            for i, true in enumerate(CLASSES)
            for j, told in enumerate(CLASSES)
        ),
        caption="Rows are the annotation, columns the prediction; shares are of the row.",
    )


def _caption(outcome: Outcome, row: int) -> str:
    label = int(outcome.labels[row])
    p = outcome.scores[row] if label else 1 - outcome.scores[row]
    return f"{CLASSES[label]}\np = {p:.3f}"


def _add_settings(report: Report, folder: Path) -> None:
    report.section("How it was made")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    report.facts("Options", config.pop("options") | config)
    report.facts("Environment", json.loads((folder / "environment.json").read_text("utf-8")))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
