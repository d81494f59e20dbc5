"""``neonlike warmup``: compile the kernels before a lecture, a flight, a batch job."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from neonlike.cli._error import CommandError
from neonlike.cli._warmup_kinds import KINDS, train


def main(argv: Sequence[str]) -> int:
    """Run small layers of every kind forward and backward, which compiles and caches kernels."""
    parser = argparse.ArgumentParser(
        prog="neonlike warmup",
        description="Compile the kernels and keep them in the cache folder, so that no script "
        "waits for the compiler.",
    )
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; all")
    parser.add_argument(
        "-d", "--datatype", choices=["f32", "f64"], default="f32", help="floating-point type"
    )
    args = parser.parse_args(argv)
    for unknown in set(args.kinds) - KINDS.keys():
        parser.error(f"unknown kind {unknown!r}, choose from {', '.join(KINDS)}")
    if os.environ.get("NEONLIKE_JIT") == "0":
        raise CommandError("NEONLIKE_JIT=0 switches the compiler off, there is nothing to do")
    warm_up(args.kinds or list(KINDS), np.float32 if args.datatype == "f32" else np.float64)
    return 0


def warm_up(kinds: Sequence[str], datatype: Any) -> None:
    """Train one minibatch with each kind of layer.

    Kernels have one build for one thread and one for several; both are made.

    Args:
        kinds: keys of ``KINDS``.
        datatype: of all tensors.
    """
    from tqdm import tqdm

    from neonlike.backends import cleanup_backend, gen_backend, get_num_threads, set_num_threads

    start, threads = time.perf_counter(), get_num_threads()
    try:
        with tqdm(total=len(kinds), unit="kind", disable=None) as bar:  # None: on terminals only
            for kind in kinds:
                bar.set_description(f"{kind:<13}")
                for count in {1, threads}:
                    set_num_threads(count)
                    gen_backend("cpu", rng_seed=0, datatype=datatype, batch_size=4)
                    train(kind)
                bar.update()
    finally:
        set_num_threads(threads)
        cleanup_backend()
    print(f"kernels are compiled ({time.perf_counter() - start:.0f} s)")
