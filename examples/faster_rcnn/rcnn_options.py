"""What the scripts of the detector have in common: options, backend, network."""

from detection.shapes import NAMES as SHAPES
from detection.voc import CLASSES as VOC
from rcnn_network import small, vgg16

from neonlike.models import Model
from neonlike.util.argparser import NeonArgparser

NETWORKS = {"small": small, "vgg16": vgg16}


def make_parser(doc):
    """Return a parser with the options that training and inference share."""
    parser = NeonArgparser(doc)
    parser.add_argument("--network", choices=sorted(NETWORKS), default="small", help="which one")
    parser.add_argument("--classes", help="names, with commas between, of what is to be found")
    parser.set_defaults(batch_size=1)
    return parser


def class_names(args):
    """Return the names of the classes, the background first.

    They are the shapes for the small network and those of PASCAL VOC for the other, unless the
    options name others.
    """
    known = SHAPES if args.network == "small" else VOC
    return ("background", *args.classes.split(",")) if args.classes else known


def make_model(args):
    """Return the model, initialized, and its ``Detector``."""
    detector = NETWORKS[args.network](len(class_names(args)))
    model = Model(detector.layers)
    model.initialize((3, *detector.size))
    return model, detector
