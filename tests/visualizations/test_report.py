"""Reports: self-contained, escaped, with every plot also as a PNG file."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from neonlike.visualizations import (
    LIGHT,
    Panel,
    Report,
    Series,
    bar_figure,
    confusion_figure,
    filter_images,
    line_figure,
    montage_figure,
    overlay_figure,
    roc_figure,
    to_png,
)

PNG = b"\x89PNG\r\n"
IMAGES = np.random.RandomState(0).randint(0, 256, (5, 3, 8, 8), np.uint8)
FIGURES = {
    "line": lambda theme: line_figure(
        [
            Panel("a", "x", "y", [Series("", [0, 1], [1, 2]), Series("b", [0, 1], [2, 1])]),
            Panel(
                "c",
                "x",
                "y",
                [Series("d", [1, 2], [1e-3, 1])],
                marks=[(1, 0.1, "here")],
                log_y=True,
            ),
        ],
        theme,
        "lines",
    ),
    "roc": lambda theme: roc_figure({"net": ([0, 0.5, 1], [0, 0.9, 1], 0.7)}, theme, "ROC"),
    "confusion": lambda theme: confusion_figure([[3, 1], [0, 0]], ["a", "b"], theme, "matrix"),
    "bars": lambda theme: bar_figure(["a", "b"], [10, 0], [(8, 13), (0, 2)], theme, "bars", "%"),
    "montage": lambda theme: montage_figure(IMAGES, ["one\ntwo"] * 5, theme, "montage", columns=3),
    "overlay": lambda theme: overlay_figure(
        IMAGES, {"map": np.ones((5, 2, 2))}, theme, "maps", ["name"] * 5
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_draws_in_both_themes(name: str, tmp_path: Path) -> None:
    report = Report("t")
    report.figure(name, FIGURES[name], alt="a picture")
    page = report.write(tmp_path).read_text("utf-8")
    assert (tmp_path / f"{name}.png").read_bytes().startswith(PNG)
    assert page.count("data:image/png;base64,") == 2
    assert 'alt="a picture"' in page


def test_an_empty_montage_and_constant_filters_are_drawn() -> None:
    assert to_png(montage_figure(IMAGES[:0], [], LIGHT, "nothing")).startswith(PNG)
    assert (filter_images(np.zeros((2, 3, 2, 2))) == 128).all()


class _Checker(HTMLParser):
    """Collects addresses, and checks that elements are closed in order."""

    VOID = ("meta", "img", "source", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.addresses += [v or "" for k, v in attrs if k in ("src", "srcset", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_loads_nothing(tmp_path: Path) -> None:
    report = Report("a < b & c", "sub")
    report.tiles([("error", "1 %", "")])
    report.note("<script>")
    report.section("Plots", "intro")
    report.figure("roc", FIGURES["roc"], alt='"quoted"', caption="<b>", wide=True)
    report.table(
        ["name", "n", "ms"],
        [["x<y", 1200, 1.5], ["z", 3, 0.0]],
        "caption",
        bars=[2],
        decimals={2: 3},
    )

    report.table(["name", "n"], [])
    report.facts("Options", {"k": "<v>"})
    page = report.write(tmp_path).read_text("utf-8")
    checker = _Checker()
    checker.feed(page)
    assert checker.open == []
    assert all(address.startswith("data:image/png") for address in checker.addresses)
    for raw in ("a < b", "<script>", "<b>", "x<y", "<v>"):
        assert raw not in page
    assert "1\u202f200" in page
    assert ">1.500<" in page
    assert 'style="width:100.0%"' in page


def test_without_matplotlib_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'neonlike\[viz\]'"):
        FIGURES["roc"](LIGHT)
