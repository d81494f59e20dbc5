"""Op-trees: four expressions on (rows, 128), each against three ways to write it in PyTorch.

``tree_*``            eager expressions, operator by operator, as a user writes them. This is what
                      the targets mean by PyTorch for op-trees: the anchors were recorded so.
                      RMSProp takes ``addcmul`` and ``addcdiv``; with operators alone it is slower.
``compiled_tree_*``   ``torch.compile`` (needs a C++ compiler), a yardstick with targets of its own.
``inplace_tree_*``    tuned by hand: in place, or into memory that is there; no target, reported.

neonlike's side is the same in all three.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Literal

from benchmarks.items._item import Item, Step, call, random

Way = Literal["eager", "compiled", "inplace"]
COLUMNS = 128
PREFIXES: dict[Way, str] = {"eager": "", "compiled": "compiled_", "inplace": "inplace_"}


def _random(be: Any, count: int, rows: int) -> list[Any]:
    return [random(be, (rows, be.bsz), seed) for seed in range(count)]


def _rand(count: int, rows: int) -> list[Any]:
    import torch

    return [torch.rand(rows, COLUMNS) for _ in range(count)]


def _compiled(function: Callable[..., Any], *tensors: Any) -> Step:
    import torch

    return call(torch.compile(function), *tensors)


# ------------------------------------------------------------------ tanh(a*b + c) * d
def expression(be: Any, rows: int) -> Step:
    """A tree with one function."""
    a, b, c, d, out = _random(be, 5, rows)

    def step() -> None:
        out[:] = be.tanh(a * b + c) * d

    return step


def torch_expression(channels_last: bool, rows: int, way: Way) -> Step:
    """Twin of ``expression``."""
    import torch

    a, b, c, d, out = _rand(5, rows)

    def eager(a: Any, b: Any, c: Any, d: Any) -> Any:
        return torch.tanh(a * b + c) * d

    if way == "inplace":
        return lambda: torch.mul(a, b, out=out).add_(c).tanh_().mul_(d)
    return _compiled(eager, a, b, c, d) if way == "compiled" else call(eager, a, b, c, d)


# --------------------------------------------------------- sigmoid and its derivative
def sigmoid(be: Any, rows: int) -> Step:
    """Two assignments, the second of the result of the first."""
    x, y, d = _random(be, 3, rows)

    def step() -> None:
        be.assign_all((y, be.sig(x)), (d, y * (1.0 - y)))

    return step


def torch_sigmoid(channels_last: bool, rows: int, way: Way) -> Step:
    """Twin of ``sigmoid``."""
    import torch

    x, out, slope = _rand(3, rows)

    def eager(x: Any) -> Any:
        y = torch.sigmoid(x)
        return y, y * (1.0 - y)

    def inplace() -> None:
        torch.sigmoid(x, out=out)
        torch.addcmul(out, out, out, value=-1, out=slope)

    if way == "inplace":
        return inplace
    return _compiled(eager, x) if way == "compiled" else call(eager, x)


# ------------------------------------------------------------------- momentum update
def momentum(be: Any, rows: int) -> Step:
    """The update of a parameter and its velocity."""
    p, g, v = _random(be, 3, rows)

    def step() -> None:
        be.assign_all((v, v * 0.9 - g * 0.001), (p, p + v))

    return step


def torch_momentum(channels_last: bool, rows: int, way: Way) -> Step:
    """Twin of ``momentum``."""
    p, g, v = _rand(3, rows)

    def eager() -> None:
        nonlocal p, v
        v = v * 0.9 - g * 0.001
        p = p + v

    def inplace() -> None:
        v.mul_(0.9).add_(g, alpha=-0.001)
        p.add_(v)

    def update(p: Any, g: Any, v: Any) -> None:
        v.copy_(v * 0.9 - g * 0.001)
        p.add_(v)

    if way == "compiled":
        return _compiled(update, p, g, v)
    return inplace if way == "inplace" else eager


# -------------------------------------------------------------------- RMSProp update
def rmsprop(be: Any, rows: int) -> Step:
    """The update of a parameter and its mean square."""
    p, g, r = _random(be, 3, rows)
    r[:] = be.absolute(r)

    def step() -> None:
        mean = r * 0.95 + be.square(g) * 0.05
        be.assign_all((r, mean), (p, p - g * 0.001 / (be.sqrt(r + 1e-6) + 1e-6)))

    return step


def torch_rmsprop(channels_last: bool, rows: int, way: Way) -> Step:
    """Twin of ``rmsprop``."""
    import torch

    p, g, r = _rand(3, rows)

    def eager() -> None:
        nonlocal p, r
        r = torch.addcmul(r * 0.95, g, g, value=0.05)
        p = torch.addcdiv(p, g, torch.sqrt(r + 1e-6) + 1e-6, value=-0.001)

    def inplace() -> None:
        r.mul_(0.95).addcmul_(g, g, value=0.05)
        p.addcdiv_(g, r.sqrt().add_(1e-6), value=-0.001)

    def update(p: Any, g: Any, r: Any) -> None:
        r.copy_(r * 0.95 + g * g * 0.05)
        p.sub_(g * 0.001 / (torch.sqrt(r + 1e-6) + 1e-6))

    if way == "compiled":
        return _compiled(update, p, g, r)
    return inplace if way == "inplace" else eager


# ----------------------------------------------------------------------------- table
TREES = [
    Item(
        f"{prefix}tree_{name}_{rows}",
        COLUMNS,
        functools.partial(ours, rows=rows),
        functools.partial(theirs, rows=rows, way=way),
        f"{what}, {way}",
    )
    for way, prefix in PREFIXES.items()
    for name, ours, theirs, what in (
        ("expression", expression, torch_expression, "tanh(a*b + c) * d"),
        ("momentum", momentum, torch_momentum, "momentum update"),
        ("sigmoid", sigmoid, torch_sigmoid, "sigmoid and its derivative"),
        ("rmsprop", rmsprop, torch_rmsprop, "RMSProp update"),
    )
    for rows in (1024, 32768)
]
