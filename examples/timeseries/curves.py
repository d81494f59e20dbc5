"""Lissajous curves, cut into pieces for a recurrent network, and pictures of them."""

import numpy as np

from neonlike import NervanaObject

CURVES = ("Lissajous1", "Lissajous2")
SHOWN = 200  # points in a picture


def make_curve(kind, cycles, points):
    """Return the points (steps, 2) of a curve, an ellipse or a figure of eight.

    Args:
        kind: one of ``CURVES``.
        cycles: number of periods.
        points: in each of them.
    """
    x = np.linspace(0, cycles * 2 * np.pi, cycles * points)
    first = np.sin(x / 2) if kind == "Lissajous1" else np.sin(x)
    return 0.8 * np.stack((first, np.cos(x / 2)), axis=1)


class CurveIterator(NervanaObject):
    """What both iterators have in common: buffers, and how arrays get there.

    A data iterator needs little: ``shape``, ``nbatches`` and ``ndata``, ``reset``, and an iteration
    over pairs of tensors.

    Attributes:
        X: inputs (batches, N, steps, features); ``y`` the targets.
        y_series: points to predict in the order of time (points, features).
    """

    def __init__(self, X, y, y_series):
        super().__init__()
        self.X, self.y, self.y_series = X, y, y_series
        self.nbatches, _, self.seq_length, self.nfeatures = X.shape
        self.shape = (self.nfeatures, self.seq_length)
        self.nsamples = len(y_series)
        self.ndata = self.nbatches * self.be.bsz
        self.dev_X = self.be.iobuf((self.nfeatures, self.seq_length))
        self.dev_y = self.be.iobuf((self.nfeatures, y.shape[2]))

    def reset(self):
        """Go back to the first batch (without effect: every epoch starts there)."""

    def __iter__(self):
        """Yield inputs and targets (features, steps * N): all columns of step 0, of step 1, ..."""
        for X, y in zip(self.X, self.y, strict=True):
            for buffer, array in ((self.dev_X, X), (self.dev_y, y)):
                columns = array.transpose(2, 1, 0).reshape(self.nfeatures, -1)
                buffer.set(np.ascontiguousarray(columns, np.float32))
            yield self.dev_X, self.dev_y


class RollingWindows(CurveIterator):
    """Windows of ``steps`` points, one from every point on; the target is the point after it."""

    def __init__(self, series, steps):
        n = self.be.bsz
        count = (len(series) - steps) // n * n
        windows = np.lib.stride_tricks.sliding_window_view(series, steps, axis=0)[:count]
        X = windows.transpose(0, 2, 1).reshape(-1, n, steps, series.shape[1])
        y_series = series[steps : steps + count]
        super().__init__(X, y_series.reshape(-1, n, 1, series.shape[1]), y_series)

    def in_time(self, outputs):
        """Return outputs in the order of time, which they have."""
        return outputs.reshape(self.y_series.shape)


class ConsecutivePieces(CurveIterator):
    """N streams, cut into pieces that follow on one another; targets are one point ahead."""

    def __init__(self, series, steps):
        self.streams = (self.be.bsz, -1, steps, series.shape[1])
        window = self.be.bsz * steps
        series = series[: len(series) // window * window]
        y_series = np.roll(series, -1, axis=0)  # after the last point comes the first
        X, y = (array.reshape(self.streams).swapaxes(0, 1) for array in (series, y_series))
        super().__init__(X, y, y_series)

    def in_time(self, outputs):
        """Return outputs, batch after batch, in the order of time: stream after stream."""
        return outputs.reshape(self.X.shape).swapaxes(0, 1).reshape(self.y_series.shape)


def draw(name, series, outputs):
    """Write two pictures, if matplotlib is there: curves in the plane, and over time."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("no pictures: pip install 'neonlike[viz]'")
        return
    plane, time = Figure(layout="constrained"), Figure(layout="constrained", figsize=(8, 4))
    in_plane, over_time = plane.subplots(), time.subplots()
    in_plane.set_aspect("equal")
    wide = {"linewidth": 5, "alpha": 0.35}  # the target shows below the output
    for label, points, style in (("target", series, wide), ("output", outputs, {})):
        in_plane.plot(*points[:SHOWN].T, color="C0", label=label, **style)
        for number, axis in enumerate("xy"):
            line = points[:SHOWN, number]
            over_time.plot(line, color=f"C{number}", label=f"{label} {axis}", **style)
    for figure, axes, kind in ((plane, in_plane, "curve"), (time, over_time, "time")):
        axes.set_title(name)
        figure.legend(loc="outside lower center", ncols=4)
        figure.savefig(f"neon_series_{name}_{kind}.png")
