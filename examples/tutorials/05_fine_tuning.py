# %% [markdown]
# # Old weights, new task
#
# A network that has learnt one task knows most of what a similar task needs. Here a network learns
# the digits 0 to 4, its weights go into a file of the original neon's format, and a second network
# starts from that file to learn the digits 5 to 9 from 128 examples. With a file trained by neon
# years ago the steps are the same.

# %%
import tempfile
from pathlib import Path

import numpy as np

from neonlike.backends import gen_backend
from neonlike.callbacks import Callbacks
from neonlike.data import MNIST, ArrayIterator
from neonlike.initializers import Constant, Gaussian, Kaiming
from neonlike.layers import Affine, Conv, Dropout, GeneralizedCost, Pooling
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum, MultiOptimizer
from neonlike.transforms import CrossEntropyMulti, Misclassification, Rectlin, Softmax
from neonlike.util.persist import get_data_cache_dir, load_obj

be = gen_backend(backend="cpu", batch_size=64, rng_seed=0)
digits = MNIST(path=get_data_cache_dir("~/nervana/data"))
(x_train, y_train), (x_test, y_test), _ = digits.load_data()


def digits_of(x: np.ndarray, y: np.ndarray, low: int, count: int) -> ArrayIterator:
    """Return ``count`` pictures of the digits low .. low + 4, as classes 0 to 4."""
    y = y.reshape(-1)
    chosen = np.flatnonzero((y >= low) & (y < low + 5))[:count]
    return ArrayIterator(x[chosen], y[chosen] - low, nclass=5, lshape=(1, 28, 28))


# %% [markdown]
# ## The network
#
# The last layer has a name: it will be the one that is not taken over.


# %%
def network() -> list:
    """Return the layers: two convolutions, a hidden layer, five classes."""
    conv = {"init": Kaiming(local=True), "bias": Constant(0), "activation": Rectlin()}
    return [
        Conv((5, 5, 16), **conv),
        Pooling(2, strides=2),
        Conv((3, 3, 32), **conv),
        Pooling(2, strides=2),
        Affine(100, init=Kaiming(local=False), bias=Constant(0), activation=Rectlin()),
        Dropout(keep=0.5),
        Affine(
            5, init=Gaussian(scale=0.01), bias=Constant(0), activation=Softmax(), name="class_layer"
        ),
    ]


def train(model: Model, data: ArrayIterator, optimizer: object, epochs: int) -> None:
    """Train ``model``."""
    cost = GeneralizedCost(CrossEntropyMulti())
    model.fit(data, cost=cost, optimizer=optimizer, num_epochs=epochs, callbacks=Callbacks(model))


def error(model: Model, data: ArrayIterator) -> float:
    """Return the share of pictures read wrongly."""
    return float(model.eval(data, metric=Misclassification())[0])


# %% [markdown]
# ## The first task, and its file
#
# A name that ends in `.prm` gives neon's own format, readable by the original.

# %%
first = Model(layers=network())
train(first, digits_of(x_train, y_train, 0, 2560), GradientDescentMomentum(0.05, 0.9), 4)
file = Path(tempfile.mkdtemp()) / "digits_0_to_4.prm"
first.save_params(str(file))
print(f"digits 0 to 4: {error(first, digits_of(x_test, y_test, 0, 512)):.1%} wrong")

# %% [markdown]
# ## Looking into the file
#
# `load_obj` reads the file as dictionaries and arrays. Nothing of it is executed, so a file from
# somewhere else does no harm. On the command line `neonlike inspect FILE` prints the same.

# %%
description = load_obj(str(file))
for layer in description["model"]["config"]["layers"]:
    print(layer["type"].rsplit(".", 1)[-1], layer["config"].get("name", ""))

# %% [markdown]
# ## From scratch, for comparison

# %%
few, test = digits_of(x_train, y_train, 5, 128), digits_of(x_test, y_test, 5, 512)
scratch = Model(layers=network())
train(scratch, few, GradientDescentMomentum(0.05, 0.9), 10)

# %% [markdown]
# ## From the file
#
# The layers are walked through together with their descriptions. All but `class_layer` take over
# their weights. `MultiOptimizer` then gives the layers different steps, by the names of the layers
# or of their classes: small for what is known already, larger for what is new.

# %%
tuned = Model(layers=network())
tuned.initialize(few, GeneralizedCost(CrossEntropyMulti()))
for layer, saved in zip(tuned.layers.layers, description["model"]["config"]["layers"], strict=True):
    if layer.name.startswith("class_layer"):
        break
    layer.load_weights(saved, load_states=False)

optimizer = MultiOptimizer(
    {
        "default": GradientDescentMomentum(0.01, 0.9),
        "class_layer": GradientDescentMomentum(0.05, 0.9),
        "class_layer_bias": GradientDescentMomentum(0.1, 0.9),
    }
)
train(tuned, few, optimizer, 10)

# %%
print(f"digits 5 to 9 from 128 examples, from scratch: {error(scratch, test):.1%} wrong")
print(f"digits 5 to 9 from 128 examples, fine-tuned:   {error(tuned, test):.1%} wrong")

# %% [markdown]
# **Try:** 32 examples; freezing (`layer.set_freeze(True)`, if all of the known layers shall stay as
# they are); `neonlike convert digits_0_to_4.prm digits.safetensors`, the safe and faster format.
