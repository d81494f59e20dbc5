"""Build and train the networks of the golden training cases."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from golden_cases import build, case_info, golden_file

from neonlike import NervanaObject
from neonlike.callbacks.callbacks import Callback
from neonlike.data import ArrayIterator
from neonlike.layers import BranchNode

TUPLES = ("fshape", "lshape", "noise_dim")


class SeqIterator(NervanaObject):
    """Token sequences, one-hot: column = step * N + example."""

    def __init__(self, tokens: np.ndarray, targets: np.ndarray, nclass: int) -> None:
        super().__init__()
        self.tokens, self.targets, self.nclass = tokens, targets, nclass
        self.nbatches, size, self.seq_length = tokens.shape
        self.ndata = self.nbatches * size
        self.shape = (nclass, self.seq_length)
        self.x, self.t = self.be.iobuf(self.shape), self.be.iobuf(self.shape)

    def reset(self) -> None:
        """Every epoch starts at the first batch."""

    def __iter__(self) -> Any:
        for x, t in zip(self.tokens, self.targets, strict=True):
            self.x[:], self.t[:] = one_hot(x, self.nclass), one_hot(t, self.nclass)
            yield self.x, self.t


def one_hot(tokens: np.ndarray, nclass: int) -> np.ndarray:
    """(example, step) to (nclass, steps * N)."""
    return np.eye(nclass, dtype=np.float32)[tokens.T.ravel()].T


def build_network(value: Any) -> Any:
    """Build layers, cost or optimizer, with tuples where README-training says so."""
    return build(_prepared(value, {}), tuples=False)


def _prepared(value: Any, branches: dict[str, Any]) -> Any:
    if isinstance(value, dict) and "branch" in value:
        name = value["branch"]
        if name not in branches:
            branches[name] = BranchNode(name=name)
        return branches[name]
    if isinstance(value, dict):
        return {
            k: tuple(v) if k in TUPLES and isinstance(v, list) else _prepared(v, branches)
            for k, v in value.items()
        }
    return [_prepared(v, branches) for v in value] if isinstance(value, list) else value


def data_group(case: str) -> h5py.Group:
    """The group that holds the case's arrays."""
    name = case_info("training", case).get("data", case)
    return golden_file("training")[name]


def iterators(case: str) -> tuple[Any, Any]:
    """Training and evaluation set of a case."""
    group, info = data_group(case), case_info("training", case)
    settings = info.get("iterator", {"class": "ArrayIterator", "kwargs": {"nclass": 3}})
    if settings["class"] == "SeqIterator":
        train = SeqIterator(group["tokens"][()], group["targets"][()], settings["nclass"])
        return train, train
    kwargs = {k: tuple(v) if k in TUPLES else v for k, v in settings["kwargs"].items()}
    twice = "[X, X]" in settings.get("note", "")
    sets = []
    for suffix in ("", "_eval"):
        if f"X{suffix}" not in group or twice:  # evaluated on the training data
            suffix = ""
        x = group[f"X{suffix}"][()]
        y = group[f"y{suffix}"][()] if f"y{suffix}" in group else None
        sets.append(ArrayIterator([x, x] if twice else x, y, **kwargs))
    return sets[0], sets[1]


class Recorder(Callback):
    """Notes what the golden files note about a run."""

    def __init__(self) -> None:
        super().__init__()
        self.minibatch_cost: list[float] = []
        self.epoch_total_cost: list[float] = []
        self.minibatches: list[int] = []
        self.first: list[tuple[np.ndarray, np.ndarray]] = []

    def on_epoch_begin(self, callback_data: Any, model: Any, epoch: int) -> None:
        self.minibatches.append(0)

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        self.minibatches[-1] += 1
        self.minibatch_cost.append(float(np.asarray(model.cost.cost).ravel()[0]))
        if not self.first:
            from neonlike.optimizers.optimizer import get_param_list

            params = get_param_list(model.layers_to_optimize)
            self.first = [(p.get(), g.get()) for (p, g), _ in params]

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        self.epoch_total_cost.append(float(model.total_cost.get()[0, 0]))


def parameters(model: Any) -> list[dict[str, np.ndarray]]:
    """Parameters and states of each trained layer, as the golden files store them."""
    result = []
    for layer in model.layers_to_optimize:
        description = layer.get_description(get_weights=True, keep_states=True)
        found = dict(description["params"])
        states = description.get("states", [])
        flat = [s for each in states for s in (each if isinstance(each, list) else [each])]
        found.update({f"state_{j}": state for j, state in enumerate(flat)})
        result.append(found)
    return result
