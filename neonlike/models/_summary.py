"""A table of the layers of a network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from neonlike.optimizers.optimizer import get_param_list

HEADER = ("Layer", "Class", "Input", "Output", "Parameters")


def summary_table(layers: Any) -> str:
    """Return one line per layer (name, class, shapes, number of parameters) and their sum."""
    rows = list(_rows(layers, level=0))
    total = sum(row[4] for row in rows)
    cells = [(*row[:4], f"{row[4]:,}") for row in rows]
    widths = [max(len(row[i]) for row in [HEADER, *cells]) for i in range(5)]
    rule = "  ".join("-" * width for width in widths)
    lines = [_line(HEADER, widths), rule, *(_line(row, widths) for row in cells), rule]
    return "\n".join([*lines, f"{total:,} parameters"])


def _rows(container: Any, level: int) -> Iterator[tuple[str, str, str, str, int]]:
    for layer in container.layers:
        nested = hasattr(layer, "layers")
        yield (
            "  " * level + str(layer.name),
            type(layer).__name__,
            str(getattr(layer, "in_shape", None) or "-"),
            str(getattr(layer, "out_shape", None) or "-"),
            0 if nested else _count(layer),
        )
        if nested:
            yield from _rows(layer, level + 1)


def _count(layer: Any) -> int:
    if not layer.has_params:
        return 0
    return sum(param.size for (param, _), _states in get_param_list([layer]) if param is not None)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    *texts, number = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
    return "  ".join([*texts, number.strip().rjust(widths[-1])]).rstrip()
