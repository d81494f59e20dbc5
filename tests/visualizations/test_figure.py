"""The interactive figures."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from neonlike.visualizations import figure

X, Y = np.arange(4) / 2, np.array([3.0, 2.0, 1.0, 0.0])


def lines(fig: object) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(r.data_source.data["x"], r.data_source.data["y"]) for r in fig.renderers]


def test_importing_needs_no_library() -> None:
    import subprocess

    code = "import sys, neonlike.visualizations.figure; print('bokeh' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_drawing_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bokeh", None)
    with pytest.raises(ImportError, match="pip install"):
        figure.cost_fig([("train", X, Y)], 400, 600)


@pytest.mark.parametrize("epoch_axis", [True, False])
def test_costs(epoch_axis: bool) -> None:
    fig = figure.cost_fig([("train", X, Y + 1), ("loss", X, Y)], 400, 600, epoch_axis)
    assert (fig.height, fig.width, fig.title.text) == (400, 600, "Cost")
    assert fig.xaxis.axis_label == figure.x_label(epoch_axis) == ["Minibatch", "Epoch"][epoch_axis]
    assert fig.yaxis.axis_label == "Cross Entropy Error (%)"
    assert [item.label.value for item in fig.legend.items] == ["train", "loss"]
    (_, train), (x, loss) = lines(fig)
    np.testing.assert_array_equal(train, Y + 1)
    # zeros at the end were never written
    np.testing.assert_array_equal(x, X[:3])
    np.testing.assert_array_equal(loss, Y[:3])


def test_a_single_value_is_a_dot() -> None:
    fig = figure.cost_fig([("loss", X[:1], Y[:1])], 400, 600)
    assert [type(r.glyph).__name__ for r in fig.renderers] == ["Line", "Scatter"]


def test_eleven_curves_at_most() -> None:
    figure.cost_fig([(str(i), X, Y) for i in range(11)], 400, 600)
    with pytest.raises(AssertionError, match="at most 11 curves, got 12"):
        figure.cost_fig([(str(i), X, Y) for i in range(12)], 400, 600)


def test_histogram() -> None:
    counts = np.zeros((64, 3), np.int32)
    counts[40:43] = 7
    other = figure.cost_fig([("train", X, Y)], 400, 600)
    fig = figure.hist_fig(("layer_W", counts, 64, 3, 64, -48), 200, 600, other.x_range)
    assert fig.x_range is other.x_range
    (image,) = fig.renderers
    assert (image.glyph.y, image.glyph.dw, image.glyph.dh) == (-48, 3, 64)
    assert (fig.y_range.start, fig.y_range.end) == (-9, -4)  # where there is something
    empty = figure.hist_fig(("x", np.zeros((64, 0), np.int32), 64, 0, 64, -48), 200, 600)
    assert empty.title.text == "x"


def test_deconvolution() -> None:
    picture = np.zeros((5, 7), np.uint32)
    data = [(number, picture, picture) for number in range(10)]
    vis, img, figures = figure.deconv_figs("0003", data, fm_max=2)
    assert vis == ["vis_0003_fmap_0000", "vis_0003_fmap_0001"]
    assert img == ["img_0003_fmap_0000", "img_0003_fmap_0001"]
    assert set(figures) == {*vis, *img}
    assert figures[vis[0]].x_range is figures[img[0]].x_range
    assert (figures[vis[0]].x_range.end, figures[vis[0]].y_range.end) == (7, 5)


def test_pages(tmp_path: Path) -> None:
    counts = np.ones((64, 2), np.int32)
    costs = [("train", X, Y + 1)]
    figure.cost_hist_page(tmp_path / "c.html", costs, [("layer_W", counts, 64, 9, 64, -48)])
    picture = np.zeros((5, 7), np.uint32)
    figure.deconv_summary_page(tmp_path / "d.html", costs, [("<0001>", [(0, picture, picture)])])
    assert "layer_W" in (tmp_path / "c.html").read_text(encoding="utf-8")
    assert "Layer &lt;0001&gt;" in (tmp_path / "d.html").read_text(encoding="utf-8")
