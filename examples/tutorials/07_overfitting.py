# %% [markdown]
# # Overfitting, and what helps
#
# A network with many weights can learn its training pictures by heart. The cost of the training set
# then still falls, while that of other pictures rises. This tutorial provokes it with few pictures
# and a capable network, and then adds dropout.

# %%
import matplotlib.pyplot as plt
import numpy as np

from neonlike.backends import gen_backend
from neonlike.callbacks import Callbacks
from neonlike.callbacks.callbacks import Callback
from neonlike.data import MNIST, ArrayIterator
from neonlike.initializers import Kaiming
from neonlike.layers import Affine, Dropout, GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import Adam
from neonlike.transforms import CrossEntropyMulti, Misclassification, Rectlin, Softmax
from neonlike.util.persist import get_data_cache_dir

EPOCHS = 40
be = gen_backend(backend="cpu", batch_size=128, rng_seed=0)
(x, y), (x_test, y_test), nclass = MNIST(get_data_cache_dir("~/nervana/data")).load_data()
train_set = ArrayIterator(x[:1024], y[:1024], nclass=nclass, lshape=(1, 28, 28))
valid_set = ArrayIterator(x_test, y_test, nclass=nclass, lshape=(1, 28, 28))

# %% [markdown]
# ## The network, with and without dropout
#
# `Dropout(keep=0.5)` sets half of its inputs to zero, another half for every minibatch. No unit can
# rely on one other unit being there, and learning by heart gets harder. At test time nothing is
# dropped.


# %%
def network(dropout: bool) -> list:
    """Return the layers: half a million weights, for a thousand pictures."""
    layers = []
    for units in (500, 500):
        layers.append(Affine(units, init=Kaiming(local=False), activation=Rectlin()))
        if dropout:
            layers.append(Dropout(keep=0.5))
    return [*layers, Affine(10, init=Kaiming(local=False), activation=Softmax())]


class Costs(Callback):
    """Keeps the cost per epoch of both sets."""

    def on_train_end(self, callback_data: dict, model: Model) -> None:
        """Copy from the history before it is closed."""
        train = callback_data["cost/train"][:]
        ends = callback_data["time_markers/minibatch"][:].astype(int)
        self.train = [part.mean() for part in np.split(train, ends[:-1])]
        self.valid = callback_data["cost/loss"][:]


# %% [markdown]
# ## Two trainings

# %%
results = {}
for dropout in (False, True):
    train_set.reset()
    model = Model(layers=network(dropout))
    callbacks = Callbacks(model, eval_set=valid_set, eval_freq=1)
    costs = Costs()
    callbacks.add_callback(costs)
    model.fit(
        train_set,
        cost=GeneralizedCost(CrossEntropyMulti()),
        optimizer=Adam(learning_rate=0.001),
        num_epochs=EPOCHS,
        callbacks=callbacks,
    )
    error = float(model.eval(valid_set, metric=Misclassification())[0])
    results["dropout" if dropout else "no dropout"] = costs
    print(
        f"{'with' if dropout else 'without'} dropout: {error:.1%} of the validation pictures wrong"
    )

# %% [markdown]
# ## Two curves

# %%
figure, axis = plt.subplots(figsize=(7, 4))
for colour, (name, costs) in zip(("tab:red", "tab:blue"), results.items(), strict=True):
    epochs = range(1, EPOCHS + 1)
    axis.plot(epochs, costs.train, "--", color=colour, label=f"{name}, training")
    axis.plot(epochs, costs.valid, "-", color=colour, label=f"{name}, validation")
axis.set(xlabel="epoch", ylabel="cost", ylim=(0, 1))
axis.legend()
figure.tight_layout()
plt.show()

# %% [markdown]
# **Try:** weight decay (`GradientDescentMomentum(0.1, 0.9, wdecay=0.001)`); an early stop; all of
# the training pictures, which is the best regularizer of all.
