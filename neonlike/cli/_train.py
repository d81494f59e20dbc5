"""``neonlike train EXPERIMENT.yaml``: neon's command of its own name (spec util 10)."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neonlike.cli._error import CommandError
from neonlike.cli._experiment import read_experiment

logger = logging.getLogger("neonlike")

DETAILS = 3  # -v -v: tables about the run before it starts


def main(argv: Sequence[str]) -> int:
    """Train the network of an experiment file on its data set, with the options of all scripts."""
    args = _options(argv)
    experiment = read_experiment(Path(args.yaml_file.name))
    args.batch_size = experiment.get("batchsize", args.batch_size)
    if args.backend is None:
        args.backend = _backend(experiment.get("backend", "cpu"))
    if args.epochs is None:
        args.epochs = experiment.get("epochs", 1)
    _generate_backend(args)
    train, test = _data(experiment["dataset"], args.data_dir)
    if args.verbose >= DETAILS:
        _display(args, experiment)
    _work(args, experiment, train, test)
    return 0


def _options(argv: Sequence[str]) -> argparse.Namespace:
    from neonlike.util.argparser import NeonArgparser

    sys.argv = ["neonlike train", *argv]  # where NeonArgparser looks
    parser = NeonArgparser("Train the network of a YAML file.")
    parser.add_yaml_arg()
    # None: not given, so that the file counts
    parser.set_defaults(backend=None, epochs=None, data_dir=None)
    args: argparse.Namespace = parser.parse_args(gen_be=False)
    args.yaml_file.close()
    return args


def _backend(name: str) -> str:
    if name == "gpu":
        logger.warning("neonlike has no GPU backend: the experiment runs on the CPU")
        return "cpu"
    return name


def _generate_backend(args: argparse.Namespace) -> None:
    from neonlike.backends import gen_backend, set_num_threads
    from neonlike.util.argparser import extract_valid_args

    try:
        if args.threads is not None:
            set_num_threads(args.threads)
        gen_backend(**extract_valid_args(args, gen_backend))
    except ValueError as error:
        raise CommandError(str(error)) from error


def _data(dataset: Mapping[str, Any], data_dir: str | None) -> tuple[Any, Any]:
    """Return the iterators; files are in ``data_dir`` or the current folder."""
    from neonlike import data

    sets = {
        name: cls
        for name, cls in sorted(vars(data).items())
        if isinstance(cls, type) and issubclass(cls, data.Dataset) and cls is not data.Dataset
    }
    name = str(dataset["name"]).upper()
    found = {known.upper(): cls for known, cls in sets.items()}.get(name)
    if found is None:
        raise CommandError(f"there is no data set {dataset['name']!r}; known: {', '.join(sets)}")
    config = dict(dataset.get("config") or {})
    if data_dir is not None:
        config["path"] = data_dir
    try:
        iterators = found(**config).gen_iterators()
    except (OSError, TypeError, ValueError, AssertionError) as error:
        raise CommandError(f"data set {dataset['name']}: {error}") from error
    return iterators["train"], iterators.get("valid", iterators.get("test"))


def _display(args: argparse.Namespace, experiment: Mapping[str, Any]) -> None:
    from neonlike.util import display_information

    display_information.display_cpu_information()
    display_information.display_platform_information()
    display_information.display_model_params(args, experiment)


def _work(args: argparse.Namespace, experiment: Mapping[str, Any], train: Any, test: Any) -> None:
    """Train the network, or measure how fast it trains."""
    from neonlike.benchmark import Benchmark
    from neonlike.callbacks.callbacks import Callbacks
    from neonlike.models import Model
    from neonlike.util.yaml_parse import create_objects

    model, cost, optimizer = create_objects(experiment)
    if args.model_file:
        model.load_params(args.model_file)
    if args.profile:
        model = Model(layers=model.layers, optimizer=optimizer)
        model.initialize(train, cost=cost)
        benchmark = Benchmark(model)
        times = benchmark.time(train, args.profile_inference, args.profile_iterations)
        benchmark.print_stats(times, nskip=args.profile_iter_skip)
        return
    if optimizer is None:
        raise CommandError(f"{args.yaml_file.name} has no entry 'optimizer'")
    callbacks = Callbacks(model, eval_set=test, **args.callback_args)
    model.fit(train, cost, optimizer, args.epochs, callbacks)
