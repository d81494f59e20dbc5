"""The backend classes: one class over a kernel set, under neon's names (spec backend 1, 2)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from neonlike import kernels
from neonlike.backends._abstract import AbstractBackend, Backend_ABC_Meta
from neonlike.backends._alloc import AllocMixin
from neonlike.backends._buffers import BufferPool
from neonlike.backends._containers import ContainersMixin
from neonlike.backends._conv import ConvMixin
from neonlike.backends._cpu_tensor import CPUTensor
from neonlike.backends._dot import DotMixin
from neonlike.backends._hist import HistMixin
from neonlike.backends._lookup import LookupMixin
from neonlike.backends._misc import MiscMixin
from neonlike.backends._norm import NormMixin
from neonlike.backends._numpy_ops import call_functions, numpy_call_dict_cpu
from neonlike.backends._optree import OpTreeNode
from neonlike.backends._patches import PatchMixin
from neonlike.backends._pool import PoolMixin
from neonlike.backends._random import RandomMixin
from neonlike.backends._rnn import RnnMixin
from neonlike.backends._tree_log import make_evaluator
from neonlike.backends._zoo import ZooMixin

DTYPES = (np.float16, np.float32, np.float64)
NUMERICS = ("fast", "strict")


class Backend(  # type: ignore[misc]  # AbstractBackend has neon's older signatures
    ConvMixin,
    PoolMixin,
    PatchMixin,
    NormMixin,
    LookupMixin,
    RnnMixin,
    ZooMixin,
    DotMixin,
    ContainersMixin,
    AllocMixin,
    RandomMixin,
    HistMixin,
    MiscMixin,
    AbstractBackend,
):
    """A backend: the operation layer with its state.

    Args:
        rng_seed: seed of the random stream, or None.
        default_dtype: ``np.float16``, ``np.float32`` or ``np.float64``.
        compat_mode: None or ``'caffe'``.
        deterministic: ignored; the attribute tells whether a seed was given.
        numerics: ``'fast'`` or ``'strict'``, see ``gen_backend``.

    Raises:
        ValueError: unsupported dtype, compatibility mode or numerics.
    """

    kernel_set: ClassVar[str] = "numba"

    def __init__(
        self,
        rng_seed: int | None = None,
        default_dtype: Any = np.float32,
        compat_mode: str | None = None,
        deterministic: bool | None = None,
        numerics: str = "fast",
    ) -> None:
        if isinstance(default_dtype, str) or default_dtype not in DTYPES:
            raise ValueError(
                f"datatype must be np.float16, np.float32 or np.float64, got {default_dtype!r}"
            )
        if compat_mode not in (None, "caffe"):
            raise ValueError(f"{compat_mode} mode not supported currently, use None or 'caffe'")
        if numerics not in NUMERICS:
            raise ValueError(f"numerics must be one of {NUMERICS}, got {numerics!r}")
        self.bsz = None  # type: ignore[assignment]  # an int for all that runs after gen_backend
        self.default_dtype = np.dtype(default_dtype).type
        self.compat_mode = compat_mode
        self.numerics = numerics
        self.rng_seed = rng_seed
        self.deterministic = rng_seed is not None
        self.kernels = kernels.load(self.kernel_set)
        self.scratch = BufferPool()
        self._evaluator = make_evaluator(self.kernels, self.scratch)
        self.gen_rng(rng_seed)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Refuse to be pickled or deep-copied, which tensors would end in.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            "tensors, and layers and models that hold some, are neither pickled nor deep-copied: "
            "take tensor.get(), or Model(model.get_description(get_weights=True, keep_states=True))"
        )

    def execute(self, node: OpTreeNode) -> Any:
        """Run an assignment node; return its target."""
        _, target, value = node
        self.run(target, value)
        return target

    @staticmethod
    def backend_choices() -> list[str]:
        """Return the names of all backends, sorted."""
        return sorted(Backend_ABC_Meta.backends)

    @staticmethod
    def allocate_backend(name: str, **kargs: Any) -> Any:
        """Build the backend ``name`` without making it the current one."""
        return Backend_ABC_Meta.backends[name](**kargs)


class NervanaCPU(Backend):
    """The default backend: Numba kernels."""

    backend_name = "cpu"
    kernel_set = "numba"
    tensor_cls = CPUTensor
    device_type = 0
    device_id = 0
    use_pinned_mem = False

    def __init__(
        self,
        rng_seed: int | None = None,
        default_dtype: Any = np.float32,
        hist_bins: int = 64,
        hist_offset: int = -48,
        compat_mode: str | None = None,
        num_devices: Any = None,
        stochastic_round: Any = None,
        device_id: Any = None,
        deterministic: Any = None,
        numerics: str = "fast",
    ) -> None:
        super().__init__(rng_seed, default_dtype, compat_mode, numerics=numerics)
        self.set_hist_buffers(hist_bins, hist_offset)

    def execute(
        self, optree: OpTreeNode, numpy_call_dict: dict[str, Any] = numpy_call_dict_cpu
    ) -> Any:
        """Run an assignment node; return its target.

        Args:
            optree: node with op ``assign``: target tensor, value.
            numpy_call_dict: functions by op name, each returning a new array,
                that replace neonlike's own if it is not the default.
        """
        op, target, value = optree
        if numpy_call_dict is not numpy_call_dict_cpu:
            optree = OpTreeNode(op, target, self.tensor(call_functions(value, numpy_call_dict)))
        return super().execute(optree)

    def shift(self, ary: Any, shift_ary: Any, value: bool = True, out: Any = None) -> Any:
        """Return ``Backend.shift(ary, shift_ary, ...)``."""
        return super().shift(ary, shift_ary, value, out)

    def binarize(  # type: ignore[override]  # neon's order of the arguments
        self, ary: CPUTensor, out: CPUTensor, stochastic: bool = True
    ) -> CPUTensor:
        """Return ``Backend.binarize(ary, ...)`` in ``out``."""
        return super().binarize(ary, stochastic, out)


class NervanaReference(NervanaCPU):
    """Plain NumPy kernels: the oracle of the tests and the baseline of the benchmarks."""

    backend_name = "reference"
    kernel_set = "reference"


class MKLTensor(CPUTensor):
    """A CPU tensor under the name of neon's MKL engine."""


class NervanaMKL(NervanaCPU):
    """The CPU backend under the name of neon's MKL engine; it computes exactly the same."""

    backend_name = "mkl"
    tensor_cls = MKLTensor
