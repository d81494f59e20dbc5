"""Pictures of benchmark results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import _targets
from benchmarks.items.scaling import AXES

COLOURS = {"moonshot": "#1b7837", "minimum": "#5aae61", "missed": "#b2182b"}
Row = dict[str, Any]


def _pyplot() -> Any:
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    return plt


def draw_ratios(document: Row, path: Path) -> None:
    """A bar per item of the targets: time over PyTorch's, one thread; ticks at the bounds."""
    targets = {target.id: target for target in _targets.TARGETS}
    bars = [
        (targets[name], item, value)
        for (name, item, threads), value in _targets.results(document).items()
        if threads == 1 and targets[name].unit == "x"
    ]
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(8, 1.2 + 0.19 * len(bars)), layout="constrained")
    for place, (target, _, value) in enumerate(bars):
        axes.barh(place, value, color=COLOURS[target.grade(value, 1)], height=0.75)
        axes.plot([target.minimum] * 2, [place - 0.4, place + 0.4], color="black", lw=1.5)
        axes.plot([target.moonshot] * 2, [place - 0.4, place + 0.4], color="grey", lw=1.0)
        axes.text(value + 0.01, place, f"{value:.2f}", va="center", fontsize=6)
    axes.set_yticks(range(len(bars)), [item for _, item, _ in bars], fontsize=6)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.axvline(1, color="black", lw=0.5, ls=":")
    axes.set_xlabel("time / fastest PyTorch, one thread; black: minimum, grey: moonshot")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def draw_scaling(rows: list[Row], path: Path) -> None:
    """Time against size, log-log, with the growth of the arithmetic dashed."""
    plt = _pyplot()
    figure, panels = plt.subplots(1, len(AXES), figsize=(10, 3.4), layout="constrained")
    ms = {row["item"]: row["ms"] for row in rows if row["engine"] == "neonlike/cpu"}
    for panel, (axis, (sizes, power)) in zip(panels, AXES.items(), strict=True):
        known = [n for n in sizes if f"scale_{axis}_{n}" in ms]
        if not known:
            continue
        times = [ms[f"scale_{axis}_{n}"] for n in known]
        panel.loglog(known, times, "o-", label="measured")
        panel.set_xticks(known, [str(n) for n in known])
        panel.minorticks_off()
        arithmetic = [times[-1] * (n / known[-1]) ** power for n in known]
        panel.loglog(known, arithmetic, "--", color="grey", label="as the arithmetic")
        panel.set_xlabel(f"{axis} size")
        panel.set_ylabel("ms")
        panel.legend(fontsize=7)
    figure.savefig(path, dpi=150)
    plt.close(figure)
