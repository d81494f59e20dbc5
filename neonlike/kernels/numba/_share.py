"""``share(function, parts, args)``: run ``function(part, *args)`` for all parts, on threads.

A ``prange`` loop makes Numba compile its body three times over, and once more for one thread. So
there is one such loop for all kernels that want to compile fast: it calls a C function through its
address. ``share`` makes that C function from a ``jit`` function: it takes the place in memory
where the arguments are, and the number of the part.

Call it from a ``jit`` function, with a ``jit`` function and a tuple. Exceptions in parts are lost,
so kernels must not raise.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from neonlike.kernels.numba._jit import dispatcher, inline, prange

build: Any = cgutils  # Numba's own modules are untyped
_ADDRESS = ir.IntType(64)
_BODY = ir.FunctionType(ir.VoidType(), [_ADDRESS, _ADDRESS])  # (arguments, part)


def _invoke(typingctx, body, arguments, part):  # type: ignore[no-untyped-def]  # Numba's protocol
    """``invoke(body, arguments, part)``: call the C function at the address ``body``."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        function = builder.inttoptr(args[0], _BODY.as_pointer())
        builder.call(function, args[1:])
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), codegen


invoke: Any = intrinsic(_invoke)


def _run_parts(body: int, arguments: int, parts: int) -> None:
    for part in prange(parts):
        invoke(body, arguments, np.int64(part))


# Load the thread layer: code from Numba's cache that calls ``run_parts`` needs its symbols, and
# only parallel functions proper see to that themselves.
numba.get_num_threads()
run_parts = dispatcher(_run_parts, parallel=True)


def _enclose(typingctx, function, args):  # type: ignore[no-untyped-def]  # Numba's protocol
    """``enclose(function, args)``: a C function and its arguments, as two addresses.

    They are valid until the calling function returns.
    """
    call = function.get_call_type(typingctx, (types.intp, *args.types), {})

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> Any:
        compiled = function.dispatcher.overloads[call.args]
        context.add_linking_libs([compiled.library])
        memory = build.alloca_once_value(builder, values[1])
        body = ir.Function(builder.module, _BODY, builder.module.get_unique_name("part"))
        body.linkage = "internal"
        inside = ir.IRBuilder(body.append_basic_block())
        arguments = inside.load(inside.inttoptr(body.args[0], memory.type))
        operands = [body.args[1], *build.unpack_tuple(inside, arguments)]
        context.call_internal_no_propagate(inside, compiled.fndesc, call, operands)
        inside.ret_void()
        addresses = [builder.ptrtoint(pointer, _ADDRESS) for pointer in (body, memory)]
        return context.make_tuple(builder, signature.return_type, addresses)

    pair: Any = types.UniTuple
    return pair(types.intp, 2)(function, args), codegen


enclose: Any = intrinsic(_enclose)


@inline
def share(function: Any, parts: int, args: Any) -> None:
    """Run ``function(part, *args)`` for part in 0..parts-1; each on a thread of its own."""
    body, arguments = enclose(function, args)
    if parts == 1:
        invoke(body, arguments, 0)
    else:
        run_parts(body, arguments, parts)
