"""The vector instructions of the emulator: 16 neurons at a time, written in LLVM's own vectors.

LLVM turns them into whatever the machine has (AVX-512, AVX2, NEON, ...). Left to itself it does not vectorise these
loops well: it cannot know that the arrays do not overlap, nor that segments are short.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils, types
from numba.extending import intrinsic

from .program import LANES

I32, I64 = ir.IntType(32), ir.IntType(64)
V8, V16, V32 = (ir.VectorType(ir.IntType(bits), LANES) for bits in (8, 16, 32))

Q_BITS, U_BITS = 21, 23
"""Bits without sign of the synaptic accumulator and of the current. Source: nengo_loihi/builder/discretize.py."""

VMAX = 2**23 - 1
"""The largest voltage: ``vmax`` of a compartment without an upper limit, discretized."""


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any, vector: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())


def _all(value: int) -> Any:
    return ir.Constant(V32, [value] * LANES)


def _index(context: Any, builder: Any, signature: Any, args: Any, place: int) -> Any:
    return context.cast(builder, args[place], signature.args[place], types.intp)


@intrinsic  # type: ignore[untyped-decorator]
def add_lanes(typing: Any, sums: Any, i: Any, weights: Any, j: Any) -> Any:
    """sums[i : i + 16] += weights[j : j + 16], int32 += int16."""
    signature = types.void(sums, i, weights, j)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        target = _pointer(context, builder, sums, args[0], _index(context, builder, signature, args, 1), V32)
        source = _pointer(context, builder, weights, args[2], _index(context, builder, signature, args, 3), V16)
        weight = builder.sext(builder.load(source, align=2), V32)
        builder.store(builder.add(builder.load(target, align=4), weight), target, align=4)
        return context.get_dummy_value()

    return signature, generate


@intrinsic  # type: ignore[untyped-decorator]
def trailing_zeros(typing: Any, word: Any) -> Any:
    """The number of the lowest set bit of a 64-bit word that is not 0."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def update_row(
    typing: Any,
    sums: Any,
    i: Any,
    u: Any,
    v: Any,
    new_u: Any,
    new_v: Any,
    j: Any,
    bias: Any,
    k: Any,
    vth: Any,
    vmin: Any,
    m: Any,
    decay: Any,
    spiked: Any,
    vectors: Any,
) -> Any:
    """One time step of a row of neurons, supposing that nothing overflows; returns whether something did.

    q = sums[i:], u = decay(u[j:]) + q, v = max(v[j:] + u + bias[k:], vmin[m:]), spike and v = 0 where v > vth[m:].
    Results go to ``new_u`` and ``new_v``; spikes are bits of ``spiked``, 16 neurons to each entry. True means that q,
    u, u + bias or v left its range somewhere: then the results are wrong and ``kernels.careful_row`` has to make them.
    """
    given = (sums, i, u, v, new_u, new_v, j, bias, k, vth, vmin, m, decay, spiked, vectors)
    signature = types.boolean(*given)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def at(array: int, first: int, step: Any, vector: Any = V32) -> Any:
            place = builder.add(_index(context, builder, signature, args, first), step)
            return _pointer(context, builder, given[array], args[array], place, vector)

        rate = context.cast(builder, args[12], decay, types.int32)
        factor: Any = ir.Constant(V32, ir.Undefined)
        for lane in range(LANES):
            factor = builder.insert_element(factor, rate, ir.Constant(I32, lane))
        wide_q, wide_u, highest = (cgutils.alloca_once_value(builder, _all(0)) for _ in range(3))
        with cgutils.for_range(builder, _index(context, builder, signature, args, 14)) as loop:
            step = builder.mul(loop.index, ir.Constant(I64, LANES))
            q = builder.load(at(0, 1, step), align=4)
            current = builder.add(_decayed(builder, builder.load(at(2, 6, step), align=4), factor), q)
            builder.store(current, at(4, 6, step), align=4)
            driven = builder.add(current, builder.load(at(7, 8, step), align=4))
            voltage = builder.add(builder.load(at(3, 6, step), align=4), driven)
            _note(builder, wide_q, builder.add(q, _all(1 << Q_BITS)))
            _note(builder, wide_u, builder.add(current, _all(1 << U_BITS)))
            _note(builder, wide_u, builder.add(driven, _all(1 << U_BITS)))
            builder.store(_larger(builder, builder.load(highest), voltage), highest)
            voltage = _larger(builder, voltage, builder.load(at(10, 11, step), align=4))
            fires = builder.icmp_signed(">", voltage, builder.load(at(9, 11, step), align=4))
            builder.store(builder.select(fires, _all(0), voltage), at(5, 6, step), align=4)
            place = context.make_array(spiked)(context, builder, args[13]).data
            builder.store(builder.bitcast(fires, ir.IntType(LANES)), builder.gep(place, [loop.index]), align=2)
        beyond = builder.or_(
            builder.icmp_unsigned(">=", builder.load(wide_q), _all(1 << (Q_BITS + 1))),
            builder.icmp_unsigned(">=", builder.load(wide_u), _all(1 << (U_BITS + 1))),
        )
        beyond = builder.or_(beyond, builder.icmp_signed(">", builder.load(highest), _all(VMAX)))
        bits = builder.bitcast(beyond, ir.IntType(LANES))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(LANES), 0))

    return signature, generate


def _decayed(builder: Any, x: Any, factor: Any) -> Any:
    """sign(x) * (|x| * factor >> 12), exact in 32 bits for |x| <= 2^23 and factor < 2^12."""
    negative = builder.icmp_signed("<", x, _all(0))
    size = builder.select(negative, builder.sub(_all(0), x), x)
    high = builder.mul(builder.lshr(size, _all(12)), factor)
    low = builder.lshr(builder.mul(builder.and_(size, _all(4095)), factor), _all(12))
    left = builder.add(high, low)
    return builder.select(negative, builder.sub(_all(0), left), left)


def _note(builder: Any, seen: Any, value: Any) -> None:
    builder.store(builder.or_(builder.load(seen), value), seen)


def _larger(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.icmp_signed(">", a, b), a, b)
