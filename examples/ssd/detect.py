#!/usr/bin/env python
"""Find objects in your own photos with a network that train.py has saved.

    python detect.py --model_file ssd.prm PHOTO... --out found

Prints what was found and where, in pixels of the photo, and writes the photos with boxes.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # for the folder detection

from detection.batches import as_input
from detection.photos import find_in_photos
from ssd_options import make_model, make_parser, start

parser = make_parser(__doc__)
parser.add_argument("photos", nargs="+", type=Path)
parser.add_argument("--score", type=float, default=0.5, help="least score of what is told")
parser.add_argument("--out", type=Path, default=Path("found"), help="folder of the pictures")
parser.set_defaults(batch_size=1)
args = parser.parse_args(gen_be=False)
if not args.model_file:
    parser.error("give the network of the training with --model_file")
args.batch_size = 1
size = start(args)
model, detect = make_model(args)
x = model.be.iobuf((3, size, size))


def find(picture):
    """Return what was found in a picture, uint8 (3, height, width)."""
    x.set(as_input(picture[None]))
    return detect(model.fprop(x, inference=True))[0].above(args.score)


find_in_photos(args.photos, (3, size, size), find, args.classes, args.out)
