# %% [markdown]
# # A data set of your own
#
# Data reaches a model through an *iterator*: an object that yields pairs of tensors. This tutorial
# writes one that draws its pictures itself, a disc somewhere in the noise, and trains a network to
# say where the disc is: a bounding box, four numbers, so this is a regression.

# %%
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from neonlike.backends import gen_backend
from neonlike.backends.backend import Tensor
from neonlike.callbacks import Callbacks
from neonlike.data import NervanaDataIterator
from neonlike.initializers import Constant, Gaussian, Kaiming
from neonlike.layers import Affine, Conv, GeneralizedCost, Pooling
from neonlike.models import Model
from neonlike.optimizers import Adam
from neonlike.transforms import Identity, Rectlin, SumSquared

SIZE = 32
be = gen_backend(backend="cpu", batch_size=64, rng_seed=0)


# %% [markdown]
# ## The pictures


# %%
def draw(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures (count, SIZE * SIZE), boxes (count, 4) as left, top, width, height."""
    radius = rng.uniform(3, 8, count)
    x = rng.uniform(radius, SIZE - radius)
    y = rng.uniform(radius, SIZE - radius)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    distance = np.hypot(columns - x[:, None, None], rows - y[:, None, None])
    pictures = (distance < radius[:, None, None]) + rng.normal(0, 0.4, distance.shape)
    boxes = np.stack([x - radius, y - radius, 2 * radius, 2 * radius], axis=1) / SIZE
    return pictures.reshape(count, -1).astype(np.float32), boxes.astype(np.float32)


# %% [markdown]
# ## The iterator
#
# An iterator has five things: `shape` of one example (channels, height, width), `ndata`,
# `nbatches`, `reset()` and `__iter__`. The two tensors are allocated once and refilled for every
# minibatch; examples are *columns*, so the block is transposed on its way in.


# %%
class Discs(NervanaDataIterator):
    """Pictures of discs with their bounding boxes, in minibatches."""

    def __init__(self, count: int, seed: int) -> None:
        super().__init__(name="discs")
        self.pictures, self.boxes = draw(np.random.default_rng(seed), count)
        self.shape = (1, SIZE, SIZE)
        self.ndata = count
        self.nbatches = count // self.be.bsz
        self.x = self.be.iobuf(SIZE * SIZE)
        self.t = self.be.iobuf(4)

    def reset(self) -> None:
        """Start again with the first picture; nothing to do here."""

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the pictures (SIZE * SIZE, N) and boxes (4, N) of each full minibatch."""
        for start in range(0, self.nbatches * self.be.bsz, self.be.bsz):
            block = slice(start, start + self.be.bsz)
            self.x.set(np.ascontiguousarray(self.pictures[block].T))
            self.t.set(np.ascontiguousarray(self.boxes[block].T))
            yield self.x, self.t


train_set, valid_set = Discs(3200, seed=1), Discs(640, seed=2)

# %% [markdown]
# ## The network

# %%
conv = {"init": Kaiming(local=True), "batch_norm": True, "activation": Rectlin(), "padding": 1}
layers = [
    Conv((3, 3, 16), **conv),
    Pooling(2, strides=2),
    Conv((3, 3, 32), **conv),
    Pooling(2, strides=2),
    Conv((3, 3, 32), **conv),
    Pooling(2, strides=2),
    Affine(64, init=Kaiming(local=False), batch_norm=True, activation=Rectlin()),
    Affine(4, init=Gaussian(scale=0.01), bias=Constant(0.25), activation=Identity()),
]
model = Model(layers=layers)
cost = GeneralizedCost(costfunc=SumSquared())
callbacks = Callbacks(model, eval_set=valid_set, eval_freq=1)
model.fit(
    train_set, optimizer=Adam(learning_rate=0.003), num_epochs=6, cost=cost, callbacks=callbacks
)

# %% [markdown]
# ## Where are the discs?
#
# Solid: where the disc is. Dashed: what the network says. The intersection over union of two boxes
# is the usual score, 1 for a perfect answer.


# %%
def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the intersection over union of boxes (count, 4)."""
    low = np.maximum(a[:, :2], b[:, :2])
    high = np.minimum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:])
    inner = np.prod(np.maximum(high - low, 0), axis=1)
    return inner / (a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - inner)


answers = model.get_outputs(valid_set)
score = overlap(answers, valid_set.boxes)
print(f"mean intersection over union {score.mean():.2f}")

figure, axes = plt.subplots(1, 5, figsize=(10, 2.2))
for axis, picture, truth, answer, iou in zip(
    axes, valid_set.pictures, valid_set.boxes, answers, score, strict=False
):
    axis.imshow(picture.reshape(SIZE, SIZE), cmap="gray", extent=(0, 1, 1, 0))
    for box, style in ((truth, "-"), (answer, "--")):
        axis.add_patch(Rectangle(box[:2], *box[2:], fill=False, color="tab:orange", ls=style, lw=2))
    axis.set_title(f"overlap {iou:.2f}", fontsize=9)
    axis.axis("off")
figure.tight_layout()
plt.show()

# %% [markdown]
# **Try:** a `dtype` other than float32, or a `t` of five rows, and read what `fit` answers; two
# discs per picture; `HDF5Iterator`, for data that does not fit into memory.
