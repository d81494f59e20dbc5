"""Every callback keeps the same contract.

It watches a training without changing it; trainings one after the other in one process, and one
with callbacks rebuilt from their descriptions, write the same history.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import pytest

from neonlike.callbacks import Callbacks, callbacks, plotting_callbacks
from neonlike.callbacks.callbacks import (
    BatchNormTuneCallback,
    Callback,
    CheckpointCallback,
    CsvHistoryCallback,
    DeconvCallback,
    EarlyStopCallback,
    GANCostCallback,
    GateActivityCallback,
    GradFlowCallback,
    HistCallback,
    LossCallback,
    MetricCallback,
    MultiLabelStatsCallback,
    NanGuardCallback,
    ProgressBarCallback,
    RecurrentMatrixCallback,
    RunTimerCallback,
    SaveBestStateCallback,
    SerializeModelCallback,
    TensorBoardCallback,
    TrainCostCallback,
    TrainLoggerCallback,
    TrainMulticostCallback,
    WatchTickerCallback,
)
from neonlike.callbacks.plotting_callbacks import GANPlotCallback
from neonlike.data import ArrayIterator
from neonlike.initializers import Gaussian
from neonlike.layers import (
    LSTM,
    Affine,
    BatchNorm,
    Dropout,
    GeneralizedCost,
    RecurrentLast,
)
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.optimizers.optimizer import get_param_list
from neonlike.transforms import (
    CrossEntropyMulti,
    Logistic,
    Misclassification,
    PrecisionRecall,
    Softmax,
    Tanh,
)

INIT = Gaussian(scale=0.3)
CLASSES = 3


class Setting(NamedTuple):
    """What a callback may need."""

    folder: Path
    train: ArrayIterator
    valid: ArrayIterator


def never_stop(state: Any, loss: float) -> tuple[Any, bool]:
    """Stop function of the early stop."""
    return (state or 0) + 1, False


Make = Callable[[Setting], Callback] | None
CASES: dict[type[Callback], Make] = {
    # these are in every training
    LossCallback: None,
    RunTimerCallback: None,
    TrainCostCallback: None,
    TrainLoggerCallback: None,
    BatchNormTuneCallback: lambda s: BatchNormTuneCallback(s.valid),
    CheckpointCallback: lambda s: CheckpointCallback(s.folder / "checkpoint", minibatch_freq=2),
    CsvHistoryCallback: lambda s: CsvHistoryCallback(s.folder / "history.csv"),
    EarlyStopCallback: lambda s: EarlyStopCallback(never_stop),
    GateActivityCallback: lambda s: GateActivityCallback(s.valid),
    GradFlowCallback: lambda s: GradFlowCallback(),
    HistCallback: lambda s: HistCallback(plot_per_mini=True, filter_key=["W"]),
    MetricCallback: lambda s: MetricCallback(s.valid, Misclassification()),
    MultiLabelStatsCallback: lambda s: MultiLabelStatsCallback(
        s.valid, ["a", "b", "c"], PrecisionRecall(CLASSES)
    ),
    NanGuardCallback: lambda s: NanGuardCallback(),
    ProgressBarCallback: lambda s: ProgressBarCallback(),
    RecurrentMatrixCallback: lambda s: RecurrentMatrixCallback(),
    SaveBestStateCallback: lambda s: SaveBestStateCallback(s.folder / "best.prm"),
    SerializeModelCallback: lambda s: SerializeModelCallback(s.folder / "model.prm"),
    TensorBoardCallback: lambda s: TensorBoardCallback(s.folder / "events", minibatch_freq=1),
}
RECURRENT = {GateActivityCallback, GradFlowCallback, RecurrentMatrixCallback}
# passes over data in training mode, which draw masks for the dropout
CHANGES_TRAINING = {BatchNormTuneCallback}
EXEMPT: dict[type, str] = {
    Callback: "a base: it does nothing",
    Callbacks: "the container of all of them",
    DeconvCallback: "needs pictures; tests/callbacks",
    GANCostCallback: "needs an adversarial network; tests/callbacks/test_special_callbacks.py",
    GANPlotCallback: "as GANCostCallback",
    TrainMulticostCallback: "needs a network of several outputs; tests/callbacks",
    WatchTickerCallback: "needs synthetic sequences; tests/callbacks/test_special_callbacks.py",
}


def setting(folder: Path) -> Setting:
    """Small data sets; their names let descriptions find them again."""
    rng = np.random.RandomState(3)
    sets = [
        ArrayIterator(
            rng.standard_normal((18, 5)),
            rng.randint(0, CLASSES, 18),
            nclass=CLASSES,
            lshape=(1, 1, 5),  # recurrent layers read five steps
        )
        for _ in range(2)
    ]
    for name, data in zip(("train", "valid"), sets, strict=True):
        data.name = name
    return Setting(folder, *sets)


def network(recurrent: bool) -> list[Any]:
    """Layers of several kinds; recurrent ones carry their states to the next minibatch."""
    first = [Affine(6, INIT, activation=Tanh(), name="first"), BatchNorm()]
    if recurrent:
        first = [
            LSTM(4, INIT, activation=Tanh(), gate_activation=Logistic(), name="first"),
            RecurrentLast(),
        ]
    last = Affine(CLASSES, INIT, bias=INIT, activation=Softmax(), name="last")
    return [*first, Dropout(0.8), last]


def fit(
    be: Any,
    folder: Path,
    make: Make,
    rebuild: bool = False,
    bare: bool = False,
    recurrent: bool = False,
) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
    """Train a small network; return its weights and the history."""
    be.rng_reset()
    around = setting(folder)
    model = Model(layers=network(recurrent))
    cost = GeneralizedCost(CrossEntropyMulti())
    model.initialize(around.train, cost)
    output = folder / "history.h5"
    container = Callbacks(
        model, progress_bar=False, output_file=output, eval_freq=1, eval_set=around.valid
    )
    if make is not None:
        container.add_callback(make(around))
    if rebuild:
        description = container.get_description()
        container.abort()  # closes the file
        container = Callbacks.load_callbacks(description, model, data=[around.valid])
        assert container.get_description() == description
    if bare:
        container.callbacks.clear()
    model.fit(around.train, cost, GradientDescentMomentum(0.1, 0.9), 2, container)
    weights = [param.get() for (param, _), _ in get_param_list(model.layers_to_optimize)]
    return weights, history(output)


def history(path: Path) -> dict[str, np.ndarray]:
    """All that a history holds, but for the times."""
    found: dict[str, np.ndarray] = {}

    def take(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not name.startswith("time"):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(take)
    return found


def assert_same(one: Any, two: Any) -> None:
    """Equal weights and histories, bit for bit."""
    for a, b in zip(one[0], two[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert one[1].keys() == two[1].keys()
    for name in one[1]:
        np.testing.assert_array_equal(one[1][name], two[1][name], err_msg=name)


@pytest.mark.parametrize("kind", list(CASES), ids=lambda kind: kind.__name__)
def test_callback(be: Any, tmp_path: Path, kind: type[Callback]) -> None:
    train = partial(fit, be, tmp_path, recurrent=kind in RECURRENT)
    first = train(CASES[kind])
    assert_same(first, train(CASES[kind]))
    assert_same(first, train(CASES[kind], rebuild=True))
    if kind not in CHANGES_TRAINING:
        alone, _ = train(None, bare=True)
        for a, b in zip(alone, first[0], strict=True):
            np.testing.assert_array_equal(a, b, err_msg="the callback has changed the training")


def test_every_callback_is_in_the_table_or_exempt() -> None:
    public = {
        getattr(module, name)
        for module in (callbacks, plotting_callbacks)
        for name in module.__all__
    }
    assert {item for item in public if inspect.isclass(item)} == set(CASES) | set(EXEMPT)
