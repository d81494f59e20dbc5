"""What an engine must provide (spec backend 1).

The signatures are those of neon's abstract class; the engine's own, with more
arguments, and their documentation are in the mixins.
"""

from __future__ import annotations

import abc
from typing import Any, ClassVar

from neonlike.backends._elementwise import ElementwiseMixin
from neonlike.backends._reduce import ReduceMixin


class Backend_ABC_Meta(abc.ABCMeta):
    """Enters every class with its own ``backend_name`` into ``backends``."""

    backends: ClassVar[dict[str, type]] = {}

    def __init__(cls, name: str, bases: tuple[type, ...], dict_: dict[str, Any]) -> None:
        if "backend_name" in dict_:
            Backend_ABC_Meta.backends[dict_["backend_name"]] = cls
        super().__init__(name, bases, dict_)


class AbstractBackend(ElementwiseMixin, ReduceMixin, metaclass=Backend_ABC_Meta):
    """Op-tree functions, and the declarations of what depends on the engine."""

    def __del__(self) -> None:
        self.cleanup_backend()

    def cleanup_backend(self) -> None:
        """Release what the backend holds outside Python: nothing on a CPU."""

    @abc.abstractmethod
    def array(
        self,
        ary: Any,
        dtype: Any = None,
        name: Any = None,
        persist_values: Any = True,
        parallel: Any = False,
        distributed: Any = False,
    ) -> Any:
        """Return a new tensor with the values of ``ary``."""

    @abc.abstractmethod
    def batched_dot(
        self, A: Any, B: Any, C: Any, alpha: Any = 1.0, beta: Any = 0.0, relu: Any = False
    ) -> Any:
        """Multiply matrices over a batch."""

    @abc.abstractmethod
    def bprop_conv(
        self, layer: Any, F: Any, E: Any, grad_I: Any, alpha: Any = 1.0, repeat: Any = 1
    ) -> Any:
        """Propagate an error back through a convolution."""

    @abc.abstractmethod
    def bprop_pool(
        self,
        layer: Any,
        I: Any,  # noqa: E741  # neon's name, also for keywords
        E: Any,
        grad_I: Any,
    ) -> Any:
        """Propagate an error back through pooling."""

    @abc.abstractmethod
    def compound_bprop_lut(
        self,
        nin: Any,
        inputs: Any,
        error: Any,
        error_t: Any,
        dW: Any,
        pad_idx: Any,
        alpha: Any = 1.0,
        beta: Any = 0,
    ) -> Any:
        """Compute the gradient of a lookup table."""

    @abc.abstractmethod
    def compound_dot(
        self, A: Any, B: Any, C: Any, alpha: Any = 1.0, beta: Any = 0.0, relu: Any = False
    ) -> Any:
        """C = alpha * A B + beta * C."""

    @abc.abstractmethod
    def conv_layer(
        self,
        dtype: Any,
        N: Any,
        C: Any,
        K: Any,
        D: Any = 1,
        H: Any = 1,
        W: Any = 1,
        T: Any = 1,
        R: Any = 1,
        S: Any = 1,
        pad_d: Any = 0,
        pad_h: Any = 0,
        pad_w: Any = 0,
        str_d: Any = 1,
        str_h: Any = 1,
        str_w: Any = 1,
        relu: Any = False,
        bsum: Any = False,
    ) -> Any:
        """Describe a convolution."""

    @abc.abstractmethod
    def deconv_layer(
        self,
        dtype: Any,
        N: Any,
        C: Any,
        K: Any,
        P: Any,
        Q: Any,
        R: Any = 1,
        S: Any = 1,
        pad_d: Any = 0,
        pad_h: Any = 0,
        pad_w: Any = 0,
        str_d: Any = 1,
        str_h: Any = 1,
        str_w: Any = 1,
    ) -> Any:
        """Describe a deconvolution."""

    @abc.abstractmethod
    def empty(
        self,
        shape: Any,
        dtype: Any = None,
        name: Any = None,
        persist_values: Any = True,
        parallel: Any = False,
        distributed: Any = False,
    ) -> Any:
        """Return a new tensor."""

    @abc.abstractmethod
    def empty_like(self, other_ary: Any, name: Any = None, persist_values: Any = True) -> Any:
        """Return a new tensor of the same shape."""

    @abc.abstractmethod
    def fprop_conv(
        self,
        layer: Any,
        I: Any,  # noqa: E741  # neon's name, also for keywords
        F: Any,
        O: Any,  # noqa: E741  # neon's name, also for keywords
        alpha: Any = 1.0,
        relu: Any = False,
        repeat: Any = 1,
    ) -> Any:
        """Convolve."""

    @abc.abstractmethod
    def fprop_pool(
        self,
        layer: Any,
        I: Any,  # noqa: E741  # neon's name, also for keywords
        O: Any,  # noqa: E741  # neon's name, also for keywords
    ) -> Any:
        """Pool."""

    @abc.abstractmethod
    def gen_rng(self, seed: Any = None) -> Any:
        """Start a new random stream."""

    @abc.abstractmethod
    def make_binary_mask(self, out: Any, keepthresh: Any = 0.5) -> Any:
        """Fill with a random mask."""

    @abc.abstractmethod
    def ones(
        self,
        shape: Any,
        dtype: Any = None,
        name: Any = None,
        persist_values: Any = True,
        parallel: Any = False,
        distributed: Any = False,
    ) -> Any:
        """Return a new tensor of ones."""

    @abc.abstractmethod
    def pool_layer(
        self,
        dtype: Any,
        op: Any,
        N: Any,
        C: Any,
        D: Any = 1,
        H: Any = 1,
        W: Any = 1,
        J: Any = 1,
        T: Any = 1,
        R: Any = 1,
        S: Any = 1,
        pad_j: Any = 0,
        pad_d: Any = 0,
        pad_h: Any = 0,
        pad_w: Any = 0,
        str_j: Any = None,
        str_d: Any = None,
        str_h: Any = None,
        str_w: Any = None,
    ) -> Any:
        """Describe pooling."""

    @abc.abstractmethod
    def rng_get_state(self, state: Any) -> Any:
        """Return the state of the random stream."""

    @abc.abstractmethod
    def rng_reset(
        self,
    ) -> Any:
        """Return to the first state of the random stream."""

    @abc.abstractmethod
    def rng_set_state(self, state: Any) -> Any:
        """Set the state of the random stream."""

    @abc.abstractmethod
    def update_conv(
        self,
        layer: Any,
        I: Any,  # noqa: E741  # neon's name, also for keywords
        E: Any,
        grad_F: Any,
        alpha: Any = 1.0,
        repeat: Any = 1,
    ) -> Any:
        """Compute the gradient of the filters."""

    @abc.abstractmethod
    def zeros(
        self,
        shape: Any,
        dtype: Any = None,
        name: Any = None,
        persist_values: Any = True,
        parallel: Any = False,
        distributed: Any = False,
    ) -> Any:
        """Return a new tensor of zeros."""

    @abc.abstractmethod
    def zeros_like(self, other_ary: Any, name: Any = None, persist_values: Any = True) -> Any:
        """Return a new tensor of zeros of the same shape."""
