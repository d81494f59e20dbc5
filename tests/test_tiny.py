"""One small network from data to a saved file and back, in a few seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neonlike.backends import cleanup_backend, gen_backend
from neonlike.callbacks import Callbacks
from neonlike.data import ArrayIterator
from neonlike.initializers import Gaussian
from neonlike.layers import Affine, GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import CrossEntropyMulti, Misclassification, Rectlin, Softmax


def test_train_evaluate_save_load(tmp_path: Path) -> None:
    gen_backend("reference", rng_seed=1, batch_size=10)
    rng = np.random.RandomState(2)
    y = rng.randint(0, 3, 60)
    x = (np.eye(3)[y] + 0.3 * rng.standard_normal((60, 3))).astype(np.float32)
    train, test = ArrayIterator(x[:40], y[:40], nclass=3), ArrayIterator(x[40:], y[40:], nclass=3)
    init = Gaussian(scale=0.1)
    layers = [Affine(8, init, activation=Rectlin()), Affine(3, init, activation=Softmax())]
    model = Model(layers)
    cost, optimizer = GeneralizedCost(CrossEntropyMulti()), GradientDescentMomentum(0.3, 0.9)
    callbacks = Callbacks(model, eval_set=test, eval_freq=1, progress_bar=False)
    model.fit(train, cost=cost, optimizer=optimizer, num_epochs=8, callbacks=callbacks)
    assert model.eval(test, metric=Misclassification()) < 0.2

    outputs = model.get_outputs(test)
    model.save_params(tmp_path / "model.prm")
    cleanup_backend()
    gen_backend("reference", batch_size=10)
    loaded = Model(str(tmp_path / "model.prm"))
    test = ArrayIterator(x[40:], y[40:], nclass=3)
    np.testing.assert_array_equal(loaded.get_outputs(test), outputs)
    cleanup_backend()
