"""Checkpoints: training goes on exactly where it was cut off."""

from __future__ import annotations

import dataclasses
import logging
import os
from typing import Any

from neonlike.models._describe import DescribeMixin
from neonlike.models._train_state import random_states
from neonlike.serialization._objects import load_obj, save_model

logger = logging.getLogger(__name__)


class CheckpointMixin(DescribeMixin):
    """Saving and resuming of ``Model`` between any two minibatches."""

    def save_checkpoint(self, path: str | os.PathLike[str], callbacks: Any = None) -> None:
        """Write everything that ``resume`` needs; called between two minibatches.

        Args:
            path: file to write; the old one survives any failure.
            callbacks: the ``Callbacks`` of this training run.
        """
        content = self.serialize(keep_states=True)
        assert content is not None  # serialize without a path returns the description
        progress = self._progress
        content["epoch_index"] = self.epoch_index + (progress is not None and progress.done)
        state = content["train_state"]
        state["random"] = random_states(self.be)
        state["bsz"] = self.be.bsz
        state["finished"] = self.finished
        if progress is not None and not progress.done:
            state["epoch"] = dataclasses.asdict(progress)
        if hasattr(callbacks, "train_state"):
            state["callbacks"] = callbacks.train_state()
        save_model(content, path)

    def resume(self, path: str | os.PathLike[str]) -> None:
        """Load a checkpoint; the next ``fit`` goes on behind the minibatch where it was made.

        With the same data set, cost, optimizer and callbacks as before the
        costs are those of a run that was never interrupted, bit for bit. A
        snapshot (``save_params``) works too, from the end of its epoch.

        Args:
            path: file written by ``CheckpointCallback`` or ``save_checkpoint``.
        """
        content = load_obj(path)
        self._load(content, f"{path}", load_states=True)
        self._resume_state = dict(content.get("train_state", {}))
        logger.info("Training continues from %s", path)
