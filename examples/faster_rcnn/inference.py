#!/usr/bin/env python
"""Find objects in your own photos with a network that train.py has saved.

    python inference.py --model_file rcnn.prm PHOTO... --out found

Prints what was found and where, in pixels of the photo, and writes the photos with boxes.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # for the folder detection

from detection.batches import as_input
from detection.photos import find_in_photos
from rcnn_options import class_names, make_model, make_parser
from regions_found import RegionDetections

parser = make_parser(__doc__)
parser.add_argument("photos", nargs="+", type=Path)
parser.add_argument("--score", type=float, default=0.5, help="least score of what is told")
parser.add_argument("--out", type=Path, default=Path("found"), help="folder of the pictures")
args = parser.parse_args()
if not args.model_file:
    parser.error("give the network of the training with --model_file")
model, detector = make_model(args)
model.load_params(args.model_file, load_states=False)
detect = RegionDetections(model.be, detector.proposals)
x = model.be.iobuf((3, *detector.size))


def find(picture):
    """Return what was found in a picture, uint8 (3, height, width)."""
    x.set(as_input(picture[None]))
    return detect(model.fprop(x, inference=True)).above(args.score)


find_in_photos(args.photos, (3, *detector.size), find, class_names(args), args.out)
