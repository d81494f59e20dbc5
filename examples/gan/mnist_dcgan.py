#!/usr/bin/env python
"""A generator that draws digits, and a discriminator that tells them from real ones.

    python mnist_dcgan.py -e 10 -w DATA                MNIST in DATA
    python mnist_dcgan.py -e 1 --subset_pct 2
    python mnist_dcgan.py --quick                      a few minibatches

Two convolutional networks train against each other: the discriminator learns to answer 1 for
data and 0 for what the generator makes of noise, the generator learns to make it answer 1
(Goodfellow et al., arXiv 1406.2661; convolutional form: Radford et al., arXiv 1511.06434).
After each epoch results/ has a picture of real and of generated digits.
"""

from datetime import datetime
from pathlib import Path

from neonlike.callbacks.callbacks import Callbacks, GANCostCallback
from neonlike.callbacks.plotting_callbacks import GANPlotCallback
from neonlike.data import MNIST
from neonlike.initializers import Gaussian
from neonlike.layers import Conv, Deconv, GeneralizedGANCost, Sequential
from neonlike.layers.container import GenerativeAdversarial
from neonlike.models.model import GAN
from neonlike.optimizers import Adam
from neonlike.transforms import GANCost, Logistic, Rectlin
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.add_argument("--kbatch", type=int, default=1, help="discriminator steps per generator step")
parser.add_argument("--subset_pct", type=float, default=100, help="percent of the training set")
parser.add_argument("--quick", action="store_true", help="a few small minibatches")
args = parser.parse_args()
if args.quick:
    args.epochs, args.subset_pct = 1, 20
few, many = (8, 16) if args.quick else (96, 192)  # maps near the picture, and inside

dataset = MNIST(path=args.data_dir, size=27, subset_pct=args.subset_pct)
train_set = dataset.train_iter

init = Gaussian(scale=0.05)
# the generator: noise of (2, 7, 7) grows to a picture of (1, 27, 27)
up = {"init": init, "batch_norm": True, "activation": Rectlin(slope=0)}
generator = [
    Deconv((1, 1, 16), **up),
    Deconv((3, 3, many), padding=1, **up),
    Deconv((3, 3, many), padding=1, strides=2, **up),
    Deconv((3, 3, many), padding=1, **up),
    Deconv((3, 3, few), padding=1, strides=2, **up),
    Deconv((3, 3, few), **up),
    Deconv((3, 3, 1), init=init, padding=1, activation=Logistic(shortcut=False)),
]
# the discriminator: a picture shrinks to one number
down = {"init": init, "batch_norm": True, "activation": Rectlin(slope=0.1)}
discriminator = [
    Conv((3, 3, few), padding=1, **down),
    Conv((3, 3, few), padding=1, strides=2, **down),
    Conv((3, 3, many), padding=1, **down),
    Conv((3, 3, many), padding=1, strides=2, **down),
    Conv((3, 3, many), padding=1, **down),
    Conv((1, 1, 16), **down),
    Conv((7, 7, 1), init=init, activation=Logistic(shortcut=False)),
]
layers = GenerativeAdversarial(
    generator=Sequential(generator, name="Generator"),
    discriminator=Sequential(discriminator, name="Discriminator"),
)
model = GAN(layers=layers, noise_dim=(2, 7, 7), k=args.kbatch)
cost = GeneralizedGANCost(costfunc=GANCost(func="modified"))

results = Path(__file__).parent / "results"
results.mkdir(exist_ok=True)
stamp = datetime.now().strftime("%Y-%m-%d-%H-%M-%S")
callbacks = Callbacks(model, **args.callback_args)
callbacks.add_callback(
    GANPlotCallback(
        filename=str(results / f"mnist_dcgan_{stamp}"),
        hw=27,
        num_samples=args.batch_size,
        nchan=1,
        sym_range=True,
    )
)
callbacks.add_callback(GANCostCallback())

optimizer = Adam(learning_rate=0.0005, beta_1=0.5)
model.fit(train_set, optimizer=optimizer, num_epochs=args.epochs, cost=cost, callbacks=callbacks)
