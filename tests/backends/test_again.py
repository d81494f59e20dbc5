"""Work done again from memory: the same numbers as work that is prepared anew every time."""

from __future__ import annotations

import copy
import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neonlike.backends import cleanup_backend, gen_backend
from neonlike.backends._replay import Replay, numbers_of, pure
from neonlike.backends._sweep import Activation, Sweep, codes
from neonlike.initializers import Gaussian
from neonlike.layers import Affine, GeneralizedCost, Linear
from neonlike.models import Model
from neonlike.transforms import CrossEntropyMulti, Logistic, Rectlin, Rectlinclip, Softmax
from neonlike.transforms.cost import Cost

BATCH = 4  # that of the fixture
CALLS = 6  # the second is recorded, or a later one
INIT = Gaussian(scale=0.1)
Tensors = dict[str, Any]


# ------------------------------------------------------------------------------ operations
class Case:
    """An operation on tensors, of which it writes some."""

    def __init__(self, tensors: Tensors, run: Callable[[], Any]) -> None:
        self.tensors = tensors
        self.run = run


def tensors_of(be: Any, shapes: dict[str, Any]) -> Tensors:
    return {name: be.zeros(shape) for name, shape in shapes.items()}


def conv(op: str, taps: int, **more: Any) -> Callable[[Any], Case]:
    def build(be: Any) -> Case:
        layer = be.conv_layer(np.float32, BATCH, 4, 8, H=9, W=9, R=taps, S=taps)
        shapes = {"x": layer.dimI2, "w": layer.dimF2, "y": layer.dimO2, "b": layer.dimS}
        t = tensors_of(be, shapes)
        calls = {
            "fprop": lambda: be.fprop_conv(layer, t["x"], t["w"], t["y"], bias=t["b"], **more),
            "bprop": lambda: be.bprop_conv(layer, t["w"], t["y"], t["x"], **more),
            "update": lambda: be.update_conv(layer, t["x"], t["y"], t["w"], grad_bias=t["b"]),
        }
        return Case(t, calls[op])

    return build


def pool(op: str, kind: str) -> Callable[[Any], Case]:
    def build(be: Any) -> Case:
        layer = be.pool_layer(np.float32, kind, BATCH, 4, H=8, W=8, R=2, S=2)
        t = tensors_of(be, {"x": layer.dimI2, "y": layer.dimO2})
        argmax = be.empty(layer.dimO2, dtype=np.uint8)
        if op == "fprop":
            return Case(t, lambda: be.fprop_pool(layer, t["x"], t["y"], argmax))
        return Case(t, lambda: be.bprop_pool(layer, t["y"], t["x"], argmax))

    return build


def sweep(cell: str) -> Callable[[Any], Case]:
    rows = {"rnn": 1, "gru": 3, "lstm": 4}[cell] * 6

    def build(be: Any) -> Case:
        n, features, steps = 6, 5, 3
        columns = steps * BATCH
        shapes = {"W_input": (rows, features), "W_recur": (rows, n), "b": (rows, 1)}
        shapes |= {f"d{name}": shape for name, shape in shapes.items()}
        shapes |= {"h": (n, columns), "gates": (rows, columns), "delta": (rows, columns)}
        if cell == "lstm":
            shapes |= {"c": (n, columns), "c_act": (n, columns)}
        t = tensors_of(be, shapes)
        if cell == "rnn":
            t["gates"] = t["h"]
        tensors = Sweep(cell, (1, steps, BATCH), **t)
        others = {"x": (features, columns), "error": (n, columns), "deltas": (features, columns)}
        o = tensors_of(be, others)
        acts = Activation(codes.TANH), Activation(codes.LOGISTIC)

        def run() -> None:
            be.sweep_fprop(tensors, o["x"], *acts)
            be.sweep_bprop(tensors, o["x"], o["error"], *acts, o["deltas"])

        return Case(t | o, run)

    return build


def dot(**more: Any) -> Callable[[Any], Case]:
    def build(be: Any) -> Case:
        t = tensors_of(be, {"a": (5, 7), "b": (7, BATCH), "c": (5, BATCH), "sums": (5, 1)})
        return Case(t, lambda: be.compound_dot(t["a"], t["b"], t["c"], bsum=t["sums"], **more))

    return build


def norm(be: Any) -> Case:
    names = ("xsum", "xvar", "gmean", "gvar", "gamma", "beta", "grad_gamma", "grad_beta")
    shapes = {"x": (4, 30), "y": (4, 30), "error": (4, 30)} | {name: (4, 1) for name in names}
    t = tensors_of(be, shapes)
    columns = [t[name] for name in names]

    def run() -> None:
        be.compound_fprop_bn(t["x"], *columns[:6], t["y"], 1e-3, 0.9, True)
        be.compound_bprop_bn(
            t["error"], *columns[6:], t["error"], t["x"], *columns[:2], columns[4], 1e-3
        )

    return Case(t, run)


CASES: dict[str, Callable[[Any], Case]] = {
    **{f"conv {op} {n}": conv(op, n) for op in ("fprop", "bprop", "update") for n in (1, 2, 3, 9)},
    "conv relu": conv("fprop", 3, relu=True, slope=0.1),
    "conv onto": conv("fprop", 3, alpha=2.0, beta=0.5),
    **{f"pool {op} {kind}": pool(op, kind) for op in ("fprop", "bprop") for kind in ("max", "avg")},
    **{cell: sweep(cell) for cell in ("rnn", "gru", "lstm")},
    "dot": dot(),
    "dot relu": dot(relu=True),
    "dot onto": dot(alpha=2.0, beta=0.5),
    "batch norm": norm,
}  # fmt: skip


def results(be: Any, name: str, between: Callable[[Any, int], None] | None = None) -> list[Any]:
    """The tensors after each of some calls, before which they get new values."""
    case, rng, found = CASES[name](be), np.random.RandomState(3), []
    for call in range(CALLS):
        for tensor in case.tensors.values():
            tensor[:] = rng.uniform(0.1, 1, tensor.shape)
        if between is not None:
            between(be, call)
        case.run()
        found.append({name: tensor.get() for name, tensor in case.tensors.items()})
    return found


def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prepare all work anew."""
    monkeypatch.setattr(Replay, "recall", lambda self, key, settings: None)
    monkeypatch.setattr(Replay, "learn", lambda self, key, tensors, work: work())


def assert_equal(found: list[Any], wanted: list[Any]) -> None:
    for got, want in zip(found, wanted, strict=True):
        for name in want:
            np.testing.assert_array_equal(got[name], want[name], err_msg=name)


@pytest.mark.parametrize("name", CASES)
def test_same_numbers(be: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = results(be, name)
    anew(monkeypatch)
    assert_equal(found, results(be, name))


@pytest.mark.parametrize("name", CASES)
def test_settings_may_change(be: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def between(be: Any, call: int) -> None:
        be.numerics = "strict" if call % 3 == 0 else "fast"
        if call == 4:
            for buffer in list(be.scratch._buffers):  # as if larger layers had come
                be.scratch(buffer, (be.scratch._buffers[buffer].size + 64,), np.uint8)

    found = results(be, name, between)
    anew(monkeypatch)
    assert_equal(found, results(be, name, between))


@pytest.mark.parametrize("name", [name for name in CASES if name != "batch norm"])
def test_it_is_recorded(be: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third call prepares nothing: it finds what the second recorded."""
    if be.kernels.__name__.endswith("reference"):
        pytest.skip("nothing is prepared")
    learned: list[Any] = []
    learn = Replay.learn

    def counting(self: Replay, *args: Any) -> None:
        learned.append(args)
        learn(self, *args)

    monkeypatch.setattr(Replay, "learn", counting)
    case = CASES[name](be)
    counts = []
    for _ in range(CALLS):
        learned.clear()
        case.run()
        counts.append(len(learned))
    assert counts[-1] == (0 if name != "dot relu" else 1)


# ------------------------------------------------------------------------ what is not recorded
def test_operands_that_are_copied(be: Any) -> None:
    """Columns that are no neighbours, and half precision, are copied at each call."""
    layer = be.conv_layer(np.float32, BATCH, 3, 4, H=5, W=5, R=3, S=3)
    wide, half = be.zeros((layer.dimI2[0], 2 * BATCH)), be.zeros(layer.dimF2, dtype=np.float16)
    plain, filters = be.zeros(layer.dimI2), be.zeros(layer.dimF2)
    y, want = be.zeros(layer.dimO2), be.zeros(layer.dimO2)
    view, rng = wide[:, ::2], np.random.RandomState(0)
    for _ in range(CALLS):
        plain[:] = rng.uniform(-1, 1, plain.shape)
        half[:] = rng.uniform(-1, 1, half.shape)
        view[:], filters[:] = plain, half
        be.fprop_conv(layer, view, half, y)
        be.fprop_conv(layer, plain, filters, want)
        np.testing.assert_array_equal(y.get(), want.get())


def test_random_numbers_are_drawn_each_time(be: Any) -> None:
    target, replay = be.zeros((6, BATCH)), Replay(most=2)

    def work() -> None:
        target[:] = be.rand() * 2.0

    seen = set()
    for _ in range(CALLS):
        be.again(replay, ("draw",), (target,), work)
        seen.add(target.get().tobytes())
    assert len(seen) == CALLS


def test_values_computed_on_the_way(be: Any) -> None:
    """A tree with a value that was computed while it was built is built each time."""
    x, target, replay = be.zeros((6, BATCH)), be.zeros((6, BATCH)), Replay(most=2)

    def work() -> None:
        target[:] = be.array(x.get() + 1) * 2.0

    for call in range(CALLS):
        x[:] = float(call)
        be.again(replay, ("eager",), (x, target), work)
        np.testing.assert_array_equal(target.get(), 2.0 * (call + 1))


def test_an_error_closes_the_recording(be: Any) -> None:
    x, replay = be.zeros((2, BATCH)), Replay(most=2)

    def fails() -> None:
        raise ValueError("no")

    for _ in range(CALLS):
        with pytest.raises(ValueError, match="no"):
            be.again(replay, ("fails",), (x,), fails)
    x[:] = 1.0
    np.testing.assert_array_equal(x.get(), 1.0)


# ------------------------------------------------------------------------------- what users do
def test_an_overridden_product_is_called_each_time(
    be: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backend of a user, or one with a method set on it, may do more than the original."""
    original = type(be).compound_dot

    def doubling(A: Any, B: Any, C: Any, *args: Any, **kwargs: Any) -> Any:
        original(be, A, B, C, *args, **kwargs)
        C._tensor[...] *= 2
        return C

    monkeypatch.setattr(be, "compound_dot", doubling)
    layer = Linear(3, INIT)
    model = Model([layer])
    model.initialize(5)
    x = be.ones((5, BATCH))
    want = np.repeat(2 * layer.W.get().sum(axis=1, keepdims=True), BATCH, axis=1)
    for _ in range(CALLS):
        np.testing.assert_allclose(model.fprop(x).get(), want, rtol=1e-5)


def test_transforms_whose_numbers_change(be: Any) -> None:
    act = Rectlinclip(xcut=2.0)
    model = Model([Affine(4, INIT, activation=act)])
    model.initialize(6)
    x = be.array(np.random.RandomState(0).uniform(20, 30, (6, BATCH)))
    for cut in (2.0, 2.0, 2.0, 0.5, 0.5, 0.5, 2.0):
        act.xcut = cut
        assert model.fprop(x).get().max() <= cut
    logistic = Logistic()
    assert numbers_of(logistic, "bprop") is not None
    before = numbers_of(logistic, "bprop")
    logistic.set_shortcut(True)
    assert numbers_of(logistic, "bprop") != before


def test_only_marked_methods_count() -> None:
    class Shifted(Rectlin):
        def __call__(self, x: Any, nglayer: Any = None) -> Any:
            return super().__call__(x - 1.0)

    be = gen_backend("cpu", batch_size=BATCH)
    try:
        own, changed = Shifted(), Rectlin()
        changed.slope = be.zeros((1, 1))
        assert numbers_of(own, "__call__") is None
        assert numbers_of(own, "bprop") is not None
        assert numbers_of(changed, "__call__") is None
        assert hasattr(pure(lambda: None), "is_pure")
    finally:
        cleanup_backend()


class Counted(Cost):
    """A cost of a user, which changes with every call."""

    calls = 0

    def __call__(self, y: Any, t: Any) -> Any:
        self.calls += 1
        return self.be.sum(y - t, axis=0) * float(self.calls)

    def bprop(self, y: Any, t: Any) -> Any:
        return (y - t) * float(self.calls)


def test_costs_of_users_are_asked_each_time(be: Any) -> None:
    function = Counted()
    cost = GeneralizedCost(function)
    model = Model([Affine(3, INIT, activation=Softmax())])
    model.initialize(5, cost)
    y, t = be.ones((3, BATCH)), be.zeros((3, BATCH))
    for call in range(1, CALLS):
        assert float(cost.get_cost(y, t)[0, 0]) == 3 * call
        np.testing.assert_array_equal(cost.get_errors(y, t).get(), float(call))


def test_targets_that_come_and_go(be: Any) -> None:
    """New tensors for each batch, some of them where a former one was."""
    cost = GeneralizedCost(CrossEntropyMulti())
    model = Model([Affine(3, INIT, activation=Softmax())])
    model.initialize(5, cost)
    for call in range(3 * CALLS):
        rng = np.random.RandomState(call)
        y, t = (be.array(rng.uniform(0.1, 1, (3, BATCH))) for _ in range(2))
        np.testing.assert_allclose(cost.get_errors(y, t).get(), y.get() - t.get(), rtol=1e-6)
        want = -(t.get() * np.log(y.get())).sum(axis=0).mean()
        np.testing.assert_allclose(float(cost.get_cost(y, t)[0, 0]), want, rtol=1e-5)


# ----------------------------------------------------------------------------------- memory
def test_few_are_kept(be: Any) -> None:
    replay, alive = Replay(most=2), []
    for _ in range(10):
        x, y = be.ones((50, BATCH)), be.zeros((50, BATCH))
        alive.append(weakref.ref(x))

        def work(x: Any = x, y: Any = y) -> None:
            y[:] = x * 2.0 + 1.0

        for _ in range(CALLS):
            be.again(replay, ("double",), (x, y), work)
    del x, y, work
    gc.collect()
    assert sum(ref() is not None for ref in alive) <= 2


def test_nothing_of_another_batch_size_stays(be: Any) -> None:
    replay, alive = Replay(most=4), []
    for _ in range(2):
        for size in (BATCH, 2 * BATCH):
            be.bsz = size
            x, y = be.ones((5, size)), be.zeros((5, size))
            alive.append(weakref.ref(x._tensor))

            def work(x: Any = x, y: Any = y) -> None:
                y[:] = x * 2.0 + 1.0

            for _ in range(CALLS):
                be.again(replay, ("double",), (x, y), work)
    del x, y, work
    gc.collect()
    assert sum(ref() is not None for ref in alive) <= 1


def test_results_keep_nothing_alive(be: Any) -> None:
    """The memory of a result that nobody has any more is free at once, without a collection."""
    gc.collect()
    gc.disable()
    try:
        a, b, c = be.ones((5, 6)), be.ones((6, BATCH)), be.zeros((5, BATCH))
        for _ in range(CALLS):
            be.compound_dot(a, b, c)
        alive = [weakref.ref(tensor) for tensor in (a, b, c)]
        del a, b, c
        assert all(ref() is None for ref in alive)
    finally:
        gc.enable()


def test_copies_are_empty(be: Any) -> None:
    model = Model([Affine(3, INIT, activation=Rectlin())])
    model.initialize(5)
    x = be.ones((5, BATCH))
    for _ in range(CALLS):
        model.fprop(x)
    again = copy.deepcopy(model.layers.layers[-1]._expressions)
    assert not again._replay._known


def test_kernels_of_other_threads_are_not_recorded(be: Any) -> None:
    """Kernels are free for all; only backends are for one thread at a time."""
    x, y, replay = be.ones((4, BATCH)), be.zeros((4, BATCH)), Replay(most=2)
    a, b, out = (np.ones((3, 3), np.float32) for _ in range(3))
    other = be.kernels.blas.gemm

    def work() -> None:
        thread = threading.Thread(target=other, args=(a, b, out))
        thread.start()
        thread.join()
        y[:] = x * 2.0 + 1.0

    for _ in range(CALLS):
        be.again(replay, ("both",), (x, y), work)
    for _, recorded in replay._known.values():
        assert len(recorded.calls) == 1
