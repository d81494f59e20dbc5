"""``python -m benchmarks``: time items by id, and compare result files."""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import sys
from pathlib import Path

from benchmarks import _report
from benchmarks._engines import engines, torch_installed
from benchmarks._run import run_all, save
from benchmarks.items import ITEMS

DEFAULT = ["net_gender_birnn_s64_n32", "net_gender_renet_gru_s64_n32"]


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    p = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    p.add_argument("items", nargs="*", help=f"item ids, * and ? allowed (default: {DEFAULT})")
    p.add_argument("--list", action="store_true", help="list the items and exit")
    p.add_argument("--sets", default="cpu", help="kernel sets, comma separated: cpu,reference")
    threads = ",".join(str(n) for n in sorted({1, min(2, os.cpu_count() or 1)}))
    p.add_argument("--threads", default=threads, help="thread counts (default: %(default)s)")
    p.add_argument("--rounds", type=int, default=5, help="interleaved rounds (%(default)s)")
    p.add_argument("--seconds", type=float, default=1.0, help="per round and engine (%(default)s)")
    p.add_argument("--no-torch", action="store_true", help="leave PyTorch out")
    p.add_argument("--json", type=Path, help="write the results there, and a .md page beside")
    p.add_argument("--compare", nargs=2, type=Path, metavar=("A.json", "B.json"))
    return p


def select(patterns: list[str]) -> list[str]:
    """Expand patterns to item ids, in the order of the registry.

    Raises:
        SystemExit: a pattern matches nothing.
    """
    for pattern in patterns:
        if not fnmatch.filter(ITEMS, pattern):
            sys.exit(f"no benchmark item matches {pattern!r}; --list shows all")
    return [i for i in ITEMS if any(fnmatch.fnmatchcase(i, p) for p in patterns)]


def main() -> None:
    """Run the command line."""
    args = parser().parse_args()
    if args.list:
        print("\n".join(f"{item.id:<34} {item.what}" for item in ITEMS.values()))
        return
    if args.compare:
        before, after = (json.loads(path.read_text(encoding="utf-8")) for path in args.compare)
        print(_report.compare(before, after))
        return
    competitors = engines(
        args.sets.split(","),
        [int(n) for n in args.threads.split(",")],
        torch_installed() and not args.no_torch,
    )
    chosen = select(args.items or DEFAULT)
    rows = run_all(
        chosen, competitors, args.rounds, args.seconds, lambda new: print(_report.text(new))
    )
    if args.json:
        settings = {"rounds": args.rounds, "seconds": args.seconds}
        save(args.json, rows, settings)
        document = json.loads(args.json.read_text(encoding="utf-8"))
        args.json.with_suffix(".md").write_text(_report.markdown(document), encoding="utf-8")
        print(f"written: {args.json} and {args.json.with_suffix('.md')}")


if __name__ == "__main__":
    main()
