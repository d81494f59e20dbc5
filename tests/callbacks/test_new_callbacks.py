"""Callbacks that neon did not have: checkpoints, TensorBoard, the guard against NaN, dry runs."""

from __future__ import annotations

import signal
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from neonlike.backends import cleanup_backend, gen_backend
from neonlike.callbacks._event_file import masked_crc
from neonlike.callbacks.callbacks import (
    Callback,
    Callbacks,
    CheckpointCallback,
    CsvHistoryCallback,
    EarlyStopCallback,
    NanGuardCallback,
    TensorBoardCallback,
)
from neonlike.data import ArrayIterator
from neonlike.initializers import Constant, Gaussian
from neonlike.layers import Affine, Dropout, GeneralizedCost, MergeBroadcast
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum, RMSProp
from neonlike.transforms import CrossEntropyMulti, Misclassification, Rectlin, Softmax
from neonlike.util.persist import load_obj

INIT = Gaussian(scale=0.3)


@pytest.fixture(autouse=True)
def be() -> Iterator[Any]:
    yield gen_backend("reference", rng_seed=0, batch_size=4)
    cleanup_backend()


def data(n: int = 18) -> ArrayIterator:
    rng = np.random.RandomState(3)
    return ArrayIterator(rng.standard_normal((n, 5)), rng.randint(0, 3, n), nclass=3)


def layers() -> list[Any]:
    return [
        Affine(6, INIT, bias=INIT, activation=Rectlin()),
        Dropout(keep=0.8),
        Affine(3, INIT, activation=Softmax()),
    ]


class Stop(Callback):
    """Raises at a minibatch of an epoch."""

    def __init__(self, epoch: int, minibatch: int, action: Callable[[], Any]) -> None:
        super().__init__()
        self.when, self.action = (epoch, minibatch), action

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        if (epoch, minibatch) == self.when:
            self.action()


def fail() -> None:
    raise RuntimeError("power cut")


def fit(model: Model, callbacks: Callbacks, epochs: int = 3, optimizer: Any = None) -> None:
    cost = GeneralizedCost(CrossEntropyMulti())
    model.fit(data(), cost, optimizer or RMSProp(learning_rate=0.02), epochs, callbacks)


def run(folder: Path, *added: Any, epochs: int = 3, **kwargs: Any) -> tuple[np.ndarray, np.ndarray]:
    """Train; return the weights and the history of the cost."""
    gen_backend("reference", rng_seed=0, batch_size=4)
    model = Model(layers())
    kwargs.setdefault("output_file", folder / "history.h5")
    callbacks = Callbacks(model, progress_bar=False, eval_set=data(), eval_freq=1, **kwargs)
    for callback in added:
        callbacks.add_callback(callback)
    fit(model, callbacks, epochs)
    with h5py.File(kwargs["output_file"]) as file:
        costs = file["cost/train"][()]
    return np.concatenate([p.W.get().ravel() for p in model.layers_to_optimize]), costs


# -------------------------------------------------------------- checkpoints --


@pytest.mark.parametrize("suffix", ["safetensors", "prm"])
@pytest.mark.parametrize("place", [(0, 0), (0, 4), (1, 2), (2, 3)])
def test_resumed_in_the_middle(place: tuple[int, int], suffix: str, tmp_path: Path) -> None:
    straight = run(tmp_path)
    options = {"checkpoint": tmp_path / f"run.{suffix}", "checkpoint_freq": 1, "resume": True}
    with pytest.raises(RuntimeError, match="power cut"):
        run(tmp_path, Stop(*place, fail), **options)
    resumed = run(tmp_path, **options)
    for ours, theirs in zip(resumed, straight, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_more_epochs_than_planned(tmp_path: Path) -> None:
    """A finished run goes on; the history of before is kept."""
    straight = run(tmp_path, epochs=4)
    options = {"checkpoint": tmp_path / "run.ckpt", "resume": True}
    run(tmp_path, epochs=2, **options)
    resumed = run(tmp_path, epochs=4, **options)
    for ours, theirs in zip(resumed, straight, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    again = run(tmp_path, epochs=4, **options)
    np.testing.assert_array_equal(again[0], straight[0])


def test_ctrl_c_saves_a_checkpoint(tmp_path: Path) -> None:
    straight = run(tmp_path)
    options = {"checkpoint": tmp_path / "run.ckpt", "resume": True}
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Stop(1, 1, lambda: signal.raise_signal(signal.SIGINT)), **options)
    assert load_obj(tmp_path / "run.ckpt")["train_state"]["epoch"]["batches"] == 2
    np.testing.assert_array_equal(run(tmp_path, **options)[0], straight[0])


def test_model_resume_without_the_option(tmp_path: Path) -> None:
    straight = run(tmp_path)
    with pytest.raises(RuntimeError):
        run(
            tmp_path,
            Stop(1, 2, fail),
            CheckpointCallback(tmp_path / "run.ckpt", epoch_freq=None, minibatch_freq=2),
        )
    gen_backend("reference", rng_seed=7, batch_size=4)
    model = Model(layers())
    model.resume(tmp_path / "run.ckpt")
    assert model.epoch_index == 1
    fit(model, Callbacks(model, progress_bar=False))
    weights = np.concatenate([p.W.get().ravel() for p in model.layers_to_optimize])
    np.testing.assert_array_equal(weights, straight[0])


def test_a_checkpoint_is_a_model_too(tmp_path: Path) -> None:
    run(tmp_path, checkpoint=tmp_path / "run.ckpt")
    model = Model(str(tmp_path / "run.ckpt"))
    assert model.epoch_index == 3
    assert not {"random", "epoch", "callbacks"} & model._resume_state.keys()
    assert model.get_outputs(data()).shape == (18, 3)


def test_checkpoints_come_last_wherever_they_are_added(tmp_path: Path) -> None:
    model = Model(layers())
    callbacks = Callbacks(model, progress_bar=False)
    callbacks.add_callback(CheckpointCallback(tmp_path / "run.ckpt"), insert_pos=0)
    fit(model, callbacks, epochs=1)
    state = load_obj(tmp_path / "run.ckpt")["train_state"]["callbacks"]
    assert state["epoch_marker"] == 5
    assert np.count_nonzero(state["history"]["cost/train"]["values"]) == 5


def test_csv_lines_are_not_doubled(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    run(tmp_path, CsvHistoryCallback(path))
    straight = path.read_text()
    options = {"checkpoint": tmp_path / "run.ckpt", "resume": True}

    def cut() -> None:
        path.write_text(path.read_text() + "9,9,9\n")  # as by a run that came further
        fail()

    with pytest.raises(RuntimeError):
        run(tmp_path, CsvHistoryCallback(path), Stop(2, 1, cut), **options)
    run(tmp_path, CsvHistoryCallback(path), **options)
    assert path.read_text() == straight


def test_a_run_that_stopped_early_stays_stopped(tmp_path: Path) -> None:
    def stop(epoch: Any, _: float) -> tuple[int, bool]:
        return (epoch or 0) + 1, epoch == 1

    options = {"checkpoint": tmp_path / "run.ckpt", "resume": True, "epochs": 5}
    first = run(tmp_path, EarlyStopCallback(stop), **options)
    assert load_obj(tmp_path / "run.ckpt")["epoch_index"] == 2
    again = run(tmp_path, EarlyStopCallback(stop), **options)
    np.testing.assert_array_equal(again[0], first[0])


def test_a_failed_resume_closes_the_history(tmp_path: Path) -> None:
    run(tmp_path, checkpoint=tmp_path / "run.ckpt")
    model, before = Model(layers()), signal.getsignal(signal.SIGINT)
    callbacks = Callbacks(model, progress_bar=False, checkpoint=tmp_path / "run.ckpt", resume=True)
    with pytest.raises(ValueError, match="from another run"):
        fit(model, callbacks, optimizer=GradientDescentMomentum(0.1, 0.9))
    assert not callbacks.callback_data
    assert signal.getsignal(signal.SIGINT) is before


def test_arguments() -> None:
    with pytest.raises(ValueError, match="checkpoint=PATH"):
        Callbacks(Model(layers()), resume=True)


# ------------------------------------------------------------------ dry run --


def test_dry_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Two minibatches through everything, nothing saved."""
    model = Model(layers())
    seen = []
    counter = Stop(0, 1, lambda: seen.append(1))
    callbacks = Callbacks(
        model,
        eval_set=data(40),
        metric=Misclassification(),
        eval_freq=1,
        progress_bar=False,
        output_file=tmp_path / "history.h5",
        save_path=tmp_path / "net.prm",
        checkpoint=tmp_path / "run.ckpt",
        dry_run=True,
    )
    callbacks.add_save_best_state_callback(tmp_path / "best.prm")
    callbacks.add_callback(CsvHistoryCallback(tmp_path / "history.csv"))
    callbacks.add_callback(TensorBoardCallback(tmp_path / "events"))
    callbacks.add_callback(counter)
    fit(model, callbacks, epochs=50)
    assert model.epoch_index == 1
    assert model.nbatches == 2
    assert seen == [1]
    assert callbacks.callbacks[0].eval_set.nbatches == 2
    model.save_params(tmp_path / "end.prm")
    assert model.get_outputs(data(40)).shape == (8, 3)
    assert 0 <= model.eval(data(40), Misclassification()) <= 1
    assert not list(tmp_path.iterdir())
    assert "Dry run: everything worked on two minibatches" in caplog.text


# -------------------------------------------------------------- TensorBoard --


def events(path: Path) -> list[tuple[int, dict[str, float]]]:
    """Read (step, values by tag) of an event file; checks all sums."""
    content, found = path.read_bytes(), []
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        assert content[8:12] == masked_crc(content[:8])
        message = content[12 : 12 + length]
        assert content[12 + length : 16 + length] == masked_crc(message)
        content = content[16 + length :]
        fields = dict(parsed(message))
        summary = [dict(parsed(value)) for _, value in parsed(fields.get(5, b""))]
        found.append((fields.get(2, 0), {value[1].decode(): value[2] for value in summary}))
    return found


def parsed(message: bytes) -> Iterator[tuple[int, Any]]:
    """Yield field numbers and values of a protocol-buffer message."""
    position = 0

    def varint() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
            continue
        size = {1: 8, 5: 4}.get(kind) or varint()
        value = message[position : position + size]
        position += size
        code = {1: "<d", 5: "<f"}.get(kind)
        yield key >> 3, struct.unpack(code, value)[0] if code else value


def test_known_checksum() -> None:
    (masked,) = struct.unpack("<I", masked_crc(b"123456789"))
    rotated = (masked - 0xA282EAD8) & 0xFFFFFFFF
    assert (rotated << 15 | rotated >> 17) & 0xFFFFFFFF == 0xE3069283


def test_event_file(tmp_path: Path) -> None:
    gen_backend("reference", rng_seed=0, batch_size=4)
    model = Model(layers())
    callbacks = Callbacks(
        model, eval_set=data(), metric=Misclassification(), eval_freq=2, progress_bar=False
    )
    callbacks.add_callback(TensorBoardCallback(tmp_path, minibatch_freq=2))
    losses: list[float] = []
    callbacks.add_callback(Stop(1, 0, lambda: losses.append(float(model.cost.cost[0, 0]))))
    fit(model, callbacks, epochs=2)
    (path,) = tmp_path.iterdir()
    assert path.name.startswith("events.out.tfevents.")
    found = events(path)
    assert found[0] == (0, {})  # the version
    assert [step for step, values in found if "cost/train" in values] == [2, 4, 7, 9]
    assert [step for step, values in found if "cost/epoch" in values] == [5, 9]
    assert found[-1][1].keys() == {"cost/epoch", "cost/loss", "metrics/Top1Misclass"}


# ---------------------------------------------------------------- NaN guard --


def guarded(network: list[Any], x: np.ndarray, optimizer: Any = None, epochs: int = 3) -> str:
    """Train with the guard; return what it says."""
    model = Model(network)
    callbacks = Callbacks(model, progress_bar=False)
    callbacks.add_callback(NanGuardCallback())
    train = ArrayIterator(x, np.arange(len(x)) % 3, nclass=3)
    cost = GeneralizedCost(CrossEntropyMulti())
    with pytest.raises(FloatingPointError) as caught, np.errstate(all="ignore"):
        model.fit(train, cost, optimizer or RMSProp(), epochs, callbacks)
    assert not any("fprop" in layer.__dict__ for layer in model.layers.layers_fprop())
    return str(caught.value)


def test_guard_names_the_data() -> None:
    x = np.ones((8, 5), np.float32)
    x[6, 2] = np.nan
    said = guarded(layers(), x)
    assert said.startswith("epoch 0, minibatch 1: the data fed to Linear layer")
    assert "(1 NaN and 0 infinite of 20)" in said


def test_guard_names_the_layer() -> None:
    top = Affine(3, Constant(1e30), activation=Softmax(), name="top")
    said = guarded([Affine(6, Constant(1e10)), top], np.ones((8, 5), np.float32))
    assert "the outputs of Linear layer 'top' (layer 2 of 3" in said
    assert "infinite of 12" in said


def test_guard_looks_into_containers() -> None:
    branch = [Affine(6, Constant(1e30), name="low"), Affine(6, Constant(1e30), name="bad")]
    fork = MergeBroadcast([branch, [Affine(2, INIT)]], merge="stack")
    said = guarded([fork, Affine(3, INIT, activation=Softmax())], np.ones((8, 5), np.float32))
    assert "the outputs of Linear layer 'bad'" in said


def test_guard_names_the_update() -> None:
    optimizer = GradientDescentMomentum(3e38, 0.0)
    x = np.full((8, 5), 100, np.float32)
    said = guarded([Affine(3, INIT, activation=Softmax())], x, optimizer)
    assert "the weights after the update of Linear layer" in said


def test_guard_leaves_a_sound_run_alone(tmp_path: Path) -> None:
    plain = run(tmp_path)
    watched = run(tmp_path, NanGuardCallback(minibatch_freq=2))
    for ours, theirs in zip(watched, plain, strict=True):
        np.testing.assert_array_equal(ours, theirs)
