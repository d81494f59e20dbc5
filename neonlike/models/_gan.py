"""``GAN``: adversarial training (spec training 7.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from neonlike.models._model import Model
from neonlike.optimizers.optimizer import get_param_list

COUNTERS = ("current_batch", "gen_iter", "last_gen_batch")


class GAN(Model):
    """A generator and a discriminator trained against each other.

    Noise comes from NumPy's global stream, as in neon.

    Args:
        layers: ``GenerativeAdversarial(generator, discriminator)``, a
            description or a path.
        noise_dim: shape of the generator's input.
        noise_type: "normal", or uniform in [-1, 1) for anything else.
        weights_only, name, optimizer: see ``Model``.
        k: discriminator updates per generator update.
        wgan_param_clamp: bound of the discriminator's parameters (WGAN).
        wgan_train_sched: 100 discriminator updates for the first 25 and every
            500th generator update (WGAN).

    Attributes:
        cost_dis: (1,) tensor, discriminator cost of the last minibatch.
        current_batch, gen_iter, last_gen_batch: minibatches, generator updates,
            and the minibatch of the last generator update.
        z0: fixed noise for pictures; noise_batch: its pictures; data_batch: the last data.
    """

    def __init__(
        self,
        layers: Any,
        noise_dim: Any,
        noise_type: str = "normal",
        weights_only: bool = False,
        name: str = "model",
        optimizer: Any = None,
        k: int = 1,
        wgan_param_clamp: float | None = None,
        wgan_train_sched: bool = False,
    ) -> None:
        super().__init__(layers, weights_only=weights_only, name=name, optimizer=optimizer)
        self.noise_dim = noise_dim
        self.noise_type = noise_type
        self.k = k
        self.wgan_param_clamp = wgan_param_clamp
        self.wgan_train_sched = wgan_train_sched
        self.current_batch = self.gen_iter = self.last_gen_batch = 0
        self.data_batch: Any = None
        self.noise_batch: Any = None

    @staticmethod
    def clip_param_in_layers(layer_list: Iterable[Any], abs_bound: float | None = None) -> None:
        """Clip the parameters of all layers to +-abs_bound, in place."""
        if not abs_bound:
            return
        for (param, _), _states in get_param_list(layer_list):
            param[:] = param.backend.clip(param, -abs(abs_bound), abs(abs_bound))

    def initialize(self, dataset: Any, cost: Any = None) -> None:
        """Allocate both networks and the noise buffers; the data set gives no shapes."""
        if self.initialized:
            return
        self.layers.configure(self.noise_dim)
        if cost is not None:
            cost.initialize(self.layers)
            self.cost = cost
        self.layers.generator.allocate(accumulate_updates=False)
        self.layers.discriminator.allocate(accumulate_updates=True)
        self.layers.allocate_deltas()
        self.zbuf = self.be.iobuf(self.noise_dim)
        self.ybuf = self.be.iobuf((1,))
        self.z0 = self.be.iobuf(self.noise_dim)
        self.fill_noise(self.z0, normal=self.noise_type == "normal")
        self.cost_dis = self.be.empty((1,), dtype=np.float32)
        self.current_batch = self.gen_iter = self.last_gen_batch = 0
        self._set_initialized()

    def fill_noise(self, z: Any, normal: bool = True) -> None:
        """Fill z with normal noise (global stream) or uniform noise in [-1, 1) (``be.rng``)."""
        if normal:
            self.be.fill_normal(z)
        else:
            z[:] = self.be.rng.uniform(-1.0, 1.0, z.shape)

    def get_k(self, giter: int) -> int:
        """Return the discriminator updates before generator update ``giter``."""
        if self.wgan_train_sched and (giter < 25 or giter % 500 == 0):
            return 100
        return self.k

    def fprop_gen(self, x: Any, inference: bool = False) -> Any:
        """Propagate noise through the generator."""
        return self.layers.generator.fprop(x, inference)

    def fprop_dis(self, x: Any, inference: bool = False) -> Any:
        """Propagate data or generated samples through the discriminator."""
        return self.layers.discriminator.fprop(x, inference)

    def bprop_dis(self, delta: Any) -> Any:
        """Propagate the error of the discriminator's output backward to its input."""
        return self.layers.discriminator.bprop(delta)

    def bprop_gen(self, delta: Any) -> Any:
        """Propagate the error of the generated samples backward."""
        return self.layers.generator.bprop(delta)

    def train_step(self, x: Any, t: Any) -> Any:
        """Update the discriminator and, every k-th time, the generator.

        Returns:
            (1, 1) array, the discriminator's cost after a generator update, else 0.
        """
        y_data = self._train_discriminator(x)
        if self.current_batch != self.last_gen_batch + self.get_k(self.gen_iter):
            return 0.0
        cost = self._train_generator(y_data)
        self.last_gen_batch = self.current_batch
        self.gen_iter += 1
        return cost

    def _train_discriminator(self, x: Any) -> Any:
        discriminator = self.layers.discriminator
        self.clip_param_in_layers(discriminator.layers_to_optimize, self.wgan_param_clamp)
        y_noise = self._judge_noise()
        self.ybuf[:] = y_noise
        self.bprop_dis(self._error(self.cost.costfunc.bprop_noise(y_noise)))
        discriminator.set_acc_on(True)
        y_data = self.fprop_dis(x)
        self.bprop_dis(self._error(self.cost.costfunc.bprop_data(y_data)))
        self.optimizer.optimize(discriminator.layers_to_optimize, epoch=self.epoch_index)
        discriminator.set_acc_on(False)
        self.cost_dis[:] = self.cost.get_cost(y_data, self.ybuf, cost_type="dis")
        return y_data

    def _train_generator(self, y_data: Any) -> Any:
        self.ybuf[:] = y_data
        y_noise = self._judge_noise()
        delta = self.bprop_dis(self._error(self.cost.costfunc.bprop_generator(y_noise)))
        self.bprop_gen(delta)
        generator = self.layers.generator
        self.optimizer.optimize(generator.layers_to_optimize, epoch=self.epoch_index)
        cost = self.cost.get_cost(self.ybuf, y_noise, cost_type="dis")
        self.cost_dis[:] = cost
        return cost

    def _judge_noise(self) -> Any:
        self.fill_noise(self.zbuf, normal=self.noise_type == "normal")
        return self.fprop_dis(self.fprop_gen(self.zbuf))

    def _error(self, tree: Any) -> Any:
        """Evaluate a derivative into the cost layer's buffer."""
        self.cost.deltas[:] = tree
        return self.cost.deltas

    def _epoch_fit(self, dataset: Any, callbacks: Any) -> None:
        """Train for one epoch; ``total_cost`` becomes the mean over generator updates.

        Raises:
            AssertionError: the epoch is too short for a single generator update.
        """
        updates_before = self.gen_iter
        total = self._run_minibatches(dataset, callbacks)
        updates = self.gen_iter - updates_before
        if updates == 0:
            raise AssertionError(
                f"no generator update in epoch {self.epoch_index}: the data set has fewer "
                f"minibatches than k = {self.get_k(self.gen_iter)} asks for"
            )
        self.total_cost[:] = total / updates
        self.noise_batch = self.fprop_gen(self.z0)

    def _minibatch_done(self, x: Any) -> None:
        self.data_batch = x
        self.current_batch += 1

    def _train_state(self) -> dict[str, Any]:
        state = super()._train_state()
        if self.initialized:
            state["gan"] = {name: getattr(self, name) for name in COUNTERS}
            state["gan"]["z0"] = self.z0.get()
            state["gan"]["noise"] = np.random.get_state()
        return state

    def _restore(self, state: Mapping[str, Any], callbacks: Any) -> None:
        super()._restore(state, callbacks)
        if "gan" not in state:
            return
        counters = state["gan"]
        for name in COUNTERS:
            setattr(self, name, counters[name])
        self.z0.set(counters["z0"])
        if "random" not in state:
            np.random.set_state(counters["noise"])
