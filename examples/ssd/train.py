#!/usr/bin/env python
"""SSD: find objects of all sizes with one look at the picture.

    python train.py -r 0 -s ssd.prm                    shapes that the script draws
    python train.py --quick
    python train.py --voc VOCdevkit/VOC2007 --network vgg16 --trunk VGG16.p --zoom \\
                    --learning_rate 0.001 -z 32 -e 230
    python detect.py --model_file ssd.prm PHOTO.jpg

Every place of maps of several sizes has prior boxes; the network tells for each of them which class
is in it and by how much the box must be moved (Liu et al., "SSD: Single Shot MultiBox Detector",
arXiv 1512.02325). Far more priors show ground than objects: of those only the hardest count. The
mean average precision is told after each epoch and at the end; ``found.png`` shows what was
found in pictures that the network has not been trained with, the truth in white.
"""

import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # for the folder detection

from detection.batches import DetectionIterator, objects_of
from detection.drawing import draw_objects, save_sheet
from detection.mean_ap import MeanAP, table
from detection.pretrained import load_trunk
from detection.shapes import make_shapes
from detection.voc import VOCPictures
from multibox import MBoxLoss
from ssd_options import make_model, make_parser, start

from neonlike.callbacks.callbacks import Callbacks
from neonlike.layers import GeneralizedCost
from neonlike.optimizers import GradientDescentMomentum, Schedule

parser = make_parser(__doc__)
parser.add_argument("--quick", action="store_true", help="few pictures, two epochs")
parser.add_argument("--count", type=int, default=2000, help="shape pictures to train with")
parser.add_argument("--voc", type=Path, help="folder with JPEGImages, Annotations, ImageSets")
parser.add_argument(
    "--parts", nargs=2, default=("trainval", "test"), help="lists of photos to train and test with"
)
parser.add_argument("--trunk", help="a saved network, such as VGG16, for the first convolutions")
parser.add_argument("--zoom", action="store_true", help="train with parts of the pictures, too")
parser.add_argument("--out", type=Path, default=Path("results"), help="folder of the pictures")
parser.add_argument("--learning_rate", type=float, default=0.02)
parser.set_defaults(epochs=12, rng_seed=0, eval_freq=1)
args = parser.parse_args(gen_be=False)
if args.quick:
    args.count, args.epochs = 200, 2
size = start(args)


def pictures():
    """Return the pictures to train and to test with."""
    if args.voc:
        return [VOCPictures(args.voc, part, (size, size), args.classes) for part in args.parts]
    counts = (args.count, 1), (max(args.count // 4, 1), 2)
    return [make_shapes(count, seed, size) for count, seed in counts]


def find(y, t):
    """Return what was found in the pictures of a minibatch, and what is there."""
    return detect(y), objects_of(t, model.be.bsz)


def drawn(index):
    """Return a test picture with what was found in it, and what is there."""
    found = metric.found[index].above(0.5)
    return draw_objects(valid.picture(index), found, args.classes, truth=valid.objects[index])


train, valid = pictures()
train_set = DetectionIterator(train, seed=args.rng_seed, zoom=args.zoom)
valid_set = DetectionIterator(valid)
model, detect = make_model(args)
if args.trunk:
    load_trunk(model.layers, args.trunk)
metric = MeanAP(find, len(args.classes))
cost = GeneralizedCost(MBoxLoss(model.layers.priors, len(args.classes)))
steps = [int(share * args.epochs) for share in (0.6, 0.85)]
optimizer = GradientDescentMomentum(
    args.learning_rate, 0.9, wdecay=5e-4, schedule=Schedule(steps, 0.1)
)
callbacks = Callbacks(model, eval_set=valid_set, metric=metric, **args.callback_args)
begin = time.process_time()
model.fit(train_set, cost, optimizer, args.epochs, callbacks)
seconds = time.process_time() - begin

mean = float(model.eval(valid_set, metric=metric))
print(table(metric.values, args.classes))
save_sheet(args.out / "found.png", [drawn(index) for index in range(min(16, len(valid)))])
print(f"mean average precision {mean:.1%}, trained for {seconds:.0f} s; pictures in {args.out}")
