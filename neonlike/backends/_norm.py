"""Batch normalisation on tensors (spec backend 13)."""

from __future__ import annotations

from typing import Any

from neonlike.backends._cpu_tensor import CPUTensor
from neonlike.backends._exclusive import exclusive
from neonlike.backends._operands import OperandsMixin, compute_dtype

_COLUMNS = ("xsum", "xvar", "gmean", "gvar", "gamma", "beta")


class NormMixin(OperandsMixin):
    """The operations of batch normalisation.

    Data tensors have (or are viewed as) nfm feature maps of n values; all others are (nfm, 1).
    """

    @exclusive
    def compound_fprop_bn(
        self,
        x: CPUTensor,
        xsum: CPUTensor,
        xvar: CPUTensor,
        gmean: CPUTensor,
        gvar: CPUTensor,
        gamma: CPUTensor,
        beta: CPUTensor,
        y: CPUTensor,
        eps: float,
        rho: float,
        compute_batch_sum: bool,
        accumbeta: float = 0.0,
        relu: bool = False,
        binary: bool = False,
        inference: bool = False,
        outputs: Any = None,
        layer: Any = None,
        slope: float = 1.0,
    ) -> None:
        """Normalise: ``y = (x - mean) / sqrt(var + eps) * gamma + beta + accumbeta * y``.

        In training, mean and biased variance of each map replace ``xsum`` and ``xvar``, and
        the running values follow: ``gmean = rho * gmean + (1 - rho) * mean``, likewise ``gvar``.

        Args:
            x: inputs (nfm, n).
            xsum: sum of each map if ``compute_batch_sum`` is False; receives the mean.
            xvar: receives the variance.
            gmean, gvar: running mean and variance; updated in training, used in inference.
            gamma, beta: scale and offset.
            y: outputs (nfm, n); with ``accumbeta`` 0 their old content does not matter.
            eps: added to the variance.
            rho: decay of the running values.
            compute_batch_sum: whether to sum x here.
            accumbeta: factor of y.
            binary: multiply by powers of two: the nearest to each second factor.
            inference: use the running values, change nothing else.
            relu, outputs, layer: ignored.
            slope: what is negative is then multiplied by it; not one of neon's arguments.

        Raises:
            AssertionError: tensors whose sizes do not match.
        """
        columns = xsum, xvar, gmean, gvar, gamma, beta
        numbers = eps, rho, compute_batch_sum, accumbeta, binary, inference, slope

        def work() -> None:
            self._normalize(x, columns, y, *numbers)

        self.again_at(y, ("fprop_bn", *numbers), (x, *columns, y), work)

    def _normalize(
        self,
        x: CPUTensor,
        columns_of: tuple[CPUTensor, ...],
        y: CPUTensor,
        eps: float,
        rho: float,
        compute_batch_sum: bool,
        accumbeta: float,
        binary: bool,
        inference: bool,
        slope: float,
    ) -> None:
        dtype = compute_dtype(y)
        matrix = (x.shape[0], x.size // x.shape[0])
        data = self._operand("compound_fprop_bn", "x", x, matrix, dtype)
        out = self._operand("compound_fprop_bn", "y", y, matrix, dtype)
        names = dict(zip(_COLUMNS, columns_of, strict=True))
        columns = {
            name: self._column("compound_fprop_bn", name, tensor, matrix[0])
            for name, tensor in names.items()
        }
        kernels = self.kernels.norm
        if inference:
            used = (columns[name] for name in ("gmean", "gvar", "gamma", "beta"))
            kernels.fprop_inference(data, *used, out, eps, accumbeta, slope)
        else:
            numbers = (eps, rho, compute_batch_sum, accumbeta, binary, slope)
            kernels.fprop_train(data, *columns.values(), out, *numbers)
            for name in ("xsum", "xvar", "gmean", "gvar"):
                self._deliver(columns[name], names[name])
        self._deliver(out, y)

    compound_fprop_bn.__dict__["takes_slope"] = (
        True  # what overrides it may take neon's arguments only
    )

    @exclusive
    def compound_bprop_bn(
        self,
        delta_out: CPUTensor,
        grad_gamma: CPUTensor,
        grad_beta: CPUTensor,
        delta_in: CPUTensor,
        x: CPUTensor,
        xsum: CPUTensor,
        xvar: CPUTensor,
        gamma: CPUTensor,
        eps: float,
        binary: bool = False,
        layer: Any = None,
    ) -> None:
        """Gradients of ``compound_fprop_bn`` in training.

        With ``inv = 1 / sqrt(xvar + eps)`` and ``xhat = (x - xsum) * inv``:
        ``grad_gamma = sum of xhat * delta_in``, ``grad_beta = sum of delta_in``,
        ``delta_out = (delta_in - (xhat * grad_gamma + grad_beta) / n) * gamma * inv``.

        Args:
            delta_out: result (nfm, n); may be ``delta_in``.
            grad_gamma, grad_beta: results (nfm, 1).
            delta_in: errors (nfm, n).
            x: inputs of the forward pass.
            xsum, xvar: mean and variance, as the forward pass left them.
            gamma: scale.
            eps: as in the forward pass.
            binary: multiply by powers of two, as in the forward pass.
            layer: ignored.

        Raises:
            AssertionError: tensors whose sizes do not match.
        """
        columns = xsum, xvar, gamma
        results = delta_out, grad_gamma, grad_beta

        def work() -> None:
            self._normalize_back(delta_in, x, columns, results, eps, binary)

        tensors = delta_in, x, *columns, *results
        self.again_at(delta_out, ("bprop_bn", eps, binary), tensors, work)

    def _normalize_back(
        self,
        delta_in: CPUTensor,
        x: CPUTensor,
        columns_of: tuple[CPUTensor, ...],
        results: tuple[CPUTensor, CPUTensor, CPUTensor],
        eps: float,
        binary: bool,
    ) -> None:
        call, (delta_out, grad_gamma, grad_beta) = "compound_bprop_bn", results
        dtype = compute_dtype(delta_out)
        matrix = (x.shape[0], x.size // x.shape[0])
        err = self._operand(call, "delta_in", delta_in, matrix, dtype)
        data = self._operand(call, "x", x, matrix, dtype)
        out = self._operand(call, "delta_out", delta_out, matrix, dtype)
        names = dict(zip(("xsum", "xvar", "gamma"), columns_of, strict=True))
        columns = [self._column(call, name, tensor, matrix[0]) for name, tensor in names.items()]
        grads = (("grad_gamma", grad_gamma), ("grad_beta", grad_beta))
        sums = [self._column(call, name, tensor, matrix[0]) for name, tensor in grads]
        self.kernels.norm.bprop(err, data, *columns, out, *sums, eps, binary)
        for array, tensor in zip([out, *sums], [delta_out, grad_gamma, grad_beta], strict=True):
            self._deliver(array, tensor)

    def _column(self, call: str, name: str, tensor: CPUTensor, maps: int) -> Any:
        return self._operand(call, name, tensor, (maps, 1), compute_dtype(tensor))
