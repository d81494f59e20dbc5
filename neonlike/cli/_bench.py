"""``neonlike bench``: the benchmarks of a checkout."""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

import neonlike
from neonlike.cli._error import CommandError


def main(argv: Sequence[str]) -> int:
    """Hand the arguments to ``python -m benchmarks``: part of the source, not of the wheel."""
    # an installed command does not look into the current folder
    places = [str(Path.cwd()), str(Path(neonlike.__file__).parents[1])]
    sys.path[:0] = places
    if importlib.util.find_spec("benchmarks") is None:
        raise CommandError(
            "the benchmarks are not part of the installed package: get the source and run "
            "'neonlike bench' in its folder"
        )
    inherited = os.environ.get("PYTHONPATH")
    # the benchmarks run in processes of their own
    os.environ["PYTHONPATH"] = os.pathsep.join(places + ([inherited] if inherited else []))
    sys.argv = ["neonlike bench", *argv]
    runpy.run_module("benchmarks", run_name="__main__", alter_sys=False)
    return 0
