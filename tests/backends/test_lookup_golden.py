"""Lookup gradients, region pooling and box choice on tensors: golden numbers, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden_cases import arrays, case_info, case_names, golden_file

TOLERANCE = {"rtol": 2e-5, "atol": 1e-5}


def load(name: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    return case_info("backend", name), arrays(golden_file("backend")[name])


@pytest.mark.parametrize("name", case_names("backend", "lut_bprop_"))
def test_lut_bprop(be: Any, name: str) -> None:
    info, data = load(name)
    dw = be.array(data["dW_before"])
    ids = be.array(data["inputs"], dtype=np.int32)
    be.compound_bprop_lut(1, ids, be.array(data["error"]), None, dw, info["pad_idx"])
    np.testing.assert_allclose(dw.get(), data["dW_after"], **TOLERANCE)


@pytest.mark.parametrize(
    ("ids", "dtype", "message"),
    [
        ([[0, 1]], np.float32, "must be integers, got float32"),
        ([[0, 6]], np.int32, "ids from 0 to 5"),
        ([[-1, 2]], np.int32, "got -1 to 2"),
    ],
)
def test_lut_refusals(be: Any, ids: Any, dtype: Any, message: str) -> None:
    with pytest.raises(IndexError, match=message):
        be.compound_bprop_lut(
            1, be.array(ids, dtype=dtype), be.ones((3, 2)), None, be.zeros((6, 3)), None
        )


@pytest.mark.parametrize("name", case_names("backend", "roi_"))
def test_roi(make_be: Any, name: str) -> None:
    info, data = load(name)
    be = make_be(batch_size=info["batch_size"])
    sizes = ("roi_count", "C", "H", "W", "pooled_height", "pooled_width", "spatial_scale")
    numbers = [info[key] for key in sizes]
    rois, out = be.array(data["rois"]), be.empty(data["O"].shape)
    argmax, delta = be.empty(data["O"].shape, dtype=np.int32), be.empty(data["I"].shape)
    delta.fill(np.nan)
    be.roipooling_fprop(be.array(data["I"]), rois, out, argmax, *numbers)
    be.roipooling_bprop(be.array(data["E"]), rois, delta, argmax, *numbers)
    np.testing.assert_array_equal(argmax.get(), data["argmax"])
    np.testing.assert_allclose(out.get(), data["O"], **TOLERANCE)
    np.testing.assert_allclose(delta.get(), data["delta"], **TOLERANCE)


def test_roi_refusals(be: Any) -> None:
    def pool(features: Any, rois: Any, out: Any) -> None:
        argmax = be.empty(out.shape, dtype=np.int32)
        be.roipooling_fprop(features, rois, out, argmax, 1, 1, 2, 2, 1, 1, 1.0)

    features, out = be.ones((4, 4)), be.ones((1, 1))
    with pytest.raises(AssertionError, match="ROIPooling fprop: rois has shape"):
        pool(features, be.zeros((2, 5)), out)
    with pytest.raises(AssertionError, match="ROIPooling fprop: I has shape"):
        pool(out, be.zeros((1, 5)), out)
    with pytest.raises(AssertionError, match="images 4 to 4, but the batch has 4"):
        pool(features, be.array([[4, 0, 0, 1, 1]]), out)


@pytest.mark.parametrize("name", case_names("backend", "nms_"))
def test_nms(be: Any, name: str) -> None:
    info, data = load(name)
    keep = be.nms(be.array(data["detections"]), info["threshold"], info["normalized"])
    assert keep == data["keep"].tolist()
    assert all(type(index) is int for index in keep)


def test_nms_of_nothing(be: Any) -> None:
    assert be.nms(be.zeros((3, 5)), 0.5) == []
    with pytest.raises(AssertionError, match="rows of x1, y1, x2, y2, score"):
        be.nms(be.zeros((3, 4)), 0.5)
