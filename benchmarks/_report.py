"""Tables of benchmark results: text, Markdown, and the comparison of two files."""

from __future__ import annotations

from typing import Any

from benchmarks._run import ratios

Row = dict[str, Any]


def text(rows: list[Row]) -> str:
    """Lines for the terminal, one per engine, fastest first."""
    lines = []
    for row in sorted(rows, key=lambda r: (r["threads"], r["ms"])):
        spread = f"{row['min_ms']:.2f}..{row['max_ms']:.2f}"
        lines.append(
            f"{row['item']:<32} {row['threads']} thr  {row['engine']:<28}"
            f" {row['ms']:9.3f} ms {row['clock']:<4} ({spread})"
        )
    lines += [
        f"{p['item']:<32} {p['threads']} thr  neonlike / best torch = {p['ratio']:.2f}"
        for p in ratios(rows)
    ]
    return "\n".join(lines)


def markdown(document: dict[str, Any]) -> str:
    """A Markdown page of a result file: machine, then one table row per item and thread count."""
    rows, machine = document["rows"], document["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in machine["versions"].items())
    head = (
        f"Machine: {machine['processor']}, {machine['cores']} cores, {machine['platform']}; "
        f"Python {machine['python']}, {versions}.\n\n"
        "Times are medians over interleaved rounds: CPU time for one thread, wall time for more. "
        "*ratio* is neonlike over the fastest PyTorch variant; below 1 neonlike is faster.\n"
    )
    names = sorted({row["engine"] for row in rows if row["family"] == "neonlike"})
    table = [
        "| item | threads | "
        + " | ".join(f"{n}, ms" for n in names)
        + " | best torch, ms | ratio |",
        "| --- " * (len(names) + 4) + "|",
    ]
    paired = {(p["item"], p["threads"]): p for p in ratios(rows)}
    for item, threads in dict.fromkeys((r["item"], r["threads"]) for r in rows):
        ours = {r["engine"]: r["ms"] for r in rows if (r["item"], r["threads"]) == (item, threads)}
        cells = [f"{ours[n]:.3f}" if n in ours else "" for n in names]
        pair = paired.get((item, threads))
        cells += [f"{pair['torch_ms']:.3f}", f"**{pair['ratio']:.2f}**"] if pair else ["", ""]
        table.append(f"| {item} | {threads} | " + " | ".join(cells) + " |")
    return head + "\n" + "\n".join(table) + "\n"


def compare(before: dict[str, Any], after: dict[str, Any]) -> str:
    """One line per row that both files hold: ratio after / before."""
    key = ("item", "engine", "threads")
    old = {tuple(row[k] for k in key): row["ms"] for row in before["rows"]}
    lines = []
    for row in after["rows"]:
        label = tuple(row[k] for k in key)
        if label in old:
            lines.append(
                f"{row['item']:<32} {row['threads']} thr  {row['engine']:<28} "
                f"{old[label]:9.3f} -> {row['ms']:9.3f} ms   x{row['ms'] / old[label]:.2f}"
            )
    return "\n".join(lines) or "the two files have no row in common"
