"""Pictures of adversarial training (spec training 8.3)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from neonlike.callbacks._base import Callback

MEDIAN_WINDOW = 101
MISSING = "GANPlotCallback draws with an optional package: pip install "


class GANPlotCallback(Callback):
    """Save grids of data and of generated samples, for WGANs also the cost curve.

    Files: ``<filename>_data_%03d.png``, ``<filename>_noise_%03d.png`` per
    epoch, ``<filename>_training.png``. Needs Pillow and Matplotlib.

    Args:
        filename: start of the file names.
        hw: height and width of a sample.
        nchan: channels of a sample, BGR if 3.
        num_samples: samples per grid.
        sym_range: colour values lie in [-1, 1] instead of [0, 1].
        padding: pixels between samples.
        plot_width, plot_height: size of the curve in pixels.
        dpi: resolution of the curve.
        font_size: size of its text.
        epoch_freq: save every so many epochs.
    """

    def __init__(
        self,
        filename: str,
        hw: int = 28,
        nchan: int = 1,
        num_samples: int = 16,
        sym_range: bool = False,
        padding: int = 2,
        plot_width: int = 1200,
        plot_height: int = 600,
        dpi: float = 60.0,
        font_size: int = 10,
        epoch_freq: int = 1,
    ) -> None:
        super().__init__(epoch_freq=epoch_freq)
        self.filename = filename
        self.hw = hw
        self.nchan = nchan
        self.num_samples = num_samples
        self.sym_range = sym_range
        self.padding = padding
        self.plot_width = plot_width
        self.plot_height = plot_height
        self.dpi = dpi
        self.font_size = font_size

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Save the pictures of this epoch."""
        for name in ("data", "noise"):
            batch = getattr(model, f"{name}_batch").get()
            self._save_grid(batch, f"{self.filename}_{name}_{epoch:03}.png")
        if model.cost.costfunc.func == "wasserstein" and "gan" in callback_data:
            self._save_curve(callback_data["gan"], f"{self.filename}_training.png")

    def _save_grid(self, batch: np.ndarray[Any, Any], path: str) -> None:
        try:
            from PIL import Image
        except ImportError as problem:
            raise ImportError(f"{MISSING}'neonlike[images]'") from problem
        canvas = self._grid(batch)
        pixels = np.rint(np.clip(canvas, 0.0, 1.0) * 255).astype(np.uint8)
        Image.fromarray(pixels[:, :, 0] if self.nchan == 1 else pixels).save(path)

    def _grid(self, batch: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return samples (features, N) as one picture (H, W, nchan) with values 0..1.

        Raises:
            AssertionError: the features are not nchan * hw * hw, or there are too few samples.
        """
        features, columns = batch.shape
        if features != self.nchan * self.hw * self.hw:
            raise AssertionError(
                f"GANPlotCallback: samples have {features} features, nchan * hw * hw is "
                f"{self.nchan} * {self.hw} * {self.hw}"
            )
        if self.num_samples > columns:
            raise AssertionError(
                f"GANPlotCallback: num_samples {self.num_samples} exceeds batch size {columns}"
            )
        nrow = math.ceil(math.sqrt(self.num_samples))
        ncol = math.ceil(self.num_samples / nrow)
        cell = self.hw + self.padding
        canvas = np.ones((nrow * cell - self.padding, ncol * cell - self.padding, self.nchan))
        for i, sample in enumerate(batch.T[: self.num_samples]):
            top, left = (i % nrow) * cell, (i // nrow) * cell
            picture = sample.reshape(self.nchan, self.hw, self.hw)[::-1].transpose(1, 2, 0)
            canvas[top : top + self.hw, left : left + self.hw] = self._shade(picture)
        return canvas

    def _shade(self, picture: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        if self.nchan == 1:
            return 1.0 - picture
        return (picture + 1.0) / 2.0 if self.sym_range else picture

    def _save_curve(self, history: Any, path: str) -> None:
        from scipy.signal import medfilt

        try:
            from matplotlib.backends.backend_agg import FigureCanvasAgg
            from matplotlib.figure import Figure
        except ImportError as problem:
            raise ImportError(f"{MISSING}'neonlike[viz]'") from problem
        steps = history["gen_iter"][:]
        written = steps > 0
        steps, cost = steps[written], -history["cost_dis"][written]
        size = (self.plot_width / self.dpi, self.plot_height / self.dpi)
        figure = Figure(figsize=size, dpi=self.dpi)
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.plot(steps, cost, "k", alpha=0.3, label="negative critic loss")
        axes.plot(steps, _median(medfilt, cost), "r", label=f"median of {MEDIAN_WINDOW}")
        axes.set_xlabel("generator iterations", fontsize=self.font_size)
        axes.set_ylabel("- critic loss", fontsize=self.font_size)
        axes.legend(fontsize=self.font_size)
        figure.savefig(path)


def _median(medfilt: Any, values: np.ndarray[Any, Any]) -> Any:
    """Running median; its ends repeat the first and the last value."""
    half = MEDIAN_WINDOW // 2
    return medfilt(np.pad(values, half, mode="edge"), MEDIAN_WINDOW)[half:-half]
