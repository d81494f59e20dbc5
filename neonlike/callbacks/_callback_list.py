"""The callbacks of a run: who runs when, and what a resumed run needs to know of them."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

from neonlike._object import NervanaObject
from neonlike.callbacks._base import is_data
from neonlike.callbacks._history import copy_history, restore_history
from neonlike.models._dry_run import FirstBatches

# what the container asks of a callback; those of users need not derive from Callback
REQUIRED = (
    "epoch_freq",
    "minibatch_freq",
    "should_fire",
    "on_train_begin",
    "on_epoch_begin",
    "on_minibatch_begin",
    "on_minibatch_end",
    "on_epoch_end",
    "on_train_end",
)


class CallbackList(NervanaObject):
    """Base of ``Callbacks``: the list itself.

    Args:
        dry_run: leave out callbacks that write files.

    Attributes:
        callbacks: the list.
        epoch_marker: minibatches done in completed epochs.
        epoch_minibatches: minibatches done in this epoch.
    """

    callback_data: Any  # the history, an HDF5 file
    model: Any  # weak reference

    def __init__(self, dry_run: bool) -> None:
        super().__init__(name=None)
        self.dry_run = dry_run
        self.callbacks: list[Any] = []
        self.epoch_marker = 0
        self.epoch_minibatches = 0

    def add_callback(self, callback: Any, insert_pos: int | None = None) -> None:
        """Append a callback, or insert it at a position of the list.

        Raises:
            TypeError: it is a class, or lacks something that callbacks have.
        """
        check_callback(callback)
        if hasattr(callback, "attach"):
            callback.attach(weakref.proxy(self))
        position = len(self.callbacks) if insert_pos is None else insert_pos
        self.callbacks.insert(position, callback)

    def train_state(self) -> dict[str, Any]:
        """Return what a resumed run needs: counters, states of the callbacks, history."""
        return {
            "epoch_marker": self.epoch_marker,
            "epoch_minibatches": self.epoch_minibatches,
            "callbacks": [
                {"type": type(callback).__name__, "state": callback.train_state()}
                for callback in self.callbacks
                if hasattr(callback, "train_state")
            ],
            "history": copy_history(self.callback_data),
        }

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a ``train_state``; callbacks are matched by class and order."""
        self.epoch_marker = state["epoch_marker"]
        self.epoch_minibatches = state["epoch_minibatches"]
        restore_history(self.callback_data, state["history"])
        saved: dict[str, list[Any]] = {}
        for entry in reversed(state["callbacks"]):
            saved.setdefault(entry["type"], []).append(entry["state"])
        for callback in self.callbacks:
            states = saved.get(type(callback).__name__)
            if states and (own := states.pop()):
                callback.load_train_state(own)

    def _limit_data_sets(self) -> None:
        for callback in self.callbacks:
            for name, value in vars(callback).items():
                if is_data(value):
                    setattr(callback, name, FirstBatches(value))

    def _active(self) -> list[Any]:
        """The callbacks in the order in which they run; without those that a dry run leaves out."""
        first, last = self._active_in_groups()
        return first + last

    def _active_in_groups(self) -> tuple[list[Any], list[Any]]:
        first: list[Any] = []
        last: list[Any] = []
        for callback in self.callbacks:
            if not (self.dry_run and getattr(callback, "writes_files", False)):
                (last if getattr(callback, "runs_last", False) else first).append(callback)
        return first, last

    def _fire(self, callbacks: list[Any], hook: str, freq: str, *when: int) -> None:
        data, model = self.callback_data, self.model()
        for callback in callbacks:
            if callback.should_fire(data, model, when[-1], getattr(callback, freq)):
                getattr(callback, hook)(data, model, *when)


def check_callback(callback: Any) -> None:
    """Refuse what cannot be a callback.

    Raises:
        TypeError: it is a class, or lacks something that callbacks have.
    """
    if isinstance(callback, type):
        raise TypeError(
            f"add_callback needs an object, got the class {callback.__name__}; "
            f"add {callback.__name__}(...)"
        )
    lacking = [name for name in REQUIRED if not hasattr(callback, name)]
    if lacking:
        raise TypeError(
            f"add_callback needs an object of a subclass of Callback, got {callback!r}, which "
            f"lacks {', '.join(lacking)}; derive its class from neonlike.callbacks.callbacks."
            "Callback, which has them all"
        )
