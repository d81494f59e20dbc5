"""Callbacks: Ctrl-C, terminals, collisions, rebuilding, and those without golden numbers."""

from __future__ import annotations

import csv
import io
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neonlike.callbacks import Callbacks
from neonlike.callbacks.callbacks import (
    BatchNormTuneCallback,
    Callback,
    CsvHistoryCallback,
    EarlyStopCallback,
    GANCostCallback,
    HistCallback,
    LossCallback,
    MetricCallback,
    MultiLabelStatsCallback,
    ProgressBarCallback,
    RunTimerCallback,
    SaveBestStateCallback,
    SerializeModelCallback,
    TrainCostCallback,
    TrainLoggerCallback,
    TrainMulticostCallback,
    WatchTickerCallback,
)
from neonlike.data import ArrayIterator
from neonlike.initializers import Gaussian
from neonlike.layers import Affine, BatchNorm, Conv, GeneralizedCost, Pooling
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import (
    CrossEntropyMulti,
    Misclassification,
    PrecisionRecall,
    Rectlin,
    Softmax,
)


def data(n: int = 10, features: int = 5, **kwargs: Any) -> ArrayIterator:
    rng = np.random.RandomState(1)
    x, y = rng.standard_normal((n, features)), rng.randint(0, 3, n)
    return ArrayIterator(x.astype(np.float32), y, nclass=3, **kwargs)


def mlp() -> Model:
    return Model([Affine(3, init=Gaussian(scale=0.1), activation=Softmax())])


def fit(model: Model, callbacks: Any, epochs: int = 2, train: Any = None) -> None:
    cost = GeneralizedCost(costfunc=CrossEntropyMulti())
    optimizer = GradientDescentMomentum(0.1, 0.9)
    model.fit(train or data(), cost, optimizer, epochs, callbacks)


class Spy(Callback):
    """Keeps the open history, and does something at a minibatch."""

    def __init__(self, action: Any = None, at: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.action, self.at = action, at
        self.calls: list[str] = []
        self.seen: dict[str, Any] = {}

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        self.calls.append("train_begin")

    def on_epoch_begin(self, callback_data: Any, model: Any, epoch: int) -> None:
        self.calls.append(f"epoch_begin {epoch}")

    def on_minibatch_begin(
        self, callback_data: Any, model: Any, epoch: int, minibatch: int
    ) -> None:
        self.calls.append(f"minibatch_begin {epoch} {minibatch}")

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        self.calls.append(f"minibatch_end {epoch} {minibatch}")
        if self.action is not None and minibatch == self.at:
            self.action()

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        self.calls.append(f"epoch_end {epoch}")

    def on_train_end(self, callback_data: Any, model: Any) -> None:
        self.calls.append("train_end")
        callback_data.visititems(
            lambda name, item: (
                self.seen.update({name: item[()]}) if hasattr(item, "dtype") else None
            )
        )


def test_order_of_hooks(be: Any) -> None:
    model, spy = mlp(), Spy()
    callbacks = Callbacks(model, progress_bar=False)
    callbacks.add_callback(spy)
    fit(model, callbacks, epochs=1)
    batches = [f"minibatch_{what} 0 {i}" for i in range(3) for what in ("begin", "end")]
    assert spy.calls == ["train_begin", "epoch_begin 0", *batches, "epoch_end 0", "train_end"]


@pytest.mark.parametrize(
    ("freq", "epochs"), [(2, [1, 3]), ([0, 3], [0, 3]), (None, []), (1, [0, 1, 2, 3]), ((0,), [])]
)
def test_frequencies(be: Any, freq: Any, epochs: list[int]) -> None:
    callback = Callback(epoch_freq=freq)
    fired = [e for e in range(4) if callback.should_fire(None, None, e, callback.epoch_freq)]
    assert fired == epochs


# ------------------------------------------------------------------- Ctrl-C --


def test_ctrl_c_finishes_the_batch_saves_and_closes(be: Any, tmp_path: Path) -> None:
    model, path = mlp(), tmp_path / "model.prm"
    spy = Spy(action=lambda: signal.raise_signal(signal.SIGINT), at=1)
    before = signal.getsignal(signal.SIGINT)
    callbacks = Callbacks(model, progress_bar=False, save_path=path)
    callbacks.add_callback(spy, insert_pos=0)
    with pytest.raises(KeyboardInterrupt, match=f"Checkpoint file saved to {path}"):
        fit(model, callbacks, epochs=5)
    assert spy.calls[-2:] == ["minibatch_end 0 1", "train_end"]
    assert np.count_nonzero(spy.seen["cost/train"]) == 2  # both minibatches are in the history
    assert signal.getsignal(signal.SIGINT) is before
    assert not callbacks.callback_data
    loaded = Model(str(path))
    np.testing.assert_array_equal(loaded.layers.layers[0].W.get(), model.layers.layers[0].W.get())


def test_ctrl_c_without_save_path(be: Any) -> None:
    model = mlp()
    callbacks = Callbacks(model, progress_bar=False)
    callbacks.add_callback(Spy(action=lambda: signal.raise_signal(signal.SIGINT)))
    with pytest.raises(KeyboardInterrupt):
        fit(model, callbacks)


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """A process that was started in the background ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_second_ctrl_c_stops_at_once(be: Any) -> None:
    model = mlp()

    def twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    spy = Spy(action=twice)
    callbacks = Callbacks(model, progress_bar=False)
    callbacks.add_callback(spy)
    with pytest.raises(KeyboardInterrupt):
        fit(model, callbacks)
    assert "train_end" not in spy.calls
    assert not callbacks.callback_data


def test_error_in_training_closes_the_history(be: Any, tmp_path: Path) -> None:
    model = mlp()

    def fail() -> None:
        raise RuntimeError("broken")

    before = signal.getsignal(signal.SIGINT)
    callbacks = Callbacks(model, progress_bar=False, output_file=tmp_path / "history.h5")
    callbacks.add_callback(Spy(action=fail))
    with pytest.raises(RuntimeError, match="broken"):
        fit(model, callbacks)
    assert signal.getsignal(signal.SIGINT) is before
    assert not callbacks.callback_data


# ---------------------------------------------------------------- container --


def test_second_fit_needs_new_callbacks(be: Any) -> None:
    model = mlp()
    callbacks = Callbacks(model, progress_bar=False)
    fit(model, callbacks, epochs=1)
    with pytest.raises(ValueError, match="new Callbacks"):
        fit(model, callbacks, epochs=2)


def test_eval_freq_needs_eval_set(be: Any) -> None:
    with pytest.raises(ValueError, match="no eval set"):
        Callbacks(mlp(), eval_freq=1)


@pytest.mark.parametrize("argument", ["eval_freq", "serialize", "history"])
def test_counts_are_whole_numbers(be: Any, argument: str) -> None:
    with pytest.raises(TypeError, match=f"{argument} must be a whole number .* got '1'"):
        Callbacks(mlp(), eval_set=data(), **{argument: "1"})
    with pytest.raises(ValueError, match=f"{argument} must be .* got -1"):
        Callbacks(mlp(), eval_set=data(), **{argument: -1})


def test_subclass_without_super_init(be: Any) -> None:
    class Careless(Callback):
        def __init__(self) -> None:
            self.epochs: list[int] = []

        def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
            self.epochs.append(epoch)

    model, careless = mlp(), Careless()
    callbacks = Callbacks(model)
    callbacks.add_callback(careless)
    fit(model, callbacks)
    assert careless.epochs == [0, 1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (3, "a subclass of Callback, got 3, which lacks epoch_freq, .*; derive"),
        (Spy, r"got the class Spy; add Spy\(...\)"),
    ],
)
def test_add_callback_refuses_what_is_none(be: Any, wrong: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Callbacks(mlp()).add_callback(wrong)


def test_callbacks_of_another_model(be: Any) -> None:
    model, other = mlp(), mlp()
    with pytest.raises(ValueError, match=f"made for another model, {other.name}; make Callbacks"):
        fit(model, Callbacks(other))


def test_metric_without_eval_freq_is_ignored(be: Any) -> None:
    callbacks = Callbacks(mlp(), metric=Misclassification(), eval_set=data(), progress_bar=False)
    assert not any(isinstance(c, MetricCallback) for c in callbacks.callbacks)


def test_model_file_is_loaded(be: Any, tmp_path: Path) -> None:
    trained, path = mlp(), tmp_path / "trained.prm"
    fit(trained, Callbacks(trained, progress_bar=False))
    trained.save_params(path)
    model = mlp()
    fit(model, Callbacks(model, progress_bar=False, model_file=path), epochs=2)
    np.testing.assert_array_equal(model.layers.layers[0].W.get(), trained.layers.layers[0].W.get())


def test_describe_and_rebuild(be: Any, tmp_path: Path) -> None:
    model, evaluation = mlp(), data()
    first = Callbacks(
        model, eval_freq=1, eval_set=evaluation, metric=Misclassification(), save_path="m.prm"
    )
    for callback in (
        HistCallback(False, ["W", "dW"]),
        SaveBestStateCallback("best.prm"),
        CsvHistoryCallback("table.csv"),
        BatchNormTuneCallback(evaluation),
        MultiLabelStatsCallback(evaluation, ["a", "b", "c"], PrecisionRecall(3)),
        TrainMulticostCallback(wsz=3),
        GANCostCallback(),
        ProgressBarCallback(update_thresh_s=0.5),
        SerializeModelCallback("n.prm", epoch_freq=2, history=3),
        TrainLoggerCallback(minibatch_freq=5),
    ):
        first.add_callback(callback)
    description = first.serialize()
    assert description["callbacks"][0]["config"] == {
        "eval_set": {"type": "Data", "name": evaluation.name}
    }
    second = Callbacks.load_callbacks(description, model, data=[evaluation])
    assert second.serialize() == description
    assert second.callbacks[0].eval_set is evaluation
    unresolved = Callbacks.load_callbacks(description, model)
    assert unresolved.callbacks[0].eval_set == {"type": "Data", "name": evaluation.name}


# ---------------------------------------------------------------- callbacks --


def test_equal_metric_names_get_suffixes(be: Any) -> None:
    model, spy = mlp(), Spy()
    callbacks = Callbacks(
        model, eval_freq=1, eval_set=data(), metric=Misclassification(), progress_bar=False
    )
    callbacks.add_callback(MetricCallback(data(4), Misclassification()))
    callbacks.add_callback(MetricCallback(data(6), Misclassification()))
    callbacks.add_callback(spy)
    fit(model, callbacks, epochs=1)
    names = [name for name in spy.seen if name.startswith("metrics/")]
    assert sorted(names) == [f"metrics/Top1Misclass{s}" for s in ("", "_1", "_2")]
    expected = model.eval(data(6), metric=Misclassification())
    np.testing.assert_allclose(spy.seen["metrics/Top1Misclass_2"], expected)


def test_a_metric_is_shown(be: Any, caplog: pytest.LogCaptureFixture) -> None:
    model = mlp()
    callbacks = Callbacks(
        model, eval_freq=2, eval_set=data(), metric=Misclassification(), progress_bar=False
    )
    fit(model, callbacks, epochs=2)
    error = model.eval(data(), metric=Misclassification())[0]
    shown = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert shown == [("DISPLAY", f"Top1Misclass: {error:.6g}")]


def test_metric_must_be_an_instance(be: Any) -> None:
    with pytest.raises(ValueError, match=r"Misclassification\(\)"):
        MetricCallback(data(), Misclassification)
    with pytest.raises(ValueError, match=r"Misclassification\(\)"):
        mlp().eval(data(), Misclassification)


def test_csv_history(be: Any, tmp_path: Path) -> None:
    model, path = mlp(), tmp_path / "runs" / "table.csv"
    callbacks = Callbacks(
        model, eval_freq=2, eval_set=data(), metric=Misclassification(), progress_bar=False
    )
    spy = Spy()
    callbacks.add_callback(CsvHistoryCallback(path))
    callbacks.add_callback(spy)
    fit(model, callbacks, epochs=3)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    assert [bool(row["loss"]) for row in rows] == [False, True, False]
    assert float(rows[1]["Top1Misclass"]) == pytest.approx(spy.seen["metrics/Top1Misclass"][0])
    assert float(rows[2]["train_cost"]) == pytest.approx(float(model.total_cost.get()[0, 0]))


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal(be: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    out = Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    model = mlp()
    callbacks = Callbacks(model, eval_freq=1, eval_set=data())
    callbacks.callbacks[2].update_thresh_s = 0.0
    fit(model, callbacks, epochs=2)
    lines = out.getvalue().split("\n")
    assert len(lines) == 3
    shown = lines[1].split("\r")
    assert shown[1].strip() == "" or len(shown) > 2
    assert shown[-1].startswith("Epoch 1   [Train |" + "\u2588" * 20 + "|    2/2    batches, ")
    assert shown[-1].split("] [")[1].startswith("CrossEntropyMulti Loss ")


def test_progress_elsewhere_is_one_plain_line_per_epoch(
    be: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    model = mlp()
    fit(model, Callbacks(model), epochs=2)
    out = capsys.readouterr().out
    assert "\r" not in out
    assert [line[:18] for line in out.splitlines()] == [f"Epoch {e}   [Train |" for e in (0, 1)]


def test_progress_where_blocks_cannot_be_encoded(be: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    model = mlp()
    fit(model, Callbacks(model), epochs=1)
    assert raw.getvalue().startswith(b"Epoch 0   [Train |####################|")


def test_multi_label_stats(be: Any, capsys: pytest.CaptureFixture[str]) -> None:
    model = mlp()
    callbacks = Callbacks(model, progress_bar=False)
    metric = PrecisionRecall(3, binarize=True)
    callbacks.add_callback(MultiLabelStatsCallback(data(8), ["a", "b", "c"], metric))
    fit(model, callbacks, epochs=1)
    lines = capsys.readouterr().out.splitlines()
    assert [line[-5:] for line in lines] == [" -> a", " -> b", " -> c"]
    assert lines[0].startswith("[Precision: ")
    assert "% Recall: " in lines[0]


def test_early_stop_and_save_best(be: Any, tmp_path: Path) -> None:
    model = mlp()
    callbacks = Callbacks(model, eval_freq=1, eval_set=data(), progress_bar=False)
    callbacks.add_save_best_state_callback(tmp_path / "best.prm")
    callbacks.add_early_stop_callback(lambda state, loss: (loss, state is not None))
    fit(model, callbacks, epochs=9)
    assert model.epoch_index == 2
    assert model.finished
    assert (tmp_path / "best.prm").exists()


def test_batch_norm_statistics_become_averages(be: Any) -> None:
    model = Model(
        [
            BatchNorm(),
            Affine(3, init=Gaussian(scale=0.1), activation=Softmax()),
        ]
    )
    callbacks, tune = Callbacks(model, progress_bar=False), data(12)
    callbacks.add_callback(BatchNormTuneCallback(tune))
    fit(model, callbacks, epochs=1)
    x = np.concatenate([x.get() for x, _ in tune], axis=1)
    batches = np.stack(np.split(x, 3, axis=1))
    layer = model.layers.layers[0]
    np.testing.assert_allclose(layer.gmean.get()[:, 0], x.mean(axis=1), rtol=1e-4, atol=1e-6)
    variance = batches.var(axis=2).mean(axis=0) * 3 / 2
    np.testing.assert_allclose(layer.gvar.get()[:, 0], variance, rtol=1e-4, atol=1e-6)


def test_deconv(be: Any) -> None:
    train = data(12, 2 * 6 * 6, lshape=(2, 6, 6))
    conv = {"init": Gaussian(scale=0.1), "activation": Rectlin()}
    layers = [
        Conv((3, 3, 4), padding=1, **conv),
        Pooling(2),
        Conv((2, 2, 3), **conv),
        Affine(3, init=Gaussian(scale=0.1), activation=Softmax()),
    ]
    model, spy = Model(layers), Spy()
    callbacks = Callbacks(model, progress_bar=False)
    callbacks.add_deconv_callback(train, train, max_fm=3, dataset_pct=100)
    callbacks.add_callback(spy)
    fit(model, callbacks, epochs=1, train=train)
    seen = spy.seen
    model.fprop(next(iter(train))[0], inference=True)  # the first batch again
    acts = model.layers.layers[0].outputs.get().reshape(4, 36, 4)[:3]
    group = "deconv/max_act/0000"
    assert seen[f"{group}/vis"].shape == (3, 6, 6, 2)
    for fm in range(3):
        batch, image = seen[f"{group}/batch_img"][fm]
        if batch == 0:
            location = seen[f"{group}/fm_loc"][fm, 0]
            assert seen[f"{group}/activation"][fm, 0] == pytest.approx(acts[fm, location, image])
            assert acts[fm].max() == pytest.approx(acts[fm, location, image])
    assert any(name.startswith("deconv/img/batch_") for name in seen)


def test_histogram_of_user_layers_without_the_attribute(be: Any) -> None:
    model, spy = mlp(), Spy()
    callbacks = Callbacks(model, progress_bar=False)
    callbacks.add_hist_callback(filter_key=["W", "dW", "no_such_thing"])
    callbacks.add_callback(spy)
    fit(model, callbacks)
    names = [name.rsplit("_", 1)[1] for name in spy.seen if name.startswith("hist/")]
    assert sorted(names) == ["W", "dW"]
    counts = next(v for k, v in spy.seen.items() if k.startswith("hist/"))
    assert counts.sum(axis=0).tolist() == [15, 15]


def test_ticker_callback_needs_a_ticker(be: Any) -> None:
    with pytest.raises(ValueError, match="Ticker"):
        WatchTickerCallback(mlp(), data())


@pytest.mark.parametrize(
    "callback", [TrainCostCallback, RunTimerCallback, lambda: EarlyStopCallback(max)]
)
def test_names_and_defaults(be: Any, callback: Any) -> None:
    made = callback()
    assert made.epoch_freq == 1
    assert made.name.startswith(type(made).__name__)


def test_loss_without_time_markers_of_earlier_epochs(be: Any) -> None:
    """A resumed run counts its own minibatches from zero."""
    model, spy = mlp(), Spy()
    model.epoch_index = 2
    callbacks = Callbacks(model, eval_freq=1, eval_set=data(), progress_bar=False)
    assert isinstance(callbacks.callbacks[0], LossCallback)
    callbacks.add_callback(spy)
    fit(model, callbacks, epochs=4)
    assert np.flatnonzero(spy.seen["cost/loss"]).tolist() == [2, 3]
