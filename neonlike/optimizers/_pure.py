"""Updates that do nothing but assign op-trees of their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Rule = TypeVar("Rule", bound=Callable[..., None])


def pure(rule: Rule) -> Rule:
    """Mark an ``_update`` that does nothing but assign op-trees of its arguments.

    With the same numbers and tensors it then means the same work, which can be run again as it
    is. An ``_update`` of a user is not marked, and is called every time.
    """
    rule.__dict__["is_pure"] = True
    return rule
