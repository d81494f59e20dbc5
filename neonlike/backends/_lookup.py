"""Lookup tables, pooling of regions, choice of boxes (spec backend 14)."""

from __future__ import annotations

import numpy as np

from neonlike.backends._cpu_tensor import CPUTensor
from neonlike.backends._exclusive import exclusive
from neonlike.backends._operands import OperandsMixin, compute_dtype
from neonlike.kernels._roi import Bins, region_bins


class LookupMixin(OperandsMixin):
    """The operations of embeddings and of detection nets."""

    @exclusive
    def compound_bprop_lut(
        self,
        nin: int,
        inputs: CPUTensor,
        error: CPUTensor,
        error_t: CPUTensor | None,
        dW: CPUTensor,
        pad_idx: int | None,
        alpha: float = 1.0,
        beta: float = 0,
    ) -> None:
        """Gradient of a lookup table: ``dW[id] = sum of the columns of error whose input is id``.

        Rows of ids that do not occur, and of ``pad_idx``, are left alone.

        Args:
            inputs: (1, n) integers; of more rows, the first is used.
            error: (E, n).
            dW: (vocabulary size, E).
            pad_idx: id without gradient, or None.
            nin, error_t, alpha, beta: ignored.

        Raises:
            AssertionError: tensors whose sizes do not match.
            IndexError: ids that are no integers, or outside the vocabulary.
        """
        call = "compound_bprop_lut"
        ids = np.ascontiguousarray(inputs._tensor[0])
        vocabulary, size = dW.shape
        if ids.dtype.kind not in "iu":
            raise IndexError(f"{call}: inputs must be integers, got {ids.dtype}")
        if ids.size and not 0 <= ids.min() <= ids.max() < vocabulary:
            raise IndexError(
                f"{call}: inputs must be ids from 0 to {vocabulary - 1} (rows of dW), "
                f"got {ids.min()} to {ids.max()}"
            )
        dtype = compute_dtype(dW)
        err = self._operand(call, "error", error, (size, ids.size), dtype)
        out = self._operand(call, "dW", dW, dW.shape, dtype)
        self.kernels.lookup.bprop(ids, err, out, pad_idx)
        self._deliver(out, dW)

    @exclusive
    def roipooling_fprop(
        self,
        I: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        rois: CPUTensor,
        O: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        argmax: CPUTensor,
        roi_count: int,
        C: int,
        H: int,
        W: int,
        pooled_height: int,
        pooled_width: int,
        spatial_scale: float,
    ) -> None:
        """Max-pool every region of a feature map to ``pooled_height`` x ``pooled_width`` bins.

        A region spans ``round(min * spatial_scale)`` to ``round(max * spatial_scale)``, at least
        one input; bin i of P covers ``[floor(i h / P), ceil((i + 1) h / P))`` of its h rows.

        Args:
            I: feature maps (C, H, W, bsz).
            rois: (roi_count, 5) rows ``[image, xmin, ymin, xmax, ymax]``.
            O: outputs (C, pooled_height, pooled_width, roi_count).
            argmax: int32, like O, receives ``row * W + column`` of the first maximum, -1 for an
                empty bin (whose output is 0).
            roi_count, C, H, W, pooled_height, pooled_width: sizes.
            spatial_scale: feature map coordinate per picture coordinate.

        Raises:
            AssertionError: tensors whose sizes do not match, or regions of images that are not in
                the batch.
        """
        call = "ROIPooling fprop"
        pooled = (pooled_height, pooled_width)
        bins = self._bins(call, rois, roi_count, (H, W), pooled, spatial_scale)
        dtype = compute_dtype(O)
        x = self._operand(call, "I", I, (C, H, W, self.bsz), dtype)
        out = self._operand(call, "O", O, (C, *pooled, roi_count), dtype)
        places = self._operand(call, "argmax", argmax, out.shape, np.int32)
        self.kernels.roi.fprop(x, bins, out, places)
        self._deliver(out, O)
        self._deliver(places, argmax)

    @exclusive
    def roipooling_bprop(
        self,
        I: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        rois: CPUTensor,
        O: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        argmax: CPUTensor,
        roi_count: int,
        C: int,
        H: int,
        W: int,
        pooled_height: int,
        pooled_width: int,
        spatial_scale: float,
    ) -> None:
        """Add every error at its maximum in the image of its region; all else is 0.

        Args:
            I: errors (C, pooled_height, pooled_width, roi_count).
            O: deltas (C, H, W, bsz).
            rois, argmax, roi_count, C, H, W, pooled_height, pooled_width, spatial_scale: as in
                ``roipooling_fprop``.

        Raises:
            AssertionError: as ``roipooling_fprop``.
        """
        call = "ROIPooling bprop"
        pooled = (pooled_height, pooled_width)
        images, _, _ = self._bins(call, rois, roi_count, (H, W), pooled, spatial_scale)
        dtype = compute_dtype(O)
        err = self._operand(call, "I", I, (C, *pooled, roi_count), dtype)
        out = self._operand(call, "O", O, (C, H, W, self.bsz), dtype)
        places = self._operand(call, "argmax", argmax, err.shape, np.int32)
        self.kernels.roi.bprop(err, images, places, out)
        self._deliver(out, O)

    def _bins(
        self,
        call: str,
        rois: CPUTensor,
        count: int,
        size: tuple[int, int],
        pooled: tuple[int, int],
        scale: float,
    ) -> Bins:
        bins = region_bins(
            self._operand(call, "rois", rois, (count, 5), rois.dtype), scale, size, pooled
        )
        images = bins[0]
        if count and not 0 <= images.min() <= images.max() < self.bsz:
            raise AssertionError(
                f"{call}: rois name the images {images.min()} to {images.max()}, "
                f"but the batch has {self.bsz}"
            )
        return bins

    @exclusive
    def nms(self, detections: CPUTensor, threshold: float, normalized: bool = False) -> list[int]:
        """Return the indices of the boxes that no better box overlaps, best first.

        Indices count the boxes of non-zero score only, as in neon.

        Args:
            detections: (n, 5) rows ``[x1, y1, x2, y2, score]``.
            threshold: a box goes when intersection / union with a kept one exceeds it.
            normalized: True: sides are ``x2 - x1``; else, for pixel indices, ``x2 - x1 + 1``.

        Raises:
            AssertionError: another number of columns.
        """
        boxes = detections._tensor
        if boxes.shape[1:] != (5,):
            raise AssertionError(
                f"nms: detections must be rows of x1, y1, x2, y2, score, got shape {boxes.shape}"
            )
        boxes = boxes[boxes[:, 4] != 0].astype(compute_dtype(detections))
        kept: list[int] = self.kernels.roi.nms(boxes, threshold, normalized is True)
        return kept
