"""``Report``: one self-contained HTML page of a run, with its plots also as PNG files."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neonlike.serialization._atomic import atomic_write
from neonlike.version import VERSION
from neonlike.visualizations._page import PAGE, STYLE
from neonlike.visualizations._theme import DARK, LIGHT, Theme, to_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Report:
    """A page that is built from top to bottom and then written.

    The page loads nothing: style and pictures are inside the one file. Every plot
    is drawn twice, for readers with light and with dark screens.

    Args:
        title: heading of the page.
        subtitle: the sentence below it.

    Example::

        report = Report("renet on synthetic faces")
        report.tiles([("test error", "15.1 %", "of 1000 images")])
        report.section("Training")
        report.figure("curves", lambda theme: line_figure(panels, theme, "Cost"), alt="...")
        report.write("runs/renet")
    """

    def __init__(self, title: str, subtitle: str = "") -> None:
        self.title = title
        self.subtitle = subtitle
        self._body: list[str] = []
        self._plots: list[str] = []
        self._files: dict[str, bytes] = {}

    def tiles(self, entries: Sequence[tuple[str, str, str]]) -> None:
        """Add key numbers: (what, value, small print)."""
        cells = "".join(
            f'<div><dt>{escape(what)}</dt><dd class="value">{escape(value)}</dd>'
            f'<dd class="small">{escape(small)}</dd></div>'
            for what, value, small in entries
        )
        self._add(f'<dl class="tiles">{cells}</dl>')

    def section(self, heading: str, intro: str = "") -> None:
        """Start a section."""
        text = f'<p class="intro">{escape(intro)}</p>' if intro else ""
        self._add(f"<h2>{escape(heading)}</h2>{text}")

    def note(self, text: str) -> None:
        """Add a highlighted paragraph."""
        self._add(f'<p class="note">{escape(text)}</p>')

    def figure(
        self,
        name: str,
        draw: Callable[[Theme], Figure],
        alt: str,
        caption: str = "",
        wide: bool = False,
    ) -> None:
        """Add a plot; consecutive plots stand in two columns.

        Args:
            name: the PNG file is ``name.png``.
            draw: makes the figure in the given theme.
            alt: what the plot shows, for readers who do not see it.
            caption: text below it.
            wide: take both columns.
        """
        light, dark = (to_png(draw(theme)) for theme in (LIGHT, DARK))
        self._files[f"{name}.png"] = light
        below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
        self._plots.append(
            f'<figure class="{"wide" if wide else "half"}"><picture>'
            f'<source media="(prefers-color-scheme: dark)" srcset="{_data_url(dark)}">'
            f'<img src="{_data_url(light)}" alt="{escape(alt)}"></picture>{below}</figure>'
        )

    def table(
        self,
        header: Sequence[str],
        rows: Sequence[Sequence[Any]],
        caption: str = "",
        bars: Sequence[int] = (),
        decimals: Mapping[int, int] = {},
    ) -> None:
        """Add a table; numbers stand right, floats with two decimals.

        Args:
            header: names of the columns.
            rows: their values.
            caption: text above.
            decimals: column -> decimals of its floats, where two are not right.
            bars: columns that get a bar proportional to the value, all on one scale.
        """
        largest = dict.fromkeys(bars, max((row[c] for row in rows for c in bars), default=0))
        heads = "".join(
            f'<th scope="col"{_number_class(rows, column)}>{escape(text)}</th>'
            + ("<th></th>" if column in largest else "")
            for column, text in enumerate(header)
        )
        body = "".join(
            "<tr>"
            + "".join(_cell(v, largest.get(c), decimals.get(c, 2)) for c, v in enumerate(row))
            + "</tr>"
            for row in rows
        )
        title = f"<caption>{escape(caption)}</caption>" if caption else ""
        self._add(
            f'<div class="sheet"><table>{title}<thead><tr>{heads}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )

    def facts(self, heading: str, values: Mapping[str, Any]) -> None:
        """Add a list of names and values that is folded away."""
        rows = "".join(
            f'<tr><th scope="row">{escape(str(name))}</th><td>{escape(str(value))}</td></tr>'
            for name, value in values.items()
        )
        self._add(
            f"<details><summary>{escape(heading)}</summary>"
            f'<div class="sheet"><table><tbody>{rows}</tbody></table></div></details>'
        )

    def html(self) -> str:
        """Return the page."""
        self._flush_plots()
        return PAGE.format(
            title=escape(self.title),
            style=STYLE,
            subtitle=escape(self.subtitle),
            body="\n".join(self._body),
            footer=f"Written by neonlike {VERSION}.",
        )

    def write(self, folder: str | Path) -> Path:
        """Write ``report.html`` and the PNG files into ``folder``; return the page's path."""
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        for name, content in self._files.items():
            atomic_write(target / name, content)
        page = target / "report.html"
        atomic_write(page, self.html().encode())
        return page

    def _add(self, html: str) -> None:
        self._flush_plots()
        self._body.append(html)

    def _flush_plots(self) -> None:
        if self._plots:
            self._body.append('<div class="plots">' + "".join(self._plots) + "</div>")
            self._plots = []


def _data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number_class(rows: Sequence[Sequence[Any]], column: int) -> str:
    return ' class="number"' if rows and all(_is_number(row[column]) for row in rows) else ""


def _cell(value: Any, largest: float | None, decimals: int) -> str:
    """Return the table cell of a value, and a second one with its bar if ``largest`` is given."""
    if not _is_number(value):
        return f"<td>{escape(str(value))}</td>"
    text = (
        f"{value:.{decimals}f}" if isinstance(value, float) else f"{value:,}".replace(",", "\u202f")
    )
    cell = f'<td class="number">{text}</td>'
    if largest is None:
        return cell
    share = 100 * value / largest if largest else 0
    return f'{cell}<td class="bar"><span style="width:{share:.1f}%"></span></td>'
