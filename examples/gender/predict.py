#!/usr/bin/env python
"""Tell the gender annotation of photos with a trained network.

    python predict.py --run runs/renet-folder photo.jpg folder/
    python predict.py --run runs/renet-folder/fold-1 --held_out
    python predict.py --model_file runs/renet-folder/checkpoints/last.prm photo.jpg

Prints the label and the probability of each photo, and writes a picture of all
photos with both. A label is what the network's training annotation would say:
metadata, not a fact about the identity of the person.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from faces import synthetic_faces
from photos import SUFFIXES, BadInput, Example, Photos
from run_folder import plain_errors

from neonlike.backends import gen_backend, set_num_threads
from neonlike.models import Model
from neonlike.serialization.atomic import atomic_write
from neonlike.util.argparser import NeonArgparser, extract_valid_args
from neonlike.visualizations import LIGHT, montage_figure, to_png

SHEET = 64  # at most so many photos are drawn


def main() -> int:
    """Run the script."""
    parser = NeonArgparser(__doc__, default_overrides={"batch_size": 32, "rng_seed": 0})
    parser.add_argument("photos", nargs="*", help="picture files, or folders of them")
    parser.add_argument("--run", help="folder of the run that trained the network")
    parser.add_argument("--held_out", action="store_true", help="the run's own test pictures")
    parser.add_argument("--sheet", help="the annotated picture (RUN/predictions.png)")
    with plain_errors():
        args = parser.parse_args(gen_be=False)
        run, checkpoint = find_run(args)
        config = json.loads((run / "config.json").read_text("utf-8"))
        if args.threads is not None:
            set_num_threads(args.threads)
        gen_backend(**extract_valid_args(args, gen_backend))

        names, images = read_pictures(args, run, config)
        pixels = images.astype(np.float32) - np.array(config["mean"], np.float32)[:, None, None]
        model = Model(str(checkpoint), weights_only=True)
        scores = model.predict(pixels)

        classes = config["classes"]
        width = max(len(name) for name in names)
        for name, score in zip(names, scores, strict=True):
            label = int(score.argmax())
            print(f"{name:<{width}}  {classes[label]:<8} {100 * score[label]:5.1f} %")
        sheet = Path(args.sheet) if args.sheet else run / "predictions.png"
        draw_sheet(sheet, images, scores, classes, f"{config['network']} · {config['data']}")
    print(f"sheet: {sheet}")
    return 0


def find_run(args: argparse.Namespace) -> tuple[Path, Path]:
    """Return the folder of the run and the checkpoint to use."""
    if not (args.run or args.model_file):
        raise BadInput("which network? give --run runs/NAME, or --model_file of a run's checkpoint")
    run = Path(args.run) if args.run else Path(args.model_file).resolve().parent.parent
    config = run / "config.json"
    if not config.is_file():
        raise BadInput(f"{run}: not the folder of a run, there is no config.json in it")
    checkpoint = Path(args.model_file) if args.model_file else run / "checkpoints" / "best.prm"
    if not checkpoint.is_file():
        folds = sorted(fold.name for fold in run.glob("fold-*"))
        advice = f"; choose one of its folds: {', '.join(folds)}" if folds else ""
        raise BadInput(f"{checkpoint}: there is no such checkpoint{advice}")
    return run, checkpoint


def read_pictures(
    args: argparse.Namespace, run: Path, config: dict[str, Any]
) -> tuple[list[str], npt.NDArray[np.uint8]]:
    """Read the photos that the command line names."""
    size = config["size"]
    if args.held_out and config["options"]["source"] == "synthetic":
        options = config["options"]
        images, _, _ = synthetic_faces(options["test"], size, 2, options["difficulty"])
        return [f"synthetic face {index}" for index in range(len(images))], images
    files = held_out_files(run) if args.held_out else list(list_files(args.photos))
    if not files:
        raise BadInput("no photos: name picture files or folders, or use --held_out")
    read = list(Photos([Example(file, 0, file) for file in files]).pictures(size))
    if not read:
        raise BadInput(f"none of the {len(files)} photos could be used; the log names each reason")
    return [example.path for example, _ in read], np.stack([image for _, image in read])


def held_out_files(run: Path) -> list[str]:
    """Return the test photos of a run, which its network has not seen."""
    with (run / "predictions.csv").open(encoding="utf-8", newline="") as file:
        return [row["picture"] for row in csv.DictReader(file)]


def list_files(places: Sequence[str]) -> Iterator[str]:
    """Yield the named files, and the pictures below the named folders."""
    for place in map(Path, places):
        if place.is_dir():
            found = [file for file in sorted(place.rglob("*")) if file.suffix.lower() in SUFFIXES]
            if not found:
                raise BadInput(f"{place}: no pictures in it; expected {', '.join(SUFFIXES)}")
            yield from map(str, found)
        elif place.is_file():
            yield str(place)
        else:
            raise BadInput(f"{place}: there is no such file or folder")


def draw_sheet(
    path: Path,
    images: npt.NDArray[np.uint8],
    scores: npt.NDArray[Any],
    classes: Sequence[str],
    title: str,
) -> None:
    """Write a picture of the photos, each with its label and probability."""
    captions = [f"{classes[s.argmax()]}\n{100 * s.max():.1f} %" for s in scores[:SHEET]]
    figure = montage_figure(images[:SHEET], captions, LIGHT, title)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, to_png(figure))


if __name__ == "__main__":
    raise SystemExit(main())
