"""A training run that kills itself: ``python killed_run.py NET FOLDER [--batch N] [--write N]``.

Started again and again in the same folder it continues from its checkpoint; at
the end it writes what it has computed to ``result.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from neonlike import NervanaObject
from neonlike.backends import gen_backend
from neonlike.callbacks.callbacks import (
    BatchNormTuneCallback,
    Callback,
    Callbacks,
    CsvHistoryCallback,
)
from neonlike.data import ArrayIterator
from neonlike.initializers import Gaussian, GlorotUniform
from neonlike.layers import (
    LSTM,
    Affine,
    BatchNorm,
    Conv,
    Dropout,
    GeneralizedCost,
    Pooling,
)
from neonlike.models import Model
from neonlike.optimizers import (
    Adam,
    GradientDescentMomentum,
    MultiOptimizer,
    RMSProp,
    StepSchedule,
)
from neonlike.serialization import _atomic
from neonlike.transforms import (
    CrossEntropyMulti,
    Logistic,
    Misclassification,
    Rectlin,
    Softmax,
    Tanh,
)

EPOCHS, BATCHES = 4, 8
INIT = Gaussian(scale=0.2)


class Shuffled(NervanaObject):
    """Picks its examples anew in each epoch, with NumPy's global random numbers."""

    def __init__(self, x: np.ndarray, y: np.ndarray, lshape: Any) -> None:
        super().__init__()
        self.x, self.y, self.shape = x, y, lshape
        self.ndata, self.nbatches = BATCHES * self.be.bsz, BATCHES
        self.inputs, self.targets = self.be.iobuf(x.shape[1]), self.be.iobuf(3)

    def reset(self) -> None:
        """There is no order to go back to."""

    def __iter__(self) -> Iterator[Any]:
        order = np.random.permutation(len(self.x))[: self.ndata]
        for chosen in order.reshape(self.nbatches, -1):
            self.inputs[:] = self.x[chosen].T
            self.targets[:] = np.eye(3)[self.y[chosen]].T
            yield self.inputs, self.targets


class Sequences(NervanaObject):
    """One long sequence per column of the batch, in windows of five steps."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.tokens = np.random.RandomState(seed).randint(0, 3, (BATCHES, 5 * self.be.bsz))
        self.shape, self.nbatches, self.ndata = (3, 5), BATCHES, BATCHES * self.be.bsz
        self.seq_length = 5
        self.inputs, self.targets = self.be.iobuf(self.shape), self.be.iobuf(self.shape)

    def reset(self) -> None:
        """Every epoch starts at the first window."""

    def __iter__(self) -> Iterator[Any]:
        for tokens in self.tokens:
            self.inputs[:] = np.eye(3)[tokens].T
            self.targets[:] = np.eye(3)[np.roll(tokens, 1)].T
            yield self.inputs, self.targets


class Killer(Callback):
    """Ends the process with SIGKILL after some minibatches."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def on_minibatch_end(self, *args: Any) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def arrays(n: int, features: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(3)
    return rng.standard_normal((n, features)).astype(np.float32), rng.randint(0, 3, n)


def mlp() -> tuple[Any, ...]:
    """The last batch is not full; Adam counts, the other rule has a schedule with memory."""
    x, y = arrays(BATCHES * 4 - 2, 5)
    data = ArrayIterator(x, y, nclass=3)
    rule = GradientDescentMomentum(0.1, 0.9, schedule=StepSchedule([1, 2], [0.05, 0.02]))
    layers = [
        Affine(6, INIT, bias=INIT, activation=Rectlin()),
        Affine(3, INIT, activation=Softmax()),
    ]
    return layers, MultiOptimizer({"default": Adam(learning_rate=0.02), "Bias": rule}), data, data


def conv() -> tuple[Any, ...]:
    """Dropout draws from the backend, the data set from NumPy, the running means have memory."""
    x, y = arrays(40, 2 * 6 * 6)
    layers = [
        Conv((3, 3, 4), INIT, batch_norm=True, activation=Rectlin()),
        Pooling((2, 2)),
        Dropout(keep=0.7),
        Affine(6, INIT, batch_norm=True, activation=Rectlin()),
        Dropout(keep=0.5),
        Affine(3, INIT, activation=Softmax()),
    ]
    data = Shuffled(x, y, (2, 6, 6))
    test = ArrayIterator(x, y, nclass=3, lshape=(2, 6, 6))
    return layers, RMSProp(learning_rate=0.01), data, test


def lstm() -> tuple[Any, ...]:
    """States go from window to window, through two layers, the second fed by the first."""
    layers = [
        LSTM(5, GlorotUniform(), activation=Tanh(), gate_activation=Logistic()),
        LSTM(4, GlorotUniform(), activation=Tanh(), gate_activation=Logistic()),
        BatchNorm(),
        Affine(3, GlorotUniform(), activation=Softmax()),
    ]
    optimizer = RMSProp(learning_rate=0.01, gradient_clip_value=1.0)
    return layers, optimizer, Sequences(1), Sequences(2)


def die_while_writing(count: int) -> None:
    """Kill the process when the ``count``-th file is complete but not yet in its place."""
    flush, left = _atomic._flush, [count]

    def counted(path: Path) -> None:
        left[0] -= 1
        if left[0] == 0:
            path.write_bytes(path.read_bytes()[:-100])
            os.kill(os.getpid(), signal.SIGKILL)
        flush(path)

    _atomic._flush = counted


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("net", choices=["mlp", "conv", "lstm"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--backend", default="cpu")
    parser.add_argument("--freq", type=int, default=3)
    parser.add_argument("--batch", type=int, default=0)
    parser.add_argument("--write", type=int, default=0)
    args = parser.parse_args()
    if args.write:
        die_while_writing(args.write)
    gen_backend(args.backend, rng_seed=1, batch_size=4)
    np.random.seed(2)
    layers, optimizer, train, test = globals()[args.net]()
    model = Model(layers)
    callbacks = Callbacks(
        model,
        eval_set=test,
        metric=Misclassification(),
        eval_freq=1,
        output_file=args.folder / "history.h5",
        checkpoint=args.folder / "run.safetensors",
        checkpoint_freq=args.freq,
        resume=True,
        progress_bar=False,
    )
    callbacks.add_save_best_state_callback(args.folder / "best.prm")
    callbacks.add_early_stop_callback(lambda state, cost: ([*(state or []), cost], False))
    callbacks.add_hist_callback()
    callbacks.add_callback(CsvHistoryCallback(args.folder / "history.csv"))
    callbacks.add_callback(Killer(args.batch))
    if args.net == "conv":
        callbacks.add_callback(BatchNormTuneCallback(test, epoch_freq=2))
    model.fit(train, GeneralizedCost(CrossEntropyMulti()), optimizer, EPOCHS, callbacks)
    (args.folder / "result.json").write_text(json.dumps(result(model, callbacks, args.folder)))


def result(model: Model, callbacks: Callbacks, folder: Path) -> dict[str, Any]:
    """Everything that must not depend on how often the run was killed."""
    import h5py

    found: dict[str, Any] = {"csv": (folder / "history.csv").read_text()}
    with h5py.File(folder / "history.h5") as file:

        def visit(path: str, item: Any) -> None:
            found[path] = sorted(item.attrs)
            if isinstance(item, h5py.Dataset) and not path.startswith("time/"):
                found[path + ":"] = hashlib.sha256(item[()].tobytes()).hexdigest()

        file.visititems(visit)
        found["costs"] = file["cost/train"][()].tolist()
    digest = hashlib.sha256()
    for layer in model.layers_to_optimize:
        for value in layer.get_params_serialize()["params"].values():
            digest.update(value.tobytes())
    found["weights"] = digest.hexdigest()
    found["stop_state"] = [c.stop_state for c in callbacks.callbacks if hasattr(c, "stop_state")]
    found["stop_state"] = np.ravel(found["stop_state"]).tolist()
    found["best"] = next(c.best_cost for c in callbacks.callbacks if hasattr(c, "best_cost"))
    found["epochs"] = model.epoch_index
    return found


if __name__ == "__main__":
    main()
