# %% [markdown]
# # Branches, and layers around which the signal can go
#
# Networks need not be lists. Two patterns cover most of the rest: a *tree* with several outputs,
# and *residual* modules that add their input to their output. Both are written with the same
# layers.

# %%
from neonlike.backends import gen_backend
from neonlike.callbacks import Callbacks
from neonlike.data import CIFAR10, MNIST
from neonlike.initializers import Gaussian, IdentityInit, Kaiming
from neonlike.layers import (
    Activation,
    Affine,
    BranchNode,
    Conv,
    GeneralizedCost,
    MergeSum,
    Multicost,
    Pooling,
    SingleOutputTree,
    SkipNode,
)
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import CrossEntropyMulti, Misclassification, Rectlin, Softmax
from neonlike.util.persist import get_data_cache_dir

data_dir = get_data_cache_dir("~/nervana/data")
be = gen_backend(backend="cpu", batch_size=128, rng_seed=0)

# %% [markdown]
# ## A tree
#
# The digits network with two more outputs, taken from the middle. The extra outputs make the early
# layers learn something useful sooner. A `BranchNode` with the same name in two lists is the same
# point of the network; the tree's first list is the trunk. Each list ends in an output of its own,
# and `Multicost` weighs their costs.
#
#     trunk     A ── b1 ── A ── b2 ── A ── softmax
#                     └─ softmax └─ A ── softmax

# %%
init = Gaussian(scale=0.01)
BranchNode.instances.clear()  # a notebook's cell may run twice: forget nodes of the last time
b1, b2 = BranchNode(name="b1"), BranchNode(name="b2")


def hidden(units: int) -> Affine:
    """Return a hidden layer."""
    return Affine(nout=units, init=init, activation=Rectlin())


def answer() -> Affine:
    """Return an output layer."""
    return Affine(nout=10, init=init, activation=Softmax())


trunk = [hidden(100), b1, hidden(100), b2, hidden(100), answer()]
model = Model(
    layers=SingleOutputTree([trunk, [b1, answer()], [b2, hidden(32), answer()]], [1, 0.25, 0.25])
)
cost = Multicost(
    costs=[GeneralizedCost(CrossEntropyMulti()) for _ in range(3)], weights=[1, 0.25, 0.25]
)

mnist = MNIST(path=data_dir)
callbacks = Callbacks(model, eval_set=mnist.valid_iter, eval_freq=1)
optimizer = GradientDescentMomentum(0.1, momentum_coef=0.9)
model.fit(mnist.train_iter, optimizer=optimizer, num_epochs=3, cost=cost, callbacks=callbacks)
print(model)
error = float(model.eval(mnist.valid_iter, metric=Misclassification())[0])
print(f"error of the trunk's output: {error:.1%}")


# %% [markdown]
# ## Residual modules
#
# `MergeSum` runs two branches on the same input and adds their results. One branch is two
# convolutions; the other is nothing at all (`SkipNode`), or a 1x1 convolution where the number of
# maps changes. Signals, and gradients, pass through the sum undisturbed: deep networks train.


# %%
def conv(fsize: int, maps: int, stride: int = 1, relu: bool = True, init: object = None) -> Conv:
    """Return a convolution with batch normalization."""
    return Conv(
        (fsize, fsize, maps),
        strides=stride,
        padding=fsize // 2,
        init=init or Kaiming(local=True),
        batch_norm=True,
        activation=Rectlin() if relu else None,
    )


def module(maps: int, stride: int = 1) -> list:
    """Return a residual module: relu(F(x) + x)."""
    main = [conv(3, maps, stride), conv(3, maps, relu=False)]
    side = SkipNode() if stride == 1 else conv(1, maps, stride, relu=False, init=IdentityInit())
    return [MergeSum([main, side]), Activation(Rectlin())]


def resnet(depth: int) -> list:
    """Return the layers for 32x32 pictures: 3 stages of ``depth`` modules."""
    layers = [conv(3, 16)]
    for stage, maps in enumerate((16, 32, 64)):
        for index in range(depth):
            layers += module(maps, stride=2 if stage and not index else 1)
    head = Affine(10, init=Kaiming(local=False), batch_norm=True, activation=Softmax())
    return [*layers, Pooling("all", op="avg"), head]


cifar = CIFAR10(path=data_dir, normalize=True, contrast_normalize=False, whiten=False)
model = Model(layers=resnet(depth=1))
callbacks = Callbacks(model, eval_set=cifar.valid_iter, eval_freq=1)
model.fit(
    cifar.train_iter,
    optimizer=GradientDescentMomentum(0.1, momentum_coef=0.9, wdecay=0.0001),
    num_epochs=3,
    cost=GeneralizedCost(CrossEntropyMulti()),
    callbacks=callbacks,
)
print(model.summary())
error = float(model.eval(cifar.valid_iter, metric=Misclassification())[0])
print(f"error after three epochs: {error:.1%} (guessing: 90 %)")

# %% [markdown]
# **Try:** `resnet(depth=3)`; a module without the `SkipNode` branch at that depth; `MergeBroadcast`
# with `merge="depth"`, which puts branches side by side in place of adding them.
