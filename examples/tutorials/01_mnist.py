# %% [markdown]
# # First network: reading digits
#
# The whole workflow of neonlike on one page: a backend, the data, layers, a cost, an optimizer,
# callbacks, training, evaluation, and a look at what the network gets wrong.
#
# **Data.** MNIST, as `mnist.pkl.gz` in the folder named by `NEON_DATA_CACHE_DIR` (default
# `~/nervana/data`). It is downloaded there if it is missing and you are online.

# %%
import matplotlib.pyplot as plt
import numpy as np

from neonlike.backends import gen_backend
from neonlike.callbacks import Callbacks
from neonlike.data import MNIST
from neonlike.initializers import Gaussian
from neonlike.layers import Affine, GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import CrossEntropyMulti, Misclassification, Rectlin, Softmax
from neonlike.util.persist import get_data_cache_dir

# %% [markdown]
# ## Backend
#
# The backend owns the arrays, the random numbers and the size of a minibatch. It is made first,
# because every layer and every data set asks it for memory. Equal seeds give equal runs.

# %%
be = gen_backend(backend="cpu", batch_size=128, rng_seed=1)

# %% [markdown]
# ## Data
#
# `MNIST` gives two iterators. A minibatch is a pair of tensors with one *column* per picture:
# 784 pixels, and 10 rows of zeros with a single one, the class.

# %%
mnist = MNIST(path=get_data_cache_dir("~/nervana/data"))
train_set, valid_set = mnist.train_iter, mnist.valid_iter
pixels, classes = next(iter(train_set))
print("pixels", pixels.shape, "classes", classes.shape, "minibatches", train_set.nbatches)

# %% [markdown]
# ## Layers
#
# A network is a list. `Affine` is a weight matrix, a bias and an activation in one.

# %%
init = Gaussian(loc=0.0, scale=0.01)
layers = [
    Affine(nout=100, init=init, activation=Rectlin()),
    Affine(nout=10, init=init, activation=Softmax()),
]
model = Model(layers=layers)
cost = GeneralizedCost(costfunc=CrossEntropyMulti())
optimizer = GradientDescentMomentum(learning_rate=0.1, momentum_coef=0.9)

# %% [markdown]
# ## Training
#
# `Callbacks` are what happens beside training: the progress bar, the validation cost after each
# epoch, files. Anything that you would like to add goes there too, see tutorial 6.

# %%
callbacks = Callbacks(model, eval_set=valid_set, eval_freq=1)
model.fit(train_set, optimizer=optimizer, num_epochs=5, cost=cost, callbacks=callbacks)
print(model.summary())

# %% [markdown]
# ## Evaluation
#
# `eval` returns an array with one number per metric.

# %%
error = float(model.eval(valid_set, metric=Misclassification())[0])
print(f"error on digits never seen: {error:.1%}")

# %% [markdown]
# ## The mistakes
#
# `get_outputs` returns one row of probabilities per picture. The digits on which the network is
# most sure, and wrong, are worth a look: some would fool you as well.

# %%
outputs = model.get_outputs(valid_set)
valid_set.reset()
labels = np.concatenate([t.get().argmax(axis=0) for _, t in valid_set])[: len(outputs)]
valid_set.reset()
images = np.concatenate([x.get().T for x, _ in valid_set])[: len(outputs)]
answers = outputs.argmax(axis=1)
wrong = np.flatnonzero(answers != labels)
worst = wrong[np.argsort(outputs[wrong, answers[wrong]])[::-1][:8]]

figure, axes = plt.subplots(1, 8, figsize=(10, 1.7))
for axis, index in zip(axes, worst, strict=False):
    axis.imshow(images[index].reshape(28, 28), cmap="gray_r")
    axis.set_title(f"{labels[index]} read as {answers[index]}", fontsize=8)
for axis in axes:
    axis.axis("off")
figure.tight_layout()
plt.show()

# %% [markdown]
# ## One picture of your own
#
# The network reads minibatches. `predict` takes any number of pictures, one row each.

# %%
probabilities = model.predict(images[:1])
print("digit", labels[0], "read as", int(probabilities.argmax()))

# %% [markdown]
# **Try:** `Logistic()` with `CrossEntropyBinary()` in the last layer, as the example
# `mnist_mlp.py` has it; twice the units; `gen_backend(backend="reference", ...)`, the same network
# on plain NumPy.
