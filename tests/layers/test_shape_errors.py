"""Typical mistakes with shapes: one sentence with layer, place, expected, got, batch size, hint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neonlike.data import ArrayIterator
from neonlike.initializers import Constant
from neonlike.layers import (
    GRU,
    LRN,
    LSTM,
    LSTM97,
    Affine,
    BatchNorm,
    BiLSTM,
    BiRNN,
    BranchNode,
    Conv,
    Deconv,
    Dropout,
    GeneralizedCost,
    GeneralizedCostMask,
    LookupTable,
    LSTMVariant,
    MergeBroadcast,
    MergeMultistream,
    Multicost,
    Pooling,
    Recurrent,
    RecurrentSum,
    ReNet,
    SkipNode,
    Tree,
)
from neonlike.layers.container import Sequential
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import (
    CrossEntropyBinary,
    CrossEntropyMulti,
    Logistic,
    MeanSquared,
    SmoothL1Loss,
    Softmax,
    SumSquared,
    Tanh,
)

INIT = Constant(0.1)
GATED: dict[str, Any] = {"init": INIT, "activation": Tanh(), "gate_activation": Logistic()}
PLAIN: dict[str, Any] = {"init": INIT, "activation": Tanh()}
EXCEPTIONS = (AssertionError, TypeError, ValueError)

# name: (layers, in_shape, shape of the input tensor for batch size 4)
NETS: dict[str, tuple[Callable[[], list[Any]], Any, tuple[int, int]]] = {
    "affine": (lambda: [Affine(3, INIT, bias=INIT), Affine(2, INIT)], (5, 1), (5, 4)),
    "affine_bn": (lambda: [Affine(3, INIT, batch_norm=True)], (5, 1), (5, 4)),
    "conv": (lambda: [Conv((2, 2, 3), INIT, bias=INIT), Affine(2, INIT)], (1, 4, 4), (16, 4)),
    "conv_bn": (lambda: [Conv((2, 2, 3), INIT, batch_norm=True)], (1, 4, 4), (16, 4)),
    "deconv": (lambda: [Deconv((2, 2, 3), INIT)], (1, 4, 4), (16, 4)),
    "pooling": (lambda: [Conv((1, 1, 3), INIT), Pooling(2)], (1, 4, 4), (16, 4)),
    "lrn": (lambda: [LRN(3), Affine(2, INIT)], (3, 2, 2), (12, 4)),
    "recurrent": (lambda: [Recurrent(2, **PLAIN)], (5, 3), (5, 12)),
    "lstm": (lambda: [LSTM(3, **GATED), RecurrentSum()], (5, 3), (5, 12)),
    "gru": (lambda: [GRU(2, **GATED)], (5, 3), (5, 12)),
    "birnn": (lambda: [BiRNN(2, **PLAIN)], (5, 3), (5, 12)),
    "bilstm": (lambda: [BiLSTM(2, **GATED)], (5, 3), (5, 12)),
    "renet": (lambda: [ReNet(2, INIT)], (1, 4, 4), (16, 4)),
    "lookup": (lambda: [LookupTable(5, 2, INIT)], (3, 1), (3, 4)),
    "batch_norm": (lambda: [BatchNorm(), Affine(2, INIT)], (5, 1), (5, 4)),
    "skip": (lambda: [SkipNode(), Affine(2, INIT)], (5, 1), (5, 4)),
    "dropout": (lambda: [Dropout(), Affine(2, INIT)], (5, 1), (5, 4)),
    "broadcast": (
        lambda: [MergeBroadcast([Affine(2, INIT), Affine(3, INIT)], merge="stack")],
        (5, 1),
        (5, 4),
    ),
}


def ready(layers: Any, in_shape: Any, cost: Any = None) -> Any:
    model = Model(layers)
    model.initialize(in_shape, cost)
    return model


def message(error: BaseException) -> str:
    """The sentence and its notes."""
    return " ".join([str(error), *getattr(error, "__notes__", [])])


def check_sentence(error: BaseException, *parts: str) -> None:
    text = str(error)
    for part in ("xpected", "got", "batch size", "Hint: ", *parts):
        assert part in text, f"{part!r} is not in: {text}"
    assert "\n" not in text


def zeros(be: Any, name: str, shape: tuple[int, int]) -> Any:
    return be.zeros(shape, dtype=np.int32 if name == "lookup" else np.float32)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("more", [(1, 0), (-1, 0), (0, 2), (0, -2)], ids=str)
def test_inputs_of_another_shape(be: Any, name: str, more: tuple[int, int]) -> None:
    layers, in_shape, (rows, columns) = NETS[name]
    model = ready(layers(), in_shape)
    wrong = (rows + more[0], columns + more[1])
    with pytest.raises(EXCEPTIONS) as caught:
        model.fprop(zeros(be, name, wrong))
    check_sentence(
        caught.value, f"in_shape {in_shape}", str((rows, columns)), str(wrong), "layer 1"
    )


@pytest.mark.parametrize("name", NETS)
def test_inputs_of_a_later_batch_are_checked_too(be: Any, name: str) -> None:
    layers, in_shape, shape = NETS[name]
    model = ready(layers(), in_shape)
    model.fprop(zeros(be, name, shape))
    with pytest.raises(EXCEPTIONS) as caught:
        model.fprop(zeros(be, name, (shape[0], shape[1] + 1)))
    check_sentence(caught.value)


@pytest.mark.parametrize("name", sorted(NETS.keys() - {"lookup", "skip"}))
def test_an_ndarray_is_no_tensor(be: Any, name: str) -> None:
    layers, in_shape, shape = NETS[name]
    model = ready(layers(), in_shape)
    with pytest.raises(EXCEPTIONS) as caught:
        model.fprop(np.zeros(shape, np.float32))
    check_sentence(caught.value, "an ndarray of shape", "be.array(a)")


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("more", [(1, 0), (-1, 0), (0, 1), (0, -1)], ids=str)
def test_errors_of_another_shape(be: Any, name: str, more: tuple[int, int]) -> None:
    layers, in_shape, shape = NETS[name]
    model = ready(layers(), in_shape)
    outputs = model.fprop(zeros(be, name, shape))
    wrong = (outputs.shape[0] + more[0], outputs.shape[1] + more[1])
    with pytest.raises(EXCEPTIONS) as caught:
        model.bprop(be.zeros(wrong))
    check_sentence(caught.value, str(outputs.shape), str(wrong), "check the targets")


def test_no_message_from_inside_a_product(be: Any) -> None:
    layers, in_shape, shape = NETS["affine"]
    model = ready(layers(), in_shape)
    model.fprop(be.zeros(shape))
    with pytest.raises(AssertionError) as caught:
        model.bprop(be.zeros((4, 2)))
    check_sentence(caught.value, "layer 3 of 3")
    assert "compound_dot" not in str(caught.value)
    assert "compound_dot" in str(caught.value.__cause__)


@pytest.mark.parametrize("name", ["affine", "conv", "lstm", "renet", "batch_norm", "lrn"])
def test_batch_size_changed_after_initialize(be: Any, name: str) -> None:
    layers, in_shape, (rows, columns) = NETS[name]
    model = ready(layers(), in_shape)
    be.bsz = 6
    wrong = (rows, columns // 4 * 6)
    with pytest.raises(EXCEPTIONS) as caught:
        model.fprop(be.zeros(wrong))
    check_sentence(caught.value, str((rows, columns)), str(wrong), "batch size 6")


def test_own_sentences_stay(be: Any) -> None:
    """What a layer says itself is not replaced, and gets a note of its place only."""

    class Strict(SkipNode):
        def fprop(self, inputs: Any, inference: bool = False) -> Any:
            raise ValueError("my own words")

    model = ready([Affine(3, INIT), Strict(name="s")], (5, 1))
    with pytest.raises(ValueError, match="my own words") as caught:
        model.fprop(be.zeros((5, 4)))
    assert "Strict layer 's' (layer 2 of 2" in message(caught.value)


# ------------------------------------------------------------- several inputs
def test_several_inputs(be: Any) -> None:
    streams = MergeMultistream([Affine(2, INIT), Affine(2, INIT)], merge="stack")
    model = ready([streams], [(5, 1), (3, 1)])
    x, y = be.zeros((5, 4)), be.zeros((3, 4))
    for inputs in (x, [x], [x, y, x]):
        with pytest.raises(ValueError, match="a list of 2 tensors") as caught:
            model.fprop(inputs)
        check_sentence(caught.value, "(layer 1 of 1")
    with pytest.raises(AssertionError) as caught:  # type: ignore[assignment]  # another kind
        model.fprop([y, x])
    check_sentence(caught.value, "(5, 4)", "got (3, 4)")


def test_one_error_per_branch(be: Any) -> None:
    node = BranchNode()
    branches = [[Affine(3, INIT), node, Affine(2, INIT)], [node, Affine(1, INIT)]]
    model = ready(Tree(branches), (5, 1))
    model.fprop(be.zeros((5, 4)))
    with pytest.raises(EXCEPTIONS) as caught:
        model.bprop([be.zeros((2, 4)), be.zeros((2, 4))])
    check_sentence(caught.value, "(1, 4)", "got (2, 4)")


# ----------------------------------------------------------------------- costs
COSTS = [CrossEntropyMulti, CrossEntropyBinary, SumSquared, MeanSquared, SmoothL1Loss]


@pytest.mark.parametrize("call", ["get_cost", "get_errors"])
@pytest.mark.parametrize("costfunc", COSTS, ids=lambda c: str(c.__name__))
@pytest.mark.parametrize("wrong", [(2, 4), (3, 5), (4, 3)], ids=str)
def test_targets_of_another_shape(be: Any, costfunc: Any, call: str, wrong: Any) -> None:
    cost = GeneralizedCost(costfunc(), name="c")
    model = ready([Affine(3, INIT, activation=Softmax(), name="last")], (5, 1), cost)
    outputs = model.fprop(be.zeros((5, 4)))
    with pytest.raises(EXCEPTIONS) as caught:
        getattr(cost, call)(outputs, be.zeros(wrong))
    place = "Activation layer 'last_Softmax' (layer 2 of 2"
    check_sentence(
        caught.value, "'c'", costfunc.__name__, place, "the targets", "(3, 4)", "make_onehot"
    )


@pytest.mark.parametrize("call", ["get_cost", "get_errors"])
def test_targets_that_are_no_tensor(be: Any, call: str) -> None:
    cost = GeneralizedCost(SumSquared())
    outputs = ready([Affine(3, INIT)], (5, 1), cost).fprop(be.zeros((5, 4)))
    with pytest.raises(TypeError) as caught:
        getattr(cost, call)(outputs, np.zeros((3, 4)))
    check_sentence(caught.value, "the targets", "an ndarray of shape (3, 4)", "be.array")


def test_outputs_of_another_network(be: Any) -> None:
    cost = GeneralizedCost(SumSquared())
    ready([Affine(3, INIT)], (5, 1), cost)
    with pytest.raises(ValueError, match="the outputs do not fit") as caught:
        cost.get_errors(be.zeros((2, 4)), be.zeros((2, 4)))
    check_sentence(caught.value, "(3, 4)", "got (2, 4)")


def test_mask(be: Any) -> None:
    cost = GeneralizedCostMask(SumSquared())
    outputs = ready([Affine(3, INIT)], (5, 1), cost).fprop(be.zeros((5, 4)))
    with pytest.raises(TypeError, match="a pair"):
        cost.get_cost(outputs, be.zeros((3, 4)))
    for call in (cost.get_cost, cost.get_errors):
        with pytest.raises(ValueError, match="the targets do not fit"):
            call(outputs, (be.zeros((2, 4)), be.ones((2, 4))))


def test_several_costs(be: Any) -> None:
    node = BranchNode()
    branches = [[Affine(3, INIT), node, Affine(2, INIT)], [node, Affine(1, INIT)]]
    cost = Multicost([GeneralizedCost(SumSquared()), GeneralizedCost(SumSquared())], name="m")
    outputs = ready(Tree(branches), (5, 1), cost).fprop(be.zeros((5, 4)))
    for call in (cost.get_cost, cost.get_errors):
        with pytest.raises(ValueError, match=r"'m': expected one target per cost \(2\), got 1"):
            call(outputs, [be.zeros((2, 4))])
    with pytest.raises(ValueError, match="the targets do not fit"):
        cost.get_errors(outputs, [be.zeros((2, 4)), be.zeros((2, 4))])


def test_labels_of_too_few_classes_in_fit(be: Any) -> None:
    class Quiet:
        """Callbacks that do nothing."""

        def __getattr__(self, name: str) -> Callable[..., None]:
            return lambda *args, **kwargs: None

    data = ArrayIterator(np.zeros((8, 5), np.float32), np.arange(8) % 3, nclass=3)
    model = Model([Affine(4, INIT, activation=Softmax())])
    with pytest.raises(ValueError, match="the targets do not fit") as caught:
        model.fit(
            data,
            cost=GeneralizedCost(CrossEntropyMulti()),
            optimizer=GradientDescentMomentum(0.1, 0.9),
            num_epochs=1,
            callbacks=Quiet(),
        )
    check_sentence(caught.value, "(4, 4)", "got (3, 4)", "nclass")


# --------------------------------------------------------------------- weights
@pytest.mark.parametrize(
    ("saved", "other", "in_shape"),
    [
        ([Affine(3, INIT)], [Affine(4, INIT)], (5, 1)),
        ([Conv((2, 2, 3), INIT)], [Conv((3, 3, 3), INIT)], (1, 4, 4)),
        ([Conv((2, 2, 3), INIT, bias=INIT)], [Conv((3, 3, 3), INIT, bias=INIT)], (1, 4, 4)),
        ([Deconv((2, 2, 3), INIT)], [Deconv((3, 3, 3), INIT)], (1, 4, 4)),
        ([LSTM(2, **GATED)], [LSTM(3, **GATED)], (5, 3)),
        ([ReNet(2, INIT)], [ReNet(3, INIT)], (1, 4, 4)),
        ([LSTM97(2, INIT)], [LSTM97(3, INIT)], (5, 3)),
        ([LSTMVariant(2, INIT)], [LSTMVariant(3, INIT)], (5, 3)),
        ([LookupTable(5, 2, INIT)], [LookupTable(6, 2, INIT)], (3, 1)),
    ],
    ids=[
        "affine",
        "conv",
        "conv_bias",
        "deconv",
        "lstm",
        "renet",
        "lstm97",
        "lstm_variant",
        "lookup",
    ],
)
@pytest.mark.parametrize("first", ["initialize", "load"])
def test_weights_of_another_shape(
    be: Any, saved: Any, other: Any, in_shape: Any, first: str
) -> None:
    description = _fresh(saved, in_shape).get_description(get_weights=True)
    net = Sequential(_rebuilt(other))
    if first == "initialize":
        _allocate(net, in_shape)
        with pytest.raises(EXCEPTIONS, match=r"cannot load W: expected shape .*, got .*another"):
            net.load_weights(description)
        return
    net.load_weights(description)
    with pytest.raises(EXCEPTIONS) as caught:
        _allocate(net, in_shape)
    check_sentence(caught.value, "(layer 1 of 1")


def _rebuilt(layers: Any) -> list[Any]:
    """New layers like these: those of a parameter list must not be shared between tests."""
    from neonlike.layers._container import flatten

    return [type(layer).gen_class(layer.get_description()["config"]) for layer in flatten(layers)]


def _allocate(net: Any, in_shape: Any) -> None:
    net.configure(in_shape)
    net.allocate()
    net.allocate_deltas()


def _fresh(layers: Any, in_shape: Any) -> Any:
    net = Sequential(_rebuilt(layers))
    _allocate(net, in_shape)
    return net


# ---------------------------------------------------------------------- dtypes
@pytest.mark.parametrize("name", ["conv", "recurrent", "gru", "birnn", "bilstm", "renet"])
def test_errors_of_another_dtype_are_converted(be: Any, name: str) -> None:
    layers, in_shape, shape = NETS[name]
    net = layers()[:1]
    rng = np.random.RandomState(0)
    model = ready(net, in_shape)
    y = model.fprop(be.array(rng.standard_normal(shape)))
    error = np.rint(3 * rng.standard_normal(y.shape))
    model.bprop(be.array(error))
    expected = model.layers_to_optimize[0].dW.get()
    for dtype in (np.float16, np.float64, np.int32):
        model.bprop(be.array(error, dtype=dtype))
        found = model.layers_to_optimize[0].dW.get()
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
