"""``Callback``: what can be done during training (spec training 8.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from neonlike._object import NervanaObject, get_args


class Callback(NervanaObject):
    """Base of callbacks; subclasses override the hooks they need.

    Order of hooks: train_begin, {epoch_begin, {minibatch_begin, minibatch_end}*,
    epoch_end}*, train_end.

    Args:
        epoch_freq: an int n: epoch hooks fire every n-th epoch; a list: in
            these epochs; None: never.
        minibatch_freq: the same for minibatch hooks, counted within the epoch.

    Attributes:
        runs_last: its hooks run after those of all others, wherever it was added.
        writes_files: it is left out of dry runs.
    """

    runs_last: ClassVar[bool] = False
    writes_files: ClassVar[bool] = False

    # for subclasses of users that do not call super().__init__()
    epoch_freq: Any = 1
    minibatch_freq: Any = 1
    costnm: str | None = None

    def __init__(self, epoch_freq: Any = 1, minibatch_freq: Any = 1) -> None:
        super().__init__()
        self.epoch_freq = epoch_freq
        self.minibatch_freq = minibatch_freq

    def get_description(self, skip: list[str] = [], **kwargs: Any) -> dict[str, Any]:
        """Describe the callback; data sets appear as ``{'type': 'Data', 'name': name}``."""
        arguments = {
            arg: self.__dict__[arg] for arg in get_args(type(self).__init__) if arg in self.__dict__
        }
        data = {arg: value.name for arg, value in arguments.items() if is_data(value)}
        description = super().get_description(skip=[*skip, "model", *data], **kwargs)
        for arg, name in data.items():
            description["config"][arg] = {"type": "Data", "name": name}
        return description

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Called once before training.

        Args:
            callback_data: HDF5 file of the training history.
            model: the model.
            epochs: total number of epochs.
        """

    def on_train_end(self, callback_data: Any, model: Any) -> None:
        """Called once after training."""

    def on_epoch_begin(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Called before an epoch (counted from 0)."""

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Called after an epoch."""

    def on_minibatch_begin(
        self, callback_data: Any, model: Any, epoch: int, minibatch: int
    ) -> None:
        """Called before a minibatch (counted from 0 in each epoch)."""

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        """Called after a minibatch."""

    def train_state(self) -> dict[str, Any]:
        """Return what a resumed run needs to know (plain values and arrays); see ``Model.resume``.

        What the callback has written to ``callback_data`` is kept anyway.
        """
        return {}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a ``train_state``; called after ``on_train_begin``."""

    def should_fire(self, callback_data: Any, model: Any, time: int, freq: Any) -> bool:
        """Tell whether a hook with frequency ``freq`` fires at epoch or minibatch ``time``."""
        if isinstance(freq, int):
            return (time + 1) % freq == 0
        return isinstance(freq, list) and time in freq

    def _get_cached_epoch_loss(
        self, callback_data: Any, model: Any, epoch: int, label: str
    ) -> dict[str, Any] | None:
        """Return cost, seconds and name of the loss that another callback evaluated this epoch."""
        path = f"cost/{label}"
        if path not in callback_data:
            return None
        losses = callback_data[path]
        freq = int(losses.attrs["epoch_freq"])
        if (epoch + 1) % freq != 0:
            return None
        if self.costnm is None:
            costfunc = getattr(model.cost, "costfunc", None)
            self.costnm = "Loss" if costfunc is None else f"{type(costfunc).__name__} Loss"
        index = epoch // freq
        return {
            "cost": losses[index],
            "time": callback_data[f"time/{label}"][index],
            "costnm": self.costnm,
        }


def is_data(value: Any) -> bool:
    """Tell whether a constructor argument is a data set."""
    return hasattr(value, "nbatches") and hasattr(value, "__iter__")
