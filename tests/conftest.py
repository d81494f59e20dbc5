"""Fixtures shared by all tests: a backend of each kernel set, made fresh and cleaned up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from neonlike.backends import cleanup_backend, gen_backend

KERNEL_SETS = ["cpu", "reference"]


@pytest.fixture(params=KERNEL_SETS)
def make_be(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Return ``make_be(**gen_backend_arguments)``, strict by default, for each kernel set."""

    def make(**kwargs: Any) -> Any:
        kwargs.setdefault("rng_seed", 0)
        kwargs.setdefault("batch_size", 4)
        kwargs.setdefault("numerics", "strict")  # as the golden numbers
        return gen_backend(backend=request.param, **kwargs)

    yield make
    cleanup_backend()


@pytest.fixture
def be(make_be: Callable[..., Any]) -> Any:
    """A float32 backend with batch size 4 and seed 0, for each kernel set."""
    return make_be()
