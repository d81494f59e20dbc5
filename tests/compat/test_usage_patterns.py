"""Patterns found in scripts written for neon, each as the short script it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neonlike import NervanaObject, logger
from neonlike.backends import gen_backend
from neonlike.backends.backend import OpTreeNode
from neonlike.backends.nervanacpu import numpy_call_dict_cpu
from neonlike.callbacks.callbacks import Callback, Callbacks
from neonlike.data import ArrayIterator
from neonlike.initializers import Constant, Gaussian, GlorotUniform
from neonlike.layers import (
    Affine,
    BranchNode,
    Conv,
    GeneralizedCost,
    Layer,
    MergeBroadcast,
    MergeMultistream,
    MergeSum,
    Multicost,
    Pooling,
    SkipNode,
    Tree,
)
from neonlike.models import Model
from neonlike.optimizers import Adam, GradientDescentMomentum, RMSProp
from neonlike.optimizers.optimizer import get_param_list
from neonlike.transforms import (
    CrossEntropyBinary,
    CrossEntropyMulti,
    Logistic,
    Misclassification,
    Rectlin,
    Softmax,
    SumSquared,
)
from neonlike.util.persist import load_obj

INIT = Gaussian(scale=0.3)


def mlp() -> list[Any]:
    return [
        Affine(nout=5, init=INIT, bias=Constant(0), activation=Rectlin(), name="hidden"),
        Affine(nout=3, init=INIT, activation=Softmax(), name="out"),
    ]


def data() -> ArrayIterator:
    rng = np.random.RandomState(0)
    y = np.arange(12) % 3
    return ArrayIterator((np.eye(3)[y] + rng.rand(12, 3) / 4).astype(np.float32), y, nclass=3)


def fitted(layers: Any = None, epochs: int = 2) -> Any:
    model = Model(layers=mlp() if layers is None else layers)
    cost, train = GeneralizedCost(costfunc=CrossEntropyMulti()), data()
    optimizer = GradientDescentMomentum(0.1, momentum_coef=0.9)
    callbacks = Callbacks(model, progress_bar=False)
    model.fit(train, optimizer=optimizer, num_epochs=epochs, cost=cost, callbacks=callbacks)
    return model


def weights(model: Any) -> list[np.ndarray]:
    return [p.get() for (p, _), _ in get_param_list(model.layers_to_optimize)]


# -------------------------------------------------------------------- backend
def test_hooks_of_other_engines_do_nothing(be: Any) -> None:
    x = be.array(np.arange(6).reshape(2, 3))
    be.convert_data(x, False)
    be.distribute_data(x, "Data")
    be.revert_tensor(x)
    be.clean_data(x, True)
    np.testing.assert_array_equal(x.get(), np.arange(6).reshape(2, 3))
    assert be.allocate_new_deltas(x, (2, 1), "Data") is x


def test_caffe_mode_is_asked_for(make_be: Any) -> None:
    be = make_be()
    assert not be.check_caffe_compat()
    be.set_caffe_compat()
    assert be.check_caffe_compat()
    assert make_be(compat_mode="caffe").check_caffe_compat()


def test_settings_of_the_gpu_are_plain_attributes(be: Any) -> None:
    be.enable_winograd = 4
    assert be.enable_winograd == 4
    assert be.backend_name in ("cpu", "reference")


def test_shape_of_an_example_on_a_tensor(be: Any) -> None:
    x = be.zeros((12, 4))
    x.lshape = (3, 2, 2)
    x[:] = 1
    assert x.lshape == (3, 2, 2)
    assert x.shape == (12, 4)


def test_batch_size_is_changed_later(make_be: Any) -> None:
    """A script that trains with one size and uses another for playing, as DQN does."""
    be = make_be(batch_size=32)
    be.bsz = 6
    model = fitted()
    be.bsz = 1
    player = Model(layers=mlp())
    player.initialize((3, 1))
    player.deserialize(model.get_description(get_weights=True), load_states=False)
    x = np.array([[1.0, 0.0, 0.0]])
    y = player.fprop(be.array(x.T), inference=True)
    assert y.shape == (3, 1)
    be.bsz = 6
    together = model.fprop(be.array(np.repeat(x.T, 6, axis=1)), inference=True)
    np.testing.assert_allclose(y.get(), together.get()[:, :1], rtol=1e-6)


def test_functions_of_op_trees_are_replaced(be: Any) -> None:
    a, out = be.array([[1.0, 4.0]]), be.empty((1, 2))
    functions = dict(numpy_call_dict_cpu, sqrt=lambda x: x + 100)
    be.execute(OpTreeNode({"op": "assign"}, out, be.sqrt(a)), numpy_call_dict=functions)
    np.testing.assert_array_equal(out.get(), [[101, 104]])
    out[:] = be.sqrt(a)
    np.testing.assert_array_equal(out.get(), [[1, 2]])


def test_backend_from_parsed_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    from neonlike.util.argparser import NeonArgparser, extract_valid_args

    monkeypatch.setattr("sys.argv", ["script.py", "-b", "reference", "-z", "6", "-r", "3"])
    args = NeonArgparser("a script").parse_args(gen_be=False)
    be = gen_backend(**extract_valid_args(args, gen_backend))
    assert (be.bsz, be.rng_seed, be.backend_name) == (6, 3, "reference")


# --------------------------------------------------------------------- layers
def test_parallelism_is_switched_off(be: Any) -> None:
    model = Model(layers=[Conv((3, 3, 2), init=INIT), *mlp()])
    for layer in model.layers.layers:
        layer.parallelism = "Disabled"
    model.initialize((1, 4, 4))
    assert {layer.parallelism for layer in model.layers.layers} == {"Disabled"}
    assert model.fprop(be.ones((16, 4))).shape == (3, 4)


def test_branch_nodes_are_forgotten(be: Any) -> None:
    """A notebook that builds its network again in the same process."""
    outputs = []
    for _ in range(2):
        BranchNode.instances = dict()
        be.rng_reset()
        node = BranchNode(name="b")
        first = [Affine(nout=4, init=INIT), node, Affine(nout=3, init=INIT)]
        model = Model(layers=Tree([first, [node, Affine(nout=2, init=INIT)]]))
        costs = [GeneralizedCost(costfunc=SumSquared()) for _ in range(2)]
        model.initialize((3, 1), Multicost(costs=costs))
        outputs.append([y.get() for y in model.fprop(be.ones((3, 4)))])
    for one, two in zip(*outputs, strict=True):
        np.testing.assert_array_equal(one, two)


class Scaled(Layer):
    """The tutorial's layer: no gradient of the inputs is asked for, none is returned."""

    def __init__(self, factor: float, name: str | None = None) -> None:
        super().__init__(name)
        self.factor = factor

    def configure(self, in_obj: Any) -> Any:
        super().configure(in_obj)
        self.out_shape = self.in_shape
        return self

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        self.outputs[:] = inputs * self.factor
        return self.outputs

    def bprop(self, error: Any) -> None:
        return None


def test_first_layer_returns_no_error(make_be: Any) -> None:
    make_be(batch_size=6)
    before = weights(fitted([Scaled(2.0), *mlp()], epochs=0))
    make_be(batch_size=6)
    after = weights(fitted([Scaled(2.0), *mlp()], epochs=1))
    assert all(np.abs(a - b).max() > 0 for a, b in zip(before, after, strict=True))


def test_settings_in_dictionaries_and_shared_objects(be: Any) -> None:
    common = dict(init=GlorotUniform(), activation=Rectlin())
    layers = [
        Conv((3, 3, 4), padding=dict(pad_h=1, pad_w=0), strides=dict(str_h=2, str_w=1), **common),
        Conv((1, 3, 3, 4), padding={"pad_w": 2}, dilation={"dil_h": 1, "dil_w": 2}, **common),
        Conv({"R": 1, "S": 1, "K": 4}, **common),
        Pooling("all", op="avg"),
        Affine(nout=2, init=GlorotUniform(), activation=Logistic(shortcut=True)),
    ]
    model = Model(layers=layers)
    model.initialize((3, 8, 8), GeneralizedCost(costfunc=CrossEntropyBinary()))
    assert model.fprop(be.ones((192, 4))).shape == (2, 4)


@pytest.mark.parametrize("kind", ["sum", "broadcast", "multistream", "nested"])
def test_paths_as_nested_lists(be: Any, kind: str) -> None:
    def path(n: int) -> list[Any]:
        return [Affine(nout=4, init=INIT, activation=Rectlin()), Affine(nout=n, init=INIT)]

    layers: dict[str, Any] = {
        "sum": MergeSum([path(3), [SkipNode()]]),
        "broadcast": MergeBroadcast([path(3), [path(2), Affine(nout=1, init=INIT)]], merge="stack"),
        "multistream": MergeMultistream(layers=[path(2), path(3)], merge="stack"),
        "nested": [[path(4), [path(3)]]],
    }
    shapes = [(3, 1), (3, 1)] if kind == "multistream" else (3, 1)
    model = Model(layers=layers[kind] if kind == "nested" else [layers[kind], *mlp()])
    model.initialize(shapes)
    x = be.ones((3, 4))
    y = model.fprop([x, x] if kind == "multistream" else x)
    assert y.shape == (3, 4)


# --------------------------------------------------------------------- models
@pytest.mark.parametrize("shape", [(3, 1), [3, 1], 3, np.int64(3)], ids=repr)
def test_initialize_with_a_shape(be: Any, shape: Any) -> None:
    model, cost = Model(layers=mlp()), GeneralizedCost(costfunc=CrossEntropyMulti())
    model.initialize(shape, cost=cost)
    y = model.fprop(be.ones((3, 4)))
    model.bprop(cost.get_errors(y, be.zeros((3, 4))))
    assert float(cost.get_cost(y, be.zeros((3, 4)))[0, 0]) == 0


@pytest.mark.parametrize("shapes", [[(3, 1), (2, 1)], [3, 2]], ids=repr)
def test_initialize_with_several_shapes(be: Any, shapes: Any) -> None:
    streams = [Affine(nout=4, init=INIT), Affine(nout=4, init=INIT)]
    model = Model(layers=[MergeMultistream(layers=streams, merge="stack"), *mlp()])
    model.initialize(shapes)
    assert model.fprop([be.ones((3, 4)), be.ones((2, 4))]).shape == (3, 4)


@pytest.mark.parametrize("optimizer", [RMSProp, Adam], ids=lambda c: str(c.__name__))
def test_own_training_loop_equals_fit(make_be: Any, optimizer: Any) -> None:
    make_be(batch_size=6)
    model, cost, train = Model(layers=mlp()), GeneralizedCost(CrossEntropyMulti()), data()
    model.initialize(train, cost)
    opt = optimizer(learning_rate=0.05)
    for epoch in range(2):
        for x, t in train:
            y = model.fprop(x)
            model.bprop(cost.get_errors(y, t))
            opt.optimize(model.layers_to_optimize, epoch=epoch)

    make_be(batch_size=6)
    fit = Model(layers=mlp())
    fit.fit(
        data(),
        cost=GeneralizedCost(CrossEntropyMulti()),
        optimizer=optimizer(learning_rate=0.05),
        num_epochs=2,
        callbacks=Callbacks(fit, progress_bar=False),
    )
    for one, two in zip(weights(model), weights(fit), strict=True):
        np.testing.assert_array_equal(one, two)


def test_error_in_percent(make_be: Any) -> None:
    make_be(batch_size=6)
    error = fitted().eval(data(), metric=Misclassification())
    assert "%.1f" % (error * 100) == f"{float(error[0]) * 100:.1f}"  # noqa: UP031  # as in scripts


def test_walk_over_the_layers(make_be: Any) -> None:
    make_be(batch_size=6)
    names = [layer.name for layer in fitted().layers.layers if hasattr(layer, "W")]
    assert names == ["hidden", "hidden_bias", "out"]


# ---------------------------------------------------------------------- files
def test_description_into_another_model(make_be: Any) -> None:
    """Twin networks of reinforcement learning, by way of the description."""
    make_be(batch_size=6)
    model = fitted()
    twin = Model(layers=mlp())
    twin.initialize(data())
    described = model.get_description(get_weights=True, keep_states=True)
    twin.deserialize(described, load_states=True)
    pairs = [get_param_list(m.layers_to_optimize) for m in (model, twin)]
    for ((p, _), states), ((q, _), loaded) in zip(*pairs, strict=True):
        np.testing.assert_array_equal(p.get(), q.get())
        for state, other in zip(states, loaded, strict=True):
            np.testing.assert_array_equal(state.get(), other.get())


def test_model_from_a_file(make_be: Any, tmp_path: Path) -> None:
    make_be(batch_size=6)
    model = fitted()
    model.save_params(str(tmp_path / "file.prm"))
    outputs = model.get_outputs(data())
    make_be(batch_size=6)
    np.testing.assert_array_equal(Model(str(tmp_path / "file.prm")).get_outputs(data()), outputs)


@pytest.mark.parametrize("load_states", [False, True])
def test_weights_layer_by_layer(make_be: Any, tmp_path: Path, load_states: bool) -> None:
    """Transfer learning: all layers but the last from a file."""
    make_be(batch_size=6)
    trained = fitted()
    trained.save_params(str(tmp_path / "file.prm"), keep_states=load_states)
    saved = load_obj(str(tmp_path / "file.prm"))["model"]["config"]["layers"]
    model = Model(layers=mlp())
    model.initialize(data())
    for layer, description in zip(model.layers.layers[:-2], saved, strict=False):
        layer.load_weights(description, load_states=load_states)
    found, expected = weights(model), weights(trained)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])
    assert np.abs(found[2] - expected[2]).max() > 0


# ------------------------------------------------------------------ callbacks
class Watch(Callback):
    """Reads the history, the markers being indices (though floats in the file, as neon's)."""

    def __init__(self) -> None:
        super().__init__(epoch_freq=1, minibatch_freq=1)
        self.costs: list[float] = []
        self.means: list[float] = []

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        before = callback_data["time_markers/minibatch"][epoch - 1] if epoch > 0 else 0
        self.costs.append(callback_data["cost/train"][before + minibatch])

    def on_epoch_begin(self, callback_data: Any, model: Any, epoch: int) -> None:
        if epoch > 0:
            markers = callback_data["time_markers"]["minibatch"][:]
            costs = callback_data["cost/train"][()]
            self.means.append(costs[: markers[epoch - 1]].mean())


def test_callback_reads_the_history(make_be: Any) -> None:
    make_be(batch_size=6)
    model, train, watch = Model(layers=mlp()), data(), Watch()
    settings = {"eval_freq": 1, "progress_bar": False}
    callbacks = Callbacks(model, eval_set=train, metric=Misclassification(), **settings)
    callbacks.add_callback(watch)
    cost = GeneralizedCost(CrossEntropyMulti())
    model.fit(train, optimizer=Adam(), num_epochs=2, cost=cost, callbacks=callbacks)
    assert len(watch.costs) == 4
    assert watch.means == pytest.approx([np.mean(watch.costs[:2])])
    assert all(cost > 0 for cost in watch.costs)


def test_logger_displays(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="neonlike"):
        logger.display("Misclassification error = %.1f%%", 12.34)
    assert "12.3%" in caplog.text


class Doubled(NervanaObject):
    """An iterator of the user's, over another one."""

    def __init__(self, source: Any) -> None:
        super().__init__()
        self.source, self.shape = source, source.shape
        self.ndata, self.nbatches = source.ndata, source.nbatches

    def reset(self) -> None:
        self.source.reset()

    def __iter__(self) -> Iterator[Any]:
        for x, t in self.source:
            x[:] = x * 2
            yield x, t


def test_own_iterator(make_be: Any) -> None:
    make_be(batch_size=6)
    train = Doubled(data())
    model = Model(layers=mlp())
    cost = GeneralizedCost(costfunc=CrossEntropyMulti())
    callbacks = Callbacks(model, progress_bar=False)
    model.fit(train, optimizer=Adam(), num_epochs=1, cost=cost, callbacks=callbacks)
    assert model.get_outputs(train).shape == (12, 3)
