"""The options that train.py and compare.py share, and what follows from them."""

from __future__ import annotations

import argparse
from typing import Any

from data import GenderData
from photos import BadInput

from neonlike.backends import set_num_threads
from neonlike.util.argparser import NeonArgparser

FULL = {
    "epochs": 10,
    "batch": 64,
    "size": 64,
    "train": 3000,
    "valid": 500,
    "test": 1000,
    "difficulty": 1.0,
}
QUICK = {
    "epochs": 6,
    "batch": 32,
    "size": 32,
    "train": 400,
    "valid": 100,
    "test": 200,
    "difficulty": 0.5,
}


def make_parser(description: str) -> NeonArgparser:
    """Return a parser with neon's options and those of this example."""
    defaults = {"epochs": None, "batch_size": None, "rng_seed": 0, "eval_freq": 1}
    parser = NeonArgparser(description, default_overrides=defaults)
    parser.set_defaults(data_dir="runs/data")
    add = parser.add_argument_group("pictures and runs").add_argument
    add("--source", default="synthetic", help="synthetic, folder:PATH or imdb-wiki:PATH")
    add("--size", type=int, help="image size (64; quick: 32)")
    add("--train", type=int, help="synthetic training faces (3000; quick: 400)")
    add("--valid", type=int, help="synthetic validation faces (500; quick: 100)")
    add("--test", type=int, help="synthetic test faces (1000; quick: 200)")
    add("--difficulty", type=float, help="of synthetic faces (1.0; quick: 0.5)")
    add("--classes", help="folders of label 0 and 1, such as women,men (female,male)")
    add("--glob", help="files below the folder source's PATH, such as */128/*.jpg")
    add("--min_score", type=float, default=1.0, help="least face_score of IMDB-WIKI photos")
    add("--allow_second_face", action="store_true", help="keep photos with two faces")
    add("--max_images", type=int, help="use at most so many photos")
    add("--balance", action="store_true", help="use as many photos of one class as of the other")
    add("--split_seed", type=int, default=0, help="seed of splitting and shuffling photos")
    add("--folds", type=int, default=0, help="cross-validate with so many folds")
    add("--learning_rate", type=float, default=1e-3, help="of Adam")
    add("--quick", action="store_true", help="a few small images: seconds instead of minutes")
    add("--runs", default="runs", help="folder of all runs")
    add("--name", help="name of this run (NETWORK-SOURCE)")
    return parser


def parse(parser: NeonArgparser) -> argparse.Namespace:
    """Parse the command line, and fill in what was not given."""
    args = parser.parse_args(gen_be=False)
    for name, value in (QUICK if args.quick else FULL).items():
        if getattr(args, name, None) is None:
            setattr(args, name, value)
    for name in ("epochs", "eval_freq"):
        if (getattr(args, name) or 0) < 1:
            raise BadInput(f"--{name} {getattr(args, name)}: expected at least 1")
    if args.threads is not None:
        set_num_threads(args.threads)
    return args


def with_batch_size(args: argparse.Namespace, data: GenderData) -> argparse.Namespace:
    """Return the options with a batch that no part of the data is too small for."""
    smallest = min(data.count(part) for part in ("train", "valid", "test"))
    batch_size = args.batch_size or min(args.batch, smallest)
    return argparse.Namespace(**(vars(args) | {"batch_size": batch_size}))


def with_own_files(args: argparse.Namespace) -> argparse.Namespace:
    """Return the options for one of several runs: each keeps its files in its own folder."""
    return argparse.Namespace(**(vars(args) | {"output_file": None, "save_path": None}))


def open_data(args: argparse.Namespace) -> GenderData:
    """Return the data that the options ask for."""
    kind = args.source.partition(":")[0]
    options: dict[str, Any] = {}
    if kind == "synthetic":
        options = {
            "counts": (args.train, args.valid, args.test),
            "difficulty": args.difficulty,
        }
    elif kind == "folder":
        options = {"glob": args.glob or "**/*"}
        if args.classes:
            options["classes"] = {name: i for i, name in enumerate(args.classes.split(","))}
    elif kind == "imdb-wiki":
        options = {"min_score": args.min_score, "allow_second_face": args.allow_second_face}
    return GenderData(
        args.source,
        size=args.size,
        seed=args.split_seed,
        data_dir=args.data_dir,
        max_images=args.max_images,
        balance=args.balance,
        **options,
    )
