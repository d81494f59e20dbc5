"""Guided back-propagation pictures of convolution layers (spec training 8.3).

Springenberg et al. 2014: for each feature map the image that excites it most
is propagated forward, and its one largest activation back to the pixels; at
every convolution only positive errors pass, and only where the input was positive.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from neonlike.callbacks._base import Callback
from neonlike.callbacks._progress import block_character
from neonlike.layers.layer import Convolution

Array = np.ndarray[Any, Any]


class DeconvCallback(Callback):
    """At the end of training write ``deconv/max_act/<layer>`` and ``deconv/img``.

    For every Convolution among the top-level layers and each of its first
    feature maps: the validation image with the largest activation
    (``batch_img``), where (``fm_loc``), how large (``activation``), and the
    picture of what caused it (``vis``).

    Args:
        train_set: kept for neon scripts.
        valid_set: data set of images.
        max_fm: largest number of feature maps per layer.
        dataset_pct: percentage of valid_set to search.
    """

    def __init__(
        self, train_set: Any, valid_set: Any, max_fm: int = 16, dataset_pct: float = 25
    ) -> None:
        super().__init__(epoch_freq=1)
        self.train_set = train_set
        self.valid_set = valid_set
        self.max_fm = max_fm
        self.dataset_pct = dataset_pct
        self.name = "Guided Bprop"
        # (batch, image) -> example, of the images that lead some feature map
        self.raw_img_cache: dict[tuple[int, int], Array] = {}

    def on_train_end(self, callback_data: Any, model: Any) -> None:
        """Find the images, store them, draw the pictures."""
        channels, height, width = model.layers.layers[0].in_shape
        for index, layer in _convolutions(model):
            self._create_group(callback_data, index, layer, (height, width, channels))
        self._find_images(callback_data, model)
        for batch in sorted({batch for batch, _ in self.raw_img_cache}):
            images = sorted(image for b, image in self.raw_img_cache if b == batch)
            data = np.stack([self.raw_img_cache[batch, image] for image in images], axis=1)
            self.store_images(callback_data, batch, images, data, channels, height, width)
        for index, layer in _convolutions(model):
            maps = layer.out_shape[0]
            positions = int(np.prod(layer.out_shape[1:]))
            self.visualize_layer(callback_data, model, min(maps, self.max_fm), positions, index)

    def get_layer_acts(self, callback_data: Any, model: Any, x: Any, batch_ind: int) -> None:
        """Propagate a minibatch and note every feature map's activation that beats its record."""
        model.fprop(x, inference=True)
        images = x.asnumpyarray()
        for index, layer in _convolutions(model):
            group = callback_data[_path(index)]
            count = len(group["activation"])
            outputs = layer.outputs.asnumpyarray()
            acts = outputs.reshape(layer.out_shape[0], -1, self.be.bsz)[:count]
            flat = acts.reshape(count, -1)
            best = flat.argmax(axis=1)
            for fm in np.flatnonzero(flat.max(axis=1) > group["activation"][:, 0]):
                location, image = divmod(int(best[fm]), self.be.bsz)
                group["activation"][fm] = flat[fm, best[fm]]
                group["batch_img"][fm] = (batch_ind, image)
                group["fm_loc"][fm] = location
                self.raw_img_cache[batch_ind, image] = images[:, image].copy()
        leaders = self._leaders(callback_data, model)
        self.raw_img_cache = {k: v for k, v in self.raw_img_cache.items() if k in leaders}

    def store_images(
        self,
        callback_data: Any,
        batch_ind: int,
        imgs_to_store: list[int],
        img_batch_data: Array,
        C: int,
        H: int,
        W: int,
    ) -> None:
        """Write images of one minibatch to ``deconv/img/batch_<i>/HWC_uint8`` (H, W, C, n).

        Args:
            callback_data: HDF5 file.
            batch_ind: number of the minibatch.
            imgs_to_store: columns of the images in the minibatch.
            img_batch_data: (C * H * W, n) these images.
            C, H, W: shape of an image.
        """
        pictures = [self.scale_to_rgb(img.reshape(C, H, W)) for img in img_batch_data.T]
        dataset = callback_data.create_dataset(
            f"deconv/img/batch_{batch_ind}/HWC_uint8",
            data=np.stack(pictures, axis=-1),
            compression="gzip",
        )
        for column, image in enumerate(imgs_to_store):
            dataset.attrs[str(image)] = column

    def visualize_layer(
        self, callback_data: Any, model: Any, num_fm: int, act_size: int, layer_ind: int
    ) -> None:
        """Draw the pictures of one layer.

        Args:
            callback_data: HDF5 file.
            model: the model.
            num_fm: number of feature maps.
            act_size: positions per feature map.
            layer_ind: index of the layer.
        """
        group = callback_data[_path(layer_ind)]
        layers = model.layers.layers
        x = self.be.iobuf(layers[0].in_shape)
        error = self.be.iobuf(layers[layer_ind].out_shape)
        start = time.time()
        for fm in range(num_fm):
            key = tuple(int(i) for i in group["batch_img"][fm])
            if key in self.raw_img_cache:  # else the map never beat -inf: all nan
                columns = np.zeros(x.shape, dtype=x.dtype)
                columns[:, 0] = self.raw_img_cache[key[0], key[1]]
                x[:] = columns
                model.fprop(x, inference=True)
                error.fill(0)
                row = fm * act_size + int(group["fm_loc"][fm, 0])
                error[row, 0] = float(group["activation"][fm, 0])
                pixels = self._guided_bprop(layers[: layer_ind + 1], error).asnumpyarray()[:, 0]
                group["vis"][fm] = self.scale_to_rgb(pixels.reshape(layers[0].in_shape))
            _show(f"Compute Images Layer {layer_ind}", fm + 1, num_fm, "feature maps", start)

    def scale_to_rgb(self, img: Array) -> Array:
        """Return an image (C, H, W) as (H, W, C) uint8, its range stretched to 0..255."""
        low, high = float(img.min()), float(img.max())
        scaled = (img - low) * (255.0 / (high - low) if high > low else 0.0)
        return np.ascontiguousarray(scaled.transpose(1, 2, 0)).astype(np.uint8)

    def _create_group(
        self, callback_data: Any, index: int, layer: Any, image_shape: tuple[int, int, int]
    ) -> None:
        group = callback_data.create_group(_path(index))
        count = min(layer.out_shape[0], self.max_fm)
        group.create_dataset("batch_img", (count, 2), dtype=np.uint16)
        group.create_dataset("fm_loc", (count, 1), dtype=np.int16)
        group.create_dataset("vis", (count, *image_shape), dtype=np.uint8)
        group.create_dataset("activation", (count, 1), dtype=np.float32, fillvalue=-np.inf)

    def _find_images(self, callback_data: Any, model: Any) -> None:
        self.valid_set.reset()
        wanted = int(self.dataset_pct / 100.0 * self.valid_set.nbatches + 0.5) + 1
        count = min(wanted, self.valid_set.nbatches)
        start = time.time()
        for batch, (x, _) in enumerate(self.valid_set):
            if batch >= count:
                break
            self.get_layer_acts(callback_data, model, x, batch)
            _show("Find Max Act Imgs", batch + 1, count, "batches", start)

    def _leaders(self, callback_data: Any, model: Any) -> set[tuple[int, int]]:
        return {
            (int(batch), int(image))
            for index, _ in _convolutions(model)
            for batch, image in callback_data[_path(index)]["batch_img"][:]
        }

    def _guided_bprop(self, layers: list[Any], error: Any) -> Any:
        """Propagate an error from the last of ``layers`` back to the pixels."""
        for layer in reversed(layers):
            if isinstance(layer, Convolution):
                error[:] = self.be.maximum(error, 0)
                deltas = self.be.iobuf(layer.in_shape)
                self.be.bprop_conv(layer.nglayer, layer.W, error, deltas)
                deltas[:] = deltas * (layer.inputs > 0)
                error = deltas
            elif layer.owns_delta and layer.deltas is not None:  # pooling and the like
                error = layer.bprop(error)
        return error


def _convolutions(model: Any) -> list[tuple[int, Any]]:
    layers = enumerate(model.layers.layers)
    return [(index, layer) for index, layer in layers if isinstance(layer, Convolution)]


def _path(index: int) -> str:
    return f"deconv/max_act/{index:04}"


def _show(tag: str, done: int, total: int, unit: str, start: float) -> None:
    """Redraw a progress line on a terminal; elsewhere write it when complete."""
    terminal = sys.stdout.isatty()
    if terminal or done == total:
        bar = block_character() * int(done / total * 20)
        seconds = time.time() - start
        line = f"Visualization  [{tag} |{bar:<20}| {done:4}/{total:<4} {unit}, {seconds:.2f}s]"
        sys.stdout.write(("\r" if terminal else "") + line + ("\n" if done == total else ""))
        sys.stdout.flush()
