"""The command-line options every script understands (spec util 6)."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neonlike.version import VERSION

BACKENDS = ("cpu", "mkl", "reference")
WORK_DIR = "~/nervana"

DEFAULTS: dict[str, Any] = {
    "verbose": 1,
    "epochs": 10,
    "save_path": None,
    "serialize": 0,
    "output_file": None,
    "eval_freq": None,
    "history": 1,
    "device_id": 0,
    "max_devices": 0,
    "rng_seed": None,
    "rounding": False,
    "datatype": "f32",
    "batch_size": 128,
    "numerics": "fast",
}


def backend_name(text: str) -> str:
    """Check the value of ``--backend``."""
    if text in BACKENDS:
        return text
    advice = "neonlike computes on the CPU only" if text == "gpu" else "unknown backend"
    raise argparse.ArgumentTypeError(f"{text!r}: {advice}; use one of {', '.join(BACKENDS)}")


def add_options(parser: Any, overrides: Mapping[str, Any]) -> None:
    """Add all standard options to ``parser``.

    Args:
        parser: a ``configargparse.ArgumentParser``.
        overrides: other defaults for the names in ``DEFAULTS``; further names are ignored.
    """
    defaults = DEFAULTS | {name: overrides[name] for name in DEFAULTS if name in overrides}
    _add_general(parser, defaults)
    _add_benchmark(parser.add_argument_group("benchmark"))
    _add_runtime(parser.add_argument_group("runtime"), defaults)
    _add_callbacks(parser.add_argument_group("callbacks"), defaults)
    _add_backend(parser.add_argument_group("backend"), defaults)


def _add_general(parser: Any, defaults: Mapping[str, Any]) -> None:
    add = parser.add_argument
    add("--version", action="version", version=VERSION)
    add("-c", "--config", is_config_file=True, help="read values from this file too")
    add(
        "-v",
        "--verbose",
        action="count",
        default=defaults["verbose"],
        help="more log output; each -v adds one level",
    )
    add("--no_progress_bar", action="store_true", help="no progress bar")


def _add_benchmark(group: Any) -> None:
    add = group.add_argument
    add("--profile", action="store_true", help="measure times instead of training")
    add("--profiling_method", default="time", help="what to measure")
    add("--profile_inference", action="store_true", help="measure inference only")
    add("--profile_iterations", type=int, default=50, help="minibatches to measure")
    add("--profile_iter_skip", type=int, default=5, help="minibatches to leave out at the start")


def _add_runtime(group: Any, defaults: Mapping[str, Any]) -> None:
    add = group.add_argument
    add("-w", "--data_dir", default=f"{WORK_DIR}/data", help="folder of the data sets")
    add("-e", "--epochs", type=int, default=defaults["epochs"], help="passes over the data")
    add("-s", "--save_path", default=defaults["save_path"], help="file for snapshots of the model")
    add(
        "--serialize",
        nargs="?",
        type=int,
        default=defaults["serialize"],
        const=1,
        metavar="N",
        help="save the model every N epochs",
    )
    add("--model_file", help="start from this saved model")
    add("--checkpoint", metavar="PATH", help="file from which a run that was cut off continues")
    add(
        "--checkpoint_freq",
        type=int,
        metavar="N",
        help="save a checkpoint every N minibatches, not only every epoch",
    )
    add("--resume", action="store_true", help="continue from the checkpoint, if there is one")
    add("--dry_run", action="store_true", help="try everything on two minibatches, save nothing")
    add(
        "-l",
        "--log",
        dest="logfile",
        nargs="?",
        const=str(Path(WORK_DIR) / "neon_log.txt"),
        help="write the log to a file",
    )


def _add_callbacks(group: Any, defaults: Mapping[str, Any]) -> None:
    add = group.add_argument
    add("-o", "--output_file", default=defaults["output_file"], help="HDF5 file for costs")
    add(
        "-eval",
        "--eval_freq",
        type=int,
        default=defaults["eval_freq"],
        help="evaluate every so many epochs",
    )
    add("-H", "--history", type=int, default=defaults["history"], help="number of snapshots kept")
    add("--log_token", default="", help=argparse.SUPPRESS)  # accepted and ignored, as in neon


def _add_backend(group: Any, defaults: Mapping[str, Any]) -> None:
    add = group.add_argument
    add("--manifest", action="append", metavar="KEY:PATH", help="manifest of a data set")
    add("--manifest_root", help="folder that relative paths in manifests start from")
    add(
        "-b",
        "--backend",
        type=backend_name,
        default="cpu",
        metavar=f"{{{','.join(BACKENDS)}}}",
        help="cpu and mkl: compiled kernels, reference: plain NumPy",
    )
    add("--threads", type=int, help="number of threads (all cores if not given)")
    add("-i", "--device_id", type=int, default=defaults["device_id"], help="ignored on the CPU")
    add("-m", "--max_devices", type=int, default=defaults["max_devices"], help="ignored on the CPU")
    add("-r", "--rng_seed", type=int, default=defaults["rng_seed"], help="seed of random numbers")
    add(
        "-u",
        "--rounding",
        nargs="?",
        type=int,
        default=defaults["rounding"],
        const=True,
        metavar="BITS",
        help="stochastic rounding (not available on the CPU)",
    )
    add(
        "-d",
        "--datatype",
        choices=["f16", "f32", "f64"],
        default=defaults["datatype"],
        help="floating-point type",
    )
    add("-z", "--batch_size", type=int, default=defaults["batch_size"], help="minibatch size")
    add(
        "--numerics",
        choices=["fast", "strict"],
        default=defaults["numerics"],
        help="fast: quickest convolutions, strict: smallest rounding errors",
    )
    add("--caffe", action="store_true", help="compute like Caffe where that differs")
    add("--deterministic", action="store_true", help="deprecated: results are always repeatable")
