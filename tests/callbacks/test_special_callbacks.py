"""Callbacks of adversarial networks and of synthetic sequences."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neonlike.callbacks import Callbacks
from neonlike.callbacks.callbacks import GANCostCallback
from neonlike.callbacks.plotting_callbacks import GANPlotCallback
from neonlike.data import ArrayIterator
from neonlike.data.ticker import CopyTask, Ticker
from neonlike.initializers import Gaussian
from neonlike.layers import (
    Affine,
    GeneralizedCostMask,
    GeneralizedGANCost,
    Recurrent,
    Sequential,
)
from neonlike.layers.container import GenerativeAdversarial
from neonlike.models import Model
from neonlike.models.model import GAN
from neonlike.optimizers import RMSProp
from neonlike.transforms import CrossEntropyBinary, GANCost, Identity, Logistic, Rectlin, Tanh

INIT = Gaussian(scale=0.2)


def gan(func: str, features: int, **kwargs: Any) -> tuple[GAN, GeneralizedGANCost]:
    last = Identity() if func == "wasserstein" else Logistic()
    layers = GenerativeAdversarial(
        generator=Sequential([Affine(6, INIT, activation=Rectlin()), Affine(features, INIT)]),
        discriminator=Sequential(
            [Affine(6, INIT, activation=Tanh()), Affine(1, INIT, activation=last)]
        ),
    )
    model = GAN(layers, noise_dim=(3,), **kwargs)
    return model, GeneralizedGANCost(costfunc=GANCost(func=func))


def train(model: GAN, cost: Any, callbacks: Any, features: int, epochs: int = 2) -> None:
    x = np.random.RandomState(0).uniform(0, 1, (24, features)).astype(np.float32)
    model.fit(ArrayIterator(x), cost, RMSProp(learning_rate=0.01), epochs, callbacks)


def test_gan_history_and_pictures(be: Any, tmp_path: Path) -> None:
    model, cost = gan("wasserstein", 3 * 16, wgan_param_clamp=0.1, k=2)
    callbacks = Callbacks(model, progress_bar=False, output_file=tmp_path / "history.h5")
    callbacks.add_callback(GANCostCallback())
    name = str(tmp_path / "gan")
    callbacks.add_callback(GANPlotCallback(name, hw=4, nchan=3, num_samples=3))
    train(model, cost, callbacks, 3 * 16)
    for layer in model.layers.discriminator.layers_to_optimize:
        # clamped before each step, so one step beyond the bound at most
        assert np.abs(layer.W.get()).max() < 0.2
    with Image.open(f"{name}_data_001.png") as picture:
        assert picture.size == (2 * 4 + 2, 2 * 4 + 2)
        pixels = np.asarray(picture)
    sample = model.data_batch.get()[:, 0].reshape(3, 4, 4)
    np.testing.assert_array_equal(pixels[:4, :4], np.rint(sample[::-1].transpose(1, 2, 0) * 255))
    np.testing.assert_array_equal(pixels[6:, 6:], 255)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"gan_noise_000.png", "gan_training.png"} <= names


def test_gan_plot_arguments(be: Any, tmp_path: Path) -> None:
    batch = np.ones((16, 4))
    with pytest.raises(AssertionError, match="16 features"):
        GANPlotCallback("x", hw=5)._grid(batch)
    with pytest.raises(AssertionError, match="num_samples 5 exceeds batch size 4"):
        GANPlotCallback("x", hw=4, num_samples=5)._grid(batch)
    grid = GANPlotCallback("x", hw=4, num_samples=4, padding=1)._grid(batch)
    assert grid.shape == (9, 9, 1)
    assert grid[0, 0, 0] == 0
    assert grid[4, 4, 0] == 1
    colours = GANPlotCallback("x", hw=2, nchan=4, num_samples=1, sym_range=True)
    assert colours._grid(batch).max() == 1


def test_missing_package_is_named(be: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"pip install 'neonlike\[images\]'"):
        GANPlotCallback("x", hw=4, num_samples=4)._save_grid(np.ones((16, 4)), "x.png")


def test_gan_without_generator_step(be: Any) -> None:
    model, cost = gan("modified", 4, k=50)
    with pytest.raises(AssertionError, match="k = 50"):
        train(model, cost, Callbacks(model, progress_bar=False), 4)


def test_gan_schedule_and_uniform_noise(be: Any) -> None:
    model, _ = gan("modified", 4, noise_type="uniform", wgan_train_sched=True, k=5)
    assert [model.get_k(i) for i in (0, 24, 25, 499, 500, 501)] == [100, 100, 5, 5, 100, 5]
    noise = be.zeros((50, 4))
    model.fill_noise(noise, normal=False)
    assert -1 <= noise.get().min() < -0.5
    assert 0.5 < noise.get().max() < 1


def test_gan_resumes_exactly(be: Any, tmp_path: Path) -> None:
    def run(epochs: int, seed: int, **kwargs: Any) -> Any:
        be.rng_reset()
        np.random.seed(seed)
        model, cost = gan("modified", 4)
        train(model, cost, Callbacks(model, progress_bar=False, **kwargs), 4, epochs)
        return [layer.W.get() for layer in model.layers_to_optimize], model

    path = tmp_path / "gan.prm"
    straight, first_model = run(4, 1)
    run(2, 1, save_path=path)
    resumed, model = run(4, 2, model_file=path)
    for ours, theirs in zip(resumed, straight, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(model.noise_batch.get(), first_model.noise_batch.get())
    loaded = GAN(str(path), noise_dim=(3,))
    assert len(loaded.layers.generator.layers) == 3


def test_watch_ticker(be: Any, caplog: pytest.LogCaptureFixture) -> None:
    np.random.seed(0)
    ticker = Ticker(CopyTask(3, 2))
    ticker.nbatches, ticker.ndata = 2, 2 * be.bsz
    model = Model(
        [
            Recurrent(5, INIT, activation=Tanh(), reset_cells=True),
            Affine(2, INIT, activation=Logistic(shortcut=True)),
        ]
    )
    callbacks = Callbacks(model, progress_bar=False)
    callbacks.add_watch_ticker_callback(ticker)
    cost = GeneralizedCostMask(costfunc=CrossEntropyBinary())
    model.fit(ticker, cost, RMSProp(), 1, callbacks)
    inputs, outputs, targets = (text.split("\n", 2)[2] for text in caplog.messages[-3:])
    assert caplog.messages[-3].startswith("\nInputs:\n[[")
    assert len(inputs.splitlines()) == 4
    assert len(outputs.splitlines()) == len(targets.splitlines()) == 2
    assert inputs.splitlines()[2].startswith(" [ 1.0")
    copied = [line.strip(" []").split()[1:] for line in inputs.splitlines()[:2]]
    length = (len(copied[0]) + 1) // 2 - 1
    expected = [row[:length] for row in copied]
    assert [row.strip(" []").split()[-length:] for row in targets.splitlines()] == expected


def test_training_in_another_thread(be: Any) -> None:
    """Python allows signal handlers in the main thread only; training works anyway."""
    model, cost = gan("modified", 4)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            train(model, cost, Callbacks(model, progress_bar=False), 4)
        except BaseException as error:  # reported below
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert errors == []
    assert model.epoch_index == 2
