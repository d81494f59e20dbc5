"""Runs that break off in the middle of an epoch go on exactly, with every kind of data set."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from neonlike import NervanaObject
from neonlike.backends import cleanup_backend, gen_backend
from neonlike.callbacks.callbacks import Callback, Callbacks, GANCostCallback
from neonlike.data import ArrayIterator, HDF5Iterator, Text
from neonlike.data.dataloader_transformers import TypeCast
from neonlike.data.questionanswer import QA
from neonlike.data.ticker import CopyTask, Ticker
from neonlike.initializers import Gaussian
from neonlike.layers import (
    LSTM,
    Affine,
    BatchNorm,
    Dropout,
    GeneralizedCost,
    GeneralizedCostMask,
    GeneralizedGANCost,
    LookupTable,
    MergeMultistream,
    Recurrent,
    RecurrentSum,
    Sequential,
)
from neonlike.layers.container import GenerativeAdversarial
from neonlike.models import Model
from neonlike.models.model import GAN
from neonlike.optimizers import Adam
from neonlike.transforms import (
    CrossEntropyBinary,
    CrossEntropyMulti,
    GANCost,
    Logistic,
    MeanSquared,
    Rectlin,
    Softmax,
    Tanh,
)

INIT = Gaussian(scale=0.3)
EPOCHS = 3
Parts = tuple[Any, Any, Any]  # model, cost, data set


@pytest.fixture(autouse=True)
def _backend() -> Iterator[None]:
    yield
    cleanup_backend()


class Shuffled(NervanaObject):
    """A user's iterator with Python's random numbers and no methods for resuming."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = np.random.RandomState(0).standard_normal((16, 4))
        self.shape, self.nbatches, self.ndata = 4, 4, 16
        self.x = self.be.iobuf(4)

    def reset(self) -> None:
        """Every epoch has a new order."""

    def __iter__(self) -> Iterator[Any]:
        order = list(range(16))
        random.shuffle(order)
        for begin in range(0, 16, 4):
            self.x[:] = self.rows[order[begin : begin + 4]].T
            yield self.x, self.x


def dense(data: Any) -> Parts:
    layers = [Affine(3, INIT, activation=Tanh()), BatchNorm(), Dropout(0.8), Affine(4, INIT)]
    return Model(layers), GeneralizedCost(MeanSquared()), data


def rows(n: int = 14) -> np.ndarray:
    return np.random.RandomState(1).standard_normal((n, 4)).astype(np.float32)


def array(folder: Path) -> Parts:
    return dense(ArrayIterator(rows()))  # the last batch is not full


def hdf5(folder: Path) -> Parts:
    with h5py.File(folder / "data.h5", "w") as file:
        file["input"] = file["output"] = rows()
        file["input"].attrs["lshape"] = (4,)
    return dense(HDF5Iterator(str(folder / "data.h5")))


def cast(folder: Path) -> Parts:
    return dense(TypeCast(ArrayIterator(rows()), index=0, dtype=np.float32))


def own(folder: Path) -> Parts:
    return dense(Shuffled())


def text(folder: Path) -> Parts:
    (folder / "a.txt").write_text("abcabdabe" * 12, encoding="utf-8")
    data = Text(3, str(folder / "a.txt"))
    layers = [
        LSTM(4, INIT, activation=Tanh(), gate_activation=Logistic()),
        Affine(data.nclass, INIT, activation=Softmax()),
    ]
    return Model(layers), GeneralizedCost(CrossEntropyMulti(usebits=True)), data


def ticker(folder: Path) -> Parts:
    data = Ticker(CopyTask(3, 2))
    data.nbatches, data.ndata = 4, 16
    layers = [Recurrent(4, INIT, activation=Tanh()), Affine(2, INIT, activation=Logistic())]
    return Model(layers), GeneralizedCostMask(CrossEntropyBinary()), data


def questions(folder: Path) -> Parts:
    rng = np.random.RandomState(0)
    answers = np.eye(3)[rng.randint(0, 3, 18)]
    data = QA(rng.randint(0, 5, (18, 4)), rng.randint(0, 5, (18, 2)), answers)
    paths = [
        [LookupTable(5, 3, INIT), Recurrent(3, INIT, activation=Tanh()), RecurrentSum()]
        for _ in range(2)
    ]
    layers = [MergeMultistream(paths, merge="stack"), Affine(3, INIT, activation=Softmax())]
    return Model(layers), GeneralizedCost(CrossEntropyMulti()), data


def gan(folder: Path) -> Parts:
    layers = GenerativeAdversarial(
        generator=Sequential([Affine(5, INIT, activation=Rectlin()), Affine(4, INIT)]),
        discriminator=Sequential(
            [Affine(5, INIT, activation=Tanh()), Affine(1, INIT, activation=Logistic())]
        ),
    )
    model = GAN(layers, noise_dim=(3,), k=2)
    return model, GeneralizedGANCost(GANCost(func="modified")), ArrayIterator(rows())


class Cut(Callback):
    """Breaks off after a minibatch."""

    def __init__(self, epoch: int, minibatch: int) -> None:
        super().__init__()
        self.place = epoch, minibatch

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        if (epoch, minibatch) == self.place:
            raise InterruptedError


def run(make: Callable[[Path], Parts], folder: Path, cut: Any = None, resume: bool = True) -> Any:
    """Train; return weights and costs. Seeds differ from run to run, but for the first."""
    gen_backend("reference", rng_seed=1, batch_size=4)
    np.random.seed(2)
    random.seed(3)
    model, cost, data = make(folder)
    callbacks = Callbacks(
        model,
        progress_bar=False,
        output_file=folder / "history.h5",
        checkpoint=folder / "run.safetensors" if resume else None,
        checkpoint_freq=1,
        resume=resume,
    )
    if isinstance(model, GAN):
        callbacks.callbacks = [c for c in callbacks.callbacks if "TrainCost" not in c.name]
        callbacks.add_callback(GANCostCallback())
    if cut:
        callbacks.add_callback(Cut(*cut))
    model.fit(data, cost, Adam(learning_rate=0.01), EPOCHS, callbacks)
    with h5py.File(folder / "history.h5") as file:
        costs = file["gan/cost_dis" if isinstance(model, GAN) else "cost/train"][()]
    params = [
        value.ravel()
        for layer in model.layers.layers_fprop()
        if layer.has_params
        for value in layer.get_params_serialize()["params"].values()
    ]
    return np.concatenate(params), costs


@pytest.mark.parametrize("make", [array, hdf5, cast, own, text, ticker, questions, gan])
def test_every_data_set(make: Callable[[Path], Parts], tmp_path: Path) -> None:
    weights, costs = run(make, tmp_path, resume=False)
    assert np.isfinite(costs).all()
    assert np.count_nonzero(costs) > 3
    for cut in ((0, 1), (1, 2), (2, 0)):
        with pytest.raises(InterruptedError):
            run(make, tmp_path, cut)
    resumed, curve = run(make, tmp_path)
    np.testing.assert_array_equal(resumed, weights)
    np.testing.assert_array_equal(curve, costs)
