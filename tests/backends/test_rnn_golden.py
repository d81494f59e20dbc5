"""Step-by-step unrolling against the original's numbers (backend.h5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from golden_cases import arrays, build, case_info, case_names, golden_file


def steps_of(tensor: Any, first: int, count: int) -> list[Any]:
    """Views of ``count`` blocks of batch columns, from block ``first`` on."""
    n = tensor.backend.bsz
    return [tensor[:, t * n : (t + 1) * n] for t in range(first, first + count)]


def prepare(make_be: Callable[..., Any], name: str) -> tuple[Any, dict[str, Any], Any, Any]:
    """Backend, case, datasets and activation."""
    info, data = case_info("backend", name), arrays(golden_file("backend")[name])
    be = make_be(batch_size=info["batch_size"])
    kwargs = info.get("activation_kwargs", {})
    return be, info, data, build({"class": info["activation"], "kwargs": kwargs})


def close(got: Any, expected: np.ndarray) -> None:
    np.testing.assert_allclose(got.get(), expected, rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("name", case_names("backend", "rnn_fprop_"))
def test_fprop(make_be: Callable[..., Any], name: str) -> None:
    be, info, data, activation = prepare(make_be, name)
    count, reverse = info["num_steps"], info["reverse"]
    buffer, ff = be.array(data["buffer_before"]), be.array(data["ff"])
    h = steps_of(buffer, 1, count)
    h_prev = steps_of(buffer, 2 if reverse else 0, count)
    h_ff = h if info["mode"] == "inplace" else steps_of(ff, 0, count)
    weights, bias = be.array(data["W_recur"]), be.array(data["bias"])
    be.compound_rnn_unroll_fprop(
        *(weights, h_prev, h_ff, h, bias, info["nout"], count, info["num_used_steps"]),
        *(activation, reverse),
    )
    close(buffer, data["buffer_after"])


@pytest.mark.parametrize("name", case_names("backend", "rnn_bprop_"))
def test_bprop(make_be: Callable[..., Any], name: str) -> None:
    be, info, data, activation = prepare(make_be, name)
    count, reverse = info["num_steps"], info["reverse"]
    buffer = be.array(data["delta_before"])
    delta = steps_of(buffer, 0, count)
    delta_prev = delta[-1:] + delta[:-1] if reverse else delta[1:] + delta[:1]
    be.compound_rnn_unroll_bprop(
        *(be.array(data["W_recur"]).T, delta_prev, delta, steps_of(be.array(data["h"]), 0, count)),
        *(info["nout"], count, info["num_used_steps"], activation, reverse),
    )
    close(buffer, data["delta_after"])


def test_both_directions(make_be: Callable[..., Any]) -> None:
    be, info, data, activation = prepare(make_be, "rnn_fprop_Tanh_inplace")
    reverse = arrays(golden_file("backend")["rnn_fprop_Tanh_inplace_reverse"])
    count, nout = info["num_steps"], info["nout"]
    buffers = [be.array(d["buffer_before"]) for d in (data, reverse)]
    (h_f, h_b) = (steps_of(buffer, 1, count) for buffer in buffers)
    (w_f, w_b) = (be.array(d["W_recur"]) for d in (data, reverse))
    (b_f, b_b) = (be.array(d["bias"]) for d in (data, reverse))
    assert be.bibnrnn_layer(buffers[0], buffers[1], w_f, w_b, count, nout) is None
    be.compound_rnn_unroll_fprop_bibnrnn(
        *(None, None, None, w_f, steps_of(buffers[0], 0, count), h_f, h_f, b_f),
        *(w_b, steps_of(buffers[1], 2, count), h_b, h_b, b_b, nout, count, None, activation),
    )
    close(buffers[0], data["buffer_after"])
    close(buffers[1], reverse["buffer_after"])
    backward = arrays(golden_file("backend")["rnn_bprop_Tanh_backward"])
    errors = [be.array(backward["delta_before"]) for _ in range(2)]
    d_f, d_b = (steps_of(error, 0, count) for error in errors)
    h = steps_of(be.array(backward["h"]), 0, count)
    w = be.array(backward["W_recur"])
    be.compound_rnn_unroll_bprop_bibnrnn(
        *(None, None, d_f, d_f[-1:] + d_f[:-1], d_b, d_b[1:] + d_b[:1]),
        *(w, w, h, h, nout, count, None, activation, None),
    )
    close(errors[0], backward["delta_after"])
    assert not np.allclose(errors[1].get(), backward["delta_before"])
