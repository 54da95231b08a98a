"""Sums and products in the processor's widest vectors, on the thread that asks for them.

The compiler would not use them for so few numbers at a time. OpenBLAS is half as fast on processors that it does not
know by name (a Zen 5: 95 instead of 220 GFLOP/s), and takes more threads than the one of the image.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from convert.upstream.numba_cache import cached_njit

Float32 = NDArray[np.float32]

LANES = 16 if binding.get_host_cpu_features().get("avx512f", False) else 8
"""Floats of a vector."""

ROWS, VECTORS = 4, 3
"""Of the result that is in registers at a time: twelve vectors, and four more of the sixteen that AVX2 has."""


@intrinsic  # type: ignore[untyped-decorator]
def _add_vector(typing: Any, values: Any, into: Any, at: Any) -> Any:
    """``LANES`` of ``into`` from ``at`` on += those of ``values``."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        more, into = (
            _vector_at(builder, context.make_array(kind)(context, builder, array).data, arguments[2])
            for kind, array in zip(signature.args[:2], arguments[:2], strict=True)
        )
        total = builder.fadd(builder.load(into, align=4), builder.load(more, align=4))
        builder.store(total, into, align=4)
        return context.get_dummy_value()

    return types.void(values, into, types.intp), code


def _vector_at(builder: Any, array: Any, place: Any) -> Any:
    return builder.bitcast(builder.gep(array, [place]), ir.VectorType(ir.FloatType(), LANES).as_pointer())


@cached_njit(nogil=True, inline="always")
def add(values: Float32, into: Float32) -> None:
    """``into`` += the first of ``values``; both lie side by side in memory."""
    whole = into.size - into.size % LANES
    for k in range(0, whole, LANES):
        _add_vector(values, into, k)
    for k in range(whole, into.size):
        into[k] += values[k]


def _tile(rows: int, vectors: int) -> Any:
    """``rows`` rows of the product, ``vectors`` wide, as a function that numba compiles to vector instructions."""

    @intrinsic  # type: ignore[untyped-decorator]
    def tile(
        typing: Any, left: Any, at: Any, depth: Any, right: Any, column: Any, width: Any, into: Any, to: Any
    ) -> Any:
        signature = types.void(left, types.intp, types.intp, right, types.intp, types.intp, into, types.intp)
        return signature, lambda *given: _code(*given, rows=rows, vectors=vectors)

    return tile


def _code(context: Any, builder: Any, signature: Any, arguments: Any, *, rows: int, vectors: int) -> Any:
    """The instructions of a tile: left's rows from ``at`` on times right's columns from ``column`` on."""
    left, at, depth, right, column, width, into, to = arguments
    kinds = signature.args
    left, right, into = (
        context.make_array(kinds[i])(context, builder, array).data for i, array in ((0, left), (3, right), (6, into))
    )
    vector = ir.VectorType(ir.FloatType(), LANES)

    def place(array: Any, offset: Any, q: int) -> Any:
        return _vector_at(builder, array, builder.add(offset, context.get_constant(types.intp, q * LANES)))

    def row(start: Any, p: int, length: Any) -> Any:
        return builder.add(start, builder.mul(context.get_constant(types.intp, p), length))

    zero = ir.Constant(vector, [0.0] * LANES)
    sums = [[cgutils.alloca_once(builder, vector) for _ in range(vectors)] for _ in range(rows)]
    for of_row in sums:
        for total in of_row:
            builder.store(zero, total)
    with cgutils.for_range(builder, depth) as loop:
        start = builder.add(column, builder.mul(loop.index, width))
        columns = [builder.load(place(right, start, q), align=4) for q in range(vectors)]
        for p in range(rows):
            one = builder.load(builder.gep(left, [builder.add(row(at, p, depth), loop.index)]))
            single = builder.insert_element(ir.Constant(vector, ir.Undefined), one, ir.IntType(32)(0))
            factor = builder.shuffle_vector(
                single, single, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
            )
            for q, values in enumerate(columns):
                product = builder.fmul(factor, values, flags=("contract",))
                total = sums[p][q]
                builder.store(builder.fadd(builder.load(total), product, flags=("contract",)), total)
    for p in range(rows):
        for q in range(vectors):
            builder.store(builder.load(sums[p][q]), place(into, row(to, p, width), q), align=4)
    return context.get_dummy_value()


_large, _wide, _high, _small = (_tile(p, q) for p, q in ((ROWS, VECTORS), (1, VECTORS), (ROWS, 1), (1, 1)))


@cached_njit(nogil=True, error_model="numpy")
def product(left: Float32, at: int, rows: int, depth: int, right: Float32, width: int, into: Float32) -> None:
    """``into`` (rows, width) becomes ``rows`` rows of ``left`` (depth wide) from place ``at`` on times ``right``
    (depth, width); all are flat, ``width`` is a multiple of ``LANES``."""
    column = 0
    while column < width:
        wide = width - column >= VECTORS * LANES
        row = 0
        while row < rows:
            high = rows - row >= ROWS
            start, to = at + row * depth, row * width + column
            if wide and high:
                _large(left, start, depth, right, column, width, into, to)
            elif wide:
                _wide(left, start, depth, right, column, width, into, to)
            elif high:
                _high(left, start, depth, right, column, width, into, to)
            else:
                _small(left, start, depth, right, column, width, into, to)
            row += ROWS if high else 1
        column += VECTORS * LANES if wide else LANES
