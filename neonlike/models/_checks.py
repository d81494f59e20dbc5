"""What ``Model.fit`` is given: refused in a sentence, before anything is computed."""

from __future__ import annotations

import weakref
from typing import Any

from neonlike._object import check_count

NO_MINIBATCHES = "the data set delivers no minibatches"
ITERATOR = ("nbatches", "ndata", "__iter__")


def check_fit(model: Any, dataset: Any, optimizer: Any, num_epochs: Any, callbacks: Any) -> None:
    """Check the arguments of ``fit``.

    Args:
        model: the model that is trained.
        dataset: iterator over (inputs, targets).
        optimizer: optimizer.
        num_epochs: total number of epochs.
        callbacks: ``Callbacks``, or any object with its hook methods.

    Raises:
        TypeError: one of them is of another kind.
        ValueError: a negative number of epochs, or callbacks of another model.
    """
    name = model.name
    check_count(name, "num_epochs", num_epochs, least=0)
    lacking = [attribute for attribute in ITERATOR if not hasattr(dataset, attribute)]
    if lacking or isinstance(dataset, type):
        raise TypeError(
            f"{name}: dataset must be a data iterator, got {_shown(dataset)}, which lacks "
            f"{', '.join(lacking)}; ArrayIterator makes one from arrays"
        )
    for what, value, method, advice in (
        ("optimizer", optimizer, "optimize", "such as Adam()"),
        ("callbacks", callbacks, "on_train_begin", "such as Callbacks(model)"),
    ):
        if not hasattr(value, method) or isinstance(value, type):
            raise TypeError(f"{name}: {what} must be an object {advice}, got {_shown(value)}")
    _check_owner(model, callbacks)


def _check_owner(model: Any, callbacks: Any) -> None:
    reference = getattr(callbacks, "model", None)
    owner = reference() if isinstance(reference, weakref.ref) else None
    if owner is not None and owner is not model:
        raise ValueError(
            f"{model.name}: the callbacks were made for another model, {owner.name}; "
            "make Callbacks(model, ...) for the model that is trained"
        )


def pair(name: str, batch: Any) -> tuple[Any, Any]:
    """Return inputs and targets of a minibatch of a data iterator.

    Raises:
        TypeError: it is no such pair.
    """
    if isinstance(batch, tuple | list) and len(batch) == 2:
        return batch[0], batch[1]
    count = f" of {len(batch)}" if isinstance(batch, tuple | list) else ""
    raise TypeError(
        f"{name}: the data iterator must yield pairs (inputs, targets), got a "
        f"{type(batch).__name__}{count}; several inputs or targets stand in a tuple of their own"
    )


def _shown(value: Any) -> str:
    if value is None:
        return "None"
    kind = value if isinstance(value, type) else type(value)
    return f"{'the class' if kind is value else 'an object of'} {kind.__name__}"
