#!/usr/bin/env python
"""What excites a network? Change a photo so that a layer answers more strongly.

    python deep_dream.py PHOTO --model_file NETWORK.prm --layer 11 --dream_file dream.png
    python deep_dream.py --quick

The gradient of half the squared answers of a layer, with respect to the *picture*, says how to
change its pixels. Done again and again, on the picture at growing sizes, patterns appear that the
layer has learnt to see. Any network that begins with convolutions will do, if it was trained on
photos with planes blue, green, red around zero, as those of ../imagenet and ../cifar10_msra are:

    python ../cifar10_msra/data.py -w DATA --out_dir png
    python ../cifar10_msra/train.py -c png/train.cfg -e 15 -s NETWORK.prm

Its layers 4, 8 and 11 see edges, strokes and textures. Give it a photo of 200 pixels or more: its
patterns are a few pixels wide.

What a reader may take from here: a cost of one's own, a layer of one's own in front of a loaded
network, back-propagation to the input, the same network at other picture sizes.
"""

import numpy as np
from PIL import Image

from neonlike.backends import gen_backend
from neonlike.initializers import Gaussian
from neonlike.layers import Conv, DataTransform, GeneralizedCost, Pooling, SkipNode
from neonlike.models import Model
from neonlike.transforms import Rectlin
from neonlike.transforms.cost import Cost
from neonlike.util.argparser import NeonArgparser, extract_valid_args

MEANS = np.array([104.4, 119.2, 127.0], dtype=np.float32).reshape(3, 1, 1)  # blue, green, red


class Excitement(Cost):
    """Minus half the squared outputs: falls as the network gets excited."""

    def __call__(self, y, t):
        """Return the cost of each picture."""
        return -0.5 * self.be.sum(y * y, axis=0)

    def bprop(self, y, t):
        """Return the derivative: y itself, downwards."""
        return -y


def read(path):
    """Return a photo as (3, H, W), planes blue, green and red, around zero."""
    photo = np.asarray(Image.open(path).convert("RGB"), dtype=np.float32)
    return photo[:, :, ::-1].transpose(2, 0, 1) - MEANS


def write(path, picture):
    """Write a picture as it was read."""
    pixels = np.clip(picture + MEANS, 0, 255).astype(np.uint8)
    Image.fromarray(pixels[::-1].transpose(1, 2, 0)).save(path)


def resized(picture, height, width):
    """Return the picture in another size."""
    planes = [Image.fromarray(plane).resize((width, height)) for plane in picture]
    return np.stack([np.asarray(plane) for plane in planes])


def first_layers(model_file, number):
    """Return the description of a network's first layers, with weights."""
    if model_file is None:
        conv = {"init": Gaussian(scale=0.1), "activation": Rectlin(), "padding": 1}
        layers = [Conv((3, 3, 8), **conv), Pooling(2, strides=2), Conv((3, 3, 8), **conv)]
        number = 5
    else:
        layers = Model(model_file, weights_only=True).layers.layers
    transforms = [layer for layer in layers[:number] if isinstance(layer, DataTransform)]
    # the node keeps the gradient of the picture, which a transform at the front would not pass on
    model = Model([*transforms, SkipNode(), *layers[len(transforms) : number]])
    model.initialize((3, 64, 64))
    return model.get_description(get_weights=True)


class Dreamer:
    """A network and its gradient for pictures of one size."""

    def __init__(self, description, shape):
        self.model = Model(description, weights_only=True)
        self.model.initialize(shape)
        self.cost = GeneralizedCost(Excitement())
        self.cost.initialize(self.model.layers.layers[-1])
        self.picture = self.model.be.iobuf(shape)
        layers = self.model.layers.layers
        node = next(n for n, layer in enumerate(layers) if isinstance(layer, SkipNode))
        self.first = layers[node + 1]

    def gradient(self, picture):
        """Return the direction in which the network gets more excited, and the excitement."""
        self.picture.set(np.ascontiguousarray(picture.reshape(-1, 1)))
        outputs = self.model.fprop(self.picture)
        excitement = -float(self.cost.get_cost(outputs, outputs)[0, 0])
        self.model.bprop(self.cost.get_errors(outputs, outputs))
        slope = self.first.deltas
        return -slope.get().reshape(picture.shape), excitement


def dream(picture, description, octaves, scale, steps, seed):
    """Yield the picture after every step."""
    rng = np.random.default_rng(seed)
    height, width = picture.shape[1:]
    sizes = [(round(height / scale**n), round(width / scale**n)) for n in reversed(range(octaves))]
    detail = np.zeros_like(picture)
    for size in sizes:
        base = resized(picture, *size)
        detail = resized(detail, *size)
        dreamer = Dreamer(description, (3, *size))
        for _ in range(steps):
            shift = rng.integers(-32, 33, 2)  # keeps the borders of strides from showing
            moved = np.roll(base + detail, shift, axis=(1, 2))
            slope, excitement = dreamer.gradient(moved)
            slope = np.roll(slope, -shift, axis=(1, 2))
            detail += 1.5 * slope / (np.abs(slope).mean() + 1e-12)
            detail = np.clip(base + detail + MEANS, 0, 255) - MEANS - base
            yield base + detail, excitement


parser = NeonArgparser(__doc__)
parser.add_argument("image", nargs="?", help="photo to dream about")
parser.add_argument("--layer", type=int, default=8, help="number of layers to keep")
parser.add_argument("--dream_file", default="dream_out.png", help="the picture")
parser.add_argument("--octaves", type=int, default=4, help="sizes of the picture")
parser.add_argument("--octave_scale", type=float, default=1.4, help="from one size to the next")
parser.add_argument("--steps", type=int, default=10, help="steps at each size")
parser.add_argument("--quick", action="store_true", help="noise, and a network without training")
parser.set_defaults(batch_size=1)
args = parser.parse_args(gen_be=False)
if args.quick:
    args.octaves, args.steps = 2, 3
elif not (args.image and args.model_file):
    parser.error("give a photo and --model_file, or --quick")
gen_backend(**extract_valid_args(args, gen_backend))

start = np.random.default_rng(0).normal(0, 20, (3, 64, 64)) if args.quick else read(args.image)
start = start.astype(np.float32)
network = first_layers(None if args.quick else args.model_file, args.layer)
for number, (result, excitement) in enumerate(
    dream(start, network, args.octaves, args.octave_scale, args.steps, args.rng_seed)
):
    print(f"step {number:3}: {result.shape[1]} x {result.shape[2]}, excitement {excitement:.4g}")
write(args.dream_file, result)
print(f"{args.dream_file} written")
