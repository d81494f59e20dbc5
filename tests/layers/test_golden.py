"""Layers, nets, costs and seeded runs against the original's numbers (layers.h5)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from golden_cases import arrays, build, case_info, case_names, golden_file
from layer_runner import (
    MakeBackend,
    Refilled,
    backend_of,
    close,
    compare_grads,
    load_params,
    refill_all,
    run_layer,
    run_net,
    stand_alone,
    values_of,
)
from repaired_cases import REPAIRED


def named(kind: str) -> list[str]:
    """All cases of a kind."""
    return [name for name in case_names("layers") if case_info("layers", name)["kind"] == kind]


@pytest.mark.parametrize("name", named("layer"))
def test_layer(make_be: MakeBackend, name: str) -> None:
    run_layer(make_be, name, REPAIRED.get(name, set()))


@pytest.mark.parametrize("name", named("net"))
def test_net(make_be: MakeBackend, name: str) -> None:
    run_net(make_be, name, REPAIRED.get(name, set()))


class Outputs:
    """Stands for the last layer of a network: only its shape matters to a cost."""

    def __new__(cls, out_shape: Any) -> Any:
        from neonlike.layers import Layer

        layer = Layer()
        layer.out_shape = out_shape
        return layer


@pytest.mark.parametrize("name", named("cost"))
def test_cost(make_be: MakeBackend, name: str) -> None:
    info, group = case_info("layers", name), golden_file("layers")[name]
    be = backend_of(make_be, info)
    cost = build({"class": info["class"], "kwargs": info["kwargs"]})
    shapes = info["net_out_shape"]
    several = isinstance(shapes[0], list)
    cost.initialize([Outputs(tuple(s)) for s in shapes] if several else Outputs(tuple(shapes)))
    refill = Refilled(be)
    outputs = refill_all(refill, "outputs", values_of(group["outputs"]))
    targets = refill_all(refill, "targets", values_of(group["targets"]))
    if "cost_dis" in group:
        for cost_type in ("dis", "dis_data", "dis_noise", "gen"):
            close(cost.get_cost(outputs, targets, cost_type), group[f"cost_{cost_type}"][()], name)
        return
    result = cost.get_cost(outputs, targets)
    assert result.shape == (1, 1)
    close(result, group["cost"][()], name)
    close(cost.outputs, group["cost_per_sample"][()], name)
    errors, expected = cost.get_errors(outputs, targets), values_of(group["error"])
    pairs = zip(errors, expected, strict=True) if several else [(errors, expected)]
    for got, wanted in pairs:
        close(got, wanted, f"{name} error")


def test_roipooling(make_be: MakeBackend) -> None:
    info, group = case_info("layers", "roipooling"), golden_file("layers")["roipooling"]
    be = backend_of(make_be, info)
    layer = build({"class": "RoiPooling", "kwargs": info["kwargs"]})
    layer.configure([Outputs(build(info["in_shape"])), Outputs(build(info["rois_shape"]))])
    layer.allocate()
    assert layer.out_shape == build(info["out_shape"])
    inputs = tuple(be.array(values) for values in values_of(group["inputs"]))
    close(layer.fprop(inputs), group["outputs"][()], "outputs")
    close(layer.bprop(be.array(group["error"][()])), group["deltas"][()], "deltas")


def test_generative_adversarial(make_be: MakeBackend) -> None:
    name = "net_generative_adversarial"
    info, group = case_info("layers", name), golden_file("layers")[name]
    be = backend_of(make_be, info)
    from neonlike.layers.container import GenerativeAdversarial, Sequential

    generator, discriminator = (
        Sequential(build(info[part])) for part in ("generator", "discriminator")
    )
    net = GenerativeAdversarial(generator, discriminator)
    net.configure(build(info["noise_dim"]))
    generator.allocate(accumulate_updates=False)
    discriminator.allocate(accumulate_updates=True)
    net.allocate_deltas()
    load_params(net.layers_to_optimize, group["param"])
    noise, data = be.array(group["noise"][()]), be.array(group["data"][()])
    errors = [be.array(values) for values in values_of(group["error"])]

    generated = generator.fprop(noise)
    close(generated, group["generated"][()], "generated")
    close(discriminator.fprop(generated), group["dis_noise"][()], "dis_noise")
    discriminator.bprop(errors[0])
    discriminator.set_acc_on(True)
    close(discriminator.fprop(data), group["dis_data"][()], "dis_data")
    discriminator.bprop(errors[1])
    _compare_all(net, group["grad_acc"])
    discriminator.set_acc_on(False)
    discriminator.fprop(generated)
    deltas = discriminator.bprop(errors[2])
    close(deltas, group["dis_deltas"][()], "dis_deltas")
    generator.bprop(deltas)
    _compare_all(net, group["grad"])


def _compare_all(net: Any, group: Any) -> None:
    for index, gradients in group.items():
        compare_grads(net.layers_to_optimize[int(index)], gradients, set(), f"layer {index}")


@pytest.mark.parametrize("name", named("seeded_params"))
def test_seeded_params(make_be: MakeBackend, name: str) -> None:
    from neonlike.models import Model

    info, group = case_info("layers", name), golden_file("layers")[name]
    be = backend_of(make_be, info)
    model = Model(layers=build(info["layers"]))
    model.initialize(build(info["in_shape"]))
    optimized = model.layers.layers_to_optimize
    for index, parameters in group["param"].items():
        for parameter, expected in arrays(parameters).items():
            got = getattr(optimized[int(index)], parameter)
            close(got, expected, f"{name} {index}/{parameter}", rtol=0, atol=1e-7)
    np.testing.assert_allclose(be.rng.uniform(size=4), group["next_uniform"][()], rtol=1e-12)


@pytest.mark.parametrize("name", named("seeded_dropout"))
def test_seeded_dropout(make_be: MakeBackend, name: str) -> None:
    info, group = case_info("layers", name), golden_file("layers")[name]
    be = backend_of(make_be, info)
    layer = build({"class": info["class"], "kwargs": info["kwargs"]})
    stand_alone(layer, build(info["in_shape"]))
    for number in range(info["fprops"]):
        outputs = layer.fprop(be.ones(layer.keep_mask.shape))
        close(layer.keep_mask, group[f"mask{number}"][()], name, rtol=0, atol=1e-7)
        close(outputs, group[f"outputs{number}"][()], name, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", named("seeded_training"))
def test_seeded_training(make_be: MakeBackend, name: str) -> None:
    from neonlike.models import Model

    info, group = case_info("layers", name), golden_file("layers")[name]
    be = backend_of(make_be, info)
    model = Model(layers=build(info["layers"]))
    cost, optimizer = build(info["cost"]), build(info["optimizer"])
    model.initialize(build(info["in_shape"]), cost)
    inputs, targets = group["inputs"][()], group["targets"][()]
    x, t = be.array(inputs[0]), be.array(targets[0])
    curve = []
    for epoch in range(info["n_epochs"]):
        for batch in range(info["n_batches"]):
            x.set(inputs[batch])
            t.set(targets[batch])
            y = model.fprop(x)
            curve.append(float(cost.get_cost(y, t)[0, 0]))
            model.bprop(cost.get_errors(y, t))
            optimizer.optimize(model.layers_to_optimize, epoch=epoch)
    np.testing.assert_allclose(curve, group["cost_curve"][()], atol=1e-4)
    x.set(inputs[0])
    outputs = model.fprop(x, inference=True)
    close(outputs, group["final_outputs_inference"][()], name, rtol=0, atol=1e-4)


def _table() -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = json.loads(golden_file("layers")["meta/shapes"].attrs["table"])
    return table


def test_shapes(make_be: MakeBackend) -> None:
    for row in _table():
        make_be(batch_size=2, compat_mode=row["compat_mode"])
        layer = build(row["obj"])
        if "exception" in row:
            with pytest.raises(Exception) as caught:  # noqa: PT011  # the type is checked below
                layer.configure(build(row["in_shape"]))
            assert type(caught.value).__name__ == row["exception"], row
            continue
        layer.configure(build(row["in_shape"]))
        assert layer.out_shape == build(row["out_shape"]), row
        for attribute in ("nin", "nsteps"):
            assert getattr(layer, attribute, -1) == row[attribute], row
        if row["weight_shape"] is not None:
            assert tuple(layer.weight_shape) == tuple(row["weight_shape"]), row
        if "name" in row["obj"]["kwargs"]:  # automatic names count live objects
            assert str(layer) == row["str"]


@pytest.mark.parametrize("name", list(golden_file("layers")["meta/descriptions"]))
def test_descriptions(make_be: MakeBackend, name: str) -> None:
    from neonlike.models import Model

    attrs = golden_file("layers")["meta/descriptions"][name].attrs
    make_be(batch_size=2)
    model = Model(layers=build(json.loads(attrs["layers"])))
    model.initialize(build(json.loads(attrs["in_shape"])))
    expected = json.loads(attrs["description"].replace('"neon.', '"neonlike.'))
    assert _plain(model.layers.get_description()) == _plain(expected)
    assert model.layers.nested_str() == attrs["nested_str"]
    described = model.layers.get_description(get_weights=True)
    params = [item for item in _with_params(described)]
    for config, (layer_name, names, shapes) in zip(
        params, json.loads(attrs["serialized_params"]), strict=True
    ):
        assert config["config"]["name"] == layer_name
        assert sorted(config["params"]) == sorted(names)
        assert {k: list(v.shape) for k, v in config["params"].items()} == shapes


def _with_params(description: dict[str, Any]) -> Any:
    for layer in description["config"].get("layers", []):
        if "params" in layer:
            yield layer
        yield from _with_params(layer)


def _plain(value: Any) -> Any:
    """Tuples as lists, and no automatic names, which count live objects."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if not (k == "name" and _automatic(v))}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def _automatic(name: str) -> bool:
    return name[:1].isupper() and name.rpartition("_")[2].isdigit()
