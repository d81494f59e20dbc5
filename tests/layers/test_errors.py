"""Errors of layers: type, and a sentence that names layer, place, expected, got and a way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neonlike import NervanaObject
from neonlike.backends import cleanup_backend
from neonlike.initializers import Constant
from neonlike.layers import (
    GRU,
    LRN,
    LSTM,
    Activation,
    Affine,
    BatchNorm,
    Bias,
    BiBNRNN,
    BranchNode,
    Conv,
    Convolution,
    Deconvolution,
    Dropout,
    GeneralizedCost,
    GeneralizedGANCost,
    Layer,
    Linear,
    LookupTable,
    MergeBroadcast,
    MergeMultistream,
    MergeSum,
    Multicost,
    Pooling,
    Recurrent,
    Reshape,
    RoiPooling,
    Seq2Seq,
    Sequential,
    SkipThought,
    Tree,
)
from neonlike.layers.container import GenerativeAdversarial
from neonlike.transforms import GANCost, Logistic, SumSquared, Tanh

INIT = Constant(0.1)


def gru() -> GRU:
    return GRU(2, init=INIT, activation=Tanh(), gate_activation=Logistic())


def allocated(layer: Any, in_shape: Any) -> Any:
    layer.configure(in_shape)
    layer.allocate()
    return layer


def prepared(layer: Any, in_shape: Any) -> Any:
    net = allocated(Sequential([layer]), in_shape)
    net.allocate_deltas()
    return net


CASES: dict[str, tuple[type[Exception], str, Callable[[Any], Any]]] = {
    "bias_and_batch_norm": (
        AttributeError,
        "either bias or batch_norm",
        lambda be: Affine(2, INIT, bias=INIT, batch_norm=True),
    ),
    "empty_sequential": (AssertionError, "at least one layer", lambda be: Sequential([])),
    "in_place_root": (AssertionError, "works in place", lambda be: Sequential([Bias(INIT)])),
    "no_layer": (TypeError, "expected layers, got 'x'", lambda be: Sequential(["x"])),
    "conv_on_int": (
        AssertionError,
        "expected a tuple",
        lambda be: Convolution((2, 2, 1), init=INIT, name="c").configure(9),
    ),
    "conv_on_list": (
        AssertionError,
        "expected a tuple",
        lambda be: Convolution((2, 2, 1), init=INIT).configure([1, 3, 3]),
    ),
    "deconv_on_sequence": (
        AssertionError,
        "expected a tuple",
        lambda be: Deconvolution((2, 2, 1), init=INIT).configure((9, 2)),
    ),
    "pooling_on_int": (AssertionError, "expected a tuple", lambda be: Pooling(2).configure(9)),
    "lrn_on_int": (AssertionError, "expected a tuple", lambda be: LRN(3).configure(9)),
    "lrn_even": (AssertionError, "depth must be odd", lambda be: LRN(2).configure((3, 2, 2))),
    "conv_larger_than_map": (
        ValueError,
        r"in_shape \(1, 3, 3\), expected a height of at least 5, got 3 \(3 with padding\), "
        "batch size 4. Hint: use larger pictures",
        lambda be: Convolution((5, 2, 1), init=INIT).configure((1, 3, 3)),
    ),
    "dilated_conv_larger_than_map": (
        ValueError,
        "width of at least 5",
        lambda be: Convolution((1, 3, 1), init=INIT, dilation={"dil_w": 2}).configure((1, 3, 4)),
    ),
    "pooling_larger_than_map": (
        ValueError,
        "larger than the padded map",
        lambda be: Pooling(4).configure((1, 3, 3)),
    ),
    "pooling_padding": (
        ValueError,
        "adding",
        lambda be: Pooling(2, padding=2).configure((1, 4, 4)),
    ),
    "pooling_op": (ValueError, "op must be", lambda be: Pooling(2, op="sum")),
    "deconv_padding": (
        ValueError,
        "leaves no output",
        lambda be: Deconvolution((1, 1, 1), init=INIT, padding=3).configure((1, 2, 2)),
    ),
    "conv_fshape": (ValueError, "expected fshape", lambda be: Conv((3, 3), init=INIT)),
    "conv_strides": (
        ValueError,
        "keys among",
        lambda be: Conv((3, 3, 1), init=INIT, strides={"str_x": 1}),
    ),
    "pool_window": (ValueError, "window", lambda be: Pooling((1, 2, 3, 4)).configure((1, 4, 4))),
    "reshape_size": (
        AssertionError,
        "expected 6 elements, got 8",
        lambda be: Reshape((4, 2)).configure((3, 2)),
    ),
    "init_shape": (
        AssertionError,
        r"expected \(2, 3\), got \(3, 2\)",
        lambda be: allocated(Linear(2, np.ones((3, 2))), 3),
    ),
    "no_init": (
        TypeError,
        "no initializer",
        lambda be: allocated(Convolution((2, 2, 1)), (1, 3, 3)),
    ),
    "missing_init": (TypeError, "init", lambda be: Linear(2)),  # type: ignore[call-arg]  # the error
    "bias_on_int": (TypeError, r"give \(3, 1\)", lambda be: Bias(INIT).configure(3)),
    "linear_input": (
        AssertionError,
        r"Linear layer 'l' .*\(layer 1 of 1 in .*in_shape 3, expected a tensor of shape \(3, 4\)",
        lambda be: prepared(Linear(2, INIT, name="l"), 3).fprop(be.zeros((5, 4))),
    ),
    "linear_batch": (
        AssertionError,
        r"got \(3, 5\), batch size 4",
        lambda be: prepared(Linear(2, INIT), 3).fprop(be.zeros((3, 5))),
    ),
    "conv_input": (
        AssertionError,
        r"shape \(9, 4\)",
        lambda be: prepared(Convolution((2, 2, 1), init=INIT), (1, 3, 3)).fprop(be.zeros((8, 4))),
    ),
    "pool_input": (
        AssertionError,
        r"shape \(9, 4\)",
        lambda be: prepared(Pooling(3), (1, 3, 3)).fprop(be.zeros((8, 4))),
    ),
    "lookup_input": (
        AssertionError,
        r"shape \(3, 4\)",
        lambda be: prepared(LookupTable(5, 2, INIT), 3).fprop(be.zeros((2, 4))),
    ),
    "lookup_index": (
        IndexError,
        "5",
        lambda be: prepared(LookupTable(5, 2, INIT), 3).fprop(be.ones((3, 4)).fill(5)),
    ),
    "set_params_size": (
        AssertionError,
        r"cannot load W: expected shape \(2, 3\), got \(3, 3\)",
        lambda be: allocated(Linear(2, INIT), 3).set_params({"params": {"W": np.ones((3, 3))}}),
    ),
    "set_params_no_dict": (
        AssertionError,
        "expected a dictionary",
        lambda be: Linear(2, INIT).set_params([]),  # type: ignore[arg-type]  # the error
    ),
    "set_params_missing": (KeyError, "params", lambda be: Linear(2, INIT).set_params({})),
    "set_params_no_w": (
        KeyError,
        "another architecture",
        lambda be: Linear(2, INIT).set_params({"params": {"V": np.ones(1)}}),
    ),
    "load_other_length": (
        AssertionError,
        "has 1 layers, the description has 2",
        lambda be: Sequential([Linear(2, INIT)]).load_weights({"config": {"layers": [{}, {}]}}),
    ),
    "save_before_allocate": (
        ValueError,
        "no weights yet",
        lambda be: Linear(2, INIT).get_description(get_weights=True),
    ),
    "acc_before_allocate": (
        BufferError,
        "accumulate_updates",
        lambda be: Linear(2, INIT).set_acc_on(True),
    ),
    "acc_container": (
        BufferError,
        "accumulate_updates",
        lambda be: Sequential([Linear(2, INIT)]).set_acc_on(True),
    ),
    "acc_layer": (BufferError, "accumulate", lambda be: Pooling(2).set_acc_on(True)),
    "acc_recurrent": (
        TypeError,
        "accumulate_updates",
        lambda be: gru().configure((2, 2)).allocate(accumulate_updates=True),
    ),
    "acc_no_layer": (TypeError, "methods of a Layer", lambda be: Layer.accumulates(len)([])),
    "base_fprop": (NotImplementedError, "fprop", lambda be: Layer().fprop(None)),
    "base_bprop": (NotImplementedError, "bprop", lambda be: Layer().bprop(None)),
    "base_inference": (NotImplementedError, "infer", lambda be: Layer()._fprop_inference(None)),
    "configure_object": (
        TypeError,
        "cannot read an input shape",
        lambda be: Layer().configure("x"),
    ),
    "batchnorm_alpha": (
        AssertionError,
        "put that branch last",
        lambda be: BatchNorm().bprop(None, alpha=0.5),
    ),
    "merge_kind": (AssertionError, "'stack'", lambda be: MergeBroadcast([Linear(1, INIT)], "sum")),
    "merge_alphas": (
        ValueError,
        "one alpha per branch",
        lambda be: MergeBroadcast([Linear(1, INIT)], "stack", alphas=[1.0, 2.0]),
    ),
    "merge_depth_shapes": (
        ValueError,
        "merge='stack' takes any",
        lambda be: MergeBroadcast([Pooling(2), Pooling(1)], "depth").configure((1, 4, 4)),
    ),
    "merge_recurrent_pictures": (
        ValueError,
        r"\(features, steps\)",
        lambda be: MergeBroadcast([Pooling(2), Pooling(2)], "recurrent").configure((1, 4, 4)),
    ),
    "mergesum_shapes": (
        ValueError,
        "equal shape",
        lambda be: MergeSum([Linear(2, INIT), Linear(3, INIT)]).configure(4),
    ),
    "no_branches": (ValueError, "at least one branch", lambda be: MergeSum([])),
    "multistream_no_list": (
        AssertionError,
        "one input shape per branch",
        lambda be: MergeMultistream([Linear(1, INIT)], "stack").configure(4),
    ),
    "multistream_count": (
        AssertionError,
        "has 1 branches, but got 2",
        lambda be: MergeMultistream([Linear(1, INIT)], "stack").configure([4, 4]),
    ),
    "tree_without_node": (
        ValueError,
        "must start with a BranchNode",
        lambda be: Tree([[Linear(1, INIT)], [Linear(1, INIT)]]),
    ),
    "tree_unknown_node": (
        ValueError,
        "occurs in the trunk",
        lambda be: Tree([[Linear(1, INIT)], [BranchNode(), Linear(1, INIT)]]),
    ),
    "tree_alphas": (ValueError, "one alpha", lambda be: Tree([[Linear(1, INIT)]], alphas=[1, 2])),
    "seq2seq_count": (AssertionError, "encoder, decoder", lambda be: Seq2Seq([gru()])),
    "seq2seq_connections": (
        AssertionError,
        "give decoder_connections",
        lambda be: Seq2Seq([[gru(), gru()], [gru()]]),
    ),
    "seq2seq_connection_count": (
        AssertionError,
        "one connection for each",
        lambda be: Seq2Seq([[gru()], [gru()]], decoder_connections=[0, 0]),
    ),
    "seq2seq_connection_index": (
        AssertionError,
        "index of one of",
        lambda be: Seq2Seq([[gru()], [gru()]], decoder_connections=[1]),
    ),
    "seq2seq_shape": (
        AssertionError,
        "in one tuple",
        lambda be: Seq2Seq([gru(), gru()]).configure((2, 3)),
    ),
    "seq2seq_member": (ValueError, "got 'x'", lambda be: Seq2Seq(["x", gru()])),
    "decoder_states": (
        ValueError,
        "got 0 states",
        lambda be: Seq2Seq([gru(), gru()]).decoder.fprop(None, init_state_list=[]),
    ),
    "skipthought_layers": (
        AssertionError,
        "12 layers",
        lambda be: SkipThought(1, 1, INIT, 1, GRU, INIT, 1, 1, INIT, INIT, layers=[gru()]),
    ),
    "gan_parts": (TypeError, "two Sequentials", lambda be: GenerativeAdversarial([], [])),
    "roi_arity": (AssertionError, "two inputs", lambda be: RoiPooling().configure((1, 2, 2))),
    "cost_no_layer": (
        AssertionError,
        "needs the network's last layer",
        lambda be: GeneralizedCost(SumSquared()).initialize((2, 1)),
    ),
    "gan_cost_type": (
        TypeError,
        "cost_type must be",
        lambda be: GeneralizedGANCost(GANCost()).get_cost(None, None),
    ),
    "multicost_no_container": (
        RuntimeError,
        "a container or a list",
        lambda be: Multicost([GeneralizedCost(SumSquared())]).initialize(Linear(2, INIT)),
    ),
    "multicost_weights": (
        ValueError,
        "one weight per cost",
        lambda be: Multicost([GeneralizedCost(SumSquared())], weights=[1.0, 2.0]),
    ),
    "recurrent_activation": (AssertionError, "activation", lambda be: Recurrent(2, INIT)),
    "lstm_gates": (AssertionError, "gate_activation", lambda be: LSTM(2, INIT, activation=Tanh())),
}


@pytest.mark.parametrize("name", list(CASES))
def test_error(be: Any, name: str) -> None:
    kind, text, act = CASES[name]
    with pytest.raises(kind, match=text):
        act(be)


def test_l2_pooling_has_no_gradient(be: Any) -> None:
    layer = Pooling(2, op="l2").configure((1, 4, 4))
    layer.prev_layer = True
    layer.allocate()
    from neonlike.layers.container import DeltasTree

    layer.set_deltas(DeltasTree())
    layer.fprop(be.ones((16, 4)))
    with pytest.raises(NotImplementedError):
        layer.bprop(be.ones((4, 4)))


def test_notes_name_the_layer(be: Any) -> None:
    """Whatever goes wrong in a network, a note says in which layer."""

    class Broken(Linear):
        def fprop(self, inputs: Any, inference: bool = False, beta: float = 0.0) -> Any:
            raise ZeroDivisionError("oops")

    net = prepared(Broken(2, INIT, name="broken"), 3)
    with pytest.raises(ZeroDivisionError) as caught:
        net.fprop(be.ones((3, 4)))
    assert "Broken layer 'broken' (layer 1 of 1 in" in caught.value.__notes__[0]
    assert "in_shape 3, batch size 4" in caught.value.__notes__[0]


def test_activation_after_node_with_branches(be: Any) -> None:
    """A layer that cannot add to shared deltas is refused with a way out."""
    node = BranchNode()
    net = Tree([[Linear(2, INIT), node, Activation(Tanh())], [node, Linear(1, INIT)]])
    net.configure(3)
    net.allocate()
    net.allocate_deltas()
    net.fprop(be.ones((3, 4)))
    with pytest.raises(TypeError, match="bprop must take alpha and beta"):
        net.bprop([be.ones((2, 4)), be.ones((1, 4))])


@pytest.mark.parametrize(
    "make",
    [
        BatchNorm,
        Dropout,
        lambda: BiBNRNN(2, INIT, activation=Tanh()),
        lambda: GeneralizedCost(SumSquared()),
        lambda: Linear(2, INIT).configure(3).allocate(),
    ],
    ids=["BatchNorm", "Dropout", "BiBNRNN", "GeneralizedCost", "Linear"],
)
def test_without_backend(make: Callable[[], Any]) -> None:
    cleanup_backend()
    assert NervanaObject.be is None
    with pytest.raises(AttributeError, match=r"^\w+ needs a backend and there is none; call gen_"):
        make()
