"""Engines: what runs a benchmark item, and the worker processes they live in."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import subprocess
import sys
from typing import Any

# glibc keeps big freed blocks instead of returning them to the kernel: no page faults on reuse
TUNED_MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "268435456",
}


@dataclasses.dataclass(frozen=True)
class Engine:
    """One competitor: a neonlike kernel set, or a variant of PyTorch, at a thread count."""

    family: str  # "neonlike" or "torch"
    variant: str  # kernel set, or PyTorch variant
    threads: int

    @property
    def name(self) -> str:
        """Label in tables and JSON."""
        return f"{self.family}/{self.variant}"

    @property
    def cares_for_layout(self) -> bool:
        """Whether it differs from another variant only where there are images."""
        return "channels_last" in self.variant

    def environment(self) -> dict[str, str]:
        """Environment of the worker process: one thread switch for every library in it."""
        count = str(self.threads)
        extra = {
            "OMP_NUM_THREADS": count,
            "OPENBLAS_NUM_THREADS": count,
            "MKL_NUM_THREADS": count,
            "NEONLIKE_NUM_THREADS": count,
        }
        if self.family == "torch" and "malloc" in self.variant:
            extra |= TUNED_MALLOC
        return os.environ | extra


def engines(sets: list[str], threads: list[int], with_torch: bool) -> list[Engine]:
    """List the engines of a run; PyTorch takes part in all four of its configurations."""
    variants = [Engine("neonlike", name, n) for n in threads for name in sets]
    if with_torch:
        kinds = ("default", "malloc", "channels_last", "malloc+channels_last")
        variants += [Engine("torch", kind, n) for n in threads for kind in kinds]
    return variants


def torch_installed() -> bool:
    """Tell whether PyTorch can be imported, without importing it."""
    return importlib.util.find_spec("torch") is not None


class Worker:
    """A child process in which one engine lives; it answers one request per line."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        command = [sys.executable, "-m", "benchmarks.worker", engine.family, engine.variant]
        self._process = subprocess.Popen(
            [*command, str(engine.threads)],
            env=engine.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send one request and wait for the answer.

        Raises:
            RuntimeError: the worker died; its own traceback is on stderr.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker of {self.engine.name} died while running {request}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process."""
        with self._process:  # closes the pipes, then waits
            pass
