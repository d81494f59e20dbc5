"""Training history as a text table."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

from neonlike.callbacks._base import Callback


class CsvHistoryCallback(Callback):
    """Append one line per epoch to a CSV file: epoch, train_cost, loss, metrics.

    Columns appear for what the callbacks before it evaluate; cells of epochs
    without evaluation stay empty. The file is complete after every epoch, so a
    run can be watched. An existing file is overwritten.

    Args:
        path: file to write.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(epoch_freq=1)
        self.path = os.fspath(path)

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Forget the columns of an earlier run."""
        self._columns: dict[str, str] | None = None

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Write the line of this epoch."""
        if self._columns is None:
            self._columns = _columns(callback_data)
            self._append("w", ["epoch", "train_cost", *self._columns])
        cells = [_cell(callback_data[path], epoch) for path in self._columns.values()]
        self._append("a", [str(epoch), f"{model.total_cost.get()[0, 0]:.8g}", *cells])

    def _append(self, mode: str, row: list[str]) -> None:
        path = Path(os.path.expandvars(self.path)).expanduser()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode, newline="") as file:
            csv.writer(file).writerow(row)


def _columns(callback_data: Any) -> dict[str, str]:
    """Return column title -> dataset path of everything evaluated per epoch."""
    paths = ["cost/loss"] if "cost/loss" in callback_data else []
    paths += [f"metrics/{name}" for name in callback_data.get("metrics", {})]
    return {path.split("/")[1]: path for path in paths}


def _cell(dataset: Any, epoch: int) -> str:
    freq = int(dataset.attrs["epoch_freq"])
    return "" if (epoch + 1) % freq else f"{dataset[epoch // freq]:.8g}"
