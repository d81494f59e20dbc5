"""``neonlike plot HISTORY.h5``: neon's ``nvis``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from neonlike.cli._error import CommandError


def main(argv: Sequence[str]) -> int:
    """Write the costs, histograms and feature maps of a history as self-contained pages."""
    parser = argparse.ArgumentParser(
        prog="neonlike plot",
        description="Draw the history that a script wrote with -o/--output_file as web pages: "
        "cost-hist.html and, after a deconv callback, deconv.html.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("history", nargs="?", type=Path, help="HDF5 file")
    source.add_argument("-i", "--in_file", type=Path, help="the same, as nvis had it")
    parser.add_argument("-o", "--out_dir", type=Path, default=Path("nvis"), help="folder to write")
    parser.add_argument(
        "--axis", choices=["epoch", "minibatch"], default="epoch", help="unit of the x axis"
    )
    args = parser.parse_args(argv)
    history = args.history or args.in_file
    if not history.is_file():
        raise CommandError(f"there is no history {history}; scripts write one with -o FILE.h5")
    for page in _write_pages(history, args.out_dir, args.axis == "epoch"):
        print(page)
    return 0


def _write_pages(history: Path, folder: Path, epoch_axis: bool) -> list[Path]:
    from neonlike.visualizations import data, figure

    try:
        costs = data.h5_cost_data(history, epoch_axis)
        histograms = data.h5_hist_data(history, epoch_axis)
        maps = data.h5_deconv_data(history)
    except (OSError, KeyError, TypeError) as error:
        raise CommandError(f"{history} is no history of a training run: {error}") from error
    folder.mkdir(parents=True, exist_ok=True)
    pages = [folder / "cost-hist.html"]
    try:
        figure.cost_hist_page(pages[0], costs, histograms, epoch_axis)
        if maps:
            pages.append(folder / "deconv.html")
            figure.deconv_summary_page(pages[1], costs, maps)
    except ImportError as error:
        raise CommandError(str(error)) from error
    return pages
