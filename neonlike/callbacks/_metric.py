"""Metrics on a validation set (spec training 8.3)."""

from __future__ import annotations

import logging
import sys
from typing import Any

import numpy as np

from neonlike._logging import display
from neonlike.callbacks._base import Callback
from neonlike.callbacks._history import per_epoch

logger = logging.getLogger(__name__)


class MetricCallback(Callback):
    """Evaluate a metric on a data set, to ``metrics/<name>``, and show the values.

    A name that another MetricCallback uses already gets a suffix ("_1", ...).

    Args:
        eval_set: data set.
        metric: instance of a metric.
        epoch_freq: evaluate every so many epochs.

    Raises:
        ValueError: metric is a class.
    """

    def __init__(self, eval_set: Any, metric: Any, epoch_freq: int = 1) -> None:
        super().__init__(epoch_freq=epoch_freq)
        if isinstance(metric, type):
            raise ValueError(f"metric must be an instance: pass {metric.__name__}()")
        self.eval_set = eval_set
        self.metric = metric
        self.metric_cnt = len(metric.metric_names)
        self.metric_desc = ", ".join(metric.metric_names)

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Create the datasets."""
        self._paths = []
        for name in self.metric.metric_names:
            path, count = f"metrics/{name}", 0
            while path in callback_data:
                count += 1
                path = f"metrics/{name}_{count}"
            per_epoch(callback_data, path, epochs, self.epoch_freq)
            self._paths.append(path)

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Evaluate."""
        values = np.atleast_1d(model.eval(self.eval_set, metric=self.metric))
        for path, value in zip(self._paths, values, strict=True):
            callback_data[path][epoch // self.epoch_freq] = value
        shown = ", ".join(f"{value:.6g}" for value in values)
        display(logger, "%s: %s", self.metric_desc, shown)


class MultiLabelStatsCallback(Callback):
    """Print precision, recall or the like per label, averaged over minibatches.

    Args:
        eval_set: data set.
        labels: names of the labels, in the order of the metric's rows.
        metric: metric with ``outputs`` (labels, values), such as ``PrecisionRecall``.
        epoch_freq: print every so many epochs.
    """

    def __init__(self, eval_set: Any, labels: list[str], metric: Any, epoch_freq: int = 1) -> None:
        super().__init__(epoch_freq=epoch_freq)
        self.eval_set = eval_set
        self.labels = labels
        self.metric = metric
        self.metric_desc = ", ".join(metric.metric_names)

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Print one line per label."""
        self.eval_set.reset()
        batches = []
        for x, t in self.eval_set:
            self.metric(model.fprop(x, inference=True), t)
            batches.append(self.metric.outputs.get())
        for label, values in zip(self.labels, np.mean(batches, axis=0), strict=True):
            texts = [
                f"{name}: {int(100 * value)}% "
                for name, value in zip(self.metric.metric_names, values, strict=True)
            ]
            sys.stdout.write(f"[{''.join(texts)}] -> {label}\n")
        sys.stdout.flush()
