# %% [markdown]
# # An activation and a layer of your own
#
# Everything in neonlike that computes is a small class, and your own stand on the same footing.
# An activation has two methods, a layer four. `neonlike.testing` checks them.

# %%
import numpy as np

from neonlike.backends import gen_backend
from neonlike.backends.backend import OpTreeNode, Tensor
from neonlike.callbacks import Callbacks
from neonlike.data import MNIST
from neonlike.initializers import Gaussian
from neonlike.layers import Affine, GeneralizedCost, ParameterLayer
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.testing import check_layer
from neonlike.transforms import CrossEntropyMulti, Misclassification, Rectlin, Softmax
from neonlike.transforms.transform import Transform
from neonlike.util.persist import get_data_cache_dir

be = gen_backend(backend="cpu", batch_size=128, rng_seed=0)


# %% [markdown]
# ## Softmax, by hand
#
# `__call__` describes the activation, `bprop` its derivative. Nothing is computed here: both return
# an *expression*, and the layer that assigns it (`outputs[:] = activation(inputs)`) computes it in
# one pass.
#
# The derivative of softmax is a matrix per example. With a cross entropy behind it, the product of
# both collapses to `y - t`, which is what the cost computes; so the derivative here is 1.


# %%
class MySoftmax(Transform):
    """y = exp(x - max x) / sum exp(x - max x), over each column."""

    def __call__(self, x: Tensor) -> OpTreeNode:
        """Return the expression of the probabilities of ``x``."""
        shifted = self.be.exp(x - self.be.max(x, axis=0))
        return shifted / self.be.sum(shifted, axis=0)

    def bprop(self, y: Tensor) -> float:
        """Return 1: the cost's shortcut has the whole derivative."""
        return 1.0


x = be.array(np.random.default_rng(0).normal(size=(10, 128)))
mine, built_in = be.empty((10, 128)), be.empty((10, 128))
mine[:] = MySoftmax()(x)
built_in[:] = Softmax()(x)
print("largest difference", abs(mine.get() - built_in.get()).max())


# %% [markdown]
# ## A linear layer, by hand
#
# A `ParameterLayer` looks after one weight tensor `W` and its gradient `dW`. `configure` learns the
# shape of the input and settles the shapes of output and weights; `fprop` and `bprop` compute.
# `compound_dot(a, b, c)` is `c = a b`.


# %%
class MyLinear(ParameterLayer):
    """outputs = W inputs."""

    def __init__(self, nout: int, init: Gaussian, name: str | None = None) -> None:
        super().__init__(init, name)
        self.nout = nout

    def configure(self, in_obj: object) -> "MyLinear":
        """Settle the shapes: ``in_shape`` is (features, steps)."""
        super().configure(in_obj)
        nin, steps = self.in_shape
        self.out_shape = (self.nout, steps)
        self.weight_shape = (self.nout, nin)
        return self

    def fprop(self, inputs: Tensor, inference: bool = False) -> Tensor:
        """Return W inputs."""
        self.inputs = inputs
        self.be.compound_dot(self.W, inputs, self.outputs)
        return self.outputs

    def bprop(self, error: Tensor, alpha: float = 1.0, beta: float = 0.0) -> Tensor | None:
        """Set ``dW``; return the error of the inputs, or None in the first layer."""
        self.be.compound_dot(error, self.inputs.T, self.dW)
        if self.deltas is not None:
            self.be.compound_dot(self.W.T, error, self.deltas, alpha=alpha, beta=beta)
        return self.deltas


# %% [markdown]
# `check_layer` compares the gradients with finite differences in double precision, and tries
# saving, loading, repeating and other batch sizes. Break a sign in `bprop` and run it again.

# %%
check_layer(MyLinear(nout=4, init=Gaussian()), in_shape=(5, 1))
print("MyLinear keeps the contract of layers")

# %% [markdown]
# ## Both in a network

# %%
mnist = MNIST(path=get_data_cache_dir("~/nervana/data"))
init = Gaussian(scale=0.01)
layers = [
    Affine(nout=100, init=init, activation=Rectlin()),
    MyLinear(nout=50, init=Gaussian(scale=0.1)),
    Affine(nout=10, init=init, activation=MySoftmax()),
]
model = Model(layers=layers)
callbacks = Callbacks(model, eval_set=mnist.valid_iter, eval_freq=1)
model.fit(
    mnist.train_iter,
    optimizer=GradientDescentMomentum(0.1, momentum_coef=0.9),
    num_epochs=3,
    cost=GeneralizedCost(costfunc=CrossEntropyMulti()),
    callbacks=callbacks,
)
error = float(model.eval(mnist.valid_iter, metric=Misclassification())[0])
print(f"error on digits never seen: {error:.1%}")

# %% [markdown]
# **Try:** a bias in `MyLinear` (a `CompoundLayer` adds one); gradients from `Autodiff` in place of
# a hand-written `bprop`; a kernel of your own in Numba. The page *Layers of your own* of the
# documentation has all three.
