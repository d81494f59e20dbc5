"""Run the golden cases of layers.h5: the procedures of README-layers.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter, methodcaller
from typing import Any

import h5py
import numpy as np
from golden_cases import arrays, build, case_info, golden_file

GRADIENTS = {"weight_bias": "grad_bias", "beta": "grad_beta", "gamma": "grad_gamma"}
# states that the original hands out through a method
STATES: dict[str, Callable[[Any], Any]] = {
    "final_state_buffer": methodcaller("final_state"),
    "final_hidden_error": methodcaller("get_final_hidden_error"),
}
MakeBackend = Callable[..., Any]


def gradient_name(parameter: str) -> str:
    """Attribute that holds the gradient of ``parameter``."""
    return GRADIENTS.get(parameter, f"d{parameter}")


def close(
    got: Any, expected: np.ndarray, what: str, *, rtol: float = 1e-4, atol: float = 1e-5
) -> None:
    """Assert that a tensor or array has the golden values."""
    values = got.get() if hasattr(got, "get") else np.asarray(got)
    np.testing.assert_allclose(
        values.reshape(expected.shape), expected, rtol=rtol, atol=atol, err_msg=what
    )


def backend_of(make_be: MakeBackend, info: dict[str, Any]) -> Any:
    """The backend that a case asks for, with kernels that round like the original's."""
    return make_be(
        batch_size=info["batch_size"],
        rng_seed=info["rng_seed"],
        compat_mode=info.get("compat_mode"),
    )


def calls_of(
    group: h5py.Group, info: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], h5py.Group]]:
    """The calls of a case with the groups of their data."""
    for number, call in enumerate(info["calls"]):
        yield call, group if number == 0 else group[f"call{number}"]


class Refilled:
    """Tensors that are made at the first use and refilled afterwards, as networks do."""

    def __init__(self, be: Any) -> None:
        self.be = be
        self.tensors: dict[str, Any] = {}

    def __call__(self, key: str, values: np.ndarray, *, new: bool = False) -> Any:
        old = self.tensors.get(key)
        if old is None or new or tuple(old.shape) != values.shape:
            self.tensors[key] = self.be.array(values)
        else:
            old.set(values)
        return self.tensors[key]


def compare_grads(layer: Any, group: h5py.Group, skip: set[str], label: str) -> None:
    """Compare all ``grad/NAME`` of ``group`` with the layer's gradients."""
    for name, expected in arrays(group).items():
        if f"grad/{name}" not in skip and "grad" not in skip:
            # the bias gradients before a batch norm are rounding noise around 0
            atol = 1e-4 if name in ("b_f", "b_b") else 1e-5
            got = getattr(layer, gradient_name(name))
            close(got, expected, f"{label} grad/{name}", atol=atol)


def compare_states(layer: Any, group: h5py.Group, skip: set[str], label: str) -> None:
    """Compare all ``state/NAME`` of ``group`` with the layer's attributes."""
    for name, expected in arrays(group).items():
        if f"state/{name}" not in skip and "state" not in skip:
            close(STATES.get(name, attrgetter(name))(layer), expected, f"{label} state/{name}")


def stand_alone(layer: Any, in_shape: Any) -> None:
    """Prepare a layer outside a network, with a delta buffer (spec layers 3.3)."""
    from neonlike.layers.container import DeltasTree

    layer.configure(in_shape)
    layer.prev_layer = True
    layer.allocate()
    tree = DeltasTree()
    layer.allocate_deltas(tree)
    tree.allocate_buffers()
    layer.set_deltas(tree)


def run_layer(make_be: MakeBackend, name: str, skip: set[str] = frozenset()) -> Any:  # type: ignore[assignment]  # empty
    """Run a case of kind ``layer`` and compare; ``skip`` names what is repaired.

    Returns:
        The layer after the last call.
    """
    info, group = case_info("layers", name), golden_file("layers")[name]
    be = backend_of(make_be, info)
    layer = build({"class": info["class"], "kwargs": info["kwargs"]})
    stand_alone(layer, build(info["in_shape"]))
    for parameter, values in arrays(group.get("param", {})).items():
        getattr(layer, parameter).set(values)
    refill = Refilled(be)
    for number, (call, data) in enumerate(calls_of(group, info)):
        if f"call{number}" in skip:
            break
        _layer_call(layer, call, data, refill, skip, f"{name} call {number}")
    return layer


def _layer_call(
    layer: Any,
    call: dict[str, Any],
    data: h5py.Group,
    refill: Refilled,
    skip: set[str],
    label: str,
) -> None:
    inputs = refill("inputs", data["inputs"][()], new=call.get("new_input_tensor", False))
    kwargs: dict[str, Any] = {"inference": call.get("inference", False)}
    if call.get("init_state"):
        kwargs["init_state"] = refill.be.array(data["init_state"][()])
    if call.get("fprop_beta"):
        layer.outputs.set(data["outputs_before"][()])
        kwargs["beta"] = call["fprop_beta"]
    outputs = layer.fprop(inputs, **kwargs)
    if "outputs" not in skip:
        close(outputs, data["outputs"][()], f"{label} outputs")
    if "error" in data:
        _layer_bprop(layer, call, data, refill, skip, label)
    if "state" in data:
        compare_states(layer, data["state"], skip, label)
    for attribute in ("batch_sum", "argmax"):
        if attribute in data and attribute not in skip:
            close(getattr(layer, attribute), data[attribute][()], f"{label} {attribute}")


def _layer_bprop(
    layer: Any,
    call: dict[str, Any],
    data: h5py.Group,
    refill: Refilled,
    skip: set[str],
    label: str,
) -> None:
    scale = {key: call[f"bprop_{key}"] for key in ("alpha", "beta") if f"bprop_{key}" in call}
    if "deltas_before" in data:
        target = getattr(layer, "deltas_buffer", layer.deltas)
        target.set(data["deltas_before"][()])
    deltas = layer.bprop(refill("error", data["error"][()]), **scale)
    if "deltas" in data and "deltas" not in skip:
        close(deltas, data["deltas"][()], f"{label} deltas")
    if "grad" in data:
        compare_grads(layer, data["grad"], skip, label)


def values_of(item: Any) -> Any:
    """A dataset as array, a group with members 0, 1, ... as list."""
    if isinstance(item, h5py.Group):
        return [item[str(i)][()] for i in range(len(item))]
    return item[()]


def refill_all(refill: Refilled, key: str, values: Any) -> Any:
    """Tensors of one or several arrays."""
    if isinstance(values, list):
        return [refill(f"{key}/{i}", value) for i, value in enumerate(values)]
    return refill(key, values)


def in_shape_of(info: dict[str, Any]) -> Any:
    """The case's input shape; several are a list."""
    return build(info["in_shape"])


def load_params(layers: list[Any], group: h5py.Group) -> None:
    """Write ``param/II/NAME`` into layer number II."""
    for index, parameters in group.items():
        for name, values in arrays(parameters).items():
            getattr(layers[int(index)], name).set(values)


def build_net(info: dict[str, Any]) -> Any:
    """The model of a case."""
    from neonlike.models import Model

    return Model(layers=build(info["layers"]))


def run_net(make_be: MakeBackend, name: str, skip: set[str] = frozenset()) -> Any:  # type: ignore[assignment]  # empty
    """Run a case of kind ``net`` and compare; ``skip`` names what is repaired.

    Returns:
        The model after the last call.
    """
    info, group = case_info("layers", name), golden_file("layers")[name]
    be = backend_of(make_be, info)
    model = build_net(info)
    cost = build(info["cost"]) if "cost" in info else None
    model.initialize(in_shape_of(info), cost)
    optimized = model.layers.layers_to_optimize
    assert [type(layer).__name__ for layer in optimized] == [
        kind for kind, _ in info["optimized_layers"]
    ]
    if "param" in group:
        load_params(optimized, group["param"])
    refill = Refilled(be)
    for number, (call, data) in enumerate(calls_of(group, info)):
        if f"call{number}" in skip:
            break
        _net_call(model, cost, call, data, refill, skip, f"{name} call {number}")
    return model


def _net_call(
    model: Any,
    cost: Any,
    call: dict[str, Any],
    data: h5py.Group,
    refill: Refilled,
    skip: set[str],
    label: str,
) -> None:
    inputs = refill_all(refill, "inputs", values_of(data["inputs"]))
    if isinstance(inputs, list):
        inputs = tuple(inputs)
    outputs = model.fprop(inputs, inference=call.get("inference", False))
    if "outputs" not in skip:
        for got, expected in _pairs(outputs, values_of(data["outputs"])):
            close(got, expected, f"{label} outputs")
    if "error" in data:
        _net_bprop(model, cost, outputs, data, refill, skip, label)
    optimized = model.layers.layers_to_optimize
    for index, states in data.get("state", {}).items():
        compare_states(optimized[int(index)], states, skip, f"{label} layer {index}")


def _net_bprop(
    model: Any,
    cost: Any,
    outputs: Any,
    data: h5py.Group,
    refill: Refilled,
    skip: set[str],
    label: str,
) -> None:
    if cost is not None:
        targets = refill_all(refill, "targets", values_of(data["targets"]))
        close(cost.get_cost(outputs, targets), data["cost"][()], f"{label} cost")
        error = cost.get_errors(outputs, targets)
        for got, expected in _pairs(error, values_of(data["error"])):
            close(got, expected, f"{label} error")
    else:
        error = refill_all(refill, "error", values_of(data["error"]))
    model.bprop(error)
    optimized = model.layers.layers_to_optimize
    for index, gradients in data.get("grad", {}).items():
        if f"grad/{index}" not in skip:
            compare_grads(optimized[int(index)], gradients, skip, f"{label} layer {index}")


def _pairs(got: Any, expected: Any) -> Iterator[tuple[Any, np.ndarray]]:
    if isinstance(expected, list):
        yield from zip(got, expected, strict=True)
    else:
        yield got, expected
