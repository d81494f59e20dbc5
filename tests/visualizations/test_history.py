"""Reading the history that Callbacks writes, complete and interrupted."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from neonlike.visualizations import History


def write_history(path: Path, complete: int, batches: int) -> Path:
    """Write the history of a run of 3 epochs of 4 minibatches, measured every epoch."""
    with h5py.File(path, "w") as file:
        file.create_group("config").attrs["total_epochs"] = 3
        ends = np.array([4, 8, 12], np.float32) * (np.arange(3) < complete)
        file["time_markers/minibatch"] = ends
        if complete:
            file["time_markers"].attrs["epochs_complete"] = complete
        file["cost/train"] = np.where(np.arange(12) < batches, 1.0 + np.arange(12), 0)
        file["cost/train"].attrs["time_markers"] = "minibatch"
        for name, values in (("cost/loss", [3, 2, 1]), ("metrics/Top1Misclass", [0.3, 0.2, 0.1])):
            file[name] = np.array(values, np.float32)
            file[name].attrs["time_markers"] = "epoch_freq"
            file[name].attrs["epoch_freq"] = 1
    return path


def test_a_complete_history(tmp_path: Path) -> None:
    history = History.read(write_history(tmp_path / "h.h5", complete=3, batches=12))
    assert history.epochs == 3
    np.testing.assert_allclose(history.batch_epoch, np.arange(1, 13) / 4)
    np.testing.assert_allclose(history.curves["train"], [[1, 2, 3], [2.5, 6.5, 10.5]])
    np.testing.assert_allclose(history.curves["loss"], [[1, 2, 3], [3, 2, 1]])
    np.testing.assert_allclose(history.curves["Top1Misclass"][1], [0.3, 0.2, 0.1], rtol=1e-6)


@pytest.mark.parametrize(("complete", "batches"), [(1, 6), (0, 2), (0, 0)])
def test_an_interrupted_history_ends_where_the_run_did(
    tmp_path: Path, complete: int, batches: int
) -> None:
    history = History.read(write_history(tmp_path / "h.h5", complete, batches))
    assert history.epochs == complete
    np.testing.assert_allclose(history.batch_epoch, np.arange(1, batches + 1) / 4)
    assert len(history.curves["loss"][0]) == len(history.curves["train"][0]) == complete
