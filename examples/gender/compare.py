#!/usr/bin/env python
"""Train all networks on the same pictures and put them into one table and one ROC axis.

    python compare.py                                        all eight on synthetic faces
    python compare.py --networks cnn,birnn,renet --source folder:PATH --folds 5

Each network has its own run in runs/NAME/NETWORK. A comparison that was stopped
goes on where it was when the same --name is given: finished networks are kept.
"""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path
from typing import Any

from data import GenderData
from networks import NETWORKS
from options import make_parser, open_data, parse, with_own_files
from outcome import Outcome
from photos import BadInput
from run_folder import describe_run, plain_errors, plain_options, recorded_options
from run_report import LABEL_NOTE, SYNTHETIC_NOTE, add_roc
from train import cross_validate, train_network

from neonlike.serialization.atomic import atomic_write
from neonlike.visualizations import Report, bar_figure

HEADER = ("network", "parameters", "test error, %", "95 % interval", "AUC", "best epoch", "seconds")


def main() -> int:
    """Run the script."""
    parser = make_parser(__doc__)
    parser.add_argument("--networks", default=",".join(NETWORKS), help="which, with commas")
    with plain_errors():
        args = with_own_files(parse(parser))
        networks = args.networks.split(",")
        unknown = sorted(set(networks) - set(NETWORKS))
        if unknown:
            raise BadInput(f"--networks {unknown[0]}: expected some of {','.join(NETWORKS)}")
        folder = Path(args.runs) / (args.name or f"compare-{args.source.partition(':')[0]}")
        data = open_data(args)
        outcomes = []
        for network in networks:
            outcomes.append(outcome_of(network, data, folder / network, args))
            if outcomes[-1].interrupted:
                break
        describe_run(folder, args, data=data.title)
        page = write_comparison(outcomes, data.title, folder)
    print(as_text(outcomes))
    print(f"report: {page}")
    return 130 if outcomes[-1].interrupted else 0


def outcome_of(network: str, data: GenderData, folder: Path, args: argparse.Namespace) -> Outcome:
    """Train one network, unless its finished run with the same options is there already."""
    if (folder / "result.json").is_file() and same_run(
        recorded_options(folder), plain_options(args)
    ):
        before = Outcome.load(folder)
        if not before.interrupted:
            print(f"{network}: finished before")
            return before
    print(network)
    outcome = (cross_validate if args.folds else train_network)(network, data, folder, args)
    print(f"{network}: test error {outcome.error:.1f} %")
    return outcome


def same_run(recorded: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Tell whether a recorded run was made with the options that matter."""
    names = set(wanted) - {"name", "networks", "runs", "data_dir", "verbose", "log_thresh"}
    names -= {"no_progress_bar", "progress_bar", "logfile", "batch_size", "threads"}
    return bool(recorded) and all(
        recorded.get(name, wanted[name]) == wanted[name] for name in names
    )


def write_comparison(outcomes: list[Outcome], title: str, folder: Path) -> Path:
    """Write report.html with its pictures, and the table as CSV and Markdown."""
    report = Report(
        f"{len(outcomes)} networks on {title}", "The same pictures, seeds and training."
    )
    report.note(LABEL_NOTE)
    if "synthetic" in title:
        report.note(SYNTHETIC_NOTE)
    report.section("Results")
    report.table(HEADER, [as_row(outcome) for outcome in outcomes], decimals={2: 1, 4: 3})
    report.figure(
        "errors_by_network",
        lambda theme: bar_figure(
            [outcome.network for outcome in outcomes],
            [outcome.error for outcome in outcomes],
            [outcome.interval for outcome in outcomes],
            theme,
            f"Test error · {title}",
            "error, % (line: 95 % interval)",
        ),
        alt="Test errors: " + ", ".join(f"{o.network} {o.error:.1f} %" for o in outcomes),
        caption="Intervals that overlap widely do not tell which network is better.",
    )
    add_roc(report, {outcome.network: outcome for outcome in outcomes}, title)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEADER, *map(as_row, outcomes)])
    atomic_write(folder / "table.csv", text.getvalue().encode())
    atomic_write(folder / "table.md", as_markdown(outcomes).encode())
    return report.write(folder)


def as_row(outcome: Outcome) -> list[Any]:
    """Return the outcome's line of the table, in the order of ``HEADER``."""
    low, high = outcome.interval
    return [
        outcome.network,
        outcome.parameters,
        round(outcome.error, 1),
        f"{low:.1f} to {high:.1f}",
        round(outcome.auc, 3),
        outcome.best_epoch,
        round(outcome.seconds),
    ]


def as_markdown(outcomes: list[Outcome]) -> str:
    """Return the table for documentation."""
    rows = [HEADER, ["---"] * len(HEADER), *map(as_row, outcomes)]
    return "".join("| " + " | ".join(str(cell) for cell in row) + " |\n" for row in rows)


def as_text(outcomes: list[Outcome]) -> str:
    """Return the table for a terminal."""
    rows = [[str(cell) for cell in row] for row in [HEADER, *map(as_row, outcomes)]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


if __name__ == "__main__":
    raise SystemExit(main())
