# %% [markdown]
# # Recurrent neural networks · Рекуррентные нейронные сети
#
# The lecture in one notebook: from a net that sees its own past to a network that reads a picture.
# Each part is short; change a number and run it again.
#
# 1. Unrolling · Развёртка графа вычислений
# 2. Elman and Jordan nets · Сети Элмана и Джордана
# 3. Back-propagation through time · Обратное распространение ошибки во времени
# 4. Deep recurrent networks · Глубокие рекуррентные сети
# 5. LSTM · Сети с долгой краткосрочной памятью
# 6. ReNet: a picture as sequences · ReNet: изображение как последовательности

# %%
import matplotlib.pyplot as plt
import numpy as np

from neonlike.backends import gen_backend
from neonlike.callbacks import Callbacks
from neonlike.data import MNIST, ArrayIterator
from neonlike.data.sequence_tasks import SequenceIterator as Minibatches
from neonlike.data.sequence_tasks import Sequences, temporal_order
from neonlike.initializers import Constant, GlorotUniform, Uniform
from neonlike.layers import (
    DOTSRNN,
    DTSRNN,
    LSTM97,
    Affine,
    Elman,
    GeneralizedCost,
    GeneralizedCostMask,
    Jordan,
    Recurrent,
    ReNet,
    StackedRNN,
)
from neonlike.models import Model, train_online
from neonlike.optimizers import Adam
from neonlike.transforms import (
    CrossEntropyMulti,
    Identity,
    Logistic,
    Misclassification,
    Rectlin,
    Softmax,
    SumSquared,
    Tanh,
)
from neonlike.util.persist import get_data_cache_dir
from neonlike.visualizations import (
    grad_flow,
    plot_grad_flow,
    spectral_radius,
    unroll_graph,
)

be = gen_backend(backend="cpu", batch_size=32, rng_seed=0)
GLOROT = GlorotUniform()

# %% [markdown]
# ## 1. Unrolling · Развёртка графа вычислений
#
# A recurrent layer computes $h_t = \varphi(W x_t + R h_{t-1} + b)$: what a step leaves is what the
# next one finds. Its computation graph is a cycle. To train it, the cycle is unrolled over the
# steps of a sequence: a deep network, whose layers all have the same weights.

# %%
print(unroll_graph(Elman(5, 2, GLOROT), 3, folded=True).to_text())
figure, axis = plt.subplots(figsize=(7, 3))
unroll_graph(Elman(5, 2, GLOROT), 4).plot(axis, backward=True)
plt.show()

# %% [markdown]
# ## 2. Elman and Jordan nets · Сети Элмана и Джордана
#
# In an **Elman** net the hidden units see *themselves*, one step later. In a **Jordan** net they
# see the *outputs* of the step before. The task: answer with the input of two steps ago. The Jordan
# net has to do with one number of memory, its own last answer.

# %%
STEPS = 12
rng = np.random.default_rng(0)
signal = rng.choice([-1.0, 1.0], size=(1, STEPS, 640)).astype(np.float32)
delayed = np.concatenate([np.zeros((1, 2, 640), np.float32), signal[:, :-2]], axis=1)
everywhere = np.ones((STEPS, 640), np.float32)
data = Minibatches(Sequences(signal, delayed, everywhere, np.full(640, STEPS)))


def cost_after_training(layers: list) -> float:
    """Train on the delayed signal; return the mean cost of a step in the last epoch."""
    model = Model(layers)
    callbacks = Callbacks(model, progress_bar=False)
    cost = GeneralizedCostMask(SumSquared())
    model.fit(data, cost, Adam(learning_rate=0.02), 20, callbacks)
    return float(model.total_cost[0])


print(f"Elman  {cost_after_training(Elman(8, 1, GLOROT)):.4f}")
jordan = Jordan(1, 8, GLOROT, out_activation=Identity())
print(f"Jordan {cost_after_training([jordan]):.4f}")

# %% [markdown]
# ## 3. Back-propagation through time · Обратное распространение ошибки во времени
#
# The error of the last step reaches an early one as a product of as many factors as there are steps
# in between. It fades, or it explodes; only in between lies what can be learnt. The figure shows
# $\lVert \partial L / \partial h_t \rVert$ for an error at the last of 40 steps.

# %%
LENGTH = 40


def flow_through(layer: Recurrent, radius: float | None = None) -> tuple[np.ndarray, float]:
    """Return the norms of the gradients (steps, examples), and the spectral radius."""
    model = Model([layer])
    cost = GeneralizedCost(SumSquared())
    model.initialize((3, LENGTH), cost)
    model.cost = cost
    if radius is not None:
        turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(16, 16)))
        layer.W_recur[:] = radius * turn
    x = be.array(rng.normal(0, 0.1, (3, LENGTH * be.bsz)))
    t = be.array(rng.normal(0, 1, (16, LENGTH * be.bsz)))
    norms = grad_flow(model, x, t)
    return norms[f"{layer.name} h"], spectral_radius(layer)


def units(name: str) -> Recurrent:
    """Return sixteen tanh units."""
    return Recurrent(16, GLOROT, activation=Tanh(), reset_cells=True, name=name)


curves = {f"tanh, radius {r}": flow_through(units(f"r{r}"), r) for r in (0.7, 1.0, 1.2)}
figure = plot_grad_flow(
    {name: norms for name, (norms, _) in curves.items()},
    {name: radius for name, (_, radius) in curves.items()},
)
figure

# %% [markdown]
# **Truncated** back-propagation (`TruncatedRecurrent`) gives the far past up and is quicker; LSTM,
# below, changes the units so that the error survives.
#
# ## 4. Deep recurrent networks · Глубокие рекуррентные сети
#
# Depth can be added in three places: between input and state or between the layers of a stack, on
# the way from one state to the next (*deep transition*), and from the state to the output (*deep
# output*). The letters are those of Pascanu et al., arXiv 1312.6026.

# %%
networks = {
    "RNN": Elman(16, 1, GLOROT),
    "stacked RNN": [*StackedRNN([12, 12], GLOROT), *Elman(1, 1, GLOROT)[1:]],
    "DT(S)-RNN": [*DTSRNN(10, GLOROT, [10]), *Elman(1, 1, GLOROT)[1:]],
    "DOT(S)-RNN": [*DOTSRNN(10, GLOROT, [10], [8]), *Elman(1, 1, GLOROT)[1:]],
}
for name, layers in networks.items():
    cost = cost_after_training(layers)
    size = sum(layer.W.size for layer in Model(layers).layers_to_optimize)
    print(f"{name:12} {size:4d} weights, cost {cost:.4f}")

# %% [markdown]
# ## 5. LSTM · Сети с долгой краткосрочной памятью
#
# A memory cell adds to its state what an input gate lets in, and an output gate decides when it is
# heard: $s_t = s_{t-1} + in_t \cdot g_t$. Nothing multiplies the state on its way through time, so
# errors neither fade nor explode. Here the LSTM of 1997 learns in which order X and Y came, two
# marks in a hundred steps of noise, one sequence at a time as it was done then.

# %%
be = gen_backend(backend="cpu", batch_size=1, rng_seed=0)
init = Uniform(-0.1, 0.1)
memory = LSTM97(2, init, block_size=2, input_gate_bias=[-2, -4])
model = Model([memory, Affine(4, init, bias=Constant(0), activation=Logistic())])
model.initialize((8, 1))
for part in range(8):
    drawn = temporal_order(2500, seed=part)
    outputs = train_online(model, *drawn.end_to_end(), drawn.lengths, learning_rate=0.5)
    ends = np.cumsum(drawn.lengths) - 1
    wrong = np.abs(outputs[:, ends] - drawn.end_to_end()[1][:, ends]).max(axis=0) > 0.3
    print(f"{2500 * (part + 1):6d} sequences, {wrong.mean():6.1%} wrong")

# %% [markdown]
# What has it learnt? The cells' states over one sequence: they drift a little, and jump where a
# mark comes; one cell hears X, another Y.

# %%
example = temporal_order(1, seed=99)
reader = Model(model.get_description(get_weights=True), weights_only=True)
reader.initialize((8, example.x.shape[1]))
signals = reader.layers.layers[0].trace(example.x.reshape(8, -1))
marks = np.flatnonzero(example.x[4:6, :, 0].any(axis=0))
figure, axis = plt.subplots(figsize=(8, 3))
axis.plot(signals["s"][:, :, 0].T, label=[f"cell {n}" for n in range(4)])
for mark in marks:
    letter = "XY"[example.x[4:6, mark, 0].argmax()]
    axis.axvline(mark, color="0.7", ls=":")
    axis.text(mark, axis.get_ylim()[1], letter, ha="center", va="bottom")
axis.set(xlabel="step", ylabel="state of the cell")
axis.legend()
plt.show()

# %% [markdown]
# ## 6. ReNet: a picture as sequences · ReNet: изображение как последовательности
#
# A recurrent layer can read a picture: column by column downwards and upwards, then row by row to
# the right and to the left. After the four sweeps of a **ReNet** layer every point knows of the
# whole picture. The lecture's classifier of photos puts two of them behind two convolutions; it is
# the example `examples/gender`. Here a small one reads digits.

# %%
be = gen_backend(backend="cpu", batch_size=64, rng_seed=0)
(x, y), (x_test, y_test), nclass = MNIST(get_data_cache_dir("~/nervana/data")).load_data()
shape = {"nclass": nclass, "lshape": (1, 28, 28)}
train_set = ArrayIterator(x[:2560], y[:2560], **shape)
test_set = ArrayIterator(x_test[:640], y_test[:640], **shape)
layers = [
    ReNet(12, GLOROT, patch=(4, 4), cell="gru"),
    Affine(64, GLOROT, bias=Constant(0), activation=Rectlin()),
    Affine(10, GLOROT, bias=Constant(0), activation=Softmax()),
]
model = Model(layers)
callbacks = Callbacks(model, eval_set=test_set, eval_freq=1)
model.fit(train_set, GeneralizedCost(CrossEntropyMulti()), Adam(learning_rate=0.003), 4, callbacks)
print(f"{model.eval(test_set, metric=Misclassification())[0]:.1%} of the digits wrong")

# %% [markdown]
# What the sweeps have made of a digit: maps of 7 x 7 points, 12 for each direction.

# %%
picture = next(iter(test_set))[0]
maps = model.layers.layers[0].fprop(picture).get().reshape(24, 7, 7, -1)[..., 0]
figure, axes = plt.subplots(2, 7, figsize=(10, 3))
axes[0, 0].imshow(picture.get()[:, 0].reshape(28, 28), cmap="gray_r")
axes[1, 0].imshow(np.abs(maps).mean(axis=0))
for axis, one in zip(axes[:, 1:].ravel(), maps[::2], strict=True):
    axis.imshow(one, cmap="coolwarm", vmin=-1, vmax=1)
for axis in axes.ravel():
    axis.axis("off")
plt.show()

# %% [markdown]
# **Try:** the gates of `LSTM` on text with `plot_states`; `LSTMVariant`, which leaves one thing out
# at a time; `ReSeg`, which answers for every pixel (`examples/reseg`); the numbers of the papers
# (`examples/zoo`).
