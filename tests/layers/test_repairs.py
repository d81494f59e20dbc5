"""What the original got wrong (spec layers 14, F) is right: mostly against finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from layer_runner import MakeBackend, stand_alone

from neonlike.initializers import Constant, Gaussian
from neonlike.layers import (
    GRU,
    LRN,
    Activation,
    Affine,
    BatchNorm,
    BatchNormAutodiff,
    Bias,
    BranchNode,
    Conv,
    Convolution,
    Deconvolution,
    Dropout,
    Linear,
    LookupTable,
    MergeBroadcast,
    MergeSum,
    Pooling,
    Recurrent,
    Reshape,
    Sequential,
    ShiftBatchNorm,
    SkipNode,
    Tree,
)
from neonlike.layers.layer import Convolution_bias
from neonlike.optimizers.optimizer import get_param_list
from neonlike.testing import check_gradient
from neonlike.testing._bench import Bench
from neonlike.transforms import Logistic, Tanh

INIT = Gaussian(scale=0.5)


@pytest.fixture
def be64(make_be: MakeBackend) -> Any:
    """A float64 backend with batch size 2."""
    return make_be(batch_size=2, datatype=np.float64)


def affine(nout: int, **kwargs: Any) -> Any:
    return Affine(nout, init=INIT, activation=Tanh(), **kwargs)


def conv(maps: int, **kwargs: Any) -> Any:
    return Conv((2, 2, maps), init=INIT, activation=Tanh(), **kwargs)


def gru(nout: int) -> GRU:
    return GRU(nout, init=INIT, activation=Tanh(), gate_activation=Logistic(), reset_cells=True)


NETS: dict[str, tuple[Any, Any]] = {
    # Q1: labels of parallelism change no gradient
    "affine_reshape_conv": (lambda: [affine(8), Reshape((2, 2, 2)), conv(2)], (3, 1)),
    "conv_reshape_affine": (lambda: [conv(2), Reshape((4, 2)), affine(2)], (1, 3, 3)),
    "bias_before_conv": (
        lambda: [Affine(4, init=INIT, bias=INIT), Reshape((1, 2, 2)), conv(2)],
        (3, 1),
    ),
    # Q5: biases and activations at the end of summed branches
    "mergesum_conv_bias": (
        lambda: MergeSum([Convolution_bias((1, 1, 2), init=INIT, bias=INIT), conv_bias(2)]),
        (2, 2, 2),
    ),
    "mergesum_activations": (lambda: MergeSum([affine(3), affine(3)]), (2, 1)),
    "mergesum_recurrent_first": (lambda: MergeSum([gru(2), Linear(2, INIT)]), (2, 3)),
    # an error that one branch overwrites must still reach the others
    "mergesum_dropout": (
        lambda: MergeSum([affine(3), [Linear(3, INIT), Dropout()]]),
        (2, 1),
    ),
    "mergesum_recurrent_last": (lambda: MergeSum([Linear(2, INIT), gru(2)]), (2, 3)),
    # Q13: Sequential in Sequential
    "nested_sequential": (lambda: Sequential([affine(3), Sequential([affine(2)])]), (2, 1)),
    # Q15: depth and stack of sequences
    "depth_of_sequences": (lambda: MergeBroadcast([affine(2), affine(3)], merge="depth"), (2, 3)),
    "stack_of_sequences": (
        lambda: MergeBroadcast([affine(2, bias=INIT), affine(3, bias=INIT)], merge="stack"),
        (2, 3),
    ),
    # Q20: layers after a stack
    "bias_after_stack": (
        lambda: [MergeBroadcast([affine(2), affine(1)], merge="stack"), Bias(INIT)],
        (2, 1),
    ),
    "recurrent_after_stack": (
        lambda: [MergeBroadcast([affine(2), affine(1)], merge="stack"), gru(2)],
        (2, 1),
    ),
    # Q24: Dropout as root of a branch
    "dropout_root": (
        lambda: [
            affine(3),
            MergeBroadcast([[Dropout(), affine(2)], affine(2)], merge="stack"),
            affine(2),
        ],
        (2, 1),
    ),
    "dropout_root_last": (
        lambda: [affine(3), MergeSum([affine(3), [Dropout()]]), affine(2)],
        (2, 1),
    ),
    # branches that end in a view of a layer's buffer
    "reshape_ends_branch": (
        lambda: MergeBroadcast(
            [[affine(4), Reshape((2, 2))], [affine(2), Reshape((2, 1))]], merge="recurrent"
        ),
        (2, 1),
    ),
    "nested_merges": (
        lambda: MergeBroadcast(
            [MergeSum([affine(2), SkipNode()]), [affine(2), MergeSum([affine(2), SkipNode()])]],
            merge="stack",
        ),
        (2, 1),
    ),
    # in-place layers after layers whose outputs are still needed
    "recurrent_bias": (lambda: [gru(2), Bias(INIT)], (2, 3)),
    "recurrent_activation": (lambda: [gru(2), Activation(Tanh())], (2, 3)),
    "recurrent_dropout": (lambda: [gru(2), Dropout(), affine(2)], (2, 3)),
    "activation_bias": (lambda: [affine(2), Bias(INIT), Activation(Tanh()), Dropout()], (2, 3)),
    "activation_reshape_bias": (lambda: [affine(4), Reshape((2, 2)), Bias(INIT)], (2, 1)),
    "lrn_activation": (lambda: [LRN(3), Activation(Tanh())], (3, 2, 2)),
    "branch_recurrent_bias": (
        lambda: MergeBroadcast([[gru(2), Bias(INIT)], [gru(2), Dropout()]], merge="recurrent"),
        (2, 2),
    ),
    "branch_recurrent_reshape": (
        lambda: MergeBroadcast([[gru(2), Reshape((1, 4))], gru(1)], merge="recurrent"),
        (2, 2),
    ),
    "node_then_in_place": (
        lambda: [affine(2), MergeSum([[SkipNode(), Activation(Tanh())], affine(2)]), Bias(INIT)],
        (2, 2),
    ),
    # Q16
    "batchnorm_autodiff": (lambda: [affine(3), BatchNormAutodiff(eps=1e-3)], (2, 2)),
    # Q18: an array as bias
    "array_bias": (
        lambda: Convolution_bias((2, 2, 2), init=INIT, bias=np.array([[1.0], [2.0]])),
        (1, 2, 3),
    ),
}


def conv_bias(maps: int) -> Convolution_bias:
    return Convolution_bias((1, 1, maps), init=INIT, bias=INIT)


@pytest.mark.parametrize("name", list(NETS))
def test_gradient(be64: Any, name: str) -> None:
    make, in_shape = NETS[name]
    check_gradient(make(), in_shape)


@pytest.mark.parametrize("alpha", [0.0, 0.5, -2.0])
@pytest.mark.parametrize(
    ("make", "in_shape"),
    [
        (lambda: Linear(3, INIT), (2, 2)),
        (lambda: Convolution((2, 2, 3), init=INIT), (2, 3, 3)),
        (lambda: Pooling(2), (2, 4, 4)),
        (lambda: SkipNode(), (2, 2)),
    ],
    ids=["linear", "convolution", "pooling", "skipnode"],
)
def test_alpha_without_beta(be64: Any, make: Any, in_shape: Any, alpha: float) -> None:
    """Q2: deltas = alpha * gradient, also for matrix products."""
    layer = make()
    stand_alone(layer, in_shape)
    rng = np.random.RandomState(0)
    layer.fprop(be64.array(rng.standard_normal(be64.iobuf(in_shape).shape)))
    error = rng.standard_normal(layer.outputs.shape)
    plain = layer.bprop(be64.array(error)).get()
    layer.deltas.fill(7)
    scaled = layer.bprop(be64.array(error), alpha=alpha, beta=0.0).get()
    np.testing.assert_allclose(scaled, alpha * plain, atol=1e-12)


FIRST: dict[str, tuple[Any, Any]] = {
    "pooling": (lambda: Pooling(2), (1, 4, 4)),
    "batchnorm": (lambda: BatchNorm(), (1, 4, 4)),
    "shift_batchnorm": (lambda: ShiftBatchNorm(), (1, 4, 4)),
    "skipnode": (lambda: SkipNode(), (1, 4, 4)),
    "lrn": (lambda: LRN(3), (4, 2, 2)),
    "dropout": (lambda: Dropout(), (1, 4, 4)),
    "mergesum": (lambda: MergeSum([SkipNode(), BatchNorm()]), (1, 4, 4)),
}


@pytest.mark.parametrize("name", list(FIRST))
def test_first_layer(be: Any, name: str) -> None:
    """Q8: any layer can be the first one; it computes no input gradient."""
    make, in_shape = FIRST[name]
    net = Sequential([make(), Affine(2, init=INIT)])
    net.configure(in_shape)
    net.allocate()
    net.allocate_deltas()
    y = net.fprop(be.array(np.random.RandomState(0).standard_normal((16, 4))))
    assert net.bprop(be.ones(y.shape)) is None or name == "dropout"
    assert np.abs(net.layers[-1].dW.get()).max() > 0


def test_batchnorm_first_trains_its_parameters(be64: Any) -> None:
    net = Sequential([BatchNorm()])
    net.configure((2, 1))
    net.allocate()
    net.allocate_deltas()
    x, e = np.array([[1.0, 3.0], [2.0, 4.0]]), np.array([[1.0, 2.0], [3.0, 5.0]])
    net.fprop(be64.array(x))
    net.bprop(be64.array(e))
    np.testing.assert_allclose(net.layers[0].grad_beta.get()[:, 0], e.sum(axis=1))


def test_new_tensor_objects_are_followed(be64: Any) -> None:
    """Q10: views belong to the tensor of this call, not to the first one ever seen."""
    bench = Bench(
        [conv(2, bias=INIT), Reshape((8, 1)), BatchNorm(), affine(2, bias=INIT)], (1, 3, 3)
    )
    rng = np.random.RandomState(0)
    x, error = rng.standard_normal((9, 2)), rng.standard_normal((2, 2))
    bench.fprop(x)
    expected = bench.bprop([error])
    bench.fprop(x)
    bench.bprop([rng.standard_normal((2, 2))])
    bench.errors, bench.inputs = [], []
    bench.fprop(x)
    again = bench.bprop([error])
    np.testing.assert_array_equal(expected, again)


def tree(alphas: list[float] | None = None) -> Tree:
    node = BranchNode("n")
    inner = BranchNode("inner")
    return Tree(
        [
            [affine(3), node, affine(2)],
            [node, affine(3), inner, affine(2)],
            [inner, affine(2)],
            [node, affine(1)],
        ],
        alphas=alphas,
    )


def test_tree_gradient(be64: Any) -> None:
    """Branches of branches: the errors of all outputs reach the trunk."""
    check_gradient(tree(), (2, 1), input_gradient=False)


def test_tree_alphas(be64: Any) -> None:
    """Q2: alpha scales what a branch sends below its node, nothing inside the branch."""
    rng = np.random.RandomState(0)
    x = rng.standard_normal((2, 2))
    errors = [rng.standard_normal((n, 2)) for n in (2, 2, 2, 1)]
    alphas = [1.0, 0.5, 3.0, 0.25]
    per_output = []
    for only in range(4):
        parts = [e if i == only else 0 * e for i, e in enumerate(errors)]
        per_output.append(_tree_grads(be64, None, x, parts))
    got = _tree_grads(be64, alphas, x, errors)
    # trunk below the node, branch 1 below its inner node
    trunk = [1.0, alphas[1], alphas[1] * alphas[2], alphas[3]]
    np.testing.assert_allclose(
        got[0], sum(a * g[0] for a, g in zip(trunk, per_output, strict=True)), atol=1e-10
    )
    branch = [0.0, 1.0, alphas[2], 0.0]
    np.testing.assert_allclose(
        got[2], sum(a * g[2] for a, g in zip(branch, per_output, strict=True)), atol=1e-10
    )
    for index in (1, 3, 4, 5):
        np.testing.assert_allclose(got[index], sum(g[index] for g in per_output), atol=1e-10)


def _tree_grads(be: Any, alphas: Any, x: np.ndarray, errors: list[np.ndarray]) -> list[np.ndarray]:
    be.rng.seed(0)
    net = tree(alphas)
    net.configure((2, 1))
    net.allocate()
    net.allocate_deltas()
    net.fprop(be.array(x))
    net.bprop([be.array(e) for e in errors])
    return [layer.dW.get() for layer in net.layers_to_optimize]


def test_mergebroadcast_alphas(be64: Any) -> None:
    """Q2: alphas scale the input gradient of every branch, also of the last one."""

    def deltas(alphas: list[float]) -> np.ndarray:
        net = MergeBroadcast([affine(2), affine(1)], merge="stack", alphas=alphas)
        bench = Bench(net, (2, 1))
        bench.fprop(np.eye(2))
        result = bench.bprop([np.ones((3, 2))])
        assert result is not None
        return result

    first, second = deltas([1.0, 0.0]), deltas([0.0, 1.0])
    np.testing.assert_allclose(deltas([0.5, 3.0]), 0.5 * first + 3.0 * second, atol=1e-12)


def test_node_without_branch(be64: Any) -> None:
    """A node that no branch uses accumulates nothing over batches."""
    node, used = BranchNode(), BranchNode()
    net = Tree([[affine(2), node, affine(2), used, affine(2)], [used, affine(1)]])
    check_gradient(net, (2, 1), input_gradient=False)
    net = Tree([[affine(2), node, affine(2), used, affine(2)], [used, affine(1)]])
    net.configure((2, 1))
    net.allocate()
    net.allocate_deltas()
    x, errors = be64.array(np.eye(2)), [be64.ones((2, 2)), be64.ones((1, 2))]
    grads = []
    for _ in range(2):
        net.fprop(x)
        net.bprop(errors)
        grads.append([layer.dW.get() for layer in net.layers_to_optimize])
    for one, two in zip(*grads, strict=True):
        np.testing.assert_array_equal(one, two)


def test_branch_nodes_belong_to_one_tree(be: Any) -> None:
    """Q11: a second model with the same node names has nodes of its own."""

    def make() -> Tree:
        return Tree(
            [[affine(3), BranchNode("b"), affine(2)], [BranchNode("b"), affine(1)]],
        )

    one, two = make(), make()
    assert one.layers[0].layers[2] is one.layers[1].layers[0]
    assert one.layers[1].layers[0] is not two.layers[1].layers[0]
    assert BranchNode() is not BranchNode()
    assert BranchNode().name != BranchNode().name


def test_branch_node_is_shared_by_name_until_the_tree_is_built(be: Any) -> None:
    node = BranchNode("shared")
    assert BranchNode("shared") is node
    assert BranchNode(name="shared").name == "shared"
    node.release()
    assert BranchNode("shared") is not node
    BranchNode.instances.clear()


def test_propagate_parallelism_through_nested_merges(be: Any) -> None:
    """Q12: a branch may end in another merge container."""
    inner = MergeBroadcast([Linear(2, INIT), Linear(2, INIT)], merge="stack")
    net = Sequential([Linear(2, INIT), MergeBroadcast([[inner], Linear(1, INIT)], merge="stack")])
    net.propagate_parallelism("Data")


@pytest.mark.parametrize("container", [MergeSum, lambda b: MergeBroadcast(b, merge="stack"), Tree])
def test_unknown_branches_are_refused(be: Any, container: Any) -> None:
    """Q14: branches are lists, tuples, layers or Sequentials."""
    with pytest.raises(ValueError, match="branch 2 must be"):
        container([[Linear(2, INIT)], "no layer"])
    assert len(MergeSum([(Linear(2, INIT),), Linear(2, INIT)]).layers) == 2


def test_large_pooling_windows(be64: Any) -> None:
    """Q17: windows with more than 256 elements find their maximum again."""
    layer = Pooling("all")
    stand_alone(layer, (1, 20, 20))
    x = np.zeros((400, 2))
    x[399] = 1.0
    layer.fprop(be64.array(x))
    deltas = layer.bprop(be64.ones((1, 2))).get()
    np.testing.assert_array_equal(deltas, x)


def test_array_as_init_can_be_trained(be: Any) -> None:
    """Q19: a layer with an array as init is among the layers to optimize."""
    layer = Linear(2, init=np.ones((2, 3)))
    net = Sequential([layer])
    net.configure(3)
    net.allocate()
    assert net.layers_to_optimize == [layer]
    np.testing.assert_array_equal(layer.W.get(), 1)


def test_numpy_integers_are_shapes(be: Any) -> None:
    """Q20."""
    layer = Linear(2, INIT).configure(np.int64(3))
    assert layer.in_shape == 3
    assert type(Linear(2, INIT).configure((np.int32(3), np.int32(2))).in_shape[0]) is int
    merged = MergeBroadcast([Linear(2, INIT), Linear(3, INIT)], merge="stack").configure(4)
    assert type(merged.out_shape) is int


def test_data_transform_saves_the_first_input_gradient(be: Any) -> None:
    """A layer after a data transform is the first one that computes: no input gradient."""
    from neonlike.layers import DataTransform
    from neonlike.transforms import Normalizer

    net = Sequential([DataTransform(Normalizer(divisor=2.0)), Linear(2, INIT)])
    net.configure(3)
    net.allocate()
    net.allocate_deltas()
    x = be.ones((3, 4))
    y = net.fprop(x)
    np.testing.assert_array_equal(x.get(), 0.5)
    assert net.bprop(be.ones(y.shape)) is None
    assert net.layers[1].deltas is None
    assert np.abs(net.layers[1].dW.get()).max() > 0


def test_input_dropout_saves_the_input_gradient(be: Any) -> None:
    net = Sequential([Dropout(), Linear(2, INIT)])
    net.configure(3)
    net.allocate()
    net.allocate_deltas()
    y = net.fprop(be.ones((3, 4)))
    assert net.bprop(be.ones(y.shape)) is None
    assert net.layers[1].deltas is None


def test_gradients_accumulate_in_all_containers(be64: Any) -> None:
    """As a GAN's discriminator: the second pass adds to the gradients of the first."""
    parts = MergeSum([[affine(3), MergeBroadcast([affine(2), affine(1)], "stack")], affine(3)])
    net = Sequential([affine(2, batch_norm=True), parts, conv_part()])
    net.configure((3, 1))
    net.allocate(accumulate_updates=True)
    net.allocate_deltas()
    rng = np.random.RandomState(0)
    batches = [(rng.standard_normal((3, 2)), rng.standard_normal((2, 2))) for _ in range(2)]

    def grads(x: np.ndarray, error: np.ndarray) -> list[np.ndarray]:
        net.fprop(be64.array(x))
        net.bprop(be64.array(error))
        return [grad.get() for (_, grad), _ in get_param_list(net.layers_to_optimize)]

    one, two = grads(*batches[0]), grads(*batches[1])
    grads(*batches[0])
    net.set_acc_on(True)
    both = grads(*batches[1])
    net.set_acc_on(False)
    for a, b, total in zip(one, two, both, strict=True):
        np.testing.assert_allclose(total, a + b, atol=1e-12)


def conv_part() -> list[Any]:
    return [
        Reshape((3, 1, 1)),
        conv_bias(2),
        Activation(Tanh()),
        Deconvolution((1, 1, 2), init=INIT),
        Bias(INIT),
    ]


def test_lookuptable_sends_no_garbage(be64: Any) -> None:
    """Indices have no gradient: a delta buffer receives zeros, not old contents."""
    layer = LookupTable(5, 3, INIT)
    stand_alone(layer, (2, 1))
    layer.fprop(be64.array(np.array([[1.0, 2.0], [3.0, 0.0]])))
    layer.deltas.fill(9)
    assert not layer.bprop(be64.ones((3, 4))).get().any()


def test_outputs_are_the_same_object_and_in_place(be: Any) -> None:
    """Q22, Q23 are kept: after fprop a layer's outputs hold what in-place layers made of them."""
    linear, bias, act = Linear(2, Constant(1.0)), Bias(Constant(1.0)), Activation(Tanh())
    net = Sequential([linear, bias, act])
    net.configure(3)
    net.allocate()
    x = be.zeros((3, 4))
    first = net.fprop(x)
    assert first is net.fprop(x)
    assert linear.outputs is first
    np.testing.assert_allclose(linear.outputs.get(), np.tanh(1.0), rtol=1e-6)


def test_stateful_recurrent_in_a_net(be: Any) -> None:
    """Q7: a recurrent layer without reset_cells continues from batch to batch."""
    net = Sequential([Recurrent(2, init=Constant(0.5), activation=Tanh())])
    net.configure((2, 3))
    net.allocate()
    net.allocate_deltas()
    x = be.ones((2, 12))
    first = net.fprop(x).get()
    assert not np.allclose(first, net.fprop(x).get())
