#!/usr/bin/env python
"""Scenes with five sentences each for image_caption.py, in the layout of Flickr8k.

    python image_caption_data.py -w DATA               DATA/features.pkl.gz, DATA/images/*.png

Flickr8k (8,000 photos, each described by five people) is handed out on request only. These scenes
need nobody: one or two figures of some shape, colour and size, somewhere in a picture, and what can
be said of them. As there, the caption network does not see the pictures, but 4096 features: here
the maxima of random filters over 4 x 4 pixels, in place of the answers of a network trained on
photos.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from neonlike.backends import gen_backend
from neonlike.initializers import Gaussian
from neonlike.layers import Conv, Pooling
from neonlike.models import Model
from neonlike.transforms import Rectlin
from neonlike.util.persist import save_obj

SIZE = 32
COLOURS = {
    "red": (230, 40, 40),
    "green": (40, 190, 60),
    "blue": (60, 90, 250),
    "yellow": (240, 220, 50),
    "white": (245, 245, 245),
    "purple": (170, 60, 200),
}
SHAPES = {  # is a point inside? x and y between -1 and 1
    "circle": lambda x, y: x**2 + y**2 <= 1,
    "square": lambda x, y: np.maximum(abs(x), abs(y)) <= 0.85,
    "triangle": lambda x, y: (abs(x) <= (y + 1) / 2) & (y <= 0.9),
    "cross": lambda x, y: (np.minimum(abs(x), abs(y)) <= 0.3) & (np.maximum(abs(x), abs(y)) <= 1),
}
RADIUS = {"small": 3, "large": 5}
FINER = 4  # each pixel is the mean of so many points in a row and column
PLACES = [  # thirds of the picture, row by row
    *("at the top left", "at the top", "at the top right"),
    *("on the left", "in the middle", "on the right"),
    *("at the bottom left", "at the bottom", "at the bottom right"),
]


class Figure:
    """A figure: its words, and the middle of it in pixels (y, x)."""

    def __init__(self, rng, place):
        self.shape, self.colour, self.size = (
            str(rng.choice(list(names))) for names in (SHAPES, COLOURS, RADIUS)
        )
        self.place = PLACES[place]
        self.middle = (np.array(divmod(place, 3)) + 0.5) * SIZE / 3 + rng.uniform(-0.8, 0.8, 2)

    @property
    def name(self):
        """Colour and shape."""
        return f"{self.colour} {self.shape}"

    @property
    def full_name(self):
        """Size, colour and shape."""
        return f"{self.size} {self.name}"

    def draw(self, picture):
        """Draw the figure into a picture (SIZE, SIZE, 3)."""
        points = (np.mgrid[: SIZE * FINER, : SIZE * FINER] + 0.5) / FINER
        y, x = (points - self.middle.reshape(2, 1, 1)) / RADIUS[self.size]
        inside = SHAPES[self.shape](x, y).reshape(SIZE, FINER, SIZE, FINER, 1)
        share = inside.mean(axis=(1, 3))
        picture[:] = share * COLOURS[self.colour] + (1 - share) * picture


def relation(first, second):
    """Return how the first figure lies to the second."""
    down, right = first.middle - second.middle
    if abs(down) > abs(right):
        return "below" if down > 0 else "above"
    return "to the right of" if right > 0 else "to the left of"


def describe(figures):
    """Return five sentences about one or two figures."""
    first, second = figures[0], figures[-1]
    if first is second:
        return [
            f"a {first.full_name} {first.place}",
            f"there is a {first.full_name} {first.place}",
            f"{first.place} there is a {first.full_name}",
            f"a {first.name} {first.place} of the picture",
            f"nothing but a {first.full_name}",
        ]
    forth, back = relation(first, second), relation(second, first)
    return [
        f"a {first.full_name} {forth} a {second.full_name}",
        f"a {second.full_name} {back} a {first.full_name}",
        f"a {first.name} is {forth} a {second.name}",
        f"a {first.name} {first.place} and a {second.name} {second.place}",
        f"there is a {first.name} and a {second.name}",
    ]


def make_scenes(count, seed):
    """Return pictures, uint8 (count, SIZE, SIZE, 3), and the five sentences of each."""
    rng = np.random.default_rng(seed)
    pictures, sentences = np.zeros((count, SIZE, SIZE, 3), np.uint8), []
    for picture in pictures:
        places = np.sort(rng.choice(9, size=rng.integers(1, 3), replace=False))
        figures = [Figure(rng, place) for place in places]
        figures.sort(key=lambda figure: -RADIUS[figure.size])  # large ones are named first
        for figure in figures:
            figure.draw(picture)
        sentences.append(describe(figures))
    return pictures, sentences


def features(pictures):
    """Return what random filters answer, (count, 4096)."""
    filters = Conv((5, 5, 64), init=Gaussian(scale=0.2), padding=2, activation=Rectlin())
    model = Model([filters, Pooling(4, strides=4)])
    return model.predict(pictures.transpose(0, 3, 1, 2) / np.float32(255))


def write(folder, train, test, seed=0):
    """Write features.pkl.gz, and the pictures of the test.

    Args:
        folder: where to.
        train: number of scenes to train on.
        test: number of scenes to test on.
        seed: of the scenes.
    """
    pictures, sentences = make_scenes(train + test, seed)
    entries = [
        {
            "imgid": number,
            "filename": f"{number}.png",
            "sentences": [{"tokens": sentence.split()} for sentence in all_five],
        }
        for number, all_five in enumerate(sentences)
    ]
    parts = {"train": entries[:train], "test": entries[train:]}
    save_obj({"sents": parts, "feats": features(pictures).T}, Path(folder, "features.pkl.gz"))
    images = Path(folder, "images")
    images.mkdir(parents=True, exist_ok=True)
    for entry in parts["test"]:
        Image.fromarray(pictures[entry["imgid"]]).save(images / entry["filename"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("-w", "--data_dir", default=".", help="folder to write to")
    parser.add_argument("--train", type=int, default=4000, help="scenes to train on")
    parser.add_argument("--test", type=int, default=512, help="scenes to test on")
    args = parser.parse_args()
    gen_backend(batch_size=128, rng_seed=0)
    write(args.data_dir, args.train, args.test)
    print(f"{args.train} scenes to train and {args.test} to test in {args.data_dir}")
