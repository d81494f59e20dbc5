"""Update rules and schedules against the original's numbers; states; MultiOptimizer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden_cases import build, case_info, case_names, golden_file

from neonlike.optimizers import (
    Adadelta,
    Adagrad,
    Adam,
    GradientDescentMomentum,
    MultiOptimizer,
    PowerSchedule,
    RMSProp,
    Schedule,
    ShiftAdaMax,
    StepSchedule,
)
from neonlike.optimizers.optimizer import Optimizer, get_param_list

RULES = [c for c in case_names("training", "optimizer/") if c != "optimizer/multioptimizer"]
SCHEDULES = case_names("training", "schedule/")


class Dummy:
    """Anything with ``get_params`` is a layer."""

    def __init__(self, param: Any, grad: Any, as_list: bool = False, name: str = "dummy") -> None:
        self.param, self.grad, self.name = param, grad, name
        self.states: list[Any] = []
        self.as_list = as_list

    def get_params(self) -> Any:
        entry = ((self.param, self.grad), self.states)
        return [entry] if self.as_list else entry


def dummy(be: Any, value: float = 1.0, grad: float = 4.0) -> Dummy:
    return Dummy(be.array(np.full((2, 2), value)), be.array(np.full((2, 2), grad)))


@pytest.mark.parametrize("case", RULES)
def test_golden(make_be: Any, case: str) -> None:
    info, gold = case_info("training", case), golden_file("training")[case]
    be = make_be(batch_size=info["batch_size"])
    optimizer = build({"class": info["class"], "kwargs": info["kwargs"]}, tuples=False)
    layers = {
        k: Dummy(be.array(gold["param"][k][0]), be.empty(gold["param"][k].shape[1:]), k == "b")
        for k in info["params"]
    }
    for step, epoch in enumerate(info["epochs"]):
        for k, layer in layers.items():
            layer.grad[:] = gold["grad"][k][step]
        optimizer.optimize(list(layers.values()), epoch)
        for k, layer in layers.items():
            close(layer.param.get(), gold["param"][k][step + 1])
            np.testing.assert_array_equal(layer.grad.get(), gold["grad"][k][step])
            assert len(layer.states) == gold["param"][k].attrs["n_states"]
            for i, state in enumerate(layer.states):
                close(state.get(), gold["state"][k][str(i)][step])


def close(actual: Any, desired: Any) -> None:
    np.testing.assert_allclose(actual, desired, rtol=1e-5, atol=1e-6)


def test_golden_multi_optimizer(make_be: Any) -> None:
    case = "optimizer/multioptimizer"
    info, gold = case_info("training", case), golden_file("training")[case]
    be = make_be(batch_size=info["batch_size"])
    kinds = {kind: type(kind, (Dummy,), {}) for kind, _ in info["layers"]}
    layers = [
        kinds[kind](be.array(gold["param"][0, i]), be.empty((3, 2)), name=name)
        for i, (kind, name) in enumerate(info["layers"])
    ]
    optimizer = build({"class": info["class"], "kwargs": info["kwargs"]}, tuples=False)
    for step, epoch in enumerate(info["epochs"]):
        for i, layer in enumerate(layers):
            layer.grad[:] = gold["grad"][step, i]
        optimizer.optimize(list(layers), epoch)
        close(np.stack([layer.param.get() for layer in layers]), gold["param"][step + 1])


@pytest.mark.parametrize("case", SCHEDULES)
def test_golden_schedule(case: str) -> None:
    info, gold = case_info("training", case), golden_file("training")[case]
    kwargs = info["kwargs"]
    if info["step_config_is_tuple"]:
        kwargs = {**kwargs, "step_config": tuple(kwargs["step_config"])}
    schedule = build({"class": info["class"], "kwargs": kwargs}, tuples=False)
    rates = [schedule.get_learning_rate(info["learning_rate"], epoch) for epoch in range(13)]
    assert all(type(rate) is float for rate in rates)
    close(rates, gold["lr"])


def test_schedule_errors() -> None:
    with pytest.raises(AssertionError, match="2 epochs but change 1"):
        StepSchedule([1, 2], [0.1])
    with pytest.raises(AssertionError, match="two lists"):
        StepSchedule(3, 0.1)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="int"):
        PowerSchedule([3], 0.1)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="1 epochs but change 2"):
        Schedule([1], [0.1, 0.2])


def test_schedule_of_the_user(be: Any) -> None:
    class Halving:
        def get_learning_rate(self, learning_rate: float, epoch: int) -> float:
            return learning_rate / 2**epoch

    layer = dummy(be)
    GradientDescentMomentum(0.5, 0.0, schedule=Halving()).optimize([layer], epoch=1)  # type: ignore[arg-type]
    np.testing.assert_allclose(layer.param.get(), 0.75)


def test_states_stay_in_the_list_of_the_layer(be: Any) -> None:
    layer = dummy(be)
    states = layer.states
    Adam().optimize([layer], epoch=0)
    assert layer.states is states
    assert len(states) == 2
    first = states[0]
    Adam().optimize([layer], epoch=0)
    assert states[0] is first


def test_states_of_another_optimizer_start_anew(be: Any, caplog: pytest.LogCaptureFixture) -> None:
    layer = dummy(be, grad=-4.0)
    Adadelta().optimize([layer], epoch=0)
    RMSProp().optimize([layer], epoch=0)
    assert "another optimizer" in caplog.text
    assert len(layer.states) == 1
    np.testing.assert_allclose(layer.states[0].get(), 0.05, rtol=1e-6)


def test_nesterov_needs_momentum() -> None:
    with pytest.raises(ValueError, match="momentum_coef"):
        GradientDescentMomentum(0.1, 0.0, nesterov=True)


def test_gradient_norm_spans_all_parameters(be: Any) -> None:
    layers = [dummy(be, grad=4.0), dummy(be, grad=8.0)]
    optimizer = Optimizer()
    norm = np.sqrt(4 * 1.0 + 4 * 4.0)
    params = get_param_list(layers)
    assert optimizer.clip_gradient_norm(params, 1.0) == pytest.approx(1.0 / norm)
    assert optimizer.clip_gradient_norm(params, 100.0) == 1.0
    assert optimizer.clip_gradient_norm(params, None) == 1.0


def test_multi_optimizer_mapping(be: Any) -> None:
    default, bias = GradientDescentMomentum(0.1, 0.0), RMSProp()
    multi = MultiOptimizer({"default": default, "Bias": bias, "head": bias})
    kind = type("Bias", (Dummy,), {})
    a, b, head = dummy(be), kind(None, None, name="b"), Dummy(None, None, name="head")
    assert multi._map_optimizers([a, b, head]) == {default: [a], bias: [b, head]}
    assert multi._map_optimizers([a]) == {default: [a]}
    with pytest.raises(TypeError, match=r"optimizer_mapping\['Bias'\] must be an optimizer"):
        MultiOptimizer({"default": Adam(), "Bias": Adam})
    with pytest.raises(AssertionError, match="default"):
        MultiOptimizer({"Bias": bias})
    multi._reset_mapping({"default": bias})
    assert multi._map_optimizers([a, b]) == {bias: [a, b]}


def test_user_rule_overrides_optimize(be: Any) -> None:
    class Plain(Optimizer):
        def optimize(self, layer_list: Any, epoch: int) -> None:
            for (param, grad), _ in get_param_list(layer_list):
                param[:] = param - grad / self.be.bsz

    layer = dummy(be)
    Plain().optimize([layer], 0)
    np.testing.assert_array_equal(layer.param.get(), 0)
    with pytest.raises(NotImplementedError, match="_update"):
        Optimizer().optimize([layer], 0)


ALL = [
    lambda: GradientDescentMomentum(0.1, 0.9, schedule=StepSchedule([1, 2], [0.05, 0.01])),
    RMSProp,
    Adagrad,
    Adadelta,
    Adam,
    ShiftAdaMax,
    lambda: MultiOptimizer({"default": Adam(), "Bias": RMSProp(learning_rate=0.1)}),
]


@pytest.mark.parametrize("make", ALL)
def test_contract(be: Any, make: Any) -> None:
    """Described, rebuilt and resumed from its train state, a rule goes on to the same numbers."""
    first, rng = make(), np.random.RandomState(0)
    grads = rng.standard_normal((6, 2, 2))
    layer = dummy(be)
    run(first, layer, grads[:4], 0)
    description = first.get_description()
    second = type(first).gen_class(description["config"])
    assert second.get_description() == description
    second.load_train_state(first.train_state())
    twin = Dummy(be.array(layer.param.get()), be.empty((2, 2)))
    twin.states = [be.array(state.get()) for state in layer.states]
    run(first, layer, grads[4:], 4)
    run(second, twin, grads[4:], 4)
    np.testing.assert_array_equal(layer.param.get(), twin.param.get())


def run(optimizer: Any, layer: Dummy, grads: np.ndarray, epoch: int) -> None:
    for i, grad in enumerate(grads):
        layer.grad[:] = grad
        optimizer.optimize([layer], epoch + i)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The warnings of optimizers."""
    texts: list[str] = []
    monkeypatch.setattr(
        "neonlike.optimizers._base.logger.warning",
        lambda text, *values: texts.append(text % values),
    )
    return texts


@pytest.mark.parametrize("rule", [Adam, Adagrad, Adadelta, RMSProp], ids=lambda rule: rule.__name__)
def test_learning_rate_in_the_wrong_place_is_warned_about(
    rule: Any, be: Any, told: list[str]
) -> None:
    rule(0.01)
    assert f"{rule.__name__}(0.01): as in neon, the first argument is stochastic_round" in told[0]
    rule(False)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: GradientDescentMomentum("0.1", 0.9), TypeError, "finite number, got '0.1'"),
        (lambda: Adagrad(learning_rate=float("nan")), ValueError, "learning_rate .* got nan"),
        (lambda: Adam(beta_1=1), ValueError, "beta_1 .* at least 0 and below 1, got 1"),
        (lambda: RMSProp(decay_rate=-0.1), ValueError, "RMSProp: decay_rate .* got -0.1"),
        (lambda: Adadelta(decay=None), TypeError, "decay .* got None"),
    ],
)
def test_wrong_numbers(be: Any, make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_negative_rate_is_warned_about(be: Any, told: list[str]) -> None:
    Adam(learning_rate=-0.1)
    assert told == ["Adam: a learning rate of -0.1 makes costs grow"]
