"""A mark for tests of what only compiled kernels have; with NEONLIKE_JIT=0 there are none."""

from __future__ import annotations

import os

import pytest

compiled_only = pytest.mark.skipif(
    os.environ.get("NEONLIKE_JIT") == "0", reason="with NEONLIKE_JIT=0 nothing is compiled"
)
