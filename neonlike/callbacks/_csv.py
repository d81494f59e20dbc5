"""Training history as a text table."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
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

    writes_files = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(epoch_freq=1)
        self.path = os.fspath(path)

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Forget the lines of an earlier run."""
        self._columns: dict[str, str] | None = None
        self._rows: list[list[str]] = []

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Write the line of this epoch."""
        if self._columns is None:
            self._columns = _columns(callback_data)
            self._rows.append(["epoch", "train_cost", *self._columns])
            self._write("w", self._rows)
        cells = [_cell(callback_data[path], epoch) for path in self._columns.values()]
        self._rows.append([str(epoch), f"{model.total_cost.get()[0, 0]:.8g}", *cells])
        self._write("a", self._rows[-1:])

    def train_state(self) -> dict[str, Any]:
        """Return the lines so far."""
        return {"columns": self._columns, "rows": self._rows}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Write the lines so far anew: those of a run that broke off later are too many."""
        self._columns, self._rows = state["columns"], [list(row) for row in state["rows"]]
        if self._rows:
            self._write("w", self._rows)

    def _write(self, mode: str, rows: list[list[str]]) -> None:
        path = Path(os.path.expandvars(self.path)).expanduser()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode, newline="") as file:
            csv.writer(file).writerows(rows)


def _columns(callback_data: Any) -> dict[str, str]:
    """Return column title -> dataset path of everything evaluated per epoch."""
    paths = ["cost/loss"] if "cost/loss" in callback_data else []
    paths += [f"metrics/{name}" for name in callback_data.get("metrics", {})]
    return {path.split("/")[1]: path for path in paths}


def _cell(dataset: Any, epoch: int) -> str:
    freq = int(dataset.attrs["epoch_freq"])
    return "" if (epoch + 1) % freq else f"{dataset[epoch // freq]:.8g}"
