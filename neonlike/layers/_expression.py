"""Assignments of expressions of transforms and costs, which are the same in every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neonlike.backends._replay import Replay, numbers_of


class Expressions:
    """``target[:] = tree()`` where a method of ``owner`` builds the tree.

    If the method is marked ``pure``, the tree is built for the first steps only: then it is known
    what to do with the same operands.
    """

    def __init__(self) -> None:
        self._replay = Replay(most=3)

    def assign(
        self,
        target: Any,
        owner: Any,
        method: str,
        operands: tuple[Any, ...],
        tree: Callable[[], Any],
    ) -> None:
        """Assign ``tree()``.

        Args:
            target: a tensor.
            owner: a Transform or a Cost.
            method: name of its method that ``tree`` calls.
            operands: all tensors that ``tree`` takes.
            tree: what it makes of the tree of ``owner`` is always the same.
        """
        numbers = numbers_of(owner, method)
        if numbers is None or not all(hasattr(operand, "place") for operand in operands):
            target[:] = tree()
            return

        def work() -> None:
            target[:] = tree()

        target.backend.again(self._replay, (method, *numbers), (target, *operands), work)
