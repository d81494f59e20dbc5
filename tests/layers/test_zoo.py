"""Layers of the recurrent zoo: published sizes, states, other activations, errors, training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from layer_runner import MakeBackend, stand_alone

from neonlike.backends import cleanup_backend, gen_backend
from neonlike.initializers import Constant, Gaussian, Uniform
from neonlike.layers import (
    DORNN,
    DOTRNN,
    DOTSRNN,
    DTRNN,
    DTSRNN,
    LSTM,
    LSTM97,
    Affine,
    Conv,
    DeepTransitionRNN,
    Dropout,
    ElmanLayer,
    GeneralizedCost,
    Jordan,
    LSTMVariant,
    MergeBroadcast,
    ReNet,
    ReSeg,
    Sequential,
    StackedRNN,
    TruncatedRecurrent,
)
from neonlike.models import Model
from neonlike.testing import check_gradient
from neonlike.transforms import (
    Explin,
    Identity,
    Logistic,
    PixelwiseCrossEntropy,
    Rectlin,
    Softmax,
    Tanh,
)
from neonlike.transforms.transform import Transform

INIT, ZERO = Gaussian(scale=0.5), Constant(0)
VARIANTS = ("vanilla", "NIG", "NFG", "NOG", "NIAF", "NOAF", "NP", "CIFG", "CFIG", "FGR")


class OwnTanh(Transform):
    """An activation that the kernels do not know by code."""

    def __call__(self, x: Any) -> Any:
        """Return tanh(x)."""
        return self.be.tanh(x)

    def bprop(self, y: Any) -> Any:
        """Return 1 - y^2."""
        return 1 - y * y


@pytest.fixture
def fast() -> Iterator[Any]:
    """The fast kernels only: for what does not depend on the kernel set."""
    yield gen_backend("cpu", batch_size=2, rng_seed=0)
    cleanup_backend()


def weights_of(layers: list[Any], in_shape: Any, biases: bool = True) -> int:
    """How many weights a list of layers has."""
    net = Sequential(layers)
    net.configure(in_shape)
    net.allocate()
    total = 0
    for layer in net.layers:
        if layer.has_params and (biases or layer.classnm != "Bias"):
            total += layer.W.size
            if not biases:
                names = [name for name in vars(layer) if name == "b" or name.startswith("b_")]
                total -= sum(getattr(layer, name).size for name in names)
    return total


# ------------------------------------------------------------------------- published sizes
@pytest.mark.parametrize(
    ("nin", "nout", "options", "bias", "expected"),
    [
        (7, 7, {"nblocks": 4, "bias": "gates"}, False, 264),  # embedded Reber grammar
        (7, 7, {"nblocks": 3, "block_size": 2, "bias": "gates"}, False, 276),
        (54, 2, {"nblocks": 2, "bias": "none"}, False, 364),  # task 2c
        (2, 1, {"nblocks": 2, "block_size": 2}, True, 93),  # adding
        (8, 4, {"nblocks": 2, "block_size": 2}, True, 156),  # temporal order
        (8, 8, {"nblocks": 3, "block_size": 2}, True, 308),
        (1, 1, {"nblocks": 3}, False, 102),  # two sequences
    ],
)
def test_weights_of_the_nets_of_1997(
    fast: Any, nin: int, nout: int, options: dict[str, Any], bias: bool, expected: int
) -> None:
    readout = Affine(nout, INIT, bias=Constant(0) if bias else None, activation=Logistic())
    assert weights_of([LSTM97(init=INIT, **options), readout], (nin, 3)) == expected


@pytest.mark.parametrize(
    ("nin", "make", "thousands"),
    [
        (88, lambda: DTRNN(600, ZERO, ()), 465),
        (88, lambda: DTRNN(200, ZERO, ()), 75),
        (88, lambda: DTSRNN(400, ZERO, (400,)), 585),
        (88, lambda: DOTSRNN(400, ZERO, (400,), (400,)), 745),
        (88, lambda: StackedRNN((400, 400), ZERO), 550),
        (88, lambda: StackedRNN((600, 600), ZERO), 1185),
        (50, lambda: DTRNN(600, ZERO, ()), 420),
        (50, lambda: DTSRNN(400, ZERO, (400,)), 540),
        (50, lambda: DOTSRNN(400, ZERO, (400,), (600,)), 790),
        (50, lambda: StackedRNN((400, 400), ZERO), 520),
        (10000, lambda: DTRNN(200, ZERO, ()), 4040),
        (10000, lambda: DTSRNN(200, ZERO, (200,)), 6120),
        (10000, lambda: DOTSRNN(200, ZERO, (200,), (200,)), 6160),
        (10000, lambda: StackedRNN((400, 400), ZERO), 8480),
    ],
)
def test_weights_of_the_deep_rnns(fast: Any, nin: int, make: Any, thousands: int) -> None:
    layers = [*make(), Affine(nin, ZERO)]
    assert round(weights_of(layers, (nin, 2), biases=False) / 5000) * 5 == thousands


@pytest.mark.parametrize("variant", VARIANTS)
def test_weights_of_the_variants(fast: Any, variant: str) -> None:
    n, nin = 5, 3
    layer = LSTMVariant(n, INIT, variant=variant)
    stand_alone(layer, (nin, 2))
    gates = 4 if variant in ("vanilla", "NIAF", "NOAF", "NP", "FGR") else 3
    peepholes = 0 if variant == "NP" else gates - 1
    expected = gates * n * (nin + n + 1) + peepholes * n + (9 * n * n if variant == "FGR" else 0)
    if variant == "NOG":
        expected = 3 * n * (nin + n + 1) + 2 * n
    assert layer.W.size == expected


# ------------------------------------------------------------------------- equalities
def test_no_peepholes_is_the_stock_lstm(make_be: MakeBackend) -> None:
    be = make_be(batch_size=3, datatype=np.float64)
    stock = LSTM(4, INIT, activation=Tanh(), gate_activation=Logistic(), reset_cells=True)
    layer = LSTMVariant(4, INIT, variant="NP", reset_cells=True)
    for one in (stock, layer):
        stand_alone(one, (2, 5))
    layer.W[:] = stock.W.get().reshape(-1, 1)
    x, e = np.random.RandomState(0).standard_normal((2, 15)), np.ones((4, 15))
    np.testing.assert_allclose(layer.fprop(be.array(x)).get(), stock.fprop(be.array(x)).get())
    for one in (stock, layer):
        one.bprop(be.array(e))
    np.testing.assert_allclose(layer.deltas.get(), stock.deltas.get())
    np.testing.assert_allclose(layer.dW.get().ravel(), stock.dW.get().ravel())


def test_long_chunks_and_great_depth_cut_nothing(make_be: MakeBackend) -> None:
    be = make_be(batch_size=3, datatype=np.float64)
    x, e = np.random.RandomState(0).standard_normal((2, 15)), np.ones((4, 15))
    full = ElmanLayer(4, INIT, activation=Rectlin(), reset_cells=True)
    stand_alone(full, (2, 5))
    full.fprop(be.array(x))
    full.bprop(be.array(e))
    for mode in ("chunk", "depth"):
        layer = TruncatedRecurrent(4, INIT, activation=Rectlin(), mode=mode, k=5, reset_cells=True)
        stand_alone(layer, (2, 5))
        layer.W[:] = full.W
        layer.fprop(be.array(x))
        layer.bprop(be.array(e))
        np.testing.assert_allclose(layer.dW.get(), full.dW.get())
        np.testing.assert_allclose(layer.deltas.get(), full.deltas.get())


def test_error_stays_constant_in_a_truncated_cell(make_be: MakeBackend) -> None:
    """Without forget gates nothing is lost on the way back (the constant error carousel)."""
    be = make_be(batch_size=2, datatype=np.float64)
    layer = LSTM97(3, INIT, block_size=2)
    stand_alone(layer, (2, 9))
    layer.fprop(be.array(np.random.RandomState(0).standard_normal((2, 18))))
    error = np.zeros((6, 18))
    error[:, -2:] = 1
    layer.bprop(be.array(error))
    delta, g = layer._delta.get()[6:], layer._gates.get()
    inside = delta / (np.repeat(g[:3], 2, axis=0) * (4 - g[6:] ** 2) / 4)
    np.testing.assert_allclose(inside, np.tile(inside[:, -2:], 9))


# ------------------------------------------------------------------------- gradients
@pytest.mark.parametrize("act", [OwnTanh, Explin, lambda: Rectlin(slope=0.2), Identity])
@pytest.mark.parametrize(
    "make",
    [
        lambda act: Jordan(2, 3, INIT, activation=act, out_activation=act, alpha=0.3),
        lambda act: DeepTransitionRNN(
            2, INIT, (3,), activation=act, shortcut=True, reset_cells=True
        ),
        lambda act: LSTM97(2, INIT, block_size=2, g=act, h=act, truncate=False),
        lambda act: LSTMVariant(2, INIT, activation=act, variant="FGR", reset_cells=True),
        lambda act: ElmanLayer(2, INIT, activation=act),
    ],
    ids=["jordan", "transition", "lstm97", "variant", "elman"],
)
def test_gradients_with_other_activations(make_be: MakeBackend, make: Any, act: Any) -> None:
    make_be(batch_size=2, datatype=np.float64)
    check_gradient([make(act())], (2, 3))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Jordan(2, 3, INIT),
        lambda: DeepTransitionRNN(2, INIT, (3,), reset_cells=True),
        lambda: LSTM97(2, INIT, truncate=False),
        lambda: LSTMVariant(2, INIT, reset_cells=True),
        lambda: ElmanLayer(2, INIT),
        lambda: TruncatedRecurrent(2, INIT, mode="depth", k=4, reset_cells=True),
    ],
    ids=["jordan", "transition", "lstm97", "variant", "elman", "truncated"],
)
def test_gradients_in_a_branch(make_be: MakeBackend, make: Any) -> None:
    """Outputs and errors are rows and columns of those of the branches together."""
    make_be(batch_size=2, datatype=np.float64)
    for branch in ([make()], [Affine(3, INIT), make()]):
        merged = MergeBroadcast([branch, Affine(2, INIT)], merge="recurrent")
        check_gradient([merged, Affine(2, INIT)], (3, 4))


@pytest.mark.parametrize("variant", VARIANTS)
def test_gradients_of_larger_variants(make_be: MakeBackend, variant: str) -> None:
    """Sizes at which products go through BLAS."""
    make_be(batch_size=13, datatype=np.float64)
    layer = LSTMVariant(9, INIT, variant=variant, reset_cells=True)
    check_gradient([layer, Affine(2, INIT)], (2, 3))


@pytest.mark.parametrize("batch", [1, 33, 1100])
@pytest.mark.parametrize(
    "make",
    [
        lambda: Jordan(3, 9, INIT, alpha=0.5),
        lambda: DeepTransitionRNN(3, INIT, (9, 2), shortcut=True, input_to="all"),
        lambda: LSTM97(3, INIT, block_size=2, truncate=False),
        lambda: LSTMVariant(5, INIT, variant="FGR"),
        lambda: LSTMVariant(5, INIT, variant="CFIG"),
        lambda: TruncatedRecurrent(3, INIT, k=2),
    ],
    ids=["jordan", "transition", "lstm97", "FGR", "CFIG", "truncated"],
)
def test_kernel_sets_agree(make: Any, batch: int) -> None:
    """Loops and BLAS, one column and more than are activated at a time."""
    results = []
    for name in ("cpu", "reference"):
        be = gen_backend(name, batch_size=batch, rng_seed=0, datatype=np.float64)
        layer, rng = make(), np.random.RandomState(0)
        stand_alone(layer, (4, 3))
        outputs = layer.fprop(be.array(rng.standard_normal((4, 3 * batch))))
        error = be.array(rng.standard_normal(outputs.shape))
        deltas = layer.bprop(error, alpha=0.5)
        results.append([x.get() for x in (outputs, deltas, layer.dW)])
        cleanup_backend()
    for one, two in zip(*results, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-11)


# ------------------------------------------------------------------------- states
STATEFUL = {
    "jordan": lambda: Jordan(2, 3, INIT, alpha=0.5, reset_cells=False),
    "transition": lambda: DeepTransitionRNN(2, INIT, (3,), shortcut=True),
    "lstm97": lambda: LSTM97(2, INIT, reset_cells=False),
    "variant": lambda: LSTMVariant(2, INIT),
    "elman": lambda: ElmanLayer(2, INIT, reset_cells=False),
    "truncated": lambda: TruncatedRecurrent(2, INIT),
}


@pytest.mark.parametrize("make", STATEFUL.values(), ids=list(STATEFUL))
def test_two_windows_are_one_sequence(make_be: MakeBackend, make: Any) -> None:
    be = make_be(batch_size=2, datatype=np.float64)
    whole, part = make(), make()
    stand_alone(whole, (3, 6))
    stand_alone(part, (3, 3))
    part.W[:] = whole.W
    x = np.random.RandomState(0).standard_normal((3, 12))
    expected = whole.fprop(be.array(x)).get()
    window = be.array(x[:, :6])
    first = part.fprop(window).get()
    window.set(x[:, 6:])
    second = part.fprop(window).get()
    np.testing.assert_allclose(np.hstack([first, second]), expected)
    # another tensor begins another sequence
    np.testing.assert_allclose(part.fprop(be.array(x[:, :6])).get(), first)


@pytest.mark.parametrize("make", STATEFUL.values(), ids=list(STATEFUL))
def test_state_of_the_training_survives(make_be: MakeBackend, make: Any) -> None:
    be = make_be(batch_size=2, datatype=np.float64)
    one, two = make(), make()
    for layer in (one, two):
        stand_alone(layer, (3, 3))
    two.W[:] = one.W
    x = be.array(np.random.RandomState(0).standard_normal((3, 6)))
    assert one.train_state() == {}
    one.fprop(x)
    one.bprop(be.array(np.ones((2, 6))))
    saved = one.train_state()
    expected = one.fprop(x).get()
    two.load_train_state(saved)
    np.testing.assert_array_equal(two.fprop(x).get(), expected)
    two.load_train_state({})
    assert not np.array_equal(two.fprop(x).get(), expected)
    # a pass over other data is not what the next minibatch of the training starts from
    one.fprop(be.array(x.get()), inference=True)
    assert one.train_state() == {}


@pytest.mark.parametrize("make", STATEFUL.values(), ids=list(STATEFUL))
def test_gradient_of_a_given_state(make_be: MakeBackend, make: Any) -> None:
    be = make_be(batch_size=2, datatype=np.float64)
    layer = make()
    if hasattr(layer, "truncate"):
        layer.truncate = False
    if isinstance(layer, TruncatedRecurrent):
        layer.mode, layer.k = "depth", 9
    stand_alone(layer, (3, 4))
    rng = np.random.RandomState(0)
    x, state = rng.standard_normal((3, 8)), rng.standard_normal((2, 2))
    error = rng.standard_normal((2, 8))

    def total(moved: np.ndarray) -> float:
        return float(np.sum(layer.fprop(be.array(x), init_state=be.array(moved)).get() * error))

    total(state)
    layer.bprop(be.array(error))
    got, slopes = layer.get_final_hidden_error().get(), np.empty((2, 2))
    for place in np.ndindex(2, 2):
        step = np.zeros((2, 2))
        step[place] = 1e-6
        slopes[place] = (total(state + step) - total(state - step)) / 2e-6
    np.testing.assert_allclose(got, slopes, rtol=1e-5, atol=1e-9)
    np.testing.assert_array_equal(layer.final_state().get().shape, (2, 2))


def test_inputs_may_be_pictures(make_be: MakeBackend) -> None:
    """Conv output (C, H, W) is read column by column, as by the stock layers."""
    make_be(batch_size=2, datatype=np.float64)
    check_gradient([Conv((2, 2, 2), INIT), LSTMVariant(2, INIT, reset_cells=True)], (1, 3, 4))


@pytest.mark.parametrize("datatype", [np.float16, np.float32])
def test_half_precision(make_be: MakeBackend, datatype: Any) -> None:
    be = make_be(batch_size=2, datatype=datatype)
    x = np.random.RandomState(0).standard_normal((3, 8))
    for make in STATEFUL.values():
        layer = make()
        stand_alone(layer, (3, 4))
        assert np.isfinite(layer.fprop(be.array(x)).get()).all()
        assert np.isfinite(layer.bprop(be.array(np.ones((2, 8)))).get()).all()


# ------------------------------------------------------------------------- arguments
def test_gate_biases(fast: Any) -> None:
    layer = LSTM97(2, INIT, block_size=2, input_gate_bias=[-3, -6], output_gate_bias=-1)
    stand_alone(layer, (3, 2))
    np.testing.assert_array_equal(layer.b.get().ravel(), [-3, -6, -1, -1, 0, 0, 0, 0])
    layer = LSTMVariant(2, INIT, variant="NIG", gate_bias={"f": 1.0})
    stand_alone(layer, (3, 2))
    np.testing.assert_array_equal(layer.b.get().ravel(), [1, 1, 0, 0, 0, 0])


def test_initializers_fill_gate_by_gate(fast: Any) -> None:
    """In packing order: the same numbers as separate fills."""
    layer = LSTMVariant(2, Uniform(0, 1), Uniform(1, 2), variant="vanilla")
    stand_alone(layer, (3, 2))
    rng = np.random.RandomState(0)
    expected = [rng.uniform(0, 1, (2, 3)) for _ in range(4)]
    expected += [rng.uniform(1, 2, (2, 2)) for _ in range(4)]
    drawn = np.concatenate([part.ravel() for part in expected])
    np.testing.assert_allclose(layer.W.get()[: len(drawn), 0], drawn, rtol=1e-6)
    np.testing.assert_array_equal(layer.b.get(), 0)
    assert (layer.W_peep.get() >= 1).all()


def test_depth_of_factories(fast: Any) -> None:
    layers = DOTSRNN(4, INIT, (5,), (6, 7), [Tanh(), Softmax()], dropout=0.5)
    assert [type(part).__name__ for part in layers] == [
        "DeepTransitionRNN",
        *(2 * ["Dropout", "Affine"]),
    ]
    assert layers[0].shortcut
    assert layers[0].input_to == "all"
    assert isinstance(layers[1], Dropout)
    plain = DOTRNN(4, INIT, (5,), (6,))
    assert not plain[0].shortcut
    assert plain[0].input_to == "first"
    assert DORNN(4, INIT, (6,))[0].sizes == [4]


def test_reseg_labels_every_pixel(make_be: MakeBackend) -> None:
    be = make_be(batch_size=2, datatype=np.float64)
    layers = ReSeg(3, (2, 2), ((1, 1), (2, 2)), (4,), init=INIT)
    assert [type(layer) for layer in layers[:2]] == [ReNet, ReNet]
    model = Model([Conv((3, 3, 2), INIT, padding=1), *layers])
    cost = GeneralizedCost(PixelwiseCrossEntropy([1.0, 2.0, 0.5], nclass=3))
    model.initialize((1, 4, 6), cost)
    x = be.array(np.random.RandomState(0).standard_normal((24, 2)))
    y = model.fprop(x).get()
    assert model.layers.layers[-1].out_shape == (3, 4, 6)
    np.testing.assert_allclose(y.reshape(3, 24, 2).sum(axis=0), 1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: LSTM97(2, INIT, bias="some"), "bias must be one of"),
        (lambda: LSTM97(2, INIT, input_gate_bias=[1, 2, 3]), "one per block"),
        (lambda: LSTM97(2, INIT, bias="none", output_gate_bias=-1), "bias='none'"),
        (lambda: LSTMVariant(2, INIT, variant="XX"), "variant must be one of"),
        (lambda: LSTMVariant(2, INIT, variant="NIG", gate_bias={"i": 1}), "gate_bias for i"),
        (lambda: DeepTransitionRNN(2, INIT, input_to="last"), "'first' or 'all'"),
        (lambda: DeepTransitionRNN(2, INIT, (3,), activation=[Tanh()]), "one activation"),
        (lambda: TruncatedRecurrent(2, INIT, mode="steps"), "mode must be"),
        (lambda: TruncatedRecurrent(2, INIT, k=0), "k at least"),
        (lambda: ReSeg(2, (3,), ()), "one patch per ReNet"),
    ],
)
def test_wrong_arguments(fast: Any, make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_wrong_tensors(fast: Any) -> None:
    layer = LSTM97(2, INIT)
    stand_alone(layer, (3, 2))
    with pytest.raises(ValueError, match="inputs do not fit"):
        layer.fprop(fast.array(np.ones((2, 4))))
    with pytest.raises(ValueError, match="init_state does not fit"):
        layer.fprop(fast.array(np.ones((3, 4))), init_state=fast.array(np.ones((3, 2))))


def test_teacher_is_needed_and_must_fit(fast: Any) -> None:
    layer = Jordan(2, 3, INIT, teacher_forcing=True)
    stand_alone(layer, (3, 2))
    with pytest.raises(ValueError, match="set_teacher"):
        layer.fprop(fast.array(np.ones((3, 4))))
    with pytest.raises(ValueError, match="do not fit"):
        layer.set_teacher(fast.array(np.ones((3, 4))))
