"""Gradients of recurrent states: golden numbers, the analytic law, and finite differences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from golden_cases import case_info, case_names, golden_file, lookup
from layer_runner import MakeBackend

from neonlike.callbacks import Callbacks
from neonlike.callbacks.callbacks import GradFlowCallback
from neonlike.data import ArrayIterator
from neonlike.initializers import Constant, GlorotUniform, Uniform
from neonlike.layers import (
    GRU,
    LSTM,
    LSTM97,
    Affine,
    BiRNN,
    DeepTransitionRNN,
    ElmanLayer,
    GeneralizedCost,
    Jordan,
    LSTMVariant,
    Recurrent,
    RecurrentLast,
    TruncatedRecurrent,
)
from neonlike.layers._state_gradients import state_gradients
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import CrossEntropyMulti, Identity, Logistic, Softmax, SumSquared, Tanh
from neonlike.visualizations import (
    grad_flow,
    plot_grad_flow,
    plot_singular_values,
    plot_states,
    singular_values,
    spectral_radius,
    state_activity,
    to_png,
)

STEPS, UNITS, BATCH, NIN = 5, 3, 2, 2
INIT = Uniform(-0.8, 0.8)
GATED = {"activation": Tanh(), "gate_activation": Logistic()}
CASES = [name for name in case_names("recurrent_zoo") if name.startswith("gradflow")]


def model_of(layers: list[Any], nin: int, steps: int) -> Model:
    model = Model(layers)
    cost = GeneralizedCost(SumSquared())
    model.initialize((nin, steps), cost)
    model.cost = cost
    return model


@pytest.mark.parametrize("name", CASES)
def test_golden(make_be: MakeBackend, name: str) -> None:
    info, group = case_info("recurrent_zoo", name), golden_file("recurrent_zoo")[name]
    be = make_be(batch_size=info["batch_size"], datatype=np.float64)
    layer = ElmanLayer(info["nhid"], Constant(0), activation=lookup(info["activation"])())
    model = model_of([layer], info["nin"], info["steps"])
    layer.W[:] = group["W"][()].reshape(layer.W.shape)
    x = be.array(group["inputs"][()])
    t = be.array(model.fprop(x).get() - group["error_in"][()])
    (norms,) = grad_flow(model, x, t, loss_at="all").values()
    np.testing.assert_allclose(norms, group["grad_norm"][()], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("rho", [0.5, 1.5])
@pytest.mark.parametrize("kind", [Recurrent, ElmanLayer, DeepTransitionRNN])
def test_a_scaled_rotation_fades_or_explodes_exactly(
    make_be: MakeBackend, kind: Any, rho: float
) -> None:
    be = make_be(batch_size=BATCH, datatype=np.float64)
    layer = kind(4, INIT, activation=Identity())
    model = model_of([layer], NIN, 50)
    rng = np.random.RandomState(0)
    matrix = layer.W_1 if kind is DeepTransitionRNN else layer.W_recur
    matrix[:] = rho * np.linalg.qr(rng.normal(size=(4, 4)))[0]
    x, t = (be.array(rng.normal(size=(n, 50 * BATCH))) for n in (NIN, 4))
    (norms,) = grad_flow(model, x, t).values()
    np.testing.assert_allclose(norms, norms[-1] * rho ** np.arange(49, -1, -1.0)[:, None])
    assert spectral_radius(layer) == pytest.approx(rho)
    np.testing.assert_allclose(singular_values(layer), rho)


PLAIN: dict[str, Any] = {
    "Recurrent": lambda: Recurrent(UNITS, INIT, activation=Tanh()),
    "chunk": lambda: TruncatedRecurrent(UNITS, INIT, mode="chunk", k=2),
    "depth": lambda: TruncatedRecurrent(UNITS, INIT, mode="depth", k=3),
    "deep": lambda: DeepTransitionRNN(UNITS, INIT, [4, 2], shortcut=True, input_to="all"),
    "Jordan": lambda: Jordan(UNITS, 4, INIT, out_activation=Identity()),
}
CELLS: dict[str, Any] = {
    "LSTM": lambda: LSTM(UNITS, INIT, **GATED),
    "LSTM97": lambda: LSTM97(UNITS, INIT, truncate=False, g=Tanh(), h=Tanh()),
    "LSTM97 truncated": lambda: LSTM97(UNITS, INIT, g=Tanh(), h=Tanh()),
    "truncated": lambda: LSTMVariant(UNITS, INIT, truncate=True),
    **{
        variant: lambda variant=variant: LSTMVariant(UNITS, INIT, variant=variant)
        for variant in ("vanilla", "NIG", "NFG", "NOG", "NIAF", "NOAF", "NP", "CIFG", "CFIG", "FGR")
    },
}


def flows_of(be: Any, layer: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Gradients and signals of a random sequence with errors at all steps."""
    rng = np.random.RandomState(3)
    model = model_of([layer], NIN, STEPS)
    layer.reset_cells = True  # both passes begin with the same states
    layer.W[:] = rng.normal(scale=0.6, size=layer.W.shape)
    x, t = (be.array(rng.normal(size=(n, STEPS * BATCH))) for n in (NIN, UNITS))
    norms = grad_flow(model, x, t, loss_at="all")
    found = state_gradients(layer, model.cost.deltas.get())
    for state, gradient in found.items():
        assert gradient.shape[1:] == (STEPS, BATCH)
        np.testing.assert_array_equal(
            norms[f"{layer.name} {state}"], np.linalg.norm(gradient, axis=0)
        )
    return found, state_activity(model, x)[layer.name]


def summed(a: Any) -> Any:
    return a.sum(axis=(1, 2))


@pytest.mark.parametrize("name", PLAIN)
def test_states_explain_the_gradient_of_the_biases(make_be: MakeBackend, name: str) -> None:
    layer = PLAIN[name]()
    found, signals = flows_of(make_be(batch_size=BATCH, datatype=np.float64), layer)
    bias = (layer.db_3 if name == "deep" else layer.db).get().ravel()
    np.testing.assert_allclose(summed(found["h"] * (1 - signals["h"] ** 2)), bias, rtol=1e-9)


def test_gru_states_explain_the_gradient_of_the_biases(make_be: MakeBackend) -> None:
    layer = GRU(UNITS, INIT, **GATED)
    found, signals = flows_of(make_be(batch_size=BATCH, datatype=np.float64), layer)
    update, candidate = signals["z"], signals["q"]
    expected = summed(found["h"] * update * (1 - candidate**2))
    np.testing.assert_allclose(layer.db.get().ravel()[2 * UNITS :], expected, rtol=1e-9)


@pytest.mark.parametrize("name", CELLS)
def test_cells_explain_the_gradient_of_the_biases(make_be: MakeBackend, name: str) -> None:
    layer = CELLS[name]()
    found, signals = flows_of(make_be(batch_size=BATCH, datatype=np.float64), layer)
    slope = 1.0 if name == "NIAF" else 1 - signals["g"] ** 2
    opened = signals["inp_gate"] if "inp_gate" in signals else signals["i"]
    bias = layer.db.get().ravel()
    np.testing.assert_allclose(
        summed(found["c"] * opened * slope), bias[-UNITS:], rtol=1e-9, atol=1e-12
    )
    if name not in ("NOG", "FGR") and "o" in signals:  # FGR: gates also see gates
        cell = signals["c"] if name == "NOAF" else np.tanh(signals["c"])
        gate = signals["o"] * (1 - signals["o"])
        np.testing.assert_allclose(
            summed(found["h"] * cell * gate), bias[-2 * UNITS : -UNITS], rtol=1e-9, atol=1e-12
        )


def test_the_error_in_a_cell_of_1997_is_constant(make_be: MakeBackend) -> None:
    be = make_be(batch_size=BATCH, datatype=np.float64)
    layer = LSTM97(UNITS, INIT)
    model = model_of([layer], NIN, 50)
    rng = np.random.RandomState(1)
    x, t = (be.array(rng.normal(size=(n, 50 * BATCH))) for n in (NIN, UNITS))
    flow = grad_flow(model, x, t)
    np.testing.assert_array_equal(flow[f"{layer.name} c"] - flow[f"{layer.name} c"][-1], 0)
    assert not flow[f"{layer.name} h"][:-1].any()


def test_what_has_no_flow_is_explained(be: Any) -> None:
    model = model_of([BiRNN(UNITS, INIT, activation=Tanh())], NIN, STEPS)
    with pytest.raises(ValueError, match="use sweep_gradients"):
        grad_flow(model, None, None)
    with pytest.raises(ValueError, match="'last' or 'all'"):
        grad_flow(model, None, None, loss_at="first")
    with pytest.raises(ValueError, match="square matrices"):
        spectral_radius(Affine(2, INIT)[0])
    with pytest.raises(ValueError, match="freq must be at least 1"):
        GradFlowCallback(freq=0)


def test_the_callback_writes_norms_of_every_second_epoch(
    make_be: MakeBackend, tmp_path: Path
) -> None:
    make_be(batch_size=4)
    rng = np.random.RandomState(0)
    data = ArrayIterator(
        rng.normal(size=(8, NIN * STEPS)).astype(np.float32),
        rng.randint(2, size=8),
        nclass=2,
        lshape=(NIN, STEPS),
    )
    lstm = LSTM(UNITS, GlorotUniform(), name="memory", **GATED)
    readout = Affine(2, GlorotUniform(), bias=Constant(0), activation=Softmax())
    model = Model([lstm, RecurrentLast(), readout])
    path = tmp_path / "history.h5"
    callbacks = Callbacks(model, output_file=str(path), progress_bar=False)
    callbacks.add_callback(GradFlowCallback(freq=2))
    optimizer = GradientDescentMomentum(0.1, 0.9)
    model.fit(data, GeneralizedCost(CrossEntropyMulti()), optimizer, 3, callbacks)
    with h5py.File(path) as file:
        group = file["grad_flow"]
        assert group["epochs"][()].tolist() == [0, 2]
        for state in "hc":
            assert group[f"memory/{state}"].shape == (STEPS, 2)
            assert (group[f"memory/{state}"][()] > 0).all()
    assert "bprop" not in vars(lstm)


def test_pictures(make_be: MakeBackend) -> None:
    be = make_be(batch_size=BATCH)
    lstm, plain = LSTM(UNITS, INIT, **GATED), Recurrent(UNITS, INIT, activation=Tanh())
    model = model_of([lstm, plain], NIN, STEPS)
    rng = np.random.RandomState(0)
    x, t = (be.array(rng.normal(size=(n, STEPS * BATCH))) for n in (NIN, UNITS))
    flow = grad_flow(model, x, t)
    assert list(flow) == [f"{lstm.name} h", f"{lstm.name} c", f"{plain.name} h"]
    radii = {f"{plain.name} h": spectral_radius(plain)}
    assert singular_values(lstm).shape == (4, UNITS)
    figures = [
        plot_grad_flow(flow, radii),
        plot_singular_values({"plain": plain, "lstm": lstm}),
        plot_states(state_activity(model, x)[lstm.name], example=1),
    ]
    assert [len(figure.axes) for figure in figures] == [1, 2, 12]
    assert all(to_png(figure).startswith(b"\x89PNG") for figure in figures)
    legend = figures[0].axes[0].get_legend().get_texts()
    assert "ρ = " in legend[-1].get_text()
