"""Layers, blocks and containers written by users (spec layers 13)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neonlike.initializers import Constant, Gaussian
from neonlike.layers import (
    Activation,
    Affine,
    Bias,
    CompoundLayer,
    GeneralizedCost,
    Layer,
    Linear,
    MergeBroadcast,
    ParameterLayer,
    Sequential,
    Tree,
)
from neonlike.layers.container import LayerContainer
from neonlike.models import Model
from neonlike.testing import check_gradient, check_layer
from neonlike.transforms import SumSquared, Tanh

INIT = Gaussian(scale=0.5)


class Doubling(Layer):
    """The tutorial's in-place layer with the short bprop."""

    def configure(self, in_obj: Any) -> Any:
        super().configure(in_obj)
        self.out_shape = self.in_shape
        return self

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        self.outputs = inputs
        self.outputs[:] = inputs * 2
        return self.outputs

    def bprop(self, error: Any) -> Any:
        error[:] = 2 * error
        return error


class Forgetful(Doubling):
    """Returns nothing from configure and, as first layer, nothing from bprop."""

    def configure(self, in_obj: Any) -> Any:
        super().configure(in_obj)

    def bprop(self, error: Any) -> None:  # type: ignore[override]  # what users write
        return None


class Scale(Layer):
    """A layer with own deltas and the long bprop."""

    def __init__(self, factor: float, name: str | None = None) -> None:
        super().__init__(name)
        self.factor = factor
        self.owns_delta = True

    def configure(self, in_obj: Any) -> Any:
        super().configure(in_obj)
        self.out_shape = self.in_shape
        return self

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        self.outputs[:] = inputs * self.factor
        return self.outputs

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        if self.deltas:
            self.deltas[:] = error * (self.factor * alpha) + self.deltas * beta
        return self.deltas


class Diagonal(ParameterLayer):
    """A parameter layer: one weight per feature."""

    def __init__(self, init: Any, name: str | None = None) -> None:
        super().__init__(init, name)

    def configure(self, in_obj: Any) -> Any:
        super().configure(in_obj)
        self.out_shape = self.in_shape
        self.weight_shape = (self.in_shape[0], 1)
        return self

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        self.inputs = inputs
        self.outputs[:] = self.W * inputs
        return self.outputs

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        self.dW[:] = self.be.sum(self.inputs * error, axis=1)
        if self.deltas:
            self.deltas[:] = self.W * error * alpha + self.deltas * beta
        return self.deltas


class Block(CompoundLayer):
    """A compound layer of the user's."""

    def __init__(self, nout: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.append(Linear(nout, INIT))
        self.add_postfilter_layers()


class KeepsOutputs(Activation):
    """Seen in scripts: an Activation that copies."""

    def __init__(self, transform: Any, name: str | None = None) -> None:
        super().__init__(transform, name)
        self.owns_output = True

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        return super().fprop(inputs, inference)


class FirstOnly(Tree):
    """Seen in scripts: a Tree with its own fprop and bprop."""

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        return super().fprop(inputs, inference)[0]

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> None:
        zeros = [self.be.zeros(layer.get_terminal().outputs.shape) for layer in self.layers[1:]]
        super().bprop([error, *zeros])


class Twice(LayerContainer):
    """Seen in scripts: a container with everything of its own."""

    def __init__(self, layers: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.layers = [layers]
        self.owns_delta = True

    def configure(self, in_obj: Any) -> Any:
        super().configure(in_obj)
        self.layers[0].configure(in_obj)
        self.out_shape = self.layers[0].out_shape
        return self

    def allocate(self, shared_outputs: Any = None) -> None:
        super().allocate(shared_outputs)
        self.layers[0].allocate()

    def allocate_deltas(self, global_deltas: Any) -> None:
        self.layers[0].allocate_deltas(global_deltas)

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        self.outputs[:] = self.layers[0].fprop(inputs, inference) * 2
        return self.outputs

    def bprop(self, error: Any) -> Any:
        error[:] = error * 2
        return self.layers[0].bprop(error)


def net_of(*layers: Any, in_shape: Any = (3, 1)) -> Sequential:
    net = Sequential(list(layers))
    net.configure(in_shape)
    net.allocate()
    net.allocate_deltas()
    return net


@pytest.mark.parametrize("layer", [Doubling, Forgetful])
def test_short_bprop_as_first_layer(be: Any, layer: Any) -> None:
    net = net_of(layer(), Affine(2, init=INIT, bias=INIT))
    y = net.fprop(be.ones((3, 4)))
    net.bprop(be.ones(y.shape))
    assert np.abs(net.layers[1].dW.get()).max() > 0


def test_user_layer_inside_a_net(make_be: Any) -> None:
    make_be(batch_size=2, datatype=np.float64)
    check_gradient([Affine(3, init=INIT), Doubling(), Affine(2, init=INIT, activation=Tanh())], 2)


@pytest.mark.parametrize(
    "layer",
    [
        lambda: Scale(3.0),
        lambda: Diagonal(INIT),
        lambda: [KeepsOutputs(Tanh())],
        lambda: Block(3, bias=INIT, activation=Tanh()),
        lambda: MergeBroadcast([Scale(2.0), Diagonal(INIT)], merge="depth"),
        lambda: MergeBroadcast([[Linear(2, INIT), Doubling()], Scale(0.5)], merge="depth"),
    ],
    ids=["layer", "parameters", "activation", "compound", "branch_roots", "branch_end"],
)
def test_user_layers_keep_the_contract(be: Any, layer: Any) -> None:
    check_layer(layer(), (3, 2))


def test_user_container(make_be: Any) -> None:
    make_be(batch_size=2, datatype=np.float64)
    check_gradient([Affine(3, init=INIT), Twice(Linear(2, INIT))], (2, 1))


def test_user_tree(make_be: Any) -> None:
    from neonlike.layers import BranchNode

    be = make_be(batch_size=2)
    node = BranchNode()
    net = FirstOnly([[Affine(2, init=INIT), node, Linear(2, INIT)], [node, Linear(1, INIT)]])
    model = Model(layers=net)
    model.initialize((3, 1))
    y = model.fprop(be.ones((3, 2)))
    model.bprop(be.ones(y.shape))
    assert np.abs(net.layers[0].layers[0].dW.get()).max() > 0
    assert not net.layers[1].layers[1].dW.get().any()


def test_compound_names(be: Any) -> None:
    block = Block(3, bias=INIT, activation=Tanh(), name="b")
    assert [layer.name for layer in block][1:] == ["b_bias", "b_Tanh"]
    block = Block(3, batch_norm=True)
    assert block[1].name == f"{block[0].name}_bnorm"


def test_failed_constructors_do_not_count(be: Any) -> None:
    class Mine(Layer):
        pass

    with pytest.raises(TypeError, match="unexpected"):
        Mine(unknown=1)  # type: ignore[call-arg]  # the mistake
    assert Mine().name == "Mine_0"


def test_layers_can_be_reset_by_calling_init_again(be: Any) -> None:
    layer = Linear(2, init=Constant(1.0), name="l")
    layer.configure(3)
    layer.allocate()
    layer.__init__(4, init=Constant(2.0), name="l")  # type: ignore[misc]  # tests of neon do it
    layer.configure(3)
    layer.allocate()
    assert layer.W.shape == (4, 3)


def test_views_and_assignments_of_weights(be: Any) -> None:
    layer = Linear(2, init=Constant(1.0))
    net = net_of(layer)
    layer.W[:] = np.arange(6).reshape(2, 3)
    y = net.fprop(be.ones((3, 4)))
    np.testing.assert_allclose(y.get()[:, 0], [3.0, 12.0])


def test_layer_list_can_be_changed_before_initialize(be: Any) -> None:
    model = Model(layers=[Affine(2, init=INIT), Affine(2, init=INIT)])
    model.layers.layers.insert(1, Bias(init=INIT))
    cost = GeneralizedCost(SumSquared())
    model.initialize((3, 1), cost)
    y = model.fprop(be.ones((3, 4)))
    model.bprop(cost.get_errors(y, be.zeros(y.shape)))
    assert np.abs(model.layers.layers[1].dW.get()).max() > 0


def test_misspelt_attribute_does_not_matter(be: Any) -> None:
    layer = Doubling()
    layer.owns_outputs = False
    net = net_of(Linear(2, INIT), layer)
    assert net.fprop(be.ones((3, 4))).shape == (2, 4)


def test_other_picture_size(be: Any) -> None:
    """Deep-dream style: forget outputs and geometry, configure for another size; weights stay."""
    from neonlike.layers import Conv, Pooling

    net = net_of(Conv((2, 2, 3), init=INIT, bias=INIT), Pooling(2), in_shape=(1, 5, 5))
    weights = net.layers[0].W.get()
    for layer in net.layers:
        layer.outputs = None
        layer.nglayer = None
    net.configure((1, 9, 7))
    net.allocate()
    net.allocate_deltas()
    y = net.fprop(be.ones((63, 4)))
    assert y.shape == (3 * 4 * 3, 4)
    np.testing.assert_array_equal(net.layers[0].W.get(), weights)
    net.bprop(be.ones(y.shape))
