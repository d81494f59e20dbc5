"""Whole seeded training runs against the original: parameters, costs, draws, outputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden_cases import case_info, case_names, golden_file
from training_runs import Recorder, build_network, iterators, one_hot, parameters

from neonlike import NervanaObject
from neonlike.backends import get_num_threads, set_num_threads
from neonlike.backends._threads import available_threads
from neonlike.callbacks import Callbacks
from neonlike.callbacks.callbacks import Callback
from neonlike.data import ArrayIterator
from neonlike.layers import Dropout
from neonlike.models import Model
from neonlike.models.model import GAN
from neonlike.transforms import Accuracy, LogLoss, Misclassification, TopKMisclassification

TRAIN = case_names("training", "seeded/train_")
GANS = case_names("training", "seeded/gan_")
SEQ2SEQ = case_names("training", "seeded/seq2seq_")


def curve(actual: Any, desired: Any) -> None:
    np.testing.assert_allclose(actual, desired, rtol=2e-5, atol=2e-6)


def same_parameters(model: Any, group: Any, **tolerance: float) -> None:
    found = parameters(model)
    assert len(found) == len(group)
    for position, params in enumerate(found):
        for name, desired in group[f"{position:02}"].items():
            np.testing.assert_allclose(params[name], desired[()], err_msg=name, **tolerance)


class Masks(Callback):
    """Keeps the masks of the first Dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.masks: list[np.ndarray] = []

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        layers = [layer for layer in model.layers.layers if isinstance(layer, Dropout)]
        if layers and len(self.masks) < 3:
            self.masks.append(layers[0].keep_mask.get())


@pytest.fixture(autouse=True)
def _same_threads_afterwards() -> Iterator[None]:
    before = get_num_threads()
    yield
    set_num_threads(before)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("case", TRAIN)
def test_training_run(make_be: Any, case: str, threads: int) -> None:
    info, gold = case_info("training", case), golden_file("training")[case]
    be = make_be(rng_seed=info["rng_seed"], batch_size=info["batch_size"])
    if threads > available_threads():
        pytest.skip(f"needs {threads} cores")
    set_num_threads(threads)
    train, evaluation = iterators(case)
    if case.endswith("tree_multicost"):
        info["layers"]["kwargs"]["alphas"] = [1.0, 1.0]  # the original ignored them here
    model = Model(layers=build_network(info["layers"]))
    cost = build_network(info["cost"])
    model.initialize(train, cost)
    same_parameters(model, gold["init"], rtol=0, atol=0)

    recorder, masks = Recorder(), Masks()
    callbacks = Callbacks(model, progress_bar=False)
    callbacks.add_callback(recorder)
    callbacks.add_callback(masks)
    optimizer = build_network(info["optimizer"])
    model.fit(train, cost, optimizer, info["num_epochs"], callbacks)

    assert recorder.minibatches == list(gold["minibatches_per_epoch"])
    assert model.epoch_index == gold.attrs["epoch_index_after_fit"]
    for i, (param, grad) in enumerate(recorder.first):
        first = gold["after_first_minibatch"][f"{i:02}"]
        np.testing.assert_allclose(grad, first["grad"], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(param, first["param"], rtol=1e-4, atol=2e-5)
    curve(recorder.minibatch_cost, gold["minibatch_cost"])
    curve(recorder.epoch_total_cost, gold["epoch_total_cost"])
    for mask, desired in zip(masks.masks, gold.get("dropout_keep_mask", {}).values(), strict=True):
        np.testing.assert_array_equal(mask > 0, desired[()] > 0)
    np.testing.assert_array_equal(be.rng.uniform(size=4), gold["next_backend_rand"])
    same_parameters(model, gold["final"], rtol=1e-4, atol=2e-5)
    check_results(model, evaluation, gold, int(info.get("steps", 1)))


def check_results(model: Any, evaluation: Any, gold: Any, steps: int) -> None:
    metrics = {
        "Misclassification": lambda: Misclassification(steps=steps),
        "Accuracy": Accuracy,
        "LogLoss": LogLoss,
        "TopKMisclassification": lambda: TopKMisclassification(2),
    }
    for name, desired in gold.get("eval", {}).items():
        value = model.eval(evaluation, metric=metrics[name]())
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, desired, rtol=1e-4, atol=1e-5)
    if "outputs" in gold:
        outputs = model.get_outputs(evaluation)
        np.testing.assert_allclose(outputs, gold["outputs"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", GANS)
def test_gan_run(make_be: Any, case: str) -> None:
    info, gold = case_info("training", case), golden_file("training")[case]
    make_be(rng_seed=info["rng_seed"], batch_size=info["batch_size"])
    np.random.seed(info["np_random_seed"])
    network = {
        "class": "GenerativeAdversarial",
        "kwargs": {
            part: {"class": "Sequential", "kwargs": {"layers": info[part]}}
            for part in ("generator", "discriminator")
        },
    }
    model = GAN(
        layers=build_network(network),
        noise_dim=tuple(info["noise_dim"]),
        k=info["k"],
        wgan_param_clamp=info["wgan_param_clamp"],
    )
    train, cost = ArrayIterator(gold["X"][()]), build_network(info["cost"])
    model.initialize(train, cost)
    same_parameters(model, gold["init"], rtol=0, atol=0)
    recorder = GanRecorder()
    callbacks = Callbacks(model, progress_bar=False)
    callbacks.add_callback(recorder)
    model.fit(train, cost, build_network(info["optimizer"]), info["num_epochs"], callbacks)
    np.testing.assert_array_equal(model.z0.get(), gold["z0"])
    assert recorder.gen_iter == list(gold["gen_iter"])
    np.testing.assert_allclose(recorder.cost_dis, gold["cost_dis"], rtol=1e-4, atol=2e-6)
    np.testing.assert_allclose(recorder.total, gold["epoch_total_cost"], rtol=1e-4, atol=2e-6)
    same_parameters(model, gold["final"], rtol=1e-4, atol=2e-5)
    np.testing.assert_allclose(model.noise_batch.get(), gold["noise_batch"], rtol=1e-4, atol=1e-5)


class GanRecorder(Callback):
    """Notes generator steps and discriminator costs."""

    def __init__(self) -> None:
        super().__init__()
        self.gen_iter: list[int] = []
        self.cost_dis: list[float] = []
        self.total: list[float] = []

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        self.gen_iter.append(model.gen_iter)
        self.cost_dis.append(float(model.cost_dis.get()[0, 0]))

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        self.total.append(float(model.total_cost.get()[0, 0]))


class ReversalIterator(NervanaObject):
    """Sequences to be reversed: (encoder, decoder) one-hot inputs, or the encoder's alone."""

    def __init__(self, tokens: np.ndarray, nclass: int, inference: bool) -> None:
        super().__init__()
        self.tokens, self.nclass, self.inference = tokens, nclass, inference
        self.nbatches, size, self.seq_length = tokens.shape
        self.ndata = self.nbatches * size
        self.shape = self.decoder_shape = (nclass, self.seq_length)
        self.x, self.z, self.t = (self.be.iobuf(self.shape) for _ in range(3))

    def reset(self) -> None:
        """Every epoch starts at the first batch."""

    def __iter__(self) -> Any:
        for tokens in self.tokens:
            target = one_hot(tokens[:, ::-1], self.nclass)
            self.x[:], self.t[:] = one_hot(tokens, self.nclass), target
            self.z[:] = np.hstack([np.zeros_like(target[:, : self.be.bsz]), target])[
                :, : target.shape[1]
            ]
            yield (self.x if self.inference else (self.x, self.z)), self.t


@pytest.mark.parametrize("case", SEQ2SEQ)
def test_seq2seq_run(make_be: Any, case: str) -> None:
    info, gold = case_info("training", case), golden_file("training")[case]
    make_be(rng_seed=info["rng_seed"], batch_size=info["batch_size"])
    train, test = (
        ReversalIterator(gold["tokens"][()], 5, inference) for inference in (False, True)
    )
    model, cost = Model(layers=build_network(info["layers"])), build_network(info["cost"])
    model.initialize(train, cost)
    same_parameters(model, gold["init"], rtol=0, atol=0)
    recorder = Recorder()
    callbacks = Callbacks(model, progress_bar=False)
    callbacks.add_callback(recorder)
    model.fit(train, cost, build_network(info["optimizer"]), info["num_epochs"], callbacks)
    curve(recorder.minibatch_cost, gold["minibatch_cost"])
    same_parameters(model, gold["final"], rtol=1e-4, atol=2e-5)
    np.testing.assert_allclose(model.get_outputs(test), gold["outputs"], rtol=1e-4, atol=1e-5)
    for name, beams, steps in (("1", 1, None), ("3", 3, None), ("3_steps2", 3, 2)):
        tokens = model.get_outputs_beam(test, num_beams=beams, steps=steps)
        np.testing.assert_array_equal(tokens, gold[f"outputs_beam_{name}"])


def test_resume_from_snapshot(make_be: Any, tmp_path: Path) -> None:
    case = "seeded/resume_from_snapshot"
    info, gold = case_info("training", case), golden_file("training")[case]

    def run(layers: Any, seed: int, epochs: int, save_path: Path | None = None) -> list[float]:
        make_be(rng_seed=seed, batch_size=info["batch_size"])
        model, recorder = Model(layers() if callable(layers) else layers), Recorder()
        callbacks = Callbacks(model, progress_bar=False, save_path=save_path, serialize=1)
        callbacks.add_callback(recorder)
        optimizer, cost = build_network(info["optimizer"]), build_network(info["cost"])
        model.fit(iterators(case)[0], cost, optimizer, epochs, callbacks)
        return recorder.minibatch_cost

    def layers() -> Any:
        return build_network(info["layers"])

    snapshot = tmp_path / "snapshot.prm"
    curve(run(layers, info["rng_seed"], 4), gold["straight_minibatch_cost"])
    first = run(layers, info["rng_seed"], 2, snapshot)
    curve(first, gold["first_part_minibatch_cost"])
    resumed = run(str(snapshot), 99, 4)
    curve(resumed, gold["resumed_minibatch_cost"])
