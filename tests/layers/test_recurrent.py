"""Recurrent layers: every position in a network, states, general activations, buffers, loading."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from compiled import compiled_only
from layer_runner import MakeBackend, stand_alone

from neonlike.backends import cleanup_backend, gen_backend
from neonlike.initializers import Gaussian
from neonlike.layers import (
    GRU,
    LSTM,
    Activation,
    BiBNRNN,
    BiLSTM,
    BiRNN,
    DeepBiLSTM,
    DeepBiRNN,
    Dropout,
    Linear,
    MergeBroadcast,
    Recurrent,
    RecurrentLast,
    RecurrentMean,
    RecurrentSum,
    ReNet,
    Sequential,
)
from neonlike.layers.recurrent import BiSum, get_steps, interpret_in_shape
from neonlike.testing import check_gradient
from neonlike.transforms import (
    Explin,
    Identity,
    Logistic,
    Rectlin,
    Rectlinclip,
    Softmax,
    Tanh,
)
from neonlike.transforms.transform import Transform

INIT = Gaussian(scale=0.5)
Make = Callable[[], Any]

LAYERS: dict[str, Make] = {
    "recurrent": lambda: Recurrent(2, INIT, activation=Tanh(), reset_cells=True),
    "lstm": lambda: LSTM(2, INIT, None, Tanh(), Logistic(), reset_cells=True),
    "gru": lambda: GRU(2, INIT, None, Tanh(), Logistic(), reset_cells=True),
    "birnn": lambda: BiRNN(2, INIT, activation=Tanh()),
    "bilstm": lambda: BiLSTM(2, INIT, None, Tanh(), Logistic()),
    "bibnrnn": lambda: BiBNRNN(2, INIT, activation=Tanh()),
    "birnn_split": lambda: BiRNN(2, INIT, activation=Tanh(), split_inputs=True),
    "bilstm_split": lambda: BiLSTM(2, INIT, None, Tanh(), Logistic(), split_inputs=True),
    "bibnrnn_split": lambda: BiBNRNN(2, INIT, activation=Tanh(), split_inputs=True),
    "deep_birnn": lambda: DeepBiRNN(2, INIT, activation=Tanh(), depth=2, bi_sum=True),
    "deep_bibnrnn": lambda: DeepBiRNN(2, INIT, activation=Tanh(), depth=2, batch_norm=True),
    "deep_bilstm": lambda: DeepBiLSTM(2, INIT, None, Tanh(), Logistic(), depth=2),
    "bisum": BiSum,
    "mean": RecurrentMean,
    "last": RecurrentLast,
    "sum": RecurrentSum,
}


@pytest.fixture
def be64(make_be: MakeBackend) -> Any:
    """A float64 backend with batch size 2."""
    return make_be(batch_size=2, datatype=np.float64)


@pytest.fixture
def fast64() -> Iterator[Any]:
    """The same with the fast kernels only: for what does not depend on the kernel set."""
    yield gen_backend("cpu", batch_size=2, datatype=np.float64, rng_seed=0)
    cleanup_backend()


def linear(nout: int = 4) -> Linear:
    return Linear(nout, INIT)


POSITIONS: dict[str, Callable[[Make], Any]] = {
    "alone": lambda make: [make()],
    "first": lambda make: [make(), linear()],
    "middle": lambda make: [linear(), make(), linear()],
    "last": lambda make: [linear(), make()],
    # the root of a branch adds to deltas that the branches share, its end writes into a slice
    "branch": lambda make: MergeBroadcast([make(), make()], merge="recurrent"),
    "branch_root": lambda make: MergeBroadcast(
        [[make(), linear()], [make(), linear()]], merge="recurrent"
    ),
    "branch_first_root": lambda make: MergeBroadcast(
        [[make(), linear()], [linear()]], merge="recurrent"
    ),
    "branch_end": lambda make: MergeBroadcast(
        [[linear(), make()], [linear(), make()]], merge="recurrent"
    ),
    "stacked_branch_end": lambda make: MergeBroadcast([[linear(), make()], make()], merge="stack"),
}


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("layer", LAYERS)
def test_gradients_in_every_position(fast64: Any, layer: str, position: str) -> None:
    check_gradient(POSITIONS[position](LAYERS[layer]), (4, 3))


@pytest.mark.parametrize("layer", LAYERS)
def test_first_layer_of_a_network_has_no_deltas(be64: Any, layer: str) -> None:
    net = Sequential([LAYERS[layer](), linear()])
    net.configure((4, 3))
    net.allocate()
    net.allocate_deltas()
    error = be64.ones(net.fprop(be64.ones((4, 6))).shape)
    assert net.bprop(error) is None


@pytest.mark.parametrize("layer", ["recurrent", "lstm", "gru", "birnn", "bilstm", "bibnrnn"])
def test_deltas_are_scaled_and_added(be64: Any, layer: str) -> None:
    made = LAYERS[layer]()
    stand_alone(made, (4, 3))
    rng = np.random.RandomState(0)
    x, error = be64.array(rng.randn(4, 6)), be64.array(rng.randn(*made.outputs.shape))
    made.fprop(x)
    plain = made.bprop(error).get()
    before = made.deltas.get()
    np.testing.assert_allclose(made.bprop(error, 0.5, 2.0).get(), 0.5 * plain + 2 * before)
    made.deltas.fill(np.nan)
    np.testing.assert_allclose(made.bprop(error, 0.5, 0.0).get(), 0.5 * plain)


@pytest.mark.parametrize("layer", ["recurrent", "lstm", "gru", "birnn", "bilstm", "bibnrnn"])
def test_another_error_tensor_is_used_and_left_alone(be64: Any, layer: str) -> None:
    made = LAYERS[layer]()
    stand_alone(made, (4, 3))
    made.fprop(be64.array(np.random.RandomState(0).randn(4, 6)))
    first, second = be64.ones(made.outputs.shape), be64.ones(made.outputs.shape)
    second[:] = 2
    once = made.bprop(first).get()
    np.testing.assert_allclose(made.bprop(second).get(), 2 * once)
    assert (first.get() == 1).all()
    assert (second.get() == 2).all()


@pytest.mark.parametrize("layer", ["recurrent", "lstm", "gru", "birnn", "bilstm"])
@pytest.mark.parametrize("following", [lambda: Activation(Logistic()), lambda: Dropout(0.5)])
def test_a_following_in_place_layer_spoils_no_gradient(
    be64: Any, layer: str, following: Make
) -> None:
    check_gradient([LAYERS[layer](), following()], (4, 3))


def carried(be: Any, layer: Any, in_shape: Any, new_tensor: bool = False) -> bool:
    """Whether a second pass with the same numbers differs from the first."""
    stand_alone(layer, in_shape)
    values = np.random.RandomState(0).randn(*layer.deltas.shape)
    inputs = be.array(values)
    first = layer.fprop(inputs).get()
    second = layer.fprop(be.array(values) if new_tensor else inputs).get()
    return not np.array_equal(first, second)


KEEPING: dict[str, Callable[[bool], Any]] = {
    "recurrent": lambda reset: Recurrent(2, INIT, activation=Tanh(), reset_cells=reset),
    "lstm": lambda reset: LSTM(2, INIT, None, Tanh(), Logistic(), reset_cells=reset),
    "gru": lambda reset: GRU(2, INIT, None, Tanh(), Logistic(), reset_cells=reset),
}


@pytest.mark.parametrize("layer", KEEPING)
def test_states_are_carried_over_2d_inputs_only(be64: Any, layer: str) -> None:
    make = KEEPING[layer]
    assert carried(be64, make(False), (4, 3))
    assert carried(be64, make(False), 4)
    assert not carried(be64, make(True), (4, 3))
    assert not carried(be64, make(False), (4, 3), new_tensor=True)
    assert not carried(be64, make(False), (2, 2, 3))


@pytest.mark.parametrize("layer", [BiRNN, BiLSTM, BiBNRNN])
@pytest.mark.parametrize("in_shape", [4, (4, 3), (2, 2, 3)])
def test_bidirectional_layers_never_carry_states(be64: Any, layer: Any, in_shape: Any) -> None:
    gates = {"gate_activation": Logistic()} if layer is BiLSTM else {}
    made = layer(2, INIT, activation=Tanh(), reset_cells=False, **gates)
    assert not carried(be64, made, in_shape)


@pytest.mark.parametrize("layer", KEEPING)
def test_neons_ways_to_clear_the_state(be64: Any, layer: str) -> None:
    made = KEEPING[layer](False)
    stand_alone(made, (4, 3))
    x = be64.array(np.random.RandomState(0).randn(4, 6))
    first = made.fprop(x).get()
    made.x = None
    made.outputs = None
    made.allocate()
    np.testing.assert_array_equal(made.fprop(x).get(), first)


@pytest.mark.parametrize("layer", KEEPING)
def test_init_state(be64: Any, layer: str) -> None:
    made = KEEPING[layer](True)
    stand_alone(made, (4, 3))
    x = be64.array(np.random.RandomState(0).randn(4, 6))
    whole = made.fprop(x).get()
    state = be64.array(whole[:, 2:4])
    from_state = made.fprop(x, init_state=state).get()
    assert not np.allclose(from_state, whole)
    np.testing.assert_array_equal(made.final_state().get(), from_state[:, -2:])
    error = be64.ones(made.outputs.shape)
    made.bprop(error)
    with_term = made.dW_recur.get()
    # the state of one call takes no part in the next
    np.testing.assert_array_equal(made.fprop(x).get(), whole)
    made.bprop(error)
    assert not np.allclose(made.dW_recur.get(), with_term)
    with pytest.raises(ValueError, match="init_state does not fit"):
        made.fprop(x, init_state=be64.zeros((3, 2)))


def test_final_hidden_error_is_the_gradient_at_the_initial_state(be64: Any) -> None:
    for make in KEEPING.values():
        layer = make(True)
        stand_alone(layer, (4, 3))
        rng = np.random.RandomState(0)
        x, error = be64.array(rng.randn(4, 6)), rng.randn(2, 6)
        state = rng.randn(2, 2)
        layer.fprop(x, init_state=be64.array(state))
        layer.bprop(be64.array(error))
        got = layer.get_final_hidden_error().get()
        for i in np.ndindex(2, 2):
            losses = []
            for step in (1e-6, -1e-6):
                shifted = state.copy()
                shifted[i] += step
                outputs = layer.fprop(x, init_state=be64.array(shifted)).get()
                losses.append(np.sum(outputs * error))
            np.testing.assert_allclose(got[i], (losses[0] - losses[1]) / 2e-6, rtol=1e-5)


class MyTanh(Transform):
    """A user's activation: runs on the general path."""

    def __call__(self, x: Any) -> Any:
        return self.be.tanh(x)

    def bprop(self, y: Any) -> Any:
        return 1.0 - y * y


class MyLogistic(Logistic):
    """A subclass of a known activation is not that activation."""

    def __call__(self, x: Any) -> Any:
        return super().__call__(2 * x)

    def bprop(self, y: Any) -> Any:
        return 2 * y * (1 - y)


@pytest.mark.parametrize("act", [MyTanh(), MyLogistic(), Rectlinclip(0.1, xcut=0.5)])
@pytest.mark.parametrize("layer", [GRU, LSTM, BiLSTM])
def test_any_transform_has_right_gradients(be64: Any, layer: Any, act: Any) -> None:
    reset = {} if layer is BiLSTM else {"reset_cells": True}
    check_gradient(layer(2, INIT, None, act, MyLogistic(), **reset), (4, 3))
    check_gradient(layer(2, INIT, None, Tanh(), act, **reset), (4, 3))


@pytest.mark.parametrize("act", [Identity(), Tanh(), Logistic(), Rectlin(0.2), Explin(0.7)])
@pytest.mark.parametrize(
    "make", [lambda a: Recurrent(3, INIT, activation=a), lambda a: ReNet(2, INIT, activation=a)]
)
def test_general_path_equals_the_kernels(be64: Any, make: Any, act: Any) -> None:
    class General(type(act)):  # type: ignore[misc]  # an unknown class with the same formulas
        pass

    general = General.__new__(General)
    general.__dict__.update(act.__dict__)
    results = []
    for activation in (act, general):
        be64.rng.seed(0)
        layer = make(activation)
        stand_alone(layer, (4, 3) if isinstance(layer, Recurrent) else (1, 3, 4))
        rng = np.random.RandomState(1)
        layer.fprop(be64.array(rng.randn(*layer.deltas.shape)))
        deltas = layer.bprop(be64.array(rng.randn(*layer.outputs.shape)))
        results.append([layer.outputs.get(), deltas.get(), layer.dW.get()])
    for fast, slow in zip(*results, strict=True):
        np.testing.assert_allclose(fast, slow, rtol=1e-11, atol=1e-13)


def test_softmax_as_activation(be64: Any) -> None:
    layer = Recurrent(3, INIT, activation=Softmax())
    stand_alone(layer, (4, 3))
    outputs = layer.fprop(be64.array(np.random.RandomState(0).randn(4, 6))).get()
    np.testing.assert_allclose(outputs.sum(axis=0), 1)
    layer.bprop(be64.ones(layer.outputs.shape))
    assert np.isfinite(layer.dW.get()).all()


def test_shortcut_is_read_at_every_pass(be64: Any) -> None:
    layer = Recurrent(2, INIT, activation=Logistic())
    stand_alone(layer, (4, 1))
    x, error = be64.array(np.random.RandomState(0).randn(4, 2)), be64.ones((2, 2))
    y = layer.fprop(x).get()
    layer.bprop(error)
    plain = layer.db.get()
    layer.activation.set_shortcut(True)
    layer.bprop(error)
    np.testing.assert_allclose(layer.db.get(), np.full((2, 1), 2.0))
    np.testing.assert_allclose(plain, (y * (1 - y)).sum(axis=1, keepdims=True))


STEADY: dict[str, tuple[Make, Any]] = {
    "birnn": (lambda: BiRNN(32, INIT, activation=Tanh()), (64, 20)),
    "gru": (lambda: GRU(32, INIT, None, Tanh(), Logistic()), (64, 20)),
    "renet": (lambda: ReNet(16, INIT, (2, 2), cell="lstm"), (8, 16, 16)),
}


@compiled_only
@pytest.mark.parametrize("layer", STEADY)
def test_steady_state_allocates_nothing_large(layer: str) -> None:
    be = gen_backend("cpu", batch_size=32, rng_seed=0)
    make, in_shape = STEADY[layer]
    made = make()
    stand_alone(made, in_shape)
    x, error = be.ones(made.deltas.shape), be.ones(made.outputs.shape)

    def step() -> None:
        made.fprop(x)
        made.bprop(error)

    for _ in range(2):
        step()
    tracemalloc.start()
    for _ in range(3):
        step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    cleanup_backend()
    assert peak < 64 * 1024, f"{peak} bytes"


def test_float16_is_storage_only(make_be: MakeBackend) -> None:
    results = []
    for dtype in (np.float16, np.float32):
        be = make_be(batch_size=2, datatype=dtype)
        layer = LSTM(3, Gaussian(scale=0.3), None, Tanh(), Logistic(), reset_cells=True)
        stand_alone(layer, (4, 3))
        rng = np.random.RandomState(0)
        outputs = layer.fprop(be.array(rng.randn(4, 6)))
        layer.bprop(be.array(rng.randn(3, 6)))
        assert outputs.dtype == dtype
        results.append([outputs.get(), layer.dW.get(), layer.deltas.get()])
    for half, single in zip(*results, strict=True):
        np.testing.assert_allclose(half, single, rtol=2e-2, atol=3e-2)


def test_bibnrnn_trains_and_saves_its_norm(be64: Any) -> None:
    layer = BiBNRNN(2, INIT, activation=Tanh())
    stand_alone(layer, (4, 3))
    (_, (beta, grad_beta)), (gamma, grad_gamma) = (
        (layer.get_params()[0], layer.get_params()[1][0]),
        layer.get_params()[2][0],
    )
    assert beta is layer.beta
    assert gamma is layer.gamma
    layer.fprop(be64.array(np.random.RandomState(0).randn(4, 6)))
    layer.bprop(be64.array(np.random.RandomState(1).randn(4, 6)))
    assert np.abs(grad_beta.get()).min() > 0
    assert np.abs(grad_gamma.get()).min() > 0
    gamma[:] = 3
    other = BiBNRNN(2, INIT, activation=Tanh())
    other.set_params(layer.get_params_serialize())
    stand_alone(other, (4, 3))
    np.testing.assert_array_equal(other.gamma.get(), np.full((4, 1), 3.0))
    np.testing.assert_array_equal(other.gmean.get(), layer.gmean.get())


def test_bibnrnn_loads_files_of_neon(be64: Any) -> None:
    layer = BiBNRNN(2, INIT, activation=Tanh())
    stand_alone(layer, (4, 3))
    saved = layer.get_params_serialize()
    params = {name: saved["params"][name] for name in ("W", "gmean", "gvar")}
    layer.load_weights({"params": params, "states": [np.ones(layer.W.shape)]})
    (_, w_states), *others = layer.get_params()
    assert [state.get().min() for state in w_states] == [1.0]
    assert [states for _, states in others] == [[], []]


@pytest.mark.parametrize(
    ("layer", "error"), [("gru", ValueError), ("birnn", AssertionError), ("bilstm", AssertionError)]
)
def test_loaded_weights_of_the_wrong_size(be64: Any, layer: str, error: Any) -> None:
    made = LAYERS[layer]()
    made.set_params({"params": {"W": np.ones((3, 3))}})
    made.configure((4, 3))
    with pytest.raises(error, match="the loaded W does not fit"):
        made.allocate()


def test_init_array_is_copied_as_a_whole(be64: Any) -> None:
    weights = np.random.RandomState(0).randn(7, 2)
    layer = Recurrent(2, weights, activation=Tanh())
    stand_alone(layer, (4, 3))
    np.testing.assert_array_equal(layer.W.get(), weights)
    np.testing.assert_array_equal(layer.W_input.get(), weights.reshape(-1)[:8].reshape(2, 4))


def test_step_views_and_gates(be64: Any) -> None:
    layer = LSTM(2, INIT, None, Tanh(), Logistic())
    stand_alone(layer, (4, 3))
    layer.fprop(be64.array(np.random.RandomState(0).randn(4, 6)))
    np.testing.assert_array_equal(layer.h[2].get(), layer.outputs.get()[:, 4:])
    np.testing.assert_array_equal(layer.xs[1].get(), layer.x.get()[:, 2:4])
    np.testing.assert_array_equal(layer.o[1].get(), layer.ifog_buffer.get()[4:6, 2:4])
    c = layer.f[1].get() * layer.c[0].get() + layer.i[1].get() * layer.g[1].get()
    np.testing.assert_allclose(layer.c[1].get(), c)
    np.testing.assert_allclose(layer.h[1].get(), layer.o[1].get() * layer.c_act[1].get())
    gru = GRU(2, INIT, None, Tanh(), Logistic())
    stand_alone(gru, (4, 3))
    gru.fprop(be64.array(np.random.RandomState(0).randn(4, 6)))
    z = gru.z[1].get()
    h = (1 - z) * gru.h[0].get() + z * gru.hcan[1].get()
    np.testing.assert_allclose(gru.h[1].get(), h)


def test_helpers(be64: Any) -> None:
    assert interpret_in_shape(np.int64(3)) == (3, 1)
    assert interpret_in_shape((2, 3, 4, 5)) == (24, 5)
    steps = get_steps(be64.ones((1, 6)), (1, 3))
    assert [step.shape for step in steps] == [(1, 2)] * 3
    assert get_steps(None, (1, 2)) == [None, None]
    views = get_steps(np.zeros((4, 6)), (4, 3))
    assert [view.shape for view in views] == [(4, 2)] * 3


@pytest.mark.parametrize(
    ("make", "in_shape", "error", "message"),
    [
        (lambda: Recurrent(2, INIT), None, AssertionError, "needs activation"),
        (lambda: LSTM(2, INIT), None, AssertionError, "needs activation"),
        (lambda: LSTM(2, INIT, activation=Tanh()), None, AssertionError, "gate_activation"),
        (lambda: DeepBiRNN(2, INIT, depth=0), None, ValueError, "depth"),
        (lambda: DeepBiLSTM(2, INIT, depth=-1), None, ValueError, "depth"),
        (LAYERS["birnn_split"], (5, 3), ValueError, "even number of features"),
        (BiSum, (5, 3), AssertionError, "even number"),
        (BiSum, 4, AssertionError, "even number"),
    ],
)
def test_refusals(be64: Any, make: Make, in_shape: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        make().configure(in_shape)


@pytest.mark.parametrize(
    ("layer", "error"), [("recurrent", ValueError), ("gru", ValueError), ("birnn", AssertionError)]
)
def test_wrong_input_size(be64: Any, layer: str, error: Any) -> None:
    made = LAYERS[layer]()
    stand_alone(made, (4, 3))
    with pytest.raises(error, match="the inputs do not fit"):
        made.fprop(be64.ones((5, 6)))


def test_missing_gate_activation_is_named(be64: Any) -> None:
    for layer in (GRU(2, INIT, activation=Tanh()), BiLSTM(2, INIT, activation=Tanh())):
        with pytest.raises(AssertionError, match="needs gate_activation"):
            layer.configure((4, 3))


@pytest.mark.parametrize(("in_shape", "error"), [(4, TypeError), ((2, 2, 3), ValueError)])
@pytest.mark.parametrize("layer", [RecurrentSum, RecurrentMean, RecurrentLast])
def test_step_reducers_need_steps(be64: Any, layer: Any, in_shape: Any, error: Any) -> None:
    made = layer()
    made.configure(in_shape)
    made.allocate()
    with pytest.raises(error, match="only sequences have steps"):
        made.fprop(be64.ones((4, 2)))
