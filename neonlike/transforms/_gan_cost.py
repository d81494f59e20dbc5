"""Costs of adversarial training (spec training 4)."""

from __future__ import annotations

from typing import Any

from neonlike.transforms._cost import Cost

COST_TYPES = ("dis", "gen")
FUNCS = ("original", "modified", "wasserstein")


class GANCost(Cost):
    """Cost of a generator and a discriminator that play against each other.

    Needs a backend with a batch size. Discriminator outputs are (1, N).

    Args:
        scale: factor of all derivatives.
        cost_type: "dis" or "gen", which side is reported.
        func: "original" (Goodfellow et al. 2014), "modified" (its non-saturating
            generator) or "wasserstein" (Arjovsky et al. 2017; the discriminator
            then ends in ``Identity``).

    Raises:
        AssertionError: unknown cost_type or func.
    """

    def __init__(self, scale: float = 1.0, cost_type: str = "dis", func: str = "modified") -> None:
        super().__init__()
        if cost_type not in COST_TYPES:
            raise AssertionError(f"cost_type must be one of {COST_TYPES}, got {cost_type!r}")
        if func not in FUNCS:
            raise AssertionError(f"func must be one of {FUNCS}, got {func!r}")
        self.scale = scale
        self.cost_type = cost_type
        self.func = func
        self.one_buf = self.be.iobuf((1,))
        self.one_buf.fill(1)

    def __call__(self, y_data: Any, y_noise: Any, cost_type: str = "dis") -> Any:
        """Return the cost per column.

        Args:
            y_data: discriminator outputs for data.
            y_noise: discriminator outputs for generated samples, same shape.
            cost_type: "dis" (data + noise part), "dis_data", "dis_noise" or "gen".

        Raises:
            AssertionError: the shapes differ, or cost_type is unknown.
        """
        if y_data.shape != y_noise.shape:
            raise AssertionError(
                f"GANCost needs equal shapes for data and noise, got {y_data.shape}, "
                f"{y_noise.shape}"
            )
        if cost_type == "dis":
            return self._mean(self._data(y_data) + self._noise(y_noise))
        if cost_type == "dis_data":
            return self._mean(self._data(y_data))
        if cost_type == "dis_noise":
            return self._mean(self._noise(y_noise))
        if cost_type == "gen":
            return self._mean(self._generator(y_noise))
        raise AssertionError(
            f"cost_type must be 'dis', 'dis_data', 'dis_noise' or 'gen', got {cost_type!r}"
        )

    def bprop_noise(self, y_noise: Any) -> Any:
        """Return the discriminator's derivative for generated samples."""
        if self.func == "wasserstein":
            return -self.scale * self.one_buf
        return self.scale / (1.0 - y_noise)

    def bprop_data(self, y_data: Any) -> Any:
        """Return the discriminator's derivative for data."""
        if self.func == "wasserstein":
            return self.scale * self.one_buf
        return -self.scale / y_data

    def bprop_generator(self, y_noise: Any) -> Any:
        """Return the generator's derivative, at the discriminator's output."""
        if self.func == "original":
            return self.scale / (y_noise - 1.0)
        if self.func == "modified":
            return -self.scale / y_noise
        return self.scale * self.one_buf

    def _mean(self, x: Any) -> Any:
        return self.be.mean(x, axis=0)

    def _data(self, y: Any) -> Any:
        return y if self.func == "wasserstein" else -self._log(y)

    def _noise(self, y: Any) -> Any:
        return -y if self.func == "wasserstein" else -self._log(1 - y)

    def _generator(self, y: Any) -> Any:
        if self.func == "original":
            return -self._log(y)
        return self._log(1 - y) if self.func == "modified" else y
