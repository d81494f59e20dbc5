"""What training depends on besides parameters: saved with the model, restored by ``fit``.

A *snapshot* (``save_params``, ``SerializeModelCallback``) goes on exactly from
the end of an epoch. A *checkpoint* (``CheckpointCallback``, ``--checkpoint``)
also knows the place within an epoch, all random streams, and the callbacks with
the history, so that it goes on exactly from any minibatch.
"""

from __future__ import annotations

import contextlib
import itertools
import random
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from neonlike.models._state import EpochProgress, ModelState

FULL = ("random", "epoch", "callbacks")  # parts that only a checkpoint has


class TrainStateMixin(ModelState):
    """Collects and restores the training state of ``Model``."""

    def _train_state(self) -> dict[str, Any]:
        """Return counters of the optimizer, position in the data, carried states of layers."""
        state: dict[str, Any] = {"layers": self._carried_states()}
        if hasattr(self.optimizer, "train_state"):
            name = type(self.optimizer).__name__
            state["optimizer"] = {"type": name, "state": self.optimizer.train_state()}
        if hasattr(self._train_set, "train_state"):
            state["dataset"] = {"ndata": self.ndata, "state": self._train_set.train_state()}
        return state

    def _carried_states(self) -> dict[int, Any]:
        found = {i: layer.train_state() for i, layer in enumerate(self._all_layers())}
        return {index: state for index, state in found.items() if state}

    def _all_layers(self) -> Iterator[Any]:
        """All layers, also within containers; those of user classes may have no train state."""
        yield from (layer for layer in self.layers.layers_fprop() if hasattr(layer, "train_state"))

    def _resume(self, callbacks: Any) -> None:
        """Take over the training state of a loaded file, if there is one.

        Raises:
            ValueError: it is damaged, or a checkpoint of another run.
        """
        state = self._resume_state
        if "random" in state:  # a snapshot leaves out what does not fit
            self._check_same_run(state)
        with _explained():
            self._place_data_set(state)
            self._restore(state, callbacks)
        if "epoch" not in state:
            self._resume_state = {}

    def _restore(self, state: Mapping[str, Any], callbacks: Any) -> None:
        """Hand its part to the optimizer (if of the same kind), each layer, and the callbacks."""
        optimizer = state.get("optimizer")
        if optimizer is not None and optimizer["type"] == type(self.optimizer).__name__:
            self.optimizer.load_train_state(optimizer["state"])
        layers = list(self._all_layers())
        for index, carried in state.get("layers", {}).items():
            layers[index].load_train_state(carried)
        if "callbacks" in state and hasattr(callbacks, "load_train_state"):
            callbacks.load_train_state(state["callbacks"])
        if "random" in state:
            self.finished = bool(state.get("finished"))
            set_random_states(self.be, state["random"])

    def _check_same_run(self, state: Mapping[str, Any]) -> None:
        optimizer = type(self.optimizer).__name__
        facts: list[tuple[str, Any, Any]] = [
            ("optimizer", state.get("optimizer", {}).get("type", optimizer), optimizer)
        ]
        if "epoch" in state:
            ndata = state.get("dataset", {}).get("ndata", self.ndata)
            facts += [
                ("number of examples", ndata, self.ndata),
                ("batch size", state.get("bsz"), self.be.bsz),
            ]
        for what, saved, present in facts:
            if saved != present:
                raise ValueError(
                    f"the checkpoint is from another run: its {what} is {saved}, here it is "
                    f"{present}; use load_params to train on from its weights in another way"
                )

    def _place_data_set(self, state: Mapping[str, Any]) -> None:
        """Bring a data set of the same size to the start of the epoch that trains next."""
        saved = state.get("dataset")
        if saved is None or saved["ndata"] != self.ndata:
            return
        if hasattr(self._train_set, "load_train_state"):
            position = state["epoch"]["dataset"] if "epoch" in state else saved["state"]
            self._train_set.load_train_state(position)

    def _start_epoch(self, dataset: Any, callbacks: Any) -> tuple[EpochProgress, Iterator[Any]]:
        """Start the iteration of an epoch; after a resume, behind the minibatches done before.

        Those are fetched once more, from the random states of back then, which
        is right for every data set, whatever its order depends on.
        """
        position = dataset.train_state() if hasattr(dataset, "train_state") else {}
        total = np.zeros((1, 1), dtype=np.float32)
        progress = EpochProgress(0, total, position, random_states(self.be))
        self._progress = progress
        state, self._resume_state = self._resume_state, {}
        if not state:
            return progress, iter(dataset)
        with _explained():
            saved = state["epoch"]
            set_random_states(self.be, saved["random"])
            batches = iter(dataset)
            done = deque(itertools.islice(batches, saved["batches"]), maxlen=1)
            progress.batches, progress.total = saved["batches"], saved["total"]
            progress.dataset, progress.random = saved["dataset"], saved["random"]
            self.total_cost[:] = progress.total
            self._restore(state, callbacks)  # after on_epoch_begin has been called once more
        for x, _ in done:
            self._minibatch_done(x)
        return progress, batches


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Tell what is wrong when parts of a saved state are missing or of the wrong kind."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError, AssertionError) as error:
        raise ValueError(
            f"the saved training state does not fit this run ({error}); load_params(path, "
            "load_states=False) loads the weights alone"
        ) from error


def random_states(be: Any) -> dict[str, Any]:
    """Return the states of the backend's, NumPy's global and Python's random numbers."""
    version, words, gauss = random.getstate()
    python = (version, np.array(words, dtype=np.uint32), gauss)
    return {"backend": be.rng_get_state(), "numpy": np.random.get_state(), "python": python}


def set_random_states(be: Any, states: Mapping[str, Any]) -> None:
    """Continue all random numbers from ``random_states``."""
    be.rng_set_state(states["backend"])
    np.random.set_state(states["numpy"])
    version, words, gauss = states["python"]
    random.setstate((version, tuple(int(word) for word in words), gauss))
