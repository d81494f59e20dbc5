"""Tables about a run and its machine in the log (spec util 8)."""

from __future__ import annotations

import argparse
import functools
import logging
import os
import platform
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from neonlike._logging import display

logger = logging.getLogger("neonlike")
Rows = Iterable[tuple[str, Any]]

LINE = "-" * 40


def add_param_to_output(output_string: str, param_name: str, param: Any) -> str:
    """Return ``output_string`` with a row ``name: value`` added."""
    return output_string + f"{param_name:>25}: {param}\n"


def display_model_params(neon_args: argparse.Namespace, neon_root_yaml: Mapping[str, Any]) -> None:
    """Display the parameters of a YAML experiment.

    Args:
        neon_args: parsed options.
        neon_root_yaml: content of the experiment file.
    """
    rows = functools.partial(_parameters, neon_args, neon_root_yaml)
    _display_table("HYPER PARAMETERS", 6, "hyper parameters", rows)


def display_cpu_information() -> None:
    """Display what is known about the processor."""
    _display_table("CPU", 19, "CPU information", _cpu)


def display_platform_information() -> None:
    """Display operating system and Python."""
    _display_table("PLATFORM & OS", 9, "platform information", _platform)


def _display_table(title: str, dashes: int, what: str, rows: Callable[[], Rows]) -> None:
    text = f"\n-- INFORMATION: {title} {'-' * dashes}\n"
    try:
        for name, value in rows():
            text = add_param_to_output(text, name, value)
    except (KeyError, TypeError, AttributeError, OSError) as error:
        text += f"Some {what} cannot be displayed ({error})\n"
    display(logger, "%s", text + LINE)


def _parameters(args: argparse.Namespace, root: Mapping[str, Any]) -> Rows:
    optimizer = root["optimizer"]
    config = optimizer.get("config") or {}
    # a MultiOptimizer's parameters are those of its default optimizer
    default = config.get("optimizer_mapping", {}).get("default", {}).get("config") or config
    yield "backend", root.get("backend", args.backend)
    yield "batch size", root.get("batchsize", args.batch_size)
    yield "epochs", args.epochs
    yield "optimizer type", optimizer["type"]
    yield "learning rate", default.get("learning_rate")
    yield "momentum coef", default.get("momentum_coef")


def _cpu() -> Rows:
    known = _proc_cpuinfo()
    machine = platform.machine()
    yield "brand", known.get("model name") or platform.processor() or machine
    yield "vendor id", known.get("vendor_id")
    yield "model", known.get("model")
    yield "family", known.get("cpu family")
    yield "bits", platform.architecture()[0]
    yield "architecture", machine
    yield "cores", os.cpu_count()
    yield "actual MHz", known.get("cpu MHz")
    yield "l2 cache size", known.get("cache size")


def _proc_cpuinfo() -> dict[str, str]:
    """Return what Linux tells about the first core; elsewhere nothing."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return {}
    first = path.read_text().split("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _platform() -> Rows:
    yield "OS", platform.system()
    yield "OS release version", platform.release()
    yield "machine", platform.machine()
    yield "node", platform.node()
    yield "python version", platform.python_version()
    yield "python build", platform.python_build()
    yield "python compiler", platform.python_compiler()
