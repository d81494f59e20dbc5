"""Convolution and deconvolution against what original neon 2.6 computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden_cases import arrays, case_info, case_names, golden_file

NAMES = [
    name for name in case_names("backend") if name.startswith(("conv_", "deconv_", "output_dim"))
]
TOLERANCES = {
    "float16": {"rtol": 1e-2, "atol": 3e-2},
    "float32": {"rtol": 2e-5, "atol": 1e-5},
    "float64": {"rtol": 1e-10, "atol": 1e-12},
}
SUMS = {"rtol": 2e-5, "atol": 5e-5}


def names(*kinds: str) -> list[str]:
    return [name for name in NAMES if case_info("backend", name)["kind"] in kinds]


def load(name: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    return case_info("backend", name), arrays(golden_file("backend")[name])


def check_geometry(layer: Any, info: dict[str, Any]) -> None:
    for key, value in info.items():
        expected = tuple(value) if isinstance(value, list) else value
        assert getattr(layer, key) == expected, key


@pytest.mark.parametrize("name", names("conv"))
def test_conv(make_be: Any, name: str) -> None:
    info, data = load(name)
    dtype = info["datatype"]
    be = make_be(datatype=getattr(np, dtype))
    layer = be.conv_layer(be.default_dtype, **info["layer"])
    check_geometry(layer, info["info"])
    inputs, filters, errors = (be.array(data[key]) for key in "IFE")
    results = {key: be.ones(data[key].shape) for key in ("O", "grad_I", "U")}
    be.fprop_conv(layer, inputs, filters, results["O"])
    be.bprop_conv(layer, filters, errors, results["grad_I"])
    be.update_conv(layer, inputs, errors, results["U"])
    for key, result in results.items():
        np.testing.assert_allclose(
            result.get().astype(np.float64), data[key], err_msg=key, **TOLERANCES[dtype]
        )


@pytest.mark.parametrize("name", names("conv_fprop", "conv_bprop"))
def test_options(make_be: Any, name: str) -> None:
    info, data = load(name)
    be = make_be()
    layer = be.conv_layer(np.float32, **info["layer"])
    out = be.array(data["out_before"])
    options = dict(info["kwargs"])
    options.update({key: be.array(data[key]) for key in ("X", "bias") if key in info["tensors"]})
    maps = layer.K if info["kind"] == "conv_fprop" else layer.C
    if "bsum" in info["tensors"]:
        options["bsum"] = be.array(np.full((maps, 1), 7.0))
    if info["kind"] == "conv_fprop":
        be.fprop_conv(layer, be.array(data["src"]), be.array(data["F"]), out, **options)
    else:
        be.bprop_conv(layer, be.array(data["F"]), be.array(data["src"]), out, **options)
    expected, sums = data["out_after"], data.get("bsum_after")
    if "alpha_is_ignored" in name or "beta_disables" in name:
        expected, sums = repaired(name, info, data, maps)
    np.testing.assert_allclose(out.get(), expected, **TOLERANCES["float32"])
    if "bsum" in options:
        np.testing.assert_allclose(options["bsum"].get(), sums, **SUMS)


def repaired(
    name: str, info: dict[str, Any], data: dict[str, np.ndarray], maps: int
) -> tuple[np.ndarray, np.ndarray]:
    """What is wanted where original neon drops options.

    Neon's own result at beta 0 or 1 gives the plain convolution, on which the options act.
    """
    options, before = info["kwargs"], data["out_before"].astype(np.float64)
    convolved = data["out_after"] - options.get("beta", 0) * before
    out = options.get("alpha", 1) * convolved + options.get("beta", 0) * before
    rows = out.reshape(maps, -1)
    rows += data["bias"] if "bias" in info["tensors"] else 0
    out = np.maximum(out, 0) if options.get("relu") else out
    return out, out.reshape(maps, -1).sum(1, keepdims=True)


@pytest.mark.parametrize("name", names("conv_update"))
def test_update_options(make_be: Any, name: str) -> None:
    info, data = load(name)
    be = make_be()
    layer = be.conv_layer(np.float32, **info["layer"])
    result = be.array(data["U_before"])
    grad_bias = be.array(np.full((layer.K, 1), 7.0)) if info["grad_bias"] else None
    be.update_conv(
        layer,
        be.array(data["I"]),
        be.array(data["E"]),
        result,
        grad_bias=grad_bias,
        **info["kwargs"],
    )
    np.testing.assert_allclose(result.get(), data["U_after"], **TOLERANCES["float32"])
    if grad_bias is not None:
        np.testing.assert_allclose(grad_bias.get(), data["grad_bias"], **SUMS)


@pytest.mark.parametrize("name", names("deconv"))
def test_deconv(make_be: Any, name: str) -> None:
    info, data = load(name)
    be = make_be()
    layer = be.deconv_layer(np.float32, **info["layer"])
    check_geometry(layer, info["info"])
    assert layer.DHW[1:] == (layer.H, layer.W)
    inputs, filters, errors = (be.array(data[key]) for key in ("x", "F", "err"))
    out, bsum = be.ones(data["out"].shape), be.ones(data["bsum"].shape)
    delta, update = be.ones(data["delta"].shape), be.ones(data["U"].shape)
    be.bprop_conv(layer, F=filters, E=inputs, grad_I=out, bsum=bsum)
    be.fprop_conv(layer, errors, filters, delta)
    be.update_conv(layer, errors, inputs, update)
    for result, key in ((out, "out"), (delta, "delta"), (update, "U")):
        np.testing.assert_allclose(result.get(), data[key], err_msg=key, **TOLERANCES["float32"])
    np.testing.assert_allclose(bsum.get(), data["bsum"], **SUMS)


def test_output_dim(make_be: Any) -> None:
    info, data = load("output_dim_table")
    backends = {caffe: make_be(compat_mode="caffe" if caffe else None) for caffe in (0, 1)}
    for row in data["table"]:
        case = dict(zip(info["columns"], row.tolist(), strict=True))
        be, size = backends[case.pop("caffe")], case.pop("size")
        assert be.output_dim(**case) == size, case


def test_output_dim_errors(be: Any) -> None:
    with pytest.raises(ValueError, match="Padding dim 2 incompatible with filter size 2"):
        be.output_dim(8, 2, 2, 1, pooling=True)
    with pytest.raises(ZeroDivisionError, match="strides must be at least 1"):
        be.output_dim(8, 2, 0, 0)
    with pytest.raises(ValueError, match="Padding dim -1 must not be negative"):
        be.output_dim(8, 2, -1, 1)


def test_layer_flags(be: Any) -> None:
    layer = be.conv_layer(np.float32, 4, 3, 5, H=6, W=6)
    assert layer.dot
    assert layer.dimS == (5, 1)
    assert not layer.get_is_mklop()
    layer.set_is_mklop()
    assert layer.is_mklop
    layer.set_not_mklop()
    assert not layer.get_is_mklop()
    assert not be.conv_layer(np.float32, 4, 3, 5, H=6, W=6, str_h=2).dot


def test_wrong_sizes(be: Any) -> None:
    layer = be.conv_layer(np.float32, 4, 3, 5, H=6, W=6, R=3, S=3)
    inputs, filters, outputs = (be.zeros(s) for s in (layer.dimI2, layer.dimF2, layer.dimO2))
    with pytest.raises(ValueError, match="fprop_conv: I has shape"):
        be.fprop_conv(layer, outputs, filters, outputs)
    with pytest.raises(ValueError, match="bias has shape"):
        be.fprop_conv(layer, inputs, filters, outputs, bias=be.zeros((3, 1)))
    with pytest.raises(AssertionError, match="update_conv: U has shape"):
        be.update_conv(layer, inputs, outputs, inputs)


def test_strided_tensors(be: Any) -> None:
    """Column slices of wider tensors, as branches use them, are read and written in place."""
    layer = be.conv_layer(np.float32, 4, 3, 5, H=6, W=6, R=3, S=3)
    rng = np.random.RandomState(0)
    wide_in, wide_out = be.array(rng.rand(108, 8)), be.zeros((80, 8))
    filters, plain = be.array(rng.rand(27, 5)), be.zeros((80, 4))
    be.fprop_conv(layer, be.array(wide_in.get()[:, 4:]), filters, plain)
    be.fprop_conv(layer, wide_in[:, 4:], filters, wide_out[:, 4:])
    np.testing.assert_allclose(wide_out.get()[:, 4:], plain.get(), rtol=1e-6)
    assert not wide_out.get()[:, :4].any()


def test_stale_content_is_not_read(be: Any) -> None:
    layer = be.conv_layer(np.float32, 4, 3, 5, H=6, W=6, R=3, S=3)
    inputs, filters, errors = (be.ones(s) for s in (layer.dimI2, layer.dimF2, layer.dimO2))
    out, delta, update = (be.zeros(s) for s in (layer.dimO2, layer.dimI2, layer.dimF2))
    for tensor in (out, delta, update):
        tensor[:] = float("nan")
    be.fprop_conv(layer, inputs, filters, out)
    be.bprop_conv(layer, filters, errors, delta)
    be.update_conv(layer, inputs, errors, update)
    assert all(np.isfinite(tensor.get()).all() for tensor in (out, delta, update))
