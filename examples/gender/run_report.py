"""The report of a run: which plots there are, and what is said about them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from data import GenderData
from outcome import Outcome
from photos import CLASSES

from neonlike.transforms import roc_curve
from neonlike.visualizations import (
    History,
    Panel,
    Report,
    Series,
    confusion_figure,
    filter_images,
    layer_table,
    leaf_layers,
    line_figure,
    montage_figure,
    overlay_figure,
    roc_figure,
    sweep_gradients,
)

LABEL_NOTE = (
    "The labels female and male are annotations that came with the data set: metadata, not facts "
    "about anybody's identity. The network learns to repeat the annotation, no more."
)
SYNTHETIC_NOTE = (
    "These are synthetic faces: cartoons drawn from nine random numbers whose means differ between "
    "two classes that overlap. They show nobody, and a result on them says nothing about photos."
)
FILTERS = 32  # at most so many filters are shown
PHOTOS = 6  # photos that feature maps are laid over


def write_report(
    outcome: Outcome, history: History, model: Any, data: GenderData, train: Any, folder: Path
) -> Path:
    """Write report.html and its PNG files."""
    report = _opened(outcome, f"{outcome.network} on {outcome.title}")
    report.section("Training")
    _add_curves(report, [history], ["training"], outcome)
    _add_test(report, outcome, data)
    report.section("What the network looks at")
    _add_filters(report, model, outcome.title)
    _add_feature_maps(report, model, data, outcome)
    _add_gradients(report, model, train, outcome.title)
    _add_layers(report, model, train)
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
    rows = _most_confident_errors(outcome)[:16]
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


def _most_confident_errors(outcome: Outcome) -> list[int]:
    wrong = np.flatnonzero(outcome.wrong)
    confidence = np.abs(outcome.scores[wrong] - 0.5)
    return [int(row) for row in wrong[np.argsort(-confidence, kind="stable")]]


def _caption(outcome: Outcome, row: int) -> str:
    label = int(outcome.labels[row])
    p = outcome.scores[row] if label else 1 - outcome.scores[row]
    return f"{CLASSES[label]}\np = {p:.3f}"


def _add_filters(report: Report, model: Any, title: str) -> None:
    """Show the weights of the first layer that has any, as pictures."""
    layer = next(layer for layer in leaf_layers(model.layers) if hasattr(layer, "W"))
    weights = layer.W.get()
    shape = layer.in_shape
    if layer.classnm.startswith("Convolution"):
        size = round((weights.shape[0] / shape[0]) ** 0.5)
        filters = weights.T.reshape(-1, shape[0], size, size)
    else:
        filters = weights.reshape(-1, *model.layers.in_shape)
    pictures = filter_images(filters[:FILTERS])
    report.figure(
        "filters",
        lambda theme: montage_figure(
            pictures, [""] * len(pictures), theme, f"First-layer filters · {title}"
        ),
        alt=f"{len(pictures)} filters of {pictures.shape[2]} by {pictures.shape[3]} pixels",
        caption=f"The weights of {layer.name} on red, green and blue; grey is zero.",
        wide=True,
    )


def _add_feature_maps(report: Report, model: Any, data: GenderData, outcome: Outcome) -> None:
    """Lay the strength of the layers' answers over some photos, right and wrong ones."""
    count = min(PHOTOS, model.be.bsz)
    rows = _examples(outcome, count)
    images = data.images("test", rows)
    model.predict(images.astype(np.float32) - np.array(data.mean())[:, None, None])
    maps = {layer.name: _strength(layer, len(rows)) for layer in _shown_layers(model)}
    if not maps:
        return
    names = [
        f"{CLASSES[outcome.labels[row]]}, {'wrong' if outcome.wrong[row] else 'right'}"
        for row in rows
    ]
    report.figure(
        "feature_maps",
        lambda theme: overlay_figure(images, maps, theme, f"Feature maps · {outcome.title}", names),
        alt=f"Heat maps of {', '.join(maps)} over {len(rows)} pictures",
        caption="Mean size of the activations over all channels, bright where it is large, scaled "
        "map by map and laid over the picture.",
        wide=True,
    )


def _examples(outcome: Outcome, count: int) -> list[int]:
    """Choose test pictures: right ones of both classes, then confident errors."""
    right = [np.flatnonzero(~outcome.wrong & (outcome.labels == label))[:2] for label in (0, 1)]
    chosen = [int(row) for rows in right for row in rows] + _most_confident_errors(outcome)
    return chosen[:count]


def _shown_layers(model: Any) -> list[Any]:
    """Return the layers that sweep over the picture, or else the last one that keeps a map."""
    spatial = [layer for layer in leaf_layers(model.layers) if _is_spatial(layer.out_shape)]
    sweeping = [layer for layer in spatial if hasattr(layer, "W_recur") or layer.classnm == "ReNet"]
    return sweeping or spatial[-1:]


def _is_spatial(shape: Any) -> bool:
    return isinstance(shape, tuple) and len(shape) in (2, 3) and max(shape[1:]) > 1


def _strength(layer: Any, count: int) -> npt.NDArray[Any]:
    """Return the mean |activation| over channels: (n, H, W), a sequence as (n, 1, T)."""
    channels, *extent = layer.out_shape
    values = np.abs(layer.outputs.get()).reshape(channels, *extent, -1).mean(axis=0)
    rows = values if len(extent) == 2 else values[None]
    by_picture: npt.NDArray[Any] = np.moveaxis(rows, -1, 0)[:count]
    return by_picture


def _add_gradients(report: Report, model: Any, train: Any, title: str) -> None:
    """Show for each recurrent layer how the gradient changes along its sweeps."""
    lines: dict[str, list[Series]] = {}
    for name, norms in sweep_gradients(model, train).items():
        layer, direction = name.split()
        steps = np.arange(1, len(norms) + 1)
        here = lines.setdefault(layer, [])
        here.append(Series(direction, steps, norms, colour=len(here), marker="o"))
    if not lines:
        return
    panels = [
        Panel(
            layer,
            "step of the sweep",
            "norm of the gradient",
            series,
            log_y=_spans_decades(series),
            integer_x=True,
        )
        for layer, series in lines.items()
    ]
    report.figure(
        "gradients",
        lambda theme: line_figure(panels, theme, f"Gradient by sweep step · {title}"),
        alt="Norm of the gradient of the cost by the hidden state, by step, for the sweeps of "
        + ", ".join(lines),
        caption="How strongly the cost depends on the hidden state of each step, on one minibatch; "
        "arrows give the direction of the sweep over the picture. A line that falls towards the "
        "first steps shows a gradient that vanishes on its way back.",
        wide=True,
    )


def _spans_decades(series: Sequence[Series]) -> bool:
    values = np.concatenate([np.asarray(line.y) for line in series])
    return bool(values.min() > 0 and values.max() > 30 * values.min())


def _add_layers(report: Report, model: Any, train: Any) -> None:
    rows = layer_table(model, train)
    report.section("Layers", f"Milliseconds for a minibatch of {model.be.bsz} pictures (median).")
    report.table(
        ["layer", "kind", "output", "parameters", "forward ms", "backward ms"],
        [[r.name, r.kind, r.output, r.parameters, r.fprop_ms, r.bprop_ms] for r in rows],
        caption=f"together {sum(r.fprop_ms for r in rows):.1f} ms forward, "
        f"{sum(r.bprop_ms for r in rows):.1f} ms backward",
        bars=(4, 5),
    )


def _add_settings(report: Report, folder: Path) -> None:
    report.section("How it was made")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    report.facts("Options", config.pop("options") | config)
    report.facts("Environment", json.loads((folder / "environment.json").read_text("utf-8")))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
