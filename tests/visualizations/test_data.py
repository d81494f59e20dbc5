"""The readers of the HDF5 history, against the x axes of the original."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from neonlike.visualizations.data import (
    convert_rgb_to_bokehrgba,
    h5_cost_data,
    h5_deconv_data,
    h5_hist_data,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "training.h5"


def copy_history(case: str, path: Path) -> Path:
    with h5py.File(GOLDEN) as golden, h5py.File(path, "w") as file:
        for name in golden[f"callback/{case}/callback_data"]:
            golden.copy(f"callback/{case}/callback_data/{name}", file)
    return path


@pytest.mark.parametrize("axis", ["epoch", "minibatch"])
@pytest.mark.parametrize("case", ["loss_metric_freq1", "loss_metric_freq2"])
def test_cost_curves_have_the_original_x(case: str, axis: str, tmp_path: Path) -> None:
    path = copy_history(case, tmp_path / "h.h5")
    curves = h5_cost_data(path, epoch_axis=axis == "epoch")
    with h5py.File(GOLDEN) as golden, h5py.File(path) as file:
        expected = golden[f"callback/{case}/nvis_x/{axis}"]
        assert {name for name, _, _ in curves} == set(expected)
        for name, x, y in curves:
            np.testing.assert_allclose(x, expected[name], rtol=1e-6)
            np.testing.assert_array_equal(y, file["cost"][name])


def test_an_unknown_time_marker_is_refused(tmp_path: Path) -> None:
    path = copy_history("default", tmp_path / "h.h5")
    with h5py.File(path, "a") as file:
        file["cost/train"].attrs["time_markers"] = "moon"
    with pytest.raises(TypeError, match="cost/train has time_markers 'moon'"):
        h5_cost_data(path)


def test_histograms(tmp_path: Path) -> None:
    path = copy_history("hist_per_epoch", tmp_path / "h.h5")
    found = h5_hist_data(path)
    assert found
    for _, counts, height, width, bins, offset in found:
        assert (counts.shape[0], height, bins, offset) == (64, 64, 64, -48)
        assert width > 0
    assert h5_hist_data(copy_history("default", tmp_path / "d.h5")) == []


def test_deconvolution_pictures(tmp_path: Path) -> None:
    images = np.random.RandomState(0).randint(0, 256, (2, 3, 3, 2), np.uint8)
    path = tmp_path / "h.h5"
    with h5py.File(path, "w") as file:
        file["deconv/img/batch_4/HWC_uint8"] = images
        file["deconv/img/batch_4/HWC_uint8"].attrs["7"] = 1
        file["deconv/max_act/0001/batch_img"] = np.array([[4, 7]], np.uint16)
        file["deconv/max_act/0001/vis"] = images[None, ..., 0]
    [(layer, [(number, vis, image)])] = h5_deconv_data(path)
    assert (layer, number) == ("0001", 0)
    np.testing.assert_array_equal(vis, convert_rgb_to_bokehrgba(images[..., 0]))
    np.testing.assert_array_equal(image, convert_rgb_to_bokehrgba(images[..., 1]))
    assert h5_deconv_data(copy_history("default", tmp_path / "d.h5")) is None


def test_rgba_is_flipped_and_opaque() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    rgba = convert_rgb_to_bokehrgba(image).view(np.uint8).reshape(2, 2, 4)
    np.testing.assert_array_equal(rgba[..., :3], image[::-1])
    assert (rgba[..., 3] == 255).all()
    assert convert_rgb_to_bokehrgba(np.zeros((4, 6, 3), np.uint8), 2).shape == (2, 3)
    with pytest.raises(NotImplementedError):
        convert_rgb_to_bokehrgba(np.zeros((2, 2), np.uint8))
