"""The vector instructions of the emulator: 16 neurons at a time, written in LLVM's own vectors.

LLVM turns them into whatever the machine has (AVX-512, AVX2, NEON, ...). Left to itself it does not vectorise these
loops well: it cannot know that the arrays do not overlap, nor that segments are short.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils, types
from numba.extending import intrinsic

from convert.network.neuron import DECAY_BITS, DECAY_ONE
from deploy.foreign import LlvmBuilder, LlvmValue, NumbaContext, NumbaSignature, NumbaType, NumbaTyping

from .arguments import NarrowPlaces, NarrowWork, Neurons, Places, Potentials, Work
from .program import LANES
from .widths import Q_BITS, U_BITS, UNIT_BITS, VMAX

Generate = Callable[[NumbaContext, LlvmBuilder, NumbaSignature, Sequence[LlvmValue]], LlvmValue]
"""Writes the code of an intrinsic."""

I32, I64 = ir.IntType(32), ir.IntType(64)
V16, V32 = (ir.VectorType(ir.IntType(bits), LANES) for bits in (16, 32))


@dataclass(frozen=True)
class _Given:
    """The arguments of an intrinsic while its code is made: those that are named tuples by field."""

    context: NumbaContext
    builder: LlvmBuilder
    kinds: Sequence[NumbaType]
    values: Sequence[LlvmValue]

    def field(self, argument: int, fields: Sequence[str], name: str) -> tuple[NumbaType, LlvmValue]:
        """The field ``name`` of the named tuple ``argument``, which has ``fields``."""
        place = fields.index(name)
        return self.kinds[argument][place], self.builder.extract_value(self.values[argument], place)

    def number(self, argument: int, fields: Sequence[str], name: str, kind: NumbaType = types.intp) -> LlvmValue:
        """The same for a whole number, as ``kind``."""
        given, value = self.field(argument, fields, name)
        return self.context.cast(self.builder, value, given, kind)

    def data(self, argument: int, fields: Sequence[str], name: str) -> LlvmValue:
        """The address of the first element of an array."""
        return self.context.make_array(self.field(argument, fields, name)[0])(
            self.context, self.builder, self.field(argument, fields, name)[1]
        ).data


def _at(builder: LlvmBuilder, data: LlvmValue, index: LlvmValue, vector: LlvmValue = V32) -> LlvmValue:
    """The address of the vector that begins at ``data[index]``."""
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())


def _all(value: int) -> LlvmValue:
    return ir.Constant(V32, [value] * LANES)


@intrinsic  # type: ignore[untyped-decorator]
def trailing_zeros(typing: NumbaTyping, word: NumbaType) -> tuple[NumbaSignature, Generate]:
    """The number of the lowest set bit of a 64-bit word; 64 if none is."""

    def generate(
        context: NumbaContext, builder: LlvmBuilder, signature: NumbaSignature, args: Sequence[LlvmValue]
    ) -> LlvmValue:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def ones(typing: NumbaTyping, word: NumbaType) -> tuple[NumbaSignature, Generate]:
    """How many bits of a 64-bit word are set."""

    def generate(
        context: NumbaContext, builder: LlvmBuilder, signature: NumbaSignature, args: Sequence[LlvmValue]
    ) -> LlvmValue:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), generate


Held = Callable[[LlvmValue], LlvmValue]
"""What a step leaves of currents, or of voltages."""


def _by_decay(row: _Given, neurons: int, sweep: Callable[[Held, Held], None]) -> None:
    """``sweep`` with what a step leaves of currents and voltages, by the argument ``neurons``: in fewer instructions
    where there is no leak, no filter, or products of currents are short."""
    builder, fields = row.builder, Neurons._fields
    factor, kept = (_spread(builder, row.number(neurons, fields, n, types.int32)) for n in ("decay", "kept"))
    leaks = builder.icmp_signed("<", row.number(neurons, fields, "kept"), ir.Constant(I64, DECAY_ONE))
    filters = builder.icmp_signed("!=", row.number(neurons, fields, "decay"), ir.Constant(I64, 1))

    short = builder.icmp_signed("!=", row.number(neurons, fields, "short"), ir.Constant(I64, 0))

    def of_voltage(left: Held) -> None:
        with builder.if_else(leaks) as (leaky, lossless):
            with leaky:
                sweep(left, lambda voltage: _decayed(builder, voltage, kept))
            with lossless:
                sweep(left, lambda voltage: voltage)

    with builder.if_else(filters) as (filtered, unfiltered):
        with filtered, builder.if_else(short) as (by_short, by_long):
            with by_short:
                of_voltage(lambda current: _rest(builder, builder.mul(current, factor)))
            with by_long:
                of_voltage(lambda current: _decayed(builder, current, factor))
        with unfiltered:
            of_voltage(lambda current: _rest(builder, current))


@intrinsic  # type: ignore[untyped-decorator]
def update_row(
    typing: NumbaTyping, now: NumbaType, after: NumbaType, neurons: NumbaType, at: NumbaType, work: NumbaType
) -> tuple[NumbaSignature, Generate]:
    """One time step of a row of neurons, supposing that nothing overflows; returns whether something did.

    The arguments are ``Potentials`` twice, ``Neurons``, ``Places`` and ``Work``; i are places of the row's neurons:
    q = sums[i], u = decay(now.u[i]) + q, v = max(decay(now.v[i]) + u + bias, vmin), spike and v = 0 where v > vth; each
    decay by its own factor, and none of v where all of it is kept. Results go to ``after``; spikes are bits of
    ``work.spiked``, 16 neurons to each entry. True means that q, u, u + bias or v left its range somewhere: then the
    results are wrong and ``kernels.careful_row`` has to make them.
    """
    given = (now, after, neurons, at, work)
    signature = types.boolean(*given)

    def generate(
        context: NumbaContext, builder: LlvmBuilder, signature: NumbaSignature, args: Sequence[LlvmValue]
    ) -> LlvmValue:
        row = _Given(context, builder, given, args)
        u, v = (row.data(0, Potentials._fields, name) for name in Potentials._fields)
        new_u, new_v = (row.data(1, Potentials._fields, name) for name in Potentials._fields)
        vth, vmin, bias = (row.data(2, Neurons._fields, name) for name in ("vth", "vmin", "bias"))
        sums, spiked = (row.data(4, Work._fields, name) for name in ("sums", "spiked"))
        of_neuron, of_bias, of_threshold = (row.number(3, Places._fields, name) for name in Places._fields)
        vectors = builder.udiv(row.number(2, Neurons._fields, "stride"), ir.Constant(I64, LANES))
        wide_q, wide_u, highest = (cgutils.alloca_once_value(builder, _all(0)) for _ in range(3))

        def sweep(left: Held, held: Held) -> None:
            with cgutils.for_range(builder, vectors) as loop:
                step = builder.mul(loop.index, ir.Constant(I64, LANES))
                i, b, t = (builder.add(first, step) for first in (of_neuron, of_bias, of_threshold))
                q = builder.load(_at(builder, sums, i), align=4)
                current = builder.add(left(builder.load(_at(builder, u, i), align=4)), q)
                builder.store(current, _at(builder, new_u, i), align=4)
                driven = builder.add(current, builder.load(_at(builder, bias, b), align=4))
                voltage = builder.add(held(builder.load(_at(builder, v, i), align=4)), driven)
                _note(builder, wide_q, builder.add(q, _all(1 << Q_BITS)))
                _note(builder, wide_u, builder.add(current, _all(1 << U_BITS)))
                _note(builder, wide_u, builder.add(driven, _all(1 << U_BITS)))
                builder.store(_larger(builder, builder.load(highest), voltage), highest)
                voltage = _larger(builder, voltage, builder.load(_at(builder, vmin, t), align=4))
                fires = builder.icmp_signed(">", voltage, builder.load(_at(builder, vth, t), align=4))
                builder.store(builder.select(fires, _all(0), voltage), _at(builder, new_v, i), align=4)
                builder.store(builder.bitcast(fires, ir.IntType(LANES)), builder.gep(spiked, [loop.index]), align=2)

        _by_decay(row, 2, sweep)
        return _any_beyond(builder, *(builder.load(seen) for seen in (wide_q, wide_u, highest)))

    return signature, generate


def _updating(steps: int) -> Callable[..., None]:
    """So many time steps of a row in which nothing can overflow, whose state is read and written once.

    The arguments are ``Potentials``, which it changes, ``Neurons``, ``NarrowPlaces`` and ``NarrowWork``. Step k has its
    sums ``sum_step`` after those of the step before, in units of 2 ** ``UNIT_BITS``, and its bits ``bit_step`` after:
    1 where a neuron does not fire, for then a sum and a reset are one instruction where masks are. Sums are 0 when it
    is done.
    """

    @intrinsic  # type: ignore[untyped-decorator]
    def update(
        typing: NumbaTyping, state: NumbaType, neurons: NumbaType, at: NumbaType, work: NumbaType
    ) -> tuple[NumbaSignature, Generate]:
        given = (state, neurons, at, work)
        signature = types.void(*given)

        def generate(
            context: NumbaContext, builder: LlvmBuilder, signature: NumbaSignature, args: Sequence[LlvmValue]
        ) -> LlvmValue:
            row = _Given(context, builder, given, args)
            u, v = (row.data(0, Potentials._fields, name) for name in Potentials._fields)
            vth, vmin, bias = (row.data(1, Neurons._fields, name) for name in ("vth", "vmin", "bias"))
            sums, resting = (row.data(3, NarrowWork._fields, name) for name in ("sums", "resting"))
            places = [row.number(2, NarrowPlaces._fields, name) for name in NarrowPlaces._fields]
            of_neuron, of_bias, of_threshold, of_bits = places
            sum_step, bit_step = (row.number(3, NarrowWork._fields, name) for name in ("sum_step", "bit_step"))
            vectors = builder.udiv(row.number(1, Neurons._fields, "stride"), ir.Constant(I64, LANES))

            def sweep(left: Held, held: Held) -> None:
                with cgutils.for_range(builder, vectors) as loop:
                    step = builder.mul(loop.index, ir.Constant(I64, LANES))
                    i, b, t = (builder.add(first, step) for first in (of_neuron, of_bias, of_threshold))
                    j, bit = i, builder.add(of_bits, loop.index)
                    current, voltage = (builder.load(_at(builder, of, i), align=4) for of in (u, v))
                    driven = builder.load(_at(builder, bias, b), align=4)
                    lowest, threshold = (builder.load(_at(builder, of, t), align=4) for of in (vmin, vth))
                    masked = "+avx512f" in context.codegen().magic_tuple()[2]
                    rests = ir.Constant(ir.VectorType(ir.IntType(1), LANES), [1] * LANES)
                    for _ in range(steps):
                        arrived = _at(builder, sums, j, V16)
                        q = builder.shl(builder.sext(builder.load(arrived, align=2), V32), _all(UNIT_BITS))
                        builder.store(ir.Constant(V16, [0] * LANES), arrived, align=2)
                        current = builder.add(left(current), q)
                        more = builder.add(current, driven)
                        if masked:
                            voltage = builder.select(rests, builder.add(held(voltage), more), more)
                        else:
                            voltage = builder.add(held(builder.select(rests, voltage, _all(0))), more)
                        voltage = _larger(builder, voltage, lowest)
                        rests = builder.icmp_signed("<=", voltage, threshold)
                        builder.store(builder.bitcast(rests, ir.IntType(LANES)), builder.gep(resting, [bit]), align=2)
                        j, bit = builder.add(j, sum_step), builder.add(bit, bit_step)
                    builder.store(current, _at(builder, u, i), align=4)
                    builder.store(builder.select(rests, voltage, _all(0)), _at(builder, v, i), align=4)

            _by_decay(row, 1, sweep)
            return context.get_dummy_value()

        return signature, generate

    return update  # type: ignore[no-any-return]


SEVERAL = 4
"""Steps of a row that are computed at once where nothing can overflow."""

update_rows, update_rows_once = _updating(SEVERAL), _updating(1)


def _any_beyond(builder: LlvmBuilder, wide_q: LlvmValue, wide_u: LlvmValue, highest: LlvmValue) -> LlvmValue:
    """Whether q or u, moved up by half their range, or a voltage was out of range in any lane."""
    beyond = builder.or_(
        builder.icmp_unsigned(">=", wide_q, _all(1 << (Q_BITS + 1))),
        builder.icmp_unsigned(">=", wide_u, _all(1 << (U_BITS + 1))),
    )
    beyond = builder.or_(beyond, builder.icmp_signed(">", highest, _all(VMAX)))
    bits = builder.bitcast(beyond, ir.IntType(LANES))
    return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(LANES), 0))


def _spread(builder: LlvmBuilder, number: LlvmValue) -> LlvmValue:
    """The same number in every lane."""
    lanes: LlvmValue = ir.Constant(V32, ir.Undefined)
    for lane in range(LANES):
        lanes = builder.insert_element(lanes, number, ir.Constant(I32, lane))
    return lanes


def _decayed(builder: LlvmBuilder, x: LlvmValue, factor: LlvmValue) -> LlvmValue:
    """sign(x) * (|x| * factor >> 12), exact in 32 bits for any |x| < 2^31 and factor <= 2^12."""
    negative = builder.icmp_signed("<", x, _all(0))
    size = builder.select(negative, builder.sub(_all(0), x), x)
    high = builder.mul(builder.lshr(size, _all(DECAY_BITS)), factor)
    low = builder.lshr(builder.mul(builder.and_(size, _all(DECAY_ONE - 1)), factor), _all(DECAY_BITS))
    left = builder.add(high, low)
    return builder.select(negative, builder.sub(_all(0), left), left)


def _rest(builder: LlvmBuilder, x: LlvmValue) -> LlvmValue:
    """What is left of x, a current times its factor: sign(x) * (|x| >> 12)."""
    upwards = builder.and_(builder.ashr(x, _all(31)), _all(DECAY_ONE - 1))
    return builder.ashr(builder.add(x, upwards), _all(DECAY_BITS))


def _note(builder: LlvmBuilder, seen: LlvmValue, value: LlvmValue) -> None:
    builder.store(builder.or_(builder.load(seen), value), seen)


def _larger(builder: LlvmBuilder, a: LlvmValue, b: LlvmValue) -> LlvmValue:
    return builder.select(builder.icmp_signed(">", a, b), a, b)
