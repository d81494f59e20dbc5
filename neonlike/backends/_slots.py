"""Placing the temporaries of a program in as few memory slots as their life times allow."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from numpy.typing import NDArray

from neonlike.backends._buffers import Arena
from neonlike.backends._graph import Value
from neonlike.backends._operations import Shape


def allocate_slots(
    values: Sequence[Value],
    order: Sequence[int],
    wanted: Container[int],
    result: int,
    arena: Arena,
    block: Shape | None = None,
) -> tuple[dict[int, NDArray[Any]], int]:
    """Give values temporary memory.

    Args:
        values: all values of the graph.
        order: numbers of the computed values in the order of execution.
        wanted: those that need memory; transposes are views and need none.
        result: value that is read after the last step.
        arena: where the slots are.
        block: shape of the temporaries; None for each value's own.

    Returns:
        Memory by value, and the number of slots.
    """
    death = _last_uses(values, order, result)
    free: list[int] = []
    slot_of: dict[int, int] = {}
    memory: dict[int, NDArray[Any]] = {}
    count = 0
    for time, number in enumerate(order):
        value = values[number]
        dying = [a for a in dict.fromkeys(value.args) if death.get(a) == time and a in slot_of]
        early = [a for a in dying if _can_overwrite(value, values[a])]
        free += [slot_of.pop(a) for a in early]
        if number in wanted and value.op != "transpose":
            if not free:
                free.append(count)
                count += 1
            slot_of[number] = free.pop()
            assert value.dtype is not None
            assert value.shape is not None
            memory[number] = arena.view(slot_of[number], block or value.shape, value.dtype)
        free += [slot_of.pop(a) for a in dying if a not in early]
    return memory, count


def _last_uses(values: Sequence[Value], order: Sequence[int], result: int) -> dict[int, int]:
    """Return the time of the last use of each value; a view keeps its operand alive."""
    death = {result: len(order)}
    for time in reversed(range(len(order))):
        number = order[time]
        until = death.get(number, time) if values[number].op == "transpose" else time
        for arg in values[number].args:
            death[arg] = max(death.get(arg, until), until)
    return death


def _can_overwrite(new: Value, old: Value) -> bool:
    """Whether a result may stand in the memory of its operand: both at the same places."""
    return (
        new.is_elementwise
        and new.shape == old.shape
        and new.dtype is not None
        and old.dtype is not None
        and new.dtype.itemsize == old.dtype.itemsize
    )
