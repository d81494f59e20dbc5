"""What people get wrong when they put a network together: a sentence that helps, never a trace.

Tensors of another shape are the matter of ``test_shape_errors.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from neonlike.data import ArrayIterator
from neonlike.initializers import Array, Constant, Gaussian
from neonlike.layers import (
    GRU,
    Activation,
    Affine,
    BranchNode,
    Conv,
    Deconv,
    Dropout,
    GeneralizedCost,
    Linear,
    LookupTable,
    MergeBroadcast,
    MergeSum,
    Multicost,
    Pooling,
    Recurrent,
    RecurrentLast,
    RecurrentSum,
    Reshape,
    Sequential,
    SingleOutputTree,
)
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.optimizers.optimizer import get_param_list
from neonlike.transforms import (
    CrossEntropyMulti,
    Logistic,
    Misclassification,
    PrecisionRecall,
    Rectlin,
    Softmax,
    SumSquared,
    Tanh,
)

INIT = Constant(0.1)


def data(examples: int = 8, features: int = 5, **kwargs: Any) -> ArrayIterator:
    values = np.ones((examples, features), np.float32)
    return ArrayIterator(values, np.arange(examples) % 3, nclass=3, **kwargs)


def classifier(*first: Any) -> list[Any]:
    return [*first, Affine(3, INIT, activation=Softmax())]


class Nothing:
    """A data iterator without a minibatch."""

    shape, ndata, nbatches = 5, 0, 0

    def reset(self) -> None:
        """Start again."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class Quiet:
    """Callbacks that do nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **kwargs: None


def fit(layers: Any, dataset: Any, cost: Any = None, num_epochs: Any = 1) -> Any:
    model = Model(layers)
    model.fit(
        dataset,
        cost=cost or GeneralizedCost(CrossEntropyMulti()),
        optimizer=GradientDescentMomentum(0.1, 0.9),
        num_epochs=num_epochs,
        callbacks=Quiet(),
    )
    return model


def ready(layers: Any, in_shape: Any = (5, 1)) -> Any:
    model = Model(layers)
    model.initialize(in_shape)
    return model


def tree() -> SingleOutputTree:
    node = BranchNode("node")
    return SingleOutputTree([[Affine(3, INIT), node, Affine(3, INIT)], [node, Affine(3, INIT)]])


def images() -> ArrayIterator:
    return data(features=9, lshape=(1, 3, 3))


# name: (what a script does, parts of the message and its notes)
MISTAKES: dict[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    # order and sizes of layers
    "convolution_of_flat_data": (
        lambda be: fit(classifier(Conv((3, 3, 4), INIT)), data()),
        ("(layer 1 of 3", "in_shape 5", "channels, height, width", "batch size 4", "lshape"),
    ),
    "pooling_larger_than_map": (
        lambda be: fit(classifier(Conv((2, 2, 4), INIT), Pooling(3)), images()),
        ("Pooling", "(layer 2 of 4", "in_shape (4, 2, 2)", "at least 3", "got 2", "less pooling"),
    ),
    "padding_leaves_nothing": (
        lambda be: fit(classifier(Deconv((2, 2, 2), INIT, padding=5)), images()),
        ("Deconvolution", "(1, -6, -6)", "less padding"),
    ),
    "mismatch_inside_of_a_branch": (
        lambda be: ready(
            MergeBroadcast([Affine(2, INIT), [Affine(3, INIT), Conv((2, 2, 2), INIT)]], "stack")
        ),
        ("Convolution", "(layer 2 of 2", "in_shape (3, 1)", "Reshape"),
    ),
    "branches_of_other_sizes": (
        lambda be: ready([MergeSum([Affine(2, INIT), Affine(3, INIT)])]),
        ("MergeSum", "[(2, 1), (3, 1)]", "same number"),
    ),
    "reshape_to_another_size": (
        lambda be: ready([Affine(4, INIT), Reshape((3, 2))]),
        ("Reshape", "expected 4 elements, got 6", "use -1"),
    ),
    "steps_of_an_image": (
        lambda be: fit(classifier(Conv((2, 2, 2), INIT), RecurrentLast()), images()),
        ("RecurrentLast", "expected (features, steps)", "Reshape"),
    ),
    "width_that_is_no_integer": (
        lambda be: Affine(5 / 2, INIT),  # type: ignore[arg-type]  # the mistake
        ("Linear", "nout must be a whole number", "got 2.5", "//"),
    ),
    "no_units": (
        lambda be: GRU(0, INIT, activation=Tanh(), gate_activation=Logistic()),
        ("GRU", "output_size must be a whole number of at least 1, got 0"),
    ),
    "maps_that_are_no_integer": (
        lambda be: Conv((3, 3, "8"), INIT),
        ("Convolution", "K of fshape must be a whole number", "got '8'"),
    ),
    "embedding_of_nothing": (
        lambda be: LookupTable(5, -2, INIT),
        ("LookupTable", "embedding_dim", "got -2"),
    ),
    "percent_in_dropout": (
        lambda be: Dropout(keep=50),
        ("Dropout", "keep is the fraction", "got 50"),
    ),
    "negative_padding": (
        lambda be: Conv((2, 2, 2), INIT, padding=-1),
        ("Convolution", "'pad_h', 'pad_w'] >= 0", "'pad_h': -1"),
    ),
    "window_of_nothing": (
        lambda be: ready([Pooling(0)], (1, 4, 4)),
        ("Pooling", "R of fshape must be a whole number of at least 1, got 0"),
    ),
    "stride_0": (
        lambda be: ready([Pooling(2, strides=0)], (1, 4, 4)),
        ("Pooling", "'str_h'", ">= 1"),
    ),
    "shape_of_nothing": (
        lambda be: ready(classifier(), None),
        ("Sequential", "input shape from None", "give a data set or a shape"),
    ),
    # classes, numbers and plain objects in the place of objects
    "class_of_activation": (
        lambda be: Affine(3, INIT, activation=Softmax),
        ("transform must be an object, got the class Softmax", "write Softmax(...)"),
    ),
    "class_of_recurrent_activation": (
        lambda be: GRU(3, INIT, activation=Tanh, gate_activation=Logistic()),
        ("GRU", "activation must be an object", "Tanh(...)"),
    ),
    "class_of_cost_function": (
        lambda be: GeneralizedCost(CrossEntropyMulti),
        ("costfunc must be an object", "write CrossEntropyMulti(...)"),
    ),
    "class_of_initializer": (
        lambda be: ready([Linear(3, Gaussian)]),
        ("Linear", "init must be an object", "Gaussian(...)"),
    ),
    "number_as_initializer": (
        lambda be: ready([Linear(3, 0.1)]),
        ("Linear", "init must be an Initializer", "got 0.1", "Constant(0.1)"),
    ),
    "initial_values_of_another_shape": (
        lambda be: ready([Linear(3, Array(np.ones((3, 4))))]),
        ("(3, 4)", "(3, 5)", "while allocating Linear layer"),
    ),
    "name_of_activation": (
        lambda be: Affine(3, INIT, activation="relu"),
        ("transform must be an object such as Tanh(), got 'relu'",),
    ),
    "name_of_cost_function": (
        lambda be: GeneralizedCost("mse"),  # type: ignore[arg-type]  # the mistake
        ("costfunc must be an object such as CrossEntropyMulti(), got 'mse'",),
    ),
    "bare_activation": (lambda be: Model([Affine(3, INIT), Rectlin()]), ("expected layers",)),
    "model_of_nothing": (lambda be: Model(None), ("Model needs layers",)),
    "cost_function_without_cost_layer": (
        lambda be: fit(classifier(), data(), CrossEntropyMulti()),
        ("cost must be a cost layer", "GeneralizedCost(costfunc=...)"),
    ),
    # costs and outputs
    "one_cost_for_two_outputs": (
        lambda be: fit(tree(), data()),
        ("takes one output", "SingleOutputTree", "[(3, 1), (3, 1)]", "use Multicost"),
    ),
    "too_many_costs": (
        lambda be: fit(tree(), data(), Multicost([GeneralizedCost(SumSquared())] * 3)),
        ("3 costs", "2 outputs"),
    ),
    "too_many_weights": (
        lambda be: Multicost([GeneralizedCost(SumSquared())], weights=[1, 2]),
        ("one weight per cost (1), got 2",),
    ),
    "cost_before_initialize": (
        lambda be: GeneralizedCost(SumSquared()).get_cost(be.ones((3, 4)), be.ones((3, 4))),
        ("was not initialized", "model.initialize"),
    ),
    "too_few_classes": (
        lambda be: fit([Affine(4, INIT, activation=Softmax())], data()),
        ("the targets do not fit", "(4, 4), got (3, 4)", "batch size 4", "nclass"),
    ),
    # order of calls
    "fprop_before_initialize": (
        lambda be: Model(classifier()).fprop(be.ones((5, 4))),
        ("Linear", "(layer 1 of 2", "was not initialized", "model.initialize"),
    ),
    "bprop_before_initialize": (
        lambda be: Model(classifier(Linear(3, INIT))).bprop(be.ones((3, 4))),
        ("was not initialized", "before bprop"),
    ),
    # what is given to a network
    "list_as_input": (
        lambda be: ready(classifier()).fprop([be.ones((5, 4))]),
        ("the input is no tensor", "(5, 4)", "of type list", "be.array(a)"),
    ),
    "op_tree_as_input": (
        lambda be: ready(classifier()).fprop(be.ones((5, 4)) + 1),
        ("the input is no tensor", "of type OpTreeNode"),
    ),
    "no_error": (
        lambda be: ready([Linear(3, INIT), Activation(Tanh())]).bprop(None),
        ("Activation", "(layer 2 of 2", "the error is no tensor", "cost.get_errors"),
    ),
    "inputs_of_double_precision": (
        lambda be: ready(classifier()).fprop(be.ones((5, 4), dtype=np.float64)),
        ("another dtype", "expected float32, got float64", "gen_backend(datatype=...)"),
    ),
    "onehot_words_for_a_lookup_table": (
        lambda be: ready([LookupTable(5, 2, INIT)], (5, 3)).fprop(be.ones((5, 12))),
        ("number of indices", "expected a tensor of shape (5, 4)", "onehot_input=False"),
    ),
    "word_beyond_the_vocabulary": (
        lambda be: ready([LookupTable(5, 2, INIT), RecurrentSum()], (3, 1)).fprop(
            be.array(np.full((3, 4), 9), dtype=np.int32)
        ),
        ("index 9", "size 5", "LookupTable", "(layer 1 of 2"),
    ),
    "other_features_in_eval": (
        lambda be: fit(classifier(), data()).get_outputs(data(features=6)),
        ("Linear", "(layer 1 of 2", "(5, 4)", "got (6, 4)", "data set's shape"),
    ),
    "several_inputs_for_one_layer": (
        lambda be: ready([Recurrent(4, INIT, activation=Tanh())], [(4, 3), (4, 3)]),
        ("Recurrent", "(layer 1 of 1", "the shape of one input", "MergeMultistream"),
    ),
    "epochs_that_are_no_integer": (
        lambda be: fit(classifier(), data(), num_epochs=3 / 2),
        ("num_epochs must be a whole number", "got 1.5", "//"),
    ),
    "parameters_without_a_layer_that_has_some": (
        lambda be: get_param_list(ready(classifier()).layers.layers),
        ("Activation", "does not define get_params", "model.layers_to_optimize"),
    ),
    "classes_of_another_number": (
        lambda be: ready(classifier()).eval(data(), PrecisionRecall(7)),
        ("PrecisionRecall counts 7 classes, got outputs of 3",),
    ),
    "nothing_to_evaluate": (
        lambda be: ready(classifier()).eval(Nothing(), Misclassification()),
        ("delivers no minibatches",),
    ),
    "no_outputs": (
        lambda be: ready(classifier()).get_outputs(Nothing()),
        ("delivers no minibatches",),
    ),
    "no_metric": (
        lambda be: ready(classifier()).eval(data(), None),
        ("eval needs a metric such as Misclassification(), got None",),
    ),
    "fewer_examples_than_a_batch": (
        lambda be: fit(classifier(), data(examples=2)),
        ("batch size 4", "2 examples"),
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(be: Any, name: str) -> None:
    script, parts = MISTAKES[name]
    with pytest.raises((AssertionError, IndexError, RuntimeError, TypeError, ValueError)) as caught:
        script(be)
    text = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    for part in parts:
        assert part in text
    for inside in ("NoneType'", "compound_dot", "operands could not be broadcast"):
        assert inside not in text


@pytest.mark.parametrize("size", [0, None])
def test_no_batch_size(be: Any, size: Any) -> None:
    be.bsz = size
    with pytest.raises(ValueError, match=r"batch_size=\.\.\.|be\.bsz"):
        data()
    with pytest.raises(ValueError, match=r"layer buffers need a batch size.*gen_backend"):
        ready(classifier())


def test_a_layer_used_twice_is_warned_about(make_be: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    make_be()
    told: list[str] = []
    monkeypatch.setattr(
        "neonlike.layers._sequential.logger.warning",
        lambda text, *values: told.append(text % values),
    )
    same = Linear(3, init=Gaussian(), name="same")
    Sequential([same, same]).configure(3)
    assert len(told) == 1
    assert "holds the same Linear layer 'same' 2 times" in told[0]


@pytest.mark.parametrize("kind", [Recurrent, GRU])
def test_recurrent_bprop_without_deltas(be: Any, kind: Any) -> None:
    gate = {"gate_activation": Logistic()} if kind is GRU else {}
    layer = kind(3, Gaussian(), activation=Tanh(), **gate).configure((2, 4))
    layer.allocate()
    y = layer.fprop(be.ones((2, 4 * be.bsz)))
    with pytest.raises(AssertionError, match="no memory for gradients yet"):
        layer.bprop(be.ones(y.shape))
