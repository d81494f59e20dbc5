#!/usr/bin/env python
"""Faster R-CNN: find where objects may be, then look there.

    python train.py -r 0 -s rcnn.prm                   shapes that the script draws
    python train.py --quick
    python train.py --voc VOC2007 --network vgg16 --trunk VGG16.p -e 14 --learning_rate 1e-3
    python inference.py --model_file rcnn.prm PHOTO.jpg

A region proposal network tells for each of many anchor boxes whether it shows an object; a head
pools the feature map below the best of them to one size, and tells class and box (Ren et al.,
"Faster R-CNN", arXiv 1506.01497). Both are trained at once, one picture at a time. The mean average
precision is told after each epoch and at the end; ``found.png`` shows what was found in
pictures that the network has not been trained with, the truth in white.
"""

import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # for the folder detection

from detection.drawing import draw_objects, save_sheet
from detection.mean_ap import MeanAP, table
from detection.pretrained import load_trunk
from detection.shapes import make_shapes
from detection.voc import VOCPictures
from rcnn_data import RegionIterator
from rcnn_options import class_names, make_model, make_parser
from regions_found import RegionDetections
from targets import Targets

from neonlike.callbacks.callbacks import Callbacks
from neonlike.optimizers import GradientDescentMomentum, MultiOptimizer, StepSchedule

parser = make_parser(__doc__)
parser.add_argument("--quick", action="store_true", help="few pictures, one epoch")
parser.add_argument("--count", type=int, default=2000, help="shape pictures to train with")
parser.add_argument("--voc", type=Path, help="folder with JPEGImages, Annotations, ImageSets")
parser.add_argument(
    "--parts", nargs=2, default=("trainval", "test"), help="lists of photos to train and test with"
)
parser.add_argument("--trunk", help="a saved network, such as VGG16, for the first convolutions")
parser.add_argument("--out", type=Path, default=Path("results"), help="folder of the pictures")
parser.add_argument("--learning_rate", type=float, default=0.02)
parser.set_defaults(epochs=6, rng_seed=0, eval_freq=1)
args = parser.parse_args()
if args.quick:
    args.count, args.epochs = 96, 1


def pictures(size, names):
    """Return the pictures to train and to test with."""
    if args.voc:
        return [VOCPictures(args.voc, part, size, names) for part in args.parts]
    counts = (args.count, 1), (max(args.count // 8, 16), 2)
    return [make_shapes(count, seed, size[0]) for count, seed in counts]


def descent(rate, **options):
    """Return the optimizer of this rate; the rate falls to a tenth for the last quarter."""
    schedule = StepSchedule([max(1, 3 * args.epochs // 4)], [rate / 10])
    return GradientDescentMomentum(rate, 0.9, schedule=schedule, **options)


def find(y, _):
    """Return what was found in the picture, and what is there."""
    return [detect(y)], [targets.objects]


def drawn(index):
    """Return a test picture with what was found in it, and what is there."""
    found = metric.found[index].above(0.5)
    return draw_objects(valid.picture(index), found, names, truth=valid.objects[index])


names = class_names(args)
model, detector = make_model(args)
if args.trunk:
    load_trunk(detector.layers, args.trunk)
targets = Targets(model.be, detector.proposals, len(names), *detector.samples)
detector.proposals.targets = targets
detect = RegionDetections(model.be, detector.proposals)
train, valid = pictures(detector.size, names)
train_set = RegionIterator(train, targets, seed=args.rng_seed)
valid_set = RegionIterator(valid, targets)
metric = MeanAP(find, len(names))
optimizer = MultiOptimizer(
    {"default": descent(args.learning_rate, wdecay=5e-4), "Bias": descent(2 * args.learning_rate)}
)
callbacks = Callbacks(
    model, eval_set=valid_set, metric=metric, multicost=True, **args.callback_args
)
begin = time.process_time()
model.fit(train_set, detector.cost(), optimizer, args.epochs, callbacks)
seconds = time.process_time() - begin

mean = float(model.eval(valid_set, metric=metric))
print(table(metric.values, names))
save_sheet(args.out / "found.png", [drawn(index) for index in range(min(16, len(valid)))])
print(f"mean average precision {mean:.1%}, trained for {seconds:.0f} s; pictures in {args.out}")
