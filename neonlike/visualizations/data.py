"""Reading the HDF5 history for plots: costs, histograms, guided back-propagation (spec util 11)."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Path = str | os.PathLike[str]


def create_minibatch_x(minibatches: int, minibatch_markers: Any, epoch_axis: bool) -> Array:
    """Return the x position of every minibatch.

    Args:
        minibatches: number of entries, also those never written.
        minibatch_markers: cumulative number of minibatches at the end of each epoch.
        epoch_axis: x in epochs (the unwritten tail stays 0) instead of minibatches.
    """
    if not epoch_axis:
        return np.arange(minibatches)
    x = np.zeros(minibatches)
    ends = np.asarray(minibatch_markers, np.int64)
    for epoch, (start, stop) in enumerate(zip([0, *ends[:-1]], ends, strict=False)):
        x[start:stop] = epoch + np.arange(stop - start) / max(stop - start, 1)
    return x


def create_epoch_x(points: int, epoch_freq: int, minibatch_markers: Any, epoch_axis: bool) -> Array:
    """Return the x position of every value measured each ``epoch_freq`` epochs.

    Args:
        points: number of values.
        epoch_freq: epochs from one to the next.
        minibatch_markers: cumulative number of minibatches at the end of each epoch.
        epoch_axis: x in epochs instead of minibatches.
    """
    if epoch_axis:
        return epoch_freq * np.arange(1.0, points + 1) - 1
    markers: Array = np.asarray(minibatch_markers)[epoch_freq - 1 :: epoch_freq] - 1
    return markers[:points]


def h5_cost_data(filename: Path, epoch_axis: bool = True) -> list[tuple[str, Array, Array]]:
    """Return ``(name, x, y)`` of every curve in the group ``cost``.

    Raises:
        TypeError: a dataset without a known ``time_markers`` attribute.
    """
    curves = []
    with _open(filename) as file:
        markers = file["time_markers/minibatch"][()]
        for name, data in file["cost"].items():
            kind = data.attrs.get("time_markers")
            if kind == "epoch_freq":
                x = create_epoch_x(len(data), int(data.attrs["epoch_freq"]), markers, epoch_axis)
            elif kind == "minibatch":
                x = create_minibatch_x(len(data), markers, epoch_axis)
            else:
                raise TypeError(
                    f"{filename}: cost/{name} has time_markers {kind!r}, expected 'epoch_freq' "
                    "or 'minibatch'"
                )
            curves.append((name, x, data[()]))
    return curves


def h5_hist_data(
    filename: Path, epoch_axis: bool = True
) -> list[tuple[str, Array, int, int, int, int]]:
    """Return ``(name, counts, height, width, bins, offset)`` of every histogram, [] without any."""
    with _open(filename) as file:
        if "hist" not in file:
            return []
        attrs, config = file["hist"].attrs, file["config"].attrs
        bins, offset = int(attrs["bins"]), int(attrs["offset"])
        by_epoch = attrs["time_markers"] == "epoch_freq"
        width = int(config["total_epochs" if by_epoch else "total_minibatches"])
        return [(name, d[()], bins, width, bins, offset) for name, d in file["hist"].items()]


def h5_deconv_data(filename: Path) -> list[tuple[str, list[tuple[int, Array, Array]]]] | None:
    """Return ``(layer, [(feature map, its picture, the image)])``, None without ``deconv``.

    Pictures are uint32 RGBA, see ``convert_rgb_to_bokehrgba``.
    """
    with _open(filename) as file:
        if "deconv" not in file:
            return None
        found = []
        for layer, group in file["deconv/max_act"].items():
            maps = []
            for number, (batch, image) in enumerate(group["batch_img"]):
                stored = file[f"deconv/img/batch_{batch}/HWC_uint8"]
                picture = stored[..., int(stored.attrs[str(image)])]
                vis = convert_rgb_to_bokehrgba(group["vis"][number])
                maps.append((number, vis, convert_rgb_to_bokehrgba(picture)))
            found.append((layer, maps))
        return found


def convert_rgb_to_bokehrgba(img_data: Array, downsample: int = 1) -> Array:
    """Return an image (H, W, 3) uint8 as (H, W) uint32 RGBA, upside down as plots count rows.

    Args:
        img_data: the image.
        downsample: keep every so manieth pixel.

    Raises:
        NotImplementedError: another type or shape.
    """
    if img_data.dtype != np.uint8 or img_data.ndim != 3 or img_data.shape[2] != 3:
        raise NotImplementedError(
            f"only images (H, W, 3) of uint8 can be shown, got {img_data.shape} {img_data.dtype}"
        )
    small = img_data[::-downsample, ::downsample]
    rgba = np.full((*small.shape[:2], 4), 255, np.uint8)
    rgba[..., :3] = small
    return rgba.view(np.uint32)[..., 0]


def _open(filename: Path) -> Any:
    import h5py

    return h5py.File(filename, "r")
