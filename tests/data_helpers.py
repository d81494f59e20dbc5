"""Compare iterators with data.h5 (see tests/golden/README-data.md)."""

from __future__ import annotations

import itertools
import json
from typing import Any

import h5py
import numpy as np


def attribute(group: h5py.Group, name: str) -> Any:
    """An attribute of a case; JSON text is decoded."""
    value = group.attrs[name]
    return json.loads(value) if isinstance(value, str) else value


def plain_shape(shape: Any) -> Any:
    """``shape`` as JSON would give it back."""
    return [plain_shape(s) for s in shape] if isinstance(shape, list | tuple) else shape


def check_epochs(data: Any, group: h5py.Group, info: dict[str, Any]) -> None:
    """Run the epochs of a case and compare every batch, ``nbatches`` and ``start``."""
    for epoch in range(info.get("epochs", 1)):
        if epoch and info.get("reset_between_epochs"):
            data.reset()
        expected = group[f"epoch{epoch}"]
        check_counters(data, expected, "before")
        batches = [
            flat("x", x) | flat("t", t)
            for x, t in itertools.islice(iter(data), info.get("stop_after_batches"))
        ]
        check_counters(data, expected, "after")
        assert len(batches) == expected.attrs["nbatches_delivered"]
        assert set(batches[0]) == set(expected)
        for key in expected:
            delivered = np.stack([batch[key] for batch in batches])
            assert delivered.dtype == expected[key].dtype
            np.testing.assert_allclose(delivered, expected[key][()], rtol=1e-6, atol=1e-6)


def check_counters(data: Any, expected: h5py.Group, when: str) -> None:
    assert data.nbatches == expected.attrs[f"nbatches_{when}"]
    if f"start_{when}" in expected.attrs:
        assert data.start == expected.attrs[f"start_{when}"]


def flat(name: str, value: Any) -> dict[str, np.ndarray]:
    """Tensors of a (nested) tuple under the names used in data.h5; None is left out."""
    if value is None:
        return {}
    if isinstance(value, tuple | list):
        return {
            key: array
            for index, item in enumerate(value)
            for key, array in flat(f"{name}_{index}", item).items()
        }
    return {name: value.get()}
