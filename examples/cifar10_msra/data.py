#!/usr/bin/env python
"""Write CIFAR-10 as picture files, padded so that crops can be shifted.

    python data.py -w DATA --out_dir cifar10_png       CIFAR-10 in DATA

Writes the pictures, a manifest of each set (a header, then `picture TAB class` in each line), and
the options of the training in `train.cfg`.
"""

from pathlib import Path

import numpy as np

from neonlike.data import CIFAR10
from neonlike.util.argparser import NeonArgparser

SIZE, PADDING = 32, 4
CONFIG = """\
manifest = [train:{folder}/train-index.tsv, val:{folder}/val-index.tsv]
manifest_root = {folder}
epochs = 165
batch_size = 64
rng_seed = 0
"""


def write_set(folder, name, pixels, labels, mean):
    """Write the pictures of a set, and their manifest.

    Args:
        folder: where to.
        name: of the set.
        pixels: uint8 (n, 3, 32, 32), and ``labels`` (n, 1).
        mean: of the padding, for each colour.
    """
    from PIL import Image

    padded = np.empty((SIZE + 2 * PADDING, SIZE + 2 * PADDING, 3), np.uint8)
    padded[:] = mean
    lines = ["@FILE\tSTRING"]
    for number, (picture, label) in enumerate(zip(pixels, labels.flat, strict=True)):
        padded[PADDING:-PADDING, PADDING:-PADDING] = picture.transpose(1, 2, 0)
        file = Path(name, str(label), f"{number:05d}.png")
        (folder / file.parent).mkdir(parents=True, exist_ok=True)
        Image.fromarray(padded).save(folder / file)
        lines.append(f"{file}\t{label}")
    (folder / f"{name}-index.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_pictures(data_dir, out_dir):
    """Write both sets and the configuration; return the path of the latter."""
    folder = Path(out_dir).resolve()
    train, val, _ = CIFAR10(path=data_dir, normalize=False).load_data()
    mean = train[0].reshape(-1, 3, SIZE * SIZE).mean(axis=(0, 2))
    for name, (X, y) in (("train", train), ("val", val)):
        write_set(folder, name, X.reshape(-1, 3, SIZE, SIZE).astype(np.uint8), y, mean)
    config = folder / "train.cfg"
    config.write_text(CONFIG.format(folder=folder), encoding="utf-8")
    return config


if __name__ == "__main__":
    parser = NeonArgparser(__doc__)
    parser.add_argument("--out_dir", default="cifar10_png", help="folder of the pictures")
    args = parser.parse_args(gen_be=False)
    print(f"Training: python train.py -c {write_pictures(args.data_dir, args.out_dir)}")
