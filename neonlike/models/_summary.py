"""A table of the layers of a network."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any, Self

from neonlike.optimizers.optimizer import get_param_list

HEADER = ("Layer", "Class", "Input", "Output", "Parameters")


Row = tuple[str, str, str, str, int]


class Summary(str):
    """A text that notebooks show as a table.

    Attributes:
        rows: per layer its name (indented by level), class, input and output shape, and number
            of parameters.
    """

    rows: list[Row]

    @classmethod
    def of(cls, layers: Any) -> Self:
        """Summarize a container of layers."""
        rows = list(_rows(layers, level=0))
        summary = cls(_text(rows))
        summary.rows = rows
        return summary

    def _repr_html_(self) -> str:
        """Return the table in HTML."""
        right = ' style="text-align: right"'
        titles = "".join(f"<th>{title}</th>" for title in HEADER)
        lines = [f"<tr>{titles}</tr>"]
        for name, *texts, number in self.rows:
            level = (len(name) - len(name.lstrip())) // 2
            cells = [f'<td style="padding-left: {level + 0.5}em">{html.escape(name.strip())}</td>']
            cells += [f"<td>{html.escape(text)}</td>" for text in texts]
            lines.append(f"<tr>{''.join(cells)}<td{right}>{number:,}</td></tr>")
        total = sum(row[4] for row in self.rows)
        lines.append(f"<tr><td colspan=4>Sum</td><td{right}>{total:,}</td></tr>")
        return "<table>\n" + "\n".join(lines) + "\n</table>"


def _text(rows: list[Row]) -> str:
    """Return one line per layer (name, class, shapes, number of parameters) and their sum."""
    total = sum(row[4] for row in rows)
    cells = [(*row[:4], f"{row[4]:,}") for row in rows]
    widths = [max(len(row[i]) for row in [HEADER, *cells]) for i in range(5)]
    rule = "  ".join("-" * width for width in widths)
    lines = [_line(HEADER, widths), rule, *(_line(row, widths) for row in cells), rule]
    return "\n".join([*lines, f"{total:,} parameters"])


def _rows(container: Any, level: int) -> Iterator[Row]:
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
