# %% [markdown]
# # Watching the training
#
# A callback is an object with hooks: `on_train_begin`, `on_epoch_begin`, `on_minibatch_end`, ...
# The model calls them while it trains. This one draws the costs, and how far the weights of each
# layer move in an epoch.

# %%
import matplotlib.pyplot as plt
import numpy as np

from neonlike.backends import gen_backend
from neonlike.callbacks import Callbacks
from neonlike.callbacks.callbacks import Callback
from neonlike.data import MNIST
from neonlike.initializers import Gaussian
from neonlike.layers import Affine, GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import CrossEntropyMulti, Rectlin, Softmax
from neonlike.util.persist import get_data_cache_dir

be = gen_backend(backend="cpu", batch_size=128, rng_seed=0)
mnist = MNIST(path=get_data_cache_dir("~/nervana/data"))

# %% [markdown]
# ## What there is to see
#
# Each hook gets the model and `callback_data`, the HDF5 file in which the whole history of the
# training is kept: `cost/train` has one number per minibatch, `cost/loss` one per evaluation, and
# `time_markers/minibatch` says at which minibatch each epoch ended.


# %%
class Watch(Callback):
    """Keeps how far weights move, and draws the training after its last epoch."""

    def __init__(self, epoch_freq: int = 1) -> None:
        super().__init__(epoch_freq=epoch_freq)
        self.moves: dict[str, list[float]] = {}

    def on_epoch_begin(self, callback_data: object, model: Model, epoch: int) -> None:
        """Remember the weights."""
        self.before = [layer.W.get() for layer in model.layers_to_optimize]

    def on_epoch_end(self, callback_data: object, model: Model, epoch: int) -> None:
        """Compare with the weights at the start of the epoch."""
        for layer, before in zip(model.layers_to_optimize, self.before, strict=True):
            move = np.linalg.norm(layer.W.get() - before) / np.linalg.norm(before)
            self.moves.setdefault(layer.name, []).append(float(move))

    def on_train_end(self, callback_data: dict, model: Model) -> None:
        """Draw the costs and the movements."""
        figure, (costs, moves) = plt.subplots(1, 2, figsize=(10, 3.5))
        train = callback_data["cost/train"][:]
        ends = callback_data["time_markers/minibatch"][:]
        costs.plot(np.arange(len(train)), train, lw=0.7, color="0.6", label="minibatch")
        costs.plot(ends, callback_data["cost/loss"][:], "o-", label="validation")
        costs.set(xlabel="minibatch", ylabel="cost", yscale="log")
        costs.legend()
        for name, values in self.moves.items():
            moves.plot(range(1, len(values) + 1), values, "o-", label=name)
        moves.set(xlabel="epoch", ylabel="change of the weights, relative", yscale="log")
        moves.legend()
        figure.tight_layout()
        plt.show()


# %% [markdown]
# ## In use
#
# `add_callback` puts it beside the ones that are always there.

# %%
layers = [
    Affine(nout=100, init=Gaussian(scale=0.01), activation=Rectlin()),
    Affine(nout=10, init=Gaussian(scale=0.01), activation=Softmax()),
]
model = Model(layers=layers)
callbacks = Callbacks(model, eval_set=mnist.valid_iter, eval_freq=1)
watch = Watch()
callbacks.add_callback(watch)
model.fit(
    mnist.train_iter,
    cost=GeneralizedCost(CrossEntropyMulti()),
    optimizer=GradientDescentMomentum(0.1, momentum_coef=0.9),
    num_epochs=6,
    callbacks=callbacks,
)

# %% [markdown]
# ## Ready-made ones
#
# | call | does |
# | --- | --- |
# | `Callbacks(model, output_file="history.h5")` | keeps the history for `neonlike plot` |
# | `callbacks.add_early_stop_callback(stop)` | ends the training when `stop(state, cost)` says so |
# | `callbacks.add_hist_callback()` | histograms of weights |
# | `callbacks.add_deconv_callback(train, valid)` | what convolutional layers respond to |
# | `Callbacks(model, serialize=1, save_path="model.prm")` | saves after each epoch |
#
# **Try:** `on_minibatch_end(self, callback_data, model, epoch, minibatch)`, and a second drawing
# that grows while the model trains.
