"""The core of the backend against neon's own numbers (golden/README-backend.md)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden_cases import arrays, case_info, case_names, golden_file

from neonlike.backends import Autodiff


def cases(*kinds: str) -> Any:
    names = [n for n in case_names("backend") if case_info("backend", n)["kind"] in kinds]
    return pytest.mark.parametrize("name", names)


def load(name: str) -> tuple[dict[str, Any], Any]:
    return case_info("backend", name), golden_file("backend")[name]


def tolerance(info: dict[str, Any]) -> dict[str, Any]:
    return {
        "float16": {"rtol": 1e-2, "atol": 3e-2},
        "float32": {"rtol": 2e-5, "atol": 2e-6},
        "float64": {"rtol": 1e-10, "atol": 1e-12},
    }[info.get("datatype", "float32")]


def inputs(be: Any, info: dict[str, Any], group: Any) -> dict[str, Any]:
    dtypes = info.get("dtypes", {})
    values = arrays(group["in"])
    return {
        n: be.array(values[n], dtype=np.dtype(dtypes.get(n, be.default_dtype)))
        for n in info["inputs"]
    }


def datatype(info: dict[str, Any]) -> Any:
    return getattr(np, info.get("datatype", "float32"))


@cases("expr")
def test_expression(make_be: Any, name: str) -> None:
    info, group = load(name)
    be = make_be(datatype=datatype(info))
    tree = eval(info["expr"], {"be": be, **inputs(be, info, group)})
    assert list(tree.shape) == info["shape"]
    out = be.empty(tuple(info["shape"]), dtype=np.dtype(info.get("out_dtype", be.default_dtype)))
    out[:] = tree
    np.testing.assert_allclose(out.get(), group["out"][()], **tolerance(info))


@cases("assign_cast")
def test_cast_on_assignment(make_be: Any, name: str) -> None:
    info, group = load(name)
    be = make_be()
    out = be.empty(group["out"].shape, dtype=np.dtype(info["out_dtype"]))
    out[:] = be.array(group["in/x0"][()])
    np.testing.assert_array_equal(out.get(), group["out"][()])
    out[:] = be.array(group["in/x0"][()]) + 0
    np.testing.assert_array_equal(out.get(), group["out"][()])


@cases("index")
def test_index(be: Any, name: str) -> None:
    info, group = load(name)
    x = be.array(group["in/x"][()])
    view = eval(f"x{info['key']}", {"x": x})
    assert list(view.shape) == info["shape"]
    assert view.is_contiguous == info["is_contiguous"]
    np.testing.assert_array_equal(view.get(), group["out"][()])


@cases("setitem")
def test_setitem(be: Any, name: str) -> None:
    info, group = load(name)
    x = be.array(group["in/x"][()])
    value = info["value"]
    if isinstance(value, str):
        value = group["value"][()]
        value = be.array(value) if info["value"] == "tensor" else value
    exec(f"x{info['key']} = value", {"x": x, "value": value})
    np.testing.assert_array_equal(x.get(), group["out"][()])


@cases("statement")
def test_statement(be: Any, name: str) -> None:
    info, group = load(name)
    x = be.array(group["in/x"][()])
    exec(info["stmt"], {"x": x, "be": be})
    np.testing.assert_allclose(x.get(), group["out"][()], rtol=2e-5, atol=2e-6)


@cases("array")
def test_array(be: Any, name: str) -> None:
    info, group = load(name)
    x = be.array(info["value"])
    assert list(x.shape) == info["shape"]
    np.testing.assert_array_equal(x.get(), group["out"][()])


@cases("view")
def test_view(be: Any, name: str) -> None:
    info, group = load(name)
    x = be.array(group["in/x"][()])
    view = eval(info["expr"], {"x": x})
    assert list(view.shape) == info["shape"]
    assert view.base is x
    np.testing.assert_array_equal(view.get(), group["out"][()])


@cases("iobuf")
def test_iobuf(make_be: Any, name: str) -> None:
    info, _ = load(name)
    be = make_be(batch_size=info.get("batch_size", 4))
    dim0 = info["dim0"]
    buffer = be.iobuf(tuple(dim0) if isinstance(dim0, list) else dim0)
    assert list(buffer.shape) == info["shape"]
    assert not buffer.get().any()


@cases("take")
def test_take(be: Any, name: str) -> None:
    info, group = load(name)
    x = be.array(group["in/x"][()])
    indices = group["indices"][()]
    for chosen in (indices, be.array(indices, dtype=np.int32), indices.reshape(-1).tolist()):
        taken = x.take(chosen, info["axis"])
        assert taken.base is x
        np.testing.assert_array_equal(taken.get(), group["out"][()])
    np.testing.assert_array_equal(be.take(x, indices, info["axis"]).get(), group["out"][()])


@cases("copy_transpose")
def test_copy_transpose(be: Any, name: str) -> None:
    info, group = load(name)
    out = be.empty(group["out"].shape)
    axes = info["axes"]
    be.copy_transpose(be.array(group["in/x"][()]), out, axes=tuple(axes) if axes else None)
    np.testing.assert_array_equal(out.get(), group["out"][()])


@cases("onehot")
def test_onehot(be: Any, name: str) -> None:
    info, group = load(name)
    indices = be.array(group["indices"][()], dtype=np.dtype(info["dtype"]))
    out = be.empty(group["out"].shape)
    out[:] = be.onehot(indices, axis=info["axis"])
    np.testing.assert_array_equal(out.get(), group["out"][()])
    assert be.onehot(indices, axis=info["axis"], out=out) is out


@cases("shift")
def test_shift(be: Any, name: str) -> None:
    info, group = load(name)
    x, s = (be.array(a) for _, a in sorted(arrays(group["in"]).items()))
    shifted = be.shift(x, s, value=info["value"])
    np.testing.assert_allclose(shifted.get(), group["out"][()], rtol=1e-6)


@cases("binarize")
def test_binarize(be: Any, name: str) -> None:
    info, group = load(name)
    x = be.array(group["in/x0"][()])
    out = be.empty(x.shape)
    assert be.binarize(x, out, stochastic=info["stochastic"]) is out
    np.testing.assert_array_equal(out.get(), group["out"][()])
    if not info["stochastic"]:
        of_tree = be.binarize(x * 3, be.empty(x.shape), stochastic=False)
        np.testing.assert_array_equal(of_tree.get(), out.get())


@cases("hist")
def test_hist(be: Any, name: str) -> None:
    info, group = load(name)
    be.set_hist_buffers(info["hist_bins"], info["hist_offset"])
    row = be.array(group["in/x"][()]).hist("tag")
    np.testing.assert_array_equal(row.get(), group["out"][()])
    data, rows = be.dump_hist_data()
    np.testing.assert_array_equal(data.get()[rows["tag"]], group["out"][()][0])


@cases("fprop_softmax")
def test_softmax(be: Any, name: str) -> None:
    info, group = load(name)
    out = be.empty(group["out"].shape)
    out[:] = be.fprop_softmax(be.array(group["in/x"][()]), info["axis"])
    np.testing.assert_allclose(out.get(), group["out"][()], rtol=2e-5, atol=2e-6)


@cases("relu")
def test_relu(be: Any, name: str) -> None:
    info, group = load(name)
    x = be.array(group["in/x"][()])
    out = be.empty(x.shape)
    out[:] = be.fprop_relu(None, x, info["slope"])
    np.testing.assert_allclose(out.get(), group["out"][()], rtol=2e-5, atol=2e-6)
    out[:] = be.bprop_relu(None, x, None, None, info["slope"])
    np.testing.assert_allclose(out.get(), group["derivative"][()], rtol=2e-5, atol=2e-6)


@cases("skipnode")
def test_skipnode(be: Any, name: str) -> None:
    info, group = load(name)
    x, y = be.array(group["in/x"][()]), be.array(group["y_before"][()])
    be.fprop_skipnode(x, y, info["beta"])
    np.testing.assert_allclose(y.get(), group["y_after"][()], rtol=2e-5, atol=2e-6)
    delta = be.array(group["delta_before"][()])
    be.bprop_skipnode(x, delta, info["bprop_alpha"], info["bprop_beta"])
    np.testing.assert_allclose(delta.get(), group["delta_after"][()], rtol=2e-5, atol=2e-6)


@cases("autodiff")
def test_autodiff(make_be: Any, name: str) -> None:
    info, group = load(name)
    be = make_be(datatype=datatype(info))
    tensors = inputs(be, info, group)
    tree = eval(info["expr"], {"be": be, **tensors})
    error = be.array(group["next_error"][()]) if info["next_error"] else None
    out = be.empty(group["out"].shape)
    out[:] = tree
    np.testing.assert_allclose(out.get(), group["out"][()], **tolerance(info))
    gradients = Autodiff(tree, be, next_error=error).get_grad_asnumpyarray(list(tensors.values()))
    tight = {"rtol": 2e-4 if "batchnorm" in name else 5e-5, "atol": 1e-5}
    for key, gradient in zip(tensors, gradients, strict=True):
        expected = group[f"grad/{key}"][()]
        np.testing.assert_allclose(
            gradient, expected, **(tolerance(info) if info["datatype"] == "float64" else tight)
        )


@cases("autodiff_buffers")
def test_autodiff_into_buffers(be: Any, name: str) -> None:
    info, group = load(name)
    tensors = {key: be.array(value) for key, value in arrays(group["in"]).items()}
    tree = eval(info["expr"], {"be": be, **tensors})
    error = be.array(group["next_error_before"][()])
    buffers = {"grad0": be.empty(error.shape), "grad1": be.empty(error.shape), "next_error": error}
    Autodiff(tree, be, next_error=error).back_prop_grad(
        [tensors[key] for key in info["tensors"]], [buffers[key] for key in info["buffers"]]
    )
    for key in ("grad0", "grad1"):
        np.testing.assert_allclose(buffers[key].get(), group[key][()], rtol=5e-5, atol=1e-5)
    expected = group["next_error_after"][()]
    np.testing.assert_allclose(error.get(), expected, rtol=5e-5, atol=1e-5)


@cases("seeded_draws")
def test_seeded_draws(make_be: Any, name: str) -> None:
    info, group = load(name)
    be = make_be(rng_seed=info["rng_seed"])
    expected = arrays(group)
    state = be.rng_get_state()
    np.testing.assert_array_equal(state[1], expected["state_keys"])
    assert state[2] == expected["state_pos"]

    def mask(shape: tuple[int, int], **kwargs: float) -> Any:
        out = be.empty(shape)
        assert be.make_binary_mask(out, **kwargs) is None
        return out.get()

    drawn = {
        "mask1": mask((3, 4)),
        "mask2": mask((3, 4), keepthresh=0.8),
        "uniform": be.rng.uniform(-0.1, 0.1, (2, 5)),
        "normal": be.rng.normal(0.0, 0.5, (2, 5)),
        "permutation": be.rng.permutation(9),
        "randint": be.rng.randint(0, 50, 6),
        "mask3": mask((2, 3), keepthresh=be.rng.rand()),
    }
    be.rng_reset()
    drawn["mask_after_reset"] = mask((3, 4))
    for key, value in drawn.items():
        np.testing.assert_array_equal(value, expected[key])


@cases("seeded_mask")
def test_seeded_mask(make_be: Any, name: str) -> None:
    info, group = load(name)
    be = make_be(rng_seed=info["rng_seed"], datatype=datatype(info))
    out = be.empty(group["mask"].shape)
    be.make_binary_mask(out, info["keepthresh"])
    np.testing.assert_array_equal(out.get(), group["mask"][()])
    assert out.dtype == group["mask"].dtype


@cases("seeded_state")
def test_seeded_state(make_be: Any, name: str) -> None:
    info, group = load(name)
    be = make_be(rng_seed=info["rng_seed"])
    draws = [be.rng.uniform(size=3)]
    saved = be.rng_get_state()
    draws.append(be.rng.uniform(size=3))
    be.rng_set_state(saved)
    draws.append(be.rng.uniform(size=3))
    assert be.gen_rng(11) is be.rng
    draws.append(be.rng.uniform(size=3))
    be.rng_reset()
    draws.append(be.rng.uniform(size=3))
    for i, draw in enumerate(draws):
        np.testing.assert_array_equal(draw, group[f"d{i}"][()])


@cases("seeded_global")
def test_global_stream(be: Any, name: str) -> None:
    info, group = load(name)
    np.random.seed(info["numpy_random_seed"])
    normal, binary = be.empty((3, 4)), be.empty((3, 4))
    be.fill_normal(normal, mean=1, stdv=2)
    np.testing.assert_array_equal(normal.get(), group["normal"][()])
    be.binarize(be.array(group["in/x"][()]), binary, stochastic=True)
    np.testing.assert_array_equal(binary.get(), group["binarized"][()])
