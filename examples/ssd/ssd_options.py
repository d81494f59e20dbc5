"""What the scripts of the detector have in common: options, backend, network."""

from detection.shapes import NAMES as SHAPES
from detection.voc import CLASSES as VOC
from multibox import DetectionOutput
from ssd_network import small, vgg16

from neonlike.backends import gen_backend
from neonlike.models import Model
from neonlike.util.argparser import NeonArgparser, extract_valid_args

SIZES = {"small": 64, "vgg16": 300}


def make_parser(doc):
    """Return a parser with the options that training and detection share."""
    parser = NeonArgparser(doc)
    parser.add_argument("--network", choices=sorted(SIZES), default="small", help="which network")
    parser.add_argument("--classes", help="names, with commas between, of what is to be found")
    parser.set_defaults(batch_size=16)
    return parser


def start(args):
    """Make the backend that the options ask for; return the side of the network's pictures.

    ``args.classes`` becomes a tuple: by default the shapes for the small network, and the classes
    of PASCAL VOC for the other.
    """
    known = SHAPES if args.network == "small" else VOC
    args.classes = ("background", *args.classes.split(",")) if args.classes else known
    if args.network == "vgg16":
        args.compat_mode = "caffe"  # sizes of its maps are rounded up
    gen_backend(**extract_valid_args(args, gen_backend))
    return SIZES[args.network]


def make_model(args):
    """Return the model, with the weights of --model_file if given, and its ``DetectionOutput``."""
    layers = {"small": small, "vgg16": vgg16}[args.network](len(args.classes))
    model = Model(layers)
    size = SIZES[args.network]
    model.initialize((3, size, size))
    if args.model_file:
        model.load_params(args.model_file, load_states=False)
    return model, DetectionOutput(model.be, layers)
