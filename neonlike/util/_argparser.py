"""``NeonArgparser``: the command line and configuration files of scripts (spec util 6)."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import configargparse
import numpy as np

from neonlike._object import get_args
from neonlike.util._log_setup import set_up_logging
from neonlike.util._options import WORK_DIR, add_options

logger = logging.getLogger(__name__)

DATATYPES = {"f16": np.float16, "f32": np.float32, "f64": np.float64}
PATHS = ("data_dir", "save_path", "model_file", "output_file", "logfile", "checkpoint")
CALLBACK_ARGUMENTS = (
    "output_file",
    "eval_freq",
    "progress_bar",
    "save_path",
    "serialize",
    "history",
    "model_file",
    "log_token",
    "checkpoint",
    "checkpoint_freq",
    "resume",
    "dry_run",
)


def extract_valid_args(
    args: argparse.Namespace, func: Callable[..., Any], startidx: int = 0
) -> dict[str, Any]:
    """Return the entries of ``args`` that ``func`` takes.

    Args:
        args: parsed options.
        func: function whose positional arguments count.
        startidx: first argument to look at (1 skips ``self``).

    Example::

        be = gen_backend(**extract_valid_args(args, gen_backend))
    """
    names = list(get_args(func))[startidx:]
    return {name: value for name, value in vars(args).items() if name in names}


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Defaults behind each option, the script's docstring as written."""


# ConfigArgParse ships no types, so its class counts as Any
class NeonArgparser(configargparse.ArgumentParser):  # type: ignore[misc]  # untyped base
    """Parser of a script's options; parsing creates the backend.

    Values come from, in falling priority: the command line, the file given by
    ``-c``, ``~/nervana/neon.cfg``, the defaults. A configuration file has lines
    ``key = value``, the keys being long option names.

    Args:
        *args: the script's docstring, shown by ``--help``.
        default_overrides: dict with other defaults.
        **kwargs: passed on to ``configargparse.ArgumentParser``.

    Example::

        parser = NeonArgparser(__doc__)
        parser.add_argument("--depth", type=int, default=3)
        args = parser.parse_args()
        callbacks = Callbacks(model, eval_set=valid, **args.callback_args)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._parsed = False
        self._overrides = kwargs.pop("default_overrides", None) or {}
        self.work_dir = str(Path(WORK_DIR).expanduser())
        if args:
            kwargs.setdefault("description", args[0])
            args = args[1:]
        kwargs.setdefault("default_config_files", [str(Path(self.work_dir) / "neon.cfg")])
        kwargs.setdefault("formatter_class", _HelpFormatter)
        # a script's own --resume or the like takes the place of an option that neon did not have
        kwargs.setdefault("conflict_handler", "resolve")
        super().__init__(*args, **kwargs)
        self.setup_default_args()

    def setup_default_args(self) -> None:
        """Add the standard options."""
        add_options(self, self._overrides)
        self._ours = {action.dest: action for action in self._actions}

    def add(self) -> None:
        """Do nothing, as in neon."""

    def add_arg(self) -> None:
        """Do nothing, as in neon."""

    def add_yaml_arg(self) -> None:
        """Add the positional argument ``yaml_file``, opened for reading."""
        self.add_argument("yaml_file", type=_opened, help="YAML experiment file")

    def add_argument(self, *args: Any, **kwargs: Any) -> None:
        """Add an option, as ``argparse`` does."""
        if self._parsed:
            logger.warning("an argument was added after the options were parsed: %s", args)
        super().add_argument(*args, **kwargs)

    # neon's signature: the words always come from sys.argv
    def parse_args(self, gen_be: bool = True) -> argparse.Namespace:
        """Parse ``sys.argv``, set up logging, check the values, create the backend.

        Args:
            gen_be: create the backend; without it the script calls ``gen_backend``.

        Returns:
            The options; also ``args.callback_args`` for ``Callbacks`` and
            ``args.manifest`` as a dict. Later available as ``parser.args``.

        Raises:
            NotImplementedError: stochastic rounding was asked for.
            OSError: a model file cannot be read or a save path not be written.
            TypeError: ``gen_be`` is a list of words.
        """
        if isinstance(gen_be, list | tuple):
            raise TypeError(
                f"parse_args takes its words from sys.argv, not from a list, got {gen_be!r}: set "
                "sys.argv = ['script.py', *words] before"
            )
        args: argparse.Namespace = super().parse_args()
        self._parsed = True
        self.args = args
        args.log_thresh = max(logging.DEBUG, logging.ERROR - 10 * args.verbose)
        args.progress_bar = not args.no_progress_bar
        _expand_paths(args)
        set_up_logging(args.log_thresh, args.logfile, args.progress_bar)
        args.datatype = DATATYPES[args.datatype]
        if args.rounding:
            raise NotImplementedError("CPU backend does not support stochastic rounding")
        callback_args = {name: self._value(args, name) for name in CALLBACK_ARGUMENTS}
        if not callback_args["dry_run"]:
            _check_saving(args)
            _check_checkpoint(callback_args["checkpoint"], callback_args["resume"])
            callback_args |= {name: getattr(args, name) for name in ("save_path", "serialize")}
        if args.model_file:
            _check_readable(args.model_file)
        if args.deterministic:
            logger.warning("--deterministic is deprecated: results are always repeatable")
        args.compat_mode = "caffe" if args.caffe else None
        if gen_be:
            _generate_backend(args)
        logger.info("%s", self.format_values())
        args.manifest = _manifest_dict(args.manifest)
        args.callback_args = callback_args
        return args

    def _value(self, args: argparse.Namespace, name: str) -> Any:
        """Return the value of a standard option, None if a script's own has taken its place."""
        replaced = name in self._ours and self._ours[name] not in self._actions
        return None if replaced else getattr(args, name)


def _opened(path: str) -> TextIO:
    try:
        return Path(path).open(encoding="utf-8")
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot open {path}: {error.strerror}") from error


def _expand_paths(args: argparse.Namespace) -> None:
    for name in PATHS:
        if getattr(args, name):
            setattr(args, name, str(Path(getattr(args, name)).expanduser()))


def _check_saving(args: argparse.Namespace) -> None:
    if args.serialize and not args.save_path:
        args.save_path = "neon_model.pkl"
        logger.warning("--serialize without --save_path: saving to %s", args.save_path)
    if not args.save_path:
        return
    if not args.serialize:
        args.serialize = 1
        logger.warning("--save_path without --serialize: saving every epoch")
    path = Path(args.save_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        logger.warning("--save_path %s exists and will be overwritten", path)
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OSError(f"--save_path {path}: no permission to write there")


def _check_checkpoint(checkpoint: str | None, resume: bool | None) -> None:
    if resume and not checkpoint:
        raise ValueError("--resume needs --checkpoint PATH, the file to continue from")
    if not checkpoint:
        return
    path = Path(checkpoint)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not resume:
        logger.warning(
            "--checkpoint %s exists and will be overwritten; --resume continues from it", path
        )


def _check_readable(path: str) -> None:
    if not Path(path).is_file():
        raise FileNotFoundError(f"--model_file {path}: there is no such file")
    if not os.access(path, os.R_OK):
        raise PermissionError(f"--model_file {path}: no permission to read it")


def _generate_backend(args: argparse.Namespace) -> None:
    # here, so that reading options alone does not load the backends
    from neonlike.backends import gen_backend
    from neonlike.backends._threads import set_num_threads

    if args.threads is not None:
        set_num_threads(args.threads)
    gen_backend(
        backend=args.backend,
        rng_seed=args.rng_seed,
        device_id=args.device_id,
        batch_size=args.batch_size,
        datatype=args.datatype,
        max_devices=args.max_devices,
        compat_mode=args.compat_mode,
        numerics=args.numerics,
    )


def _manifest_dict(entries: list[str] | None) -> dict[str, str]:
    pairs = [entry.partition(":") for entry in entries or []]
    for key, colon, path in pairs:
        if not (key and colon and path):
            raise ValueError(f"--manifest {key}{colon}{path}: expected KEY:PATH")
    return {key: path for key, _, path in pairs}
