"""What the training scripts of this folder share: options, photos, training, evaluation."""

import tempfile

from data import count_classes, draw_photos, loader

from neonlike.callbacks.callbacks import Callbacks, NanGuardCallback
from neonlike.layers import GeneralizedCost
from neonlike.models import Model
from neonlike.transforms import CrossEntropyMulti, TopKMisclassification
from neonlike.util.argparser import NeonArgparser


def make_parser(description, epochs, batch_size):
    """Return a parser with the options of all scripts."""
    parser = NeonArgparser(description)
    parser.add_argument("--images", help="folder with train/CLASS/ and val/CLASS/")
    parser.add_argument("--quick", action="store_true", help="two minibatches of drawn pictures")
    parser.add_argument(
        "--rate",
        type=float,
        default=1.0,
        help="factor of the learning rates, which suit 1000 classes; few classes need less",
    )
    parser.set_defaults(epochs=epochs, batch_size=batch_size)
    return parser


def parse(parser, batch_size=8):
    """Return the options; ``images`` and ``nclass`` are settled.

    Args:
        parser: from ``make_parser``.
        batch_size: of a quick run.
    """
    args = parser.parse_args(gen_be=False)
    if args.quick:
        args.epochs, args.batch_size = 1, batch_size
        args.images = draw_photos(tempfile.mkdtemp() + "/photos", nclass=4, count=4)
    elif not args.images:
        parser.error("give a folder of photos with --images, or --quick")
    args.nclass = count_classes(args.images)
    return args


def train(args, layers, optimizer, augment=True, subtract_mean=True, first_callbacks=()):
    """Train the layers on the photos, and print the error among the first five answers.

    Args:
        args: from ``parse``.
        layers: of the network.
        optimizer: of the training.
        augment, subtract_mean: see ``data.loader``.
        first_callbacks: makers of callbacks, called with the training set, that run before others.
    """
    options = {"nclass": args.nclass, "subtract_mean": subtract_mean}
    train_set = loader(args.images, "train", augment=augment, **options)
    valid_set = loader(args.images, "val", **options)
    model = Model(layers=layers)
    metric = TopKMisclassification(k=min(5, args.nclass))
    callbacks = Callbacks(model, eval_set=valid_set, metric=metric, **args.callback_args)
    for make in first_callbacks:
        callbacks.add_callback(make(train_set), insert_pos=0)
    callbacks.add_callback(NanGuardCallback())
    cost = GeneralizedCost(costfunc=CrossEntropyMulti())
    try:
        model.fit(
            train_set, optimizer=optimizer, num_epochs=args.epochs, cost=cost, callbacks=callbacks
        )
    except FloatingPointError as error:
        raise SystemExit(f"{error}\nthe training diverged: try a smaller --rate") from error
    logloss, top1, top5 = model.eval(valid_set, metric=metric)
    print(f"log loss {logloss:.3f}, error {top1:.1%}, among the first five {top5:.1%}")
