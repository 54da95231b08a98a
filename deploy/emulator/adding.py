"""What the spikes of a source row add to the rows of a target: the same rows for all, side by side in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types
from numba.extending import intrinsic

from deploy.arrays import Int32, Int64
from deploy.foreign import LlvmBuilder, LlvmValue, NumbaContext, NumbaSignature, NumbaType, NumbaTyping

from .arguments import Pairs, Segments, Strip, Sums
from .lanes import I64, Generate
from .numba_jit import compiled
from .program import FIRST_LINE, LANES, ROW_LENGTH, SHIFT, STEP, VECTORS


@compiled
def lower_bound(events: Int32, first: int, end: int, value: int) -> int:
    """The first place in events[first:end], ascending, that is not below ``value``."""
    while first < end:
        middle = (first + end) >> 1
        if events[middle] < value:
            first = middle + 1
        else:
            end = middle
    return first


KEY_BITS = 32
"""A key as one number of 64 bits: the place in the target row, and so many bits above it the place of the weights."""


def _adding_run(width: int) -> Callable[..., int]:
    """Adds what the events of one source row bring, segments of ``width`` vectors; returns the first event of another.

    Event e before ``limit`` has the key keys[e + offset] = (p, w); if w is not negative, sums[place + p : ...] +=
    weights[weight + w : ...], then as often as there are ``rows``, one at least, the same ``stride`` and ``step``
    further on. Where sums have 16 bits and ``width`` is even, 32 neurons at a time.
    """

    @intrinsic  # type: ignore[untyped-decorator]
    def add_run(
        typing: NumbaTyping,
        sums: NumbaType,
        weights: NumbaType,
        events: NumbaType,
        keys: NumbaType,
        first: NumbaType,
        end: NumbaType,
        limit: NumbaType,
        offset: NumbaType,
        place: NumbaType,
        stride: NumbaType,
        weight: NumbaType,
        step: NumbaType,
        rows: NumbaType,
    ) -> tuple[NumbaSignature, Generate]:
        wide = sums.dtype == types.int32
        lanes = LANES if wide or width % 2 else 2 * LANES
        held, given = ir.VectorType(ir.IntType(32 if wide else 16), lanes), ir.VectorType(ir.IntType(16), lanes)

        def add(builder: LlvmBuilder, target: LlvmValue, source: LlvmValue) -> None:
            for n in range(0, width * LANES, lanes):
                to, of = (
                    builder.bitcast(builder.gep(data, [ir.Constant(I64, n)]), vector.as_pointer())
                    for data, vector in ((target, held), (source, given))
                )
                added = builder.load(of, align=2)
                added = builder.sext(added, held) if wide else added
                builder.store(builder.add(builder.load(to, align=2), added), to, align=2)

        def generate(
            context: NumbaContext, builder: LlvmBuilder, signature: NumbaSignature, args: Sequence[LlvmValue]
        ) -> LlvmValue:
            to, of, listed, keys = (
                context.make_array(signature.args[k])(context, builder, args[k]).data for k in range(4)
            )
            first, end, limit, offset, place, stride, weight, step, rows = args[4:]
            to, of = builder.gep(to, [place]), builder.gep(of, [weight])
            keys = builder.gep(builder.bitcast(keys, I64.as_pointer()), [offset])
            names = ("event", "of_row", "with_key", "reaching", "row", "following", "done")
            event, of_row, with_key, reaching, row, following, done = map(builder.append_basic_block, names)
            before = builder.block
            builder.branch(event)

            builder.position_at_end(event)
            e = builder.phi(I64)
            builder.cbranch(builder.icmp_signed("<", e, end), of_row, done)

            builder.position_at_end(of_row)
            k = builder.sext(builder.load(builder.gep(listed, [e])), I64)
            builder.cbranch(builder.icmp_signed("<", k, limit), with_key, done)

            builder.position_at_end(with_key)
            key = builder.load(builder.gep(keys, [k]), align=4)
            w = builder.ashr(key, ir.Constant(I64, KEY_BITS))
            builder.cbranch(builder.icmp_signed(">=", w, ir.Constant(I64, 0)), reaching, following)

            builder.position_at_end(reaching)
            p = builder.and_(key, ir.Constant(I64, (1 << KEY_BITS) - 1))
            start = builder.gep(to, [p]), builder.gep(of, [w]), rows
            builder.branch(row)

            builder.position_at_end(row)
            target, source, left = (builder.phi(value.type) for value in start)
            add(builder, target, source)
            fewer = builder.sub(left, ir.Constant(I64, 1))
            then = builder.gep(target, [stride]), builder.gep(source, [step]), fewer
            builder.cbranch(builder.icmp_signed(">", fewer, ir.Constant(I64, 0)), row, following)

            builder.position_at_end(following)
            after = builder.add(e, ir.Constant(I64, 1))
            builder.branch(event)
            for phi, initial, block, again, loop in (
                (e, first, before, after, following),
                *((a, b, reaching, c, row) for a, b, c in zip((target, source, left), start, then, strict=True)),
            ):
                phi.add_incoming(initial, block)
                phi.add_incoming(again, loop)

            builder.position_at_end(done)
            return e

        return types.int64(sums, weights, events, keys, *[types.int64] * 9), generate

    return add_run  # type: ignore[no-any-return]


def _adding(width: int) -> Callable[..., None]:
    """``add_segments`` for segments of ``width`` vectors, or of a multiple, in pieces of this width."""
    add_run = _adding_run(width)

    @compiled
    def add(
        sums: Sums, strip: Strip, events: Int32, first: int, end: int, link: Int64, segments: Segments, key: int
    ) -> None:
        lines, keys, weights = segments.rows, segments.keys, segments.weights
        line, shift, segment = int(link[FIRST_LINE]), int(link[SHIFT]), int(link[VECTORS]) * LANES
        step = int(link[STEP]) * segment
        while first < end:
            row = int(events[first]) >> shift
            limit, offset = (row + 1) << shift, key - (row << shift)
            y, tap, number = int(lines[line + row, 0]), int(lines[line + row, 1]), int(lines[line + row, 2])
            skipped = max(strip.low - y, 0)
            rows = min(number, strip.high - y) - skipped
            if rows <= 0:
                first = lower_bound(events, first, end, limit)
                continue
            place, weight = (y + skipped - strip.low) * strip.stride, tap * segment + skipped * step
            start = first
            for n in range(0, segment, width * LANES):
                first = add_run(
                    sums,
                    weights,
                    events,
                    keys,
                    start,
                    end,
                    limit,
                    offset,
                    place + n,
                    strip.stride,
                    weight + n,
                    step,
                    rows,
                )

    return add


add_1, add_2, add_3, add_4, add_6, add_12 = (_adding(width) for width in (1, 2, 3, 4, 6, 12))


@compiled
def add_segments(
    sums: Sums, strip: Strip, events: Int32, first: int, end: int, link: Int64, segments: Segments, key: int
) -> None:
    """Adds the weights of events[first:end] to ``sums``, the strip's; the keys of their source are from ``key`` on.

    Events are in the order of their rows; what their rows have in common is found once for each row.
    """
    vectors = link[VECTORS]
    if vectors % 12 == 0:
        add_12(sums, strip, events, first, end, link, segments, key)
    elif vectors % 6 == 0:
        add_6(sums, strip, events, first, end, link, segments, key)
    elif vectors % 4 == 0:
        add_4(sums, strip, events, first, end, link, segments, key)
    elif vectors % 3 == 0:
        add_3(sums, strip, events, first, end, link, segments, key)
    elif vectors % 2 == 0:
        add_2(sums, strip, events, first, end, link, segments, key)
    else:
        add_1(sums, strip, events, first, end, link, segments, key)


@compiled
def add_pairs(sums: Sums, events: Int32, first: int, end: int, link: Int64, start: int, pairs: Pairs) -> None:
    """Adds the (place, weight) pairs of events[first:end]; those of their source are from line ``start`` on."""
    shift, row_length = int(link[SHIFT]), int(link[ROW_LENGTH])
    pointer, places, weights = pairs.pointer, pairs.places, pairs.weights
    mask = (1 << shift) - 1
    for e in range(first, end):
        event = int(events[e])
        line = start + (event >> shift) * row_length + (event & mask)
        for n in range(pointer[line], pointer[line + 1]):
            sums[places[n]] += weights[n]
