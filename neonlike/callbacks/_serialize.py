"""Snapshots of the model during training (spec training 8.3)."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neonlike.callbacks._base import Callback

logger = logging.getLogger(__name__)


class SerializeModelCallback(Callback):
    """Save the model with its training state.

    With ``history`` above 1, epoch e is saved as ``<root>_<e><ext>`` and
    ``save_path`` links to the newest of these files (a copy where links are
    not possible). As in neon, history + 1 files stay.

    Args:
        save_path: file to write.
        epoch_freq: save every so many epochs.
        history: number of older files to keep.
    """

    writes_files = True

    def __init__(
        self, save_path: str | os.PathLike[str], epoch_freq: int = 1, history: int = 1
    ) -> None:
        super().__init__(epoch_freq=epoch_freq)
        self.save_path = os.fspath(save_path)
        self.history = history
        self.checkpoint_files: list[Path] = []

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Save."""
        if self.history > 1:
            self.save_history(epoch, model)
        else:
            model.serialize(fn=self.save_path, keep_states=True)

    def train_state(self) -> dict[str, Any]:
        """Return the names of the files that are kept."""
        return {"checkpoint_files": [str(path) for path in self.checkpoint_files]}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Continue with the files that are kept."""
        self.checkpoint_files = [Path(path) for path in state["checkpoint_files"]]

    def save_history(self, epoch: int, model: Any) -> None:
        """Save under the epoch's name, drop the oldest file, link to the new one."""
        if len(self.checkpoint_files) > self.history:
            self.checkpoint_files.pop(0).unlink(missing_ok=True)
        path = Path(os.path.expandvars(self.save_path)).expanduser()
        checkpoint = path.with_name(f"{path.stem}_{epoch}{path.suffix}")
        model.serialize(fn=checkpoint, keep_states=True)
        self.checkpoint_files.append(checkpoint)
        _point_to(path, checkpoint)


class SaveBestStateCallback(Callback):
    """Save the model whenever the validation loss is the lowest so far.

    Needs a ``LossCallback`` before it (``Callbacks(eval_freq=..., eval_set=...)``).

    Args:
        path: file to write.
    """

    writes_files = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(epoch_freq=1)
        self.path = self.best_path = os.fspath(path)
        self.best_cost: float | None = None

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Save if the loss of this epoch is a new minimum."""
        loss = self._get_cached_epoch_loss(callback_data, model, epoch, "loss")
        if loss is not None and (self.best_cost is None or loss["cost"] < self.best_cost):
            model.serialize(fn=self.best_path, keep_states=True)
            self.best_cost = float(loss["cost"])

    def train_state(self) -> dict[str, Any]:
        """Return the lowest loss."""
        return {"best_cost": self.best_cost}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Continue from the lowest loss."""
        self.best_cost = state["best_cost"]


def _point_to(path: Path, target: Path) -> None:
    """Let ``path`` be a relative link to ``target`` (its neighbour), replacing what was there."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.symlink_to(target.name)
    except OSError:
        logger.warning("%s cannot be a link, so it is a copy of %s", path, target.name)
        shutil.copyfile(target, temporary)
    temporary.replace(path)
