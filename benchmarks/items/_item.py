"""What a benchmark item is, and what builders of items share."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], Any]
IMAGES = ("conv_", "deconv_", "pool_", "batch_norm_", "lrn_", "net_cifar_", "net_gender_")


@dataclasses.dataclass(frozen=True)
class Item:
    """A unit of work with one builder per engine family.

    Attributes:
        id: stable name; speed claims quote it.
        batch: batch size of the backend.
        neonlike: ``builder(be)`` returns a function that does one step.
        torch: ``builder(channels_last)`` returns the same for PyTorch; None: it has no twin.
        what: one line for the table.
    """

    id: str
    batch: int
    neonlike: Callable[[Any], Step]
    torch: Callable[[bool], Step] | None
    what: str

    @property
    def has_images(self) -> bool:
        """Whether PyTorch can hold its data channels first or channels last."""
        return self.id.startswith(IMAGES)


def random(be: Any, shape: tuple[int, ...], seed: int = 0) -> Any:
    """A tensor of numbers from -1 to 1."""
    values = np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)
    return be.array(values)


def call(method: Any, *args: Any, **kwargs: Any) -> Step:
    """A step that is one call."""
    return functools.partial(method, *args, **kwargs)
