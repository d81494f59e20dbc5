"""Measurements that need a process of their own: cold start, peak memory, first run of a tree."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks._engines import Engine, torch_installed

Probe = dict[str, float]
STARTS = 3
OURS = Engine("neonlike", "cpu", 1)
RIVALS = [Engine("torch", variant, 1) for variant in ("default", "malloc")]


def spawn(engine: Engine, *command: str, **environment: str) -> tuple[Probe, str]:
    """Run ``python -m benchmarks.worker <command>``; return its CPU, wall time and peak memory.

    Raises:
        RuntimeError: the process failed; its own traceback is on stderr. Or the system does not
            tell what a process has used.
    """
    if not hasattr(os, "wait4"):
        raise RuntimeError(
            f"{sys.platform} does not tell what a process has used (os.wait4), which the probes of "
            "start and memory need; run single items: python -m benchmarks run"
        )
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.worker", *command],
        env=engine.environment() | environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"the worker of {engine.name} failed at {' '.join(command)}")
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return {
        "wall_s": time.perf_counter() - start,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / scale,
    }, output


def steps(engine: Engine, item_id: str, count: int, **environment: str) -> Probe:
    """Start a process that does ``count`` steps of an item."""
    command = (engine.family, engine.variant, str(engine.threads), item_id, str(count))
    return spawn(engine, *command, **environment)[0]


def start_warm(engine: Engine, item_id: str) -> float:
    """CPU seconds from start to the end of the first step, compiled code on disk.

    Also that of Python modules, whatever the environment says: who installs a package has it.
    """
    with tempfile.TemporaryDirectory() as folder:
        bytecode = {"PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
        steps(engine, item_id, 1, **bytecode)
        return min(steps(engine, item_id, 1, **bytecode)["cpu_s"] for _ in range(STARTS))


def start_empty(engine: Engine, item_id: str) -> float:
    """The same with nothing compiled before."""
    with tempfile.TemporaryDirectory() as folder:
        return steps(engine, item_id, 1, NUMBA_CACHE_DIR=folder)["cpu_s"]


def peak(engine: Engine, item_id: str) -> float:
    """Largest resident size, in MiB, of a process that does four steps, compiled code on disk."""
    return min(steps(engine, item_id, 4)["peak_mib"] for _ in range(2))


def new_tree() -> float:
    """Milliseconds for the first run of an op-tree that no cache holds."""
    with tempfile.TemporaryDirectory() as folder:
        _, output = spawn(OURS, "new_tree", NUMBA_CACHE_DIR=folder)
    return float(output)


def run_probes() -> tuple[Probe, dict[str, Any]]:
    """Values by the names that targets use, and all figures behind them."""
    mlp, cifar, renet = "net_mnist_mlp_n128", "net_cifar_conv_n128", "net_gender_renet_gru_s128_n32"
    details: dict[str, Any] = {
        "start_warm_mlp_s": {OURS.name: start_warm(OURS, mlp)},
        "start_warm_cifar_s": {OURS.name: start_warm(OURS, cifar)},
        "start_empty_cifar_s": {OURS.name: start_empty(OURS, cifar)},
        "peak_renet_gru_s128_mib": {OURS.name: peak(OURS, renet)},
    }
    values = {
        "probe_new_tree": new_tree(),
        "probe_start_warm_mlp": details["start_warm_mlp_s"][OURS.name],
        "probe_start_empty_cifar": details["start_empty_cifar_s"][OURS.name],
    }
    if torch_installed():
        details["start_warm_mlp_s"]["torch/default"] = start_warm(RIVALS[0], mlp)
        details["start_warm_cifar_s"]["torch/default"] = start_warm(RIVALS[0], cifar)
        peaks = {engine.name: peak(engine, renet) for engine in RIVALS}
        details["peak_renet_gru_s128_mib"] |= peaks
        ours = details["peak_renet_gru_s128_mib"][OURS.name]
        values["probe_peak_renet_gru_s128"] = ours / min(peaks.values())
    return values, details
