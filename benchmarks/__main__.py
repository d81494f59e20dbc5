"""``python -m benchmarks``: time items by id, compare result files, check the targets."""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import _calls, _probes, _report, _targets
from benchmarks._engines import engines, torch_installed
from benchmarks._run import run_all, save
from benchmarks.items import ITEMS
from benchmarks.items.nets import NETS

DEFAULT = ["net_gender_birnn_s64_n32", "net_gender_renet_gru_s64_n32"]
RESULTS = Path("docs/performance")
RESULTS_FILE = "targets.json"


def parser() -> argparse.ArgumentParser:
    """Return the command line of a run."""
    p = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="Also: compare A.json B.json; targets [--threads N,M] [--out FOLDER]; "
        "report [FOLDER]; calls [ITEM ...]. Each has --help.",
    )
    p.add_argument("items", nargs="*", help=f"item ids, * and ? allowed (default: {DEFAULT})")
    p.add_argument("--list", action="store_true", help="list the items and exit")
    p.add_argument("--sets", default="cpu", help="kernel sets, comma separated: cpu,reference")
    threads = ",".join(str(n) for n in sorted({1, min(2, os.cpu_count() or 1)}))
    p.add_argument("--threads", default=threads, help="thread counts (default: %(default)s)")
    _add_effort(p, rounds=5, seconds=1.0, patience=60)
    p.add_argument("--no-torch", action="store_true", help="leave PyTorch out")
    p.add_argument("--json", type=Path, help="write the results there, and a .md page beside")
    return p


def _add_effort(p: argparse.ArgumentParser, rounds: int, seconds: float, patience: float) -> None:
    p.add_argument("--rounds", type=int, default=rounds, help="interleaved rounds (%(default)s)")
    p.add_argument(
        "--seconds", type=float, default=seconds, help="per round and engine (%(default)s)"
    )
    p.add_argument(
        "--patience",
        type=float,
        default=patience,
        help="seconds to wait, in all, for two cores at their best (%(default)s)",
    )


def select(patterns: list[str]) -> list[str]:
    """Expand patterns to item ids, in the order of the registry.

    Raises:
        SystemExit: a pattern matches nothing.
    """
    for pattern in patterns:
        if not fnmatch.filter(ITEMS, pattern):
            sys.exit(f"no benchmark item matches {pattern!r}; --list shows all")
    return [i for i in ITEMS if any(fnmatch.fnmatchcase(i, p) for p in patterns)]


def run(argv: list[str]) -> None:
    """Time items, the default command."""
    args = parser().parse_args(argv)
    if args.list:
        print("\n".join(f"{item.id:<34} {item.what}" for item in ITEMS.values()))
        return
    competitors = engines(
        args.sets.split(","),
        [int(n) for n in args.threads.split(",")],
        torch_installed() and not args.no_torch,
    )
    chosen = select(args.items or DEFAULT)
    effort = args.rounds, args.seconds, _show, 1, args.patience
    document = run_all(chosen, competitors, *effort)
    if args.json:
        save(args.json, document)
        page = args.json.with_suffix(".md")
        page.write_text(_report.markdown(document), encoding="utf-8")
        print(f"written: {args.json} and {page}")


def _show(rows: list[dict[str, Any]]) -> None:
    print(_report.text(rows), flush=True)


def compare(argv: list[str]) -> None:
    """Compare two result files."""
    p = argparse.ArgumentParser(prog="python -m benchmarks compare", description=compare.__doc__)
    p.add_argument("before", type=Path)
    p.add_argument("after", type=Path)
    args = p.parse_args(argv)
    print(_report.compare(_load(args.before), _load(args.after)))


def targets(argv: list[str]) -> None:
    """Run every item of the targets table against PyTorch; write JSON, report and pictures."""
    p = argparse.ArgumentParser(prog="python -m benchmarks targets", description=targets.__doc__)
    p.add_argument("--threads", default="1,2", help="thread counts (default: %(default)s)")
    p.add_argument("--out", type=Path, default=RESULTS, help="folder (%(default)s)")
    p.add_argument("--no-torch", action="store_true", help="leave PyTorch out")
    _add_effort(p, rounds=2, seconds=0.12, patience=600)
    p.add_argument("--laps", type=int, default=3, help="through all items (%(default)s)")
    args = p.parse_args(argv)
    start = time.perf_counter()
    threads = [int(n) for n in args.threads.split(",")]
    competitors = engines(["cpu"], threads, torch_installed() and not args.no_torch)
    effort = args.rounds, args.seconds, _show, args.laps, args.patience
    document = run_all(_target_items(), competitors, *effort)
    if 1 in threads:
        serial = [engine for engine in competitors if engine.threads == 1]
        more = run_all(select(["scale_*"]), serial, *effort)
        document["rows"] += more["rows"]
        document["probes"], document["details"] = _probes.run_probes()
    save(args.out / RESULTS_FILE, document)
    report([str(args.out)])
    print(f"{args.out / 'report.md'} written after {time.perf_counter() - start:.0f} s")


def _target_items() -> list[str]:
    wanted = [i for i in ITEMS if any(target.matches(i) for target in _targets.TARGETS)]
    return wanted + select(["inplace_tree_*"])


def report(argv: list[str]) -> None:
    """Write report.md and its pictures from the results of ``targets`` in a folder."""
    p = argparse.ArgumentParser(prog="python -m benchmarks report", description=report.__doc__)
    p.add_argument("folder", type=Path, nargs="?", default=RESULTS)
    args = p.parse_args(argv)
    results = args.folder / RESULTS_FILE
    if not results.exists():
        sys.exit(f"no {RESULTS_FILE} in {args.folder}; python -m benchmarks targets writes it")
    _report.write(_load(results), args.folder)


def calls(argv: list[str]) -> None:
    """Print how many Python-level calls a training step makes."""
    p = argparse.ArgumentParser(prog="python -m benchmarks calls", description=calls.__doc__)
    p.add_argument("items", nargs="*", help="item ids of nets, * and ? allowed (default: all nets)")
    args = p.parse_args(argv)
    print(_calls.table(select(args.items) if args.items else [net.id for net in NETS]))


def _load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "calls": calls,
    "compare": compare,
    "report": report,
    "run": run,
    "targets": targets,
}


def main() -> None:
    """Run the command line."""
    command, *rest = sys.argv[1:] or ["run"]
    if command in COMMANDS:
        COMMANDS[command](rest)
    else:
        run(sys.argv[1:])


if __name__ == "__main__":
    main()
