"""Evaluation and outputs (spec training 7)."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from neonlike.backends._exclusive import exclusive
from neonlike.layers.container import flatten
from neonlike.models._checks import NO_MINIBATCHES
from neonlike.models._state import ModelState
from neonlike.transforms import Score
from neonlike.util.beamsearch import BeamSearch

Array = np.ndarray[Any, Any]
logger = logging.getLogger(__name__)


class PredictMixin(ModelState):
    """Forward passes of ``Model`` over whole data sets and arrays."""

    @exclusive
    def eval(self, dataset: Any, metric: Any) -> Score:
        """Return the metric over a data set, one value per name in ``metric.metric_names``.

        The wrapped end of a partial last batch does not count. The result is an
        array that, with one element, also converts to float and formats as a
        number.

        Args:
            dataset: iterator over (inputs, targets).
            metric: instance of a metric.

        Raises:
            TypeError: metric is none.
            ValueError: metric is a class, or the data set delivers nothing.
        """
        if isinstance(metric, type):
            raise ValueError(f"eval needs an instance of a metric: pass {metric.__name__}()")
        if not hasattr(metric, "metric_names"):
            raise TypeError(f"eval needs a metric such as Misclassification(), got {metric!r}")
        dataset = self._limited(dataset)
        self.initialize(dataset)
        dataset.reset()
        total = dataset.ndata * getattr(dataset, "seq_length", 1)
        values = np.zeros(len(metric.metric_names), dtype=np.float32)
        seen = 0
        getattr(metric, "start_eval", lambda: None)()  # a metric may be any callable
        for x, t in dataset:
            y = self.fprop(x, inference=True)
            steps = next(flatten(y)).shape[1] // self.be.bsz
            columns = steps * min(total - seen, self.be.bsz)
            values += np.float32(columns) * metric(y, t, calcrange=slice(0, columns))
            seen += columns
        if not seen:
            raise ValueError(f"{self.name}: {NO_MINIBATCHES}")
        values /= np.float32(seen)
        result = metric.end_eval(values) if hasattr(metric, "end_eval") else values
        return Score.of(np.asarray(result, dtype=np.float32))

    @exclusive
    def get_outputs(self, dataset: Any) -> Array:
        """Return the outputs for all examples, (ndata, F) or (ndata, steps, F).

        Raises:
            ValueError: the network has several outputs, or the data set delivers nothing.
        """
        dataset = self._limited(dataset)
        outputs = [_by_example(y.get(), self.be.bsz) for y in self._outputs(dataset)]
        if not outputs:
            raise ValueError(f"{self.name}: {NO_MINIBATCHES}")
        return np.concatenate(outputs)[: dataset.ndata]

    @exclusive
    def get_outputs_beam(self, dataset: Any, num_beams: int = 0, steps: int | None = None) -> Array:
        """Return the outputs of a sequence-to-sequence model, by beam search if ``num_beams > 0``.

        Args:
            dataset: iterator over encoder inputs.
            num_beams: number of hypotheses kept; 0: plain ``get_outputs``.
            steps: length of the output sequences, default the encoder's.

        Returns:
            Token indices of the best hypotheses, (ndata, steps, 1) if steps is
            the data set's ``seq_length``, else (ndata, steps).
        """
        if num_beams <= 0:
            return self.get_outputs(dataset)
        dataset = self._limited(dataset)
        logger.info("Performing beam search with %d beams", num_beams)
        self.initialize(dataset)
        dataset.reset()
        search = BeamSearch(self.layers)
        found = [search.beamsearch(batch[0], num_beams, steps=steps).get().T for batch in dataset]
        tokens = np.concatenate(found)[: dataset.ndata]
        return tokens[:, :, None] if tokens.shape[1] == dataset.seq_length else tokens

    @exclusive
    def predict(self, x: Any) -> Any:
        """Return the outputs for arrays of any number of examples.

        The last batch is padded with zeros, and the padding is cut off again.
        This works with the batch size that the model was made for, whatever
        ``be.bsz`` is by now.

        Args:
            x: array (n, F), (n, C, H, W) or (n, F, steps), or a list of such
                arrays for a network with several inputs. A model that is not
                initialized takes its shapes from here.

        Returns:
            Array (n, F) or (n, steps, F); a list of them for several outputs.

        Raises:
            ValueError: the arrays do not fit the network or each other.
        """
        arrays = [np.asarray(a) for a in x] if isinstance(x, list) else [np.asarray(x)]
        shapes = [a.shape[1] if a.ndim == 2 else a.shape[1:] for a in arrays]
        self.initialize(shapes if isinstance(x, list) else shapes[0])
        current, self.be.bsz = self.be.bsz, self._bsz
        try:
            parts = list(self._predict_batches(arrays, isinstance(x, list)))
        finally:
            self.be.bsz = current
        results = [np.concatenate(part) for part in zip(*parts, strict=True)]
        return results if len(results) > 1 else results[0]

    def _predict_batches(self, arrays: list[Array], as_list: bool) -> Iterator[list[Array]]:
        """Yield the outputs of each batch of rows, without the padding."""
        feeds = _feeds(self.be, arrays, self.layers.in_shape)
        tensors = [tensor for tensor, _ in feeds]
        for start in range(0, len(arrays[0]), self._bsz):
            for tensor, rows in feeds:
                _load(tensor, rows[start : start + self._bsz], self._bsz)
            y = self.fprop(tensors if as_list else tensors[0], inference=True)
            left = len(arrays[0]) - start
            ys = y if isinstance(y, list) else [y]
            yield [_by_example(each.get(), self._bsz)[:left] for each in ys]

    def _outputs(self, dataset: Any) -> Iterator[Any]:
        """Yield the output tensor of every batch."""
        self.initialize(dataset)
        dataset.reset()
        for batch in dataset:
            y = self.fprop(batch[0], inference=True)
            if isinstance(y, list):
                raise ValueError(
                    f"get_outputs works for networks with one output, this one has {len(y)}: "
                    "use predict, or call fprop for each minibatch"
                )
            yield y


def _by_example(y: Array, size: int) -> Array:
    """Turn (F, steps * N), column = step * N + example, into (N, F) or (N, steps, F)."""
    if y.shape[1] == size:
        return y.T
    return y.reshape(y.shape[0], -1, size).transpose(2, 1, 0)


def _feeds(be: Any, arrays: list[Array], in_shape: Any) -> list[tuple[Any, Array]]:
    """Return an input tensor and the checked array for each input of the network."""
    shapes = in_shape if isinstance(in_shape, list) else [in_shape]
    if len(shapes) != len(arrays):
        raise ValueError(f"the network has {len(shapes)} inputs, got {len(arrays)} arrays")
    feeds = []
    for array, shape in zip(arrays, shapes, strict=True):
        if array.ndim < 2 or len(array) == 0 or len(array) != len(arrays[0]):
            raise ValueError(
                f"predict needs arrays with the same number (at least 1) of examples in rows, "
                f"got shapes {[a.shape for a in arrays]}"
            )
        if math.prod(array.shape[1:]) != math.prod(np.atleast_1d(shape)):
            raise ValueError(
                f"the network takes examples of shape {shape}, got {array.shape[1:]} in an "
                f"array of shape {array.shape}"
            )
        tokens = array.dtype.kind in "iu" and np.shape(shape) == (2,) and shape[1] == 1
        tensor = be.iobuf(shape, dtype=np.int32 if tokens else None)
        feeds.append((tensor, array.reshape(len(array), *np.atleast_1d(shape))))
    return feeds


def _load(tensor: Any, rows: Array, size: int) -> None:
    """Write examples into an input tensor; columns beyond them become zero."""
    batch = np.zeros((size, *rows.shape[1:]), dtype=tensor.dtype)
    batch[: len(rows)] = rows
    tensor[:] = np.moveaxis(batch, 0, -1).reshape(tensor.shape)
