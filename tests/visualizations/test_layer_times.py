"""The layer table: every layer with shape, parameters and times, and the model left as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import ArrayIterator
from neonlike.initializers import GlorotUniform
from neonlike.layers import Affine, BatchNorm, Conv, Dropout, GeneralizedCost, MergeSum
from neonlike.models import Model
from neonlike.optimizers import Adam
from neonlike.transforms import CrossEntropyMulti, Rectlin, Softmax
from neonlike.visualizations import count_parameters, layer_table


def test_the_table_lists_all_layers_and_changes_nothing(make_be: Callable[..., Any]) -> None:
    make_be(batch_size=4)
    init = GlorotUniform()
    rng = np.random.RandomState(0)
    data = ArrayIterator(rng.normal(size=(8, 48)), np.arange(8) % 2, nclass=2, lshape=(3, 4, 4))
    model = Model(
        [
            Conv((3, 3, 4), init=init, batch_norm=True, activation=Rectlin(), padding=1),
            MergeSum([[Conv((1, 1, 4), init=init)], [Conv((1, 1, 4), init=init)]]),
            BatchNorm(),
            Dropout(0.5),
            Affine(2, init=init, activation=Softmax()),
        ]
    )
    cost = GeneralizedCost(CrossEntropyMulti())
    callbacks = Callbacks(model, progress_bar=False)
    model.fit(data, cost=cost, optimizer=Adam(), num_epochs=1, callbacks=callbacks)
    before = model.get_outputs(data)
    rows = layer_table(model, data, repeat=2)
    np.testing.assert_array_equal(model.get_outputs(data), before)
    kinds = [row.kind for row in rows]
    assert kinds[:3] == ["Convolution", "BatchNorm", "Activation"]
    assert kinds.count("Convolution") == 3
    assert sum(row.parameters for row in rows) == count_parameters(model.layers_to_optimize)
    assert rows[0].output == "4 x 4 x 4"
    assert rows[0].parameters == 3 * 9 * 4
    assert all(row.fprop_ms > 0 and row.bprop_ms > 0 for row in rows)
    assert data.start == 0
