#!/usr/bin/env python
"""A Wasserstein GAN that draws digits, with a cost that tells how good they are.

    python mnist_wgan.py -w DATA                       MNIST in DATA
    python mnist_wgan.py --quick                       a few minibatches

The critic's answer is no probability but a number; the difference of its means over data and
over generated digits estimates a distance between the two distributions, and falls as the
digits get better. Clipping the critic's weights keeps that number bounded (Arjovsky et al.,
arXiv 1701.07875). results/ gets pictures and the curve of the estimate.
"""

from datetime import datetime
from pathlib import Path

from network_gan import create_model

from neonlike.callbacks.callbacks import Callbacks, GANCostCallback
from neonlike.callbacks.plotting_callbacks import GANPlotCallback
from neonlike.data import MNIST
from neonlike.layers import GeneralizedGANCost
from neonlike.optimizers import RMSProp
from neonlike.transforms import GANCost
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.add_argument("--n_gen_ftr", type=int, default=64, help="maps of the generator")
parser.add_argument("--n_dis_ftr", type=int, default=64, help="maps of the critic")
parser.add_argument("--n_extra_layers", type=int, default=4, help="layers that keep the size")
parser.add_argument("--dis_iters", type=int, default=5, help="critic steps per generator step")
parser.add_argument("--subset_pct", type=float, default=100, help="percent of the training set")
parser.add_argument("--quick", action="store_true", help="a small network, a few minibatches")
parser.set_defaults(epochs=32, rng_seed=0, batch_size=64)
args = parser.parse_args()
if args.quick:
    args.epochs, args.subset_pct, args.n_extra_layers = 1, 10, 0
    args.n_gen_ftr = args.n_dis_ftr = 8

dataset = MNIST(
    path=args.data_dir, sym_range=True, size=32, shuffle=True, subset_pct=args.subset_pct
)
train_set = dataset.train_iter

model = create_model(
    cost_type="wasserstein",
    n_gen_ftr=args.n_gen_ftr,
    n_dis_ftr=args.n_dis_ftr,
    n_extra_layers=args.n_extra_layers,
    dis_iters=args.dis_iters,
    wgan_param_clamp=0.01,
    wgan_train_sched=not args.quick,
)
cost = GeneralizedGANCost(costfunc=GANCost(func="wasserstein"))

results = Path(__file__).parent / "results"
results.mkdir(exist_ok=True)
stamp = datetime.now().strftime("%Y-%m-%d-%H-%M-%S")
callbacks = Callbacks(model, **args.callback_args)
callbacks.add_callback(
    GANPlotCallback(
        filename=str(results / f"mnist_wgan_{stamp}"),
        hw=32,
        num_samples=args.batch_size,
        nchan=1,
        sym_range=True,
    )
)
callbacks.add_callback(GANCostCallback())

optimizer = RMSProp(learning_rate=2e-4, decay_rate=0.99, epsilon=1e-8)
model.fit(train_set, optimizer=optimizer, num_epochs=args.epochs, cost=cost, callbacks=callbacks)
