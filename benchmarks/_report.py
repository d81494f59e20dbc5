"""Tables of benchmark results: text, Markdown, and the comparison of two files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import _plots, _targets
from benchmarks._run import ratios

Row = dict[str, Any]
# original neon's MKL engine over the fastest PyTorch: measured once, with one thread, elsewhere
ORIGINAL_MKL = {
    "net_cifar_conv_n32": 1.9,
    "net_cifar_conv_n128": 1.4,
    "net_cifar_conv_bn_n32": 1.8,
    "net_cifar_conv_bn_n128": 1.4,
    "net_gender_birnn_s64_n32": 1.4,
    "net_gender_birnn_s64_n128": 1.2,
    "net_gender_birnn_s128_n32": 1.2,
}


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


def markdown(document: Row) -> str:
    """A Markdown page of a result file: machine, then one table row per item and thread count."""
    rows, machine = document["rows"], document["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in machine["versions"].items())
    head = (
        f"Machine: {machine['processor']}, {machine['cores']} cores, {machine['platform']}; "
        f"Python {machine['python']}, {versions}. {_cores(document)}\n\n"
        "Times are medians over interleaved rounds: CPU time for one thread, wall time for more. "
        "*ratio* is neonlike over the fastest PyTorch variant; below 1 neonlike is faster.\n"
    )
    names = sorted({row["engine"] for row in rows if row["family"] == "neonlike"})
    table = [_header("item", "threads", *(f"{n}, ms" for n in names), "best torch, ms", "ratio")]
    paired = {(p["item"], p["threads"]): p for p in ratios(rows)}
    for item, threads in dict.fromkeys((r["item"], r["threads"]) for r in rows):
        ours = {r["engine"]: r["ms"] for r in rows if (r["item"], r["threads"]) == (item, threads)}
        cells = [f"{ours[n]:.3f}" if n in ours else "" for n in names]
        pair = paired.get((item, threads))
        cells += [f"{pair['torch_ms']:.3f}", f"**{pair['ratio']:.2f}**"] if pair else ["", ""]
        table.append(_line(item, threads, *cells))
    return head + "\n" + "\n".join(table) + "\n"


def _cores(document: Row) -> str:
    """How well two cores worked together while they were measured, if that is known."""
    facts = document.get("cores")
    if not facts:
        return ""
    return (
        f"A job for two cores took {facts['median_ms']:.2f} ms ({facts['fastest_ms']:.2f} to "
        f"{facts['slowest_ms']:.2f}); {facts['repeated_rounds']} rounds at whose end it took "
        "more than half as long again as at best, were done again."
    )


def targets(document: Row) -> str:
    """The table of targets, then all items that miss their minimum."""
    found = _targets.table(document)
    lines = [
        _header("target", "threads", "unit", "minimum", "moonshot", "worst", "item", "best", "met")
    ]
    for row in found:
        target = row["target"]
        extra = _targets.TWO_THREADS if row["threads"] > 1 and target.unit == "x" else 0
        lines.append(
            _line(
                f"{target.id}: {target.what}",
                row["threads"],
                target.unit,
                f"{target.minimum + extra:g}",
                f"{target.moonshot + extra:g}",
                f"{row['worst']:.2f}",
                f"`{row['item']}`",
                f"{row['best']:.2f}",
                _met(row),
            )
        )
    grades = [row["grade"] for row in found]
    summary = (
        f"{grades.count('moonshot')} rows reach their moonshot, {grades.count('minimum')} more "
        f"their minimum, {grades.count('missed')} miss it.\n"
    )
    return summary + "\n" + "\n".join(lines) + "\n\n" + _against_original(document)


def _met(row: Row) -> str:
    missed = f" ({row['missed']} of {row['items']} items)" if row["missed"] else ""
    return f"**{row['grade']}**{missed}"


def _against_original(document: Row) -> str:
    """The convolution nets over original neon's MKL engine, by way of PyTorch."""
    lines = [
        "The original did not run here: our ratio to PyTorch over that of the original, recorded",
        "on another machine.\n",
        _header("net", "over neon 2.6 with MKL (1.0; 0.6)"),
    ]
    for pair in ratios(document["rows"]):
        if pair["threads"] == 1 and pair["item"] in ORIGINAL_MKL:
            ratio = pair["ratio"] / ORIGINAL_MKL[pair["item"]]
            lines.append(_line(f"`{pair['item']}`", f"{ratio:.2f}"))
    return "\n".join(lines) + "\n"


def _header(*names: str) -> str:
    return _line(*names) + "\n" + "| --- " * len(names) + "|"


def _line(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _probes(document: Row) -> str:
    lines = [_header("probe", "engine", "value")]
    for name, figures in document.get("details", {}).items():
        lines += [_line(name, engine, f"{value:.2f}") for engine, value in figures.items()]
    return "\n".join(lines) + "\n"


def write(document: Row, folder: Path) -> None:
    """Write ``report.md`` and its pictures."""
    _plots.draw_ratios(document, folder / "ratios.png")
    _plots.draw_scaling(document["rows"], folder / "scaling.png")
    parts = [
        "---\norphan: true\n---\n",  # for Sphinx: the page stands in no table of contents
        "# Benchmark results\n",
        "Written by `python -m benchmarks targets` from targets.json.\n",
        "## Targets\n",
        targets(document),
        "## Ratios to PyTorch\n",
        "![Time of every item over the fastest PyTorch](ratios.png)\n",
        "## Scaling\n",
        "![Time against batch, hidden and image size](scaling.png)\n",
        "## Start and memory\n",
        _probes(document),
        "## All items\n",
        markdown(document),
    ]
    (folder / "report.md").write_text("\n".join(parts), encoding="utf-8")


def compare(before: Row, after: Row) -> str:
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
