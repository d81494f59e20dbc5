"""What a benchmark item is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any


@dataclasses.dataclass(frozen=True)
class Item:
    """A unit of work with one builder per engine family.

    Attributes:
        id: stable name; speed claims quote it.
        batch: batch size of the backend.
        neonlike: ``builder(be)`` returns a function that does one step.
        torch: ``builder(channels_last)`` returns the same for PyTorch.
        what: one line for the table.
    """

    id: str
    batch: int
    neonlike: Callable[[Any], Callable[[], Any]]
    torch: Callable[[bool], Callable[[], Any]]
    what: str
