"""The neurons of the host, which turn drives into spikes: nengo's own, in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils, types
from numba.extending import intrinsic

from deploy.foreign import LlvmBuilder, LlvmValue, NumbaContext, NumbaSignature, NumbaType, NumbaTyping

from .arguments import EventLists, HostNeurons, Room
from .emitting import AHEAD, FIRED, WORD, emit, name_words
from .kernels import carry_over
from .lanes import I64, SEVERAL, Generate
from .numba_jit import compiled
from .program import LANES

FLOATS = ir.VectorType(ir.DoubleType(), LANES)


def _integrating(steps: int) -> Callable[..., None]:
    """So many steps of ``size`` neurons, in place, from whose voltage what is whole goes: then a neuron fires.

    The arguments are voltages, what each step adds, ``size``, a multiple of ``LANES``, and spikes as bits, those of a
    step ``bit_step`` after those of the step before.
    """

    @intrinsic  # type: ignore[untyped-decorator]
    def integrate(
        typing: NumbaTyping,
        voltage: NumbaType,
        rise: NumbaType,
        size: NumbaType,
        spiked: NumbaType,
        bit_step: NumbaType,
    ) -> tuple[NumbaSignature, Generate]:
        def generate(
            context: NumbaContext, builder: LlvmBuilder, signature: NumbaSignature, args: Sequence[LlvmValue]
        ) -> LlvmValue:
            voltages, rises, bits = (
                context.make_array(signature.args[k])(context, builder, args[k]).data for k in (0, 1, 3)
            )
            floor = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(FLOATS, [FLOATS]), f"llvm.floor.v{LANES}f64"
            )
            none = ir.Constant(FLOATS, [0.0] * LANES)
            with cgutils.for_range(builder, builder.udiv(args[2], ir.Constant(I64, LANES))) as loop:
                n = builder.mul(loop.index, ir.Constant(I64, LANES))
                held, added = (
                    builder.bitcast(builder.gep(data, [n]), FLOATS.as_pointer()) for data in (voltages, rises)
                )
                value, more, bit = builder.load(held, align=8), builder.load(added, align=8), loop.index
                for _ in range(steps):
                    value = builder.fadd(value, more)
                    whole = builder.call(floor, [value])
                    value = builder.fsub(value, whole)
                    fires = builder.bitcast(builder.fcmp_ordered(">", whole, none), ir.IntType(LANES))
                    builder.store(fires, builder.gep(bits, [bit]), align=2)
                    bit = builder.add(bit, args[4])
                builder.store(value, held, align=8)
            return context.get_dummy_value()

        return types.void(voltage, rise, types.int64, spiked, types.int64), generate

    return integrate  # type: ignore[no-any-return]


integrate_several, integrate_once = _integrating(SEVERAL), _integrating(1)


@compiled
def steps_alike(t: int, steps: int, start: int, stop: int) -> int:
    """How many steps from ``t`` on are computed at once: all of them driven, or none."""
    last = t + SEVERAL
    alike = last <= start or t >= stop or (start <= t and last <= stop)
    return SEVERAL if last <= steps and alike else 1


@compiled
def run_host(first: int, last: int, steps: int, neurons: HostNeurons, carried: EventLists, room: Room) -> int:
    """Host strips: v += max(drive, 0) * dt, n = floor(v), v -= n, one event where n > 0. Source: nengo/neurons.py.

    No drive before step ``start`` nor from ``stop`` on. Otherwise as ``run_strips``.
    """
    length, row_words = neurons.row_length, (neurons.row_length + WORD - 1) // WORD
    height = 0
    for s in range(first, last):
        height = max(height, int(neurons.strips[s, 1] - neurons.strips[s, 0]))
    stride, number = row_words * WORD, height * row_words
    voltage, rise, nothing = np.zeros(height * stride), np.zeros(height * stride), np.zeros(height * stride)
    spiked = np.zeros(SEVERAL * number * (WORD // LANES), np.uint16)
    words, names, found = spiked.view(np.uint64), np.zeros(number, np.int32), np.zeros(number + 1, np.int32)
    end = 0
    for s in range(first, last):
        low, high = int(neurons.strips[s, 0]), int(neurons.strips[s, 1])
        name_words(low, high, row_words, neurons.shift, names)
        for y in range(low, high):
            row, origin = (y - low) * stride, y * length
            voltage[row : row + length] = neurons.voltage[origin : origin + length]
            rise[row : row + length] = np.maximum(neurons.drive_hz[origin : origin + length], 0.0) * neurons.dt_s
        end = carry_over(carried, s, s - first, room, end)
        if end < 0:
            return s
        size, used, t = (high - low) * stride, (high - low) * row_words, 0
        while t < steps:
            together = steps_alike(t, steps, neurons.start, neurons.stop)
            added = rise if neurons.start <= t < neurons.stop else nothing
            if together > 1:
                integrate_several(voltage, added, size, spiked, number * (WORD // LANES))
            else:
                integrate_once(voltage, added, size, spiked, number * (WORD // LANES))
            for k in range(together):
                if end + size + AHEAD > room.events.size:
                    return s
                end = emit(words[k * number : k * number + used], FIRED, names, found, room.events, end)
                room.pointer[s - first, t + k + 2] = end
            t += together
        for y in range(low, high):
            row, origin = (y - low) * stride, y * length
            neurons.voltage[origin : origin + length] = voltage[row : row + length]
    return last
