#!/usr/bin/env python
"""Row 9: which parts of an LSTM matter? Its ten variants learn the chorales of Bach.

    python lstm_odyssey.py FILE
    python lstm_odyssey.py FILE --variants vanilla,NFG --seeds 1 --out two.png
    python lstm_odyssey.py FILE --search 20 --epochs 15
    python lstm_odyssey.py FILE --quick

FILE is what chorales.py reads, and every variant is trained and judged as the LSTM there: 100
units, 60 epochs, the test result of the epoch with the best validation result. The picture has a
dot for each training and a line at the mean of each variant; it grows while the script runs.

``--search N`` goes the way of the paper instead: N random settings, all variants with each of them.
Units, learning rate, momentum and the noise on the inputs are drawn from the paper's ranges;
training is momentum descent, one chorale at a time. A table of all trials is beside the picture.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import search
from chorales import GATED, INIT, MODELS, ClippedAdam, train
from matplotlib.figure import Figure

from neonlike.data.sequence_tasks import load_piano_rolls
from neonlike.layers import LSTMVariant
from neonlike.visualizations import to_png

_, RATE, BATCH, EPOCHS, *_ = MODELS["lstm"]
# what is different, and what Greff et al. found (arXiv 1503.04069)
VARIANTS = {
    "vanilla": ("nothing", "none is better"),
    "NP": ("no peepholes", "as good as vanilla"),
    "CIFG": ("f = 1 - i", "as good as vanilla"),
    "CFIG": ("i = 1 - f", "not in the paper"),
    "FGR": ("gates see each other", "not better"),
    "NIG": ("no input gate", "not better"),
    "NIAF": ("linear cell input", "not better"),
    "NOG": ("no output gate", "worse"),
    "NFG": ("no forget gate", "worse"),
    "NOAF": ("linear output", "worse"),
}
WIDTH = 1.0  # of the axis, from the best result on
ROW = "{:8} {:21} {:19} {:>7} {:>7}  {}"


def table(results):
    """Return the lines of the results, the best mean first."""
    lines = [ROW.format("variant", "what is different", "published", "mean", "valid.", "tests")]
    for name, runs in by_mean(results):
        valid, test = np.mean(runs, axis=0)
        tests = " ".join(f"{run[1]:.2f}" for run in runs)
        lines.append(ROW.format(name, *VARIANTS[name], f"{test:.2f}", f"{valid:.2f}", tests))
    return "\n".join(lines)


def by_mean(results):
    """Return the variants with their trainings, the best mean of the test results first."""
    return sorted(results.items(), key=lambda item: np.mean(item[1], axis=0)[1])


def picture(results):
    """Return the figure: a row per variant, orange where the paper found it worse."""
    figure = Figure(figsize=(8, 0.9 + 0.4 * len(results)), dpi=150, layout="constrained")
    ax = figure.subplots()
    best = min(test for runs in results.values() for _, test in runs)
    end = best + WIDTH
    for row, (name, runs) in enumerate(by_mean(results)):
        tests = np.array([test for _, test in runs])
        colour = "#d9622b" if VARIANTS[name][1] == "worse" else "#2a6fdb"
        inside, beyond = tests[tests < end], tests[tests >= end]
        ax.plot(inside, [row] * len(inside), "o", color=colour, alpha=0.7, markersize=6)
        ax.plot([tests.mean()] * 2, [row - 0.3, row + 0.3], color=colour, linewidth=2)
        if len(beyond):
            text = " and ".join(f"{test:.1f}" for test in sorted(beyond)) + " ▸"
            ax.text(end, row, text, color=colour, ha="right", va="center")
    names = [f"{name}: {VARIANTS[name][0]}" for name, _ in by_mean(results)]
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xlim(best - WIDTH / 20, end)
    ax.set_xlabel("negative log-likelihood of a step, test set (smaller is better)")
    ax.set_title("LSTM variants on the chorales; orange: worse in the paper", loc="left")
    ax.grid(axis="x", color="#e3e7ed")
    ax.spines[["top", "right", "left"]].set_visible(False)
    return figure


def main():
    """Train the variants."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", help="the chorales")
    parser.add_argument("--variants", default=",".join(VARIANTS), help="which, with commas")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each variant")
    parser.add_argument("--search", type=int, metavar="N", help="random settings to try instead")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--quick", action="store_true", help="a few short pieces, one epoch")
    parser.add_argument("--out", type=Path, default=Path("lstm_odyssey.png"), help="picture")
    args = parser.parse_args()
    rolls = load_piano_rolls(args.file)
    if args.quick:
        args.seeds, args.epochs = 1, 1
        rolls = {name: [p[:, :12] for p in pieces[:16]] for name, pieces in rolls.items()}
    if args.search:
        rows = []
        variants, table = args.variants.split(","), args.out.with_suffix(".csv")
        for row in search.search(rolls, variants, args.search, args.epochs, table):
            rows.append(row)
            args.out.write_bytes(to_png(search.picture(rows)))
        print(f"trials in {table}, picture in {args.out}")
        return
    results = {}
    for seed in range(args.seeds):
        for name in args.variants.split(","):
            layer = partial(LSTMVariant, 100, INIT, variant=name, **GATED)
            (valid, test, epoch), seconds = train(
                lambda layer=layer: [layer()], rolls, ClippedAdam(RATE), BATCH, args.epochs, seed
            )
            print(f"{name:8} seed {seed}: test {test:.2f}, epoch {epoch}, {seconds:.0f} s")
            results.setdefault(name, []).append((valid, test))
            args.out.write_bytes(to_png(picture(results)))
    print(table(results))
    print("accepted: means of vanilla, NP and CIFG at most 0.15 apart")


if __name__ == "__main__":
    main()
