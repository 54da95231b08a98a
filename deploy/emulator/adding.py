"""What the spikes of a source row add to the rows of a target: the same rows for all, side by side in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils, types
from numba.extending import intrinsic

from deploy.arrays import Int32, Int64
from deploy.foreign import LlvmBuilder, LlvmValue, NumbaContext, NumbaSignature, NumbaType, NumbaTyping

from .arguments import Pairs, RowRun, Segments, Strip, Sums
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


WIDTHS = (0, 1, 2, 3, 4, 5, 6, 8, 9, 12, 18)
"""Vectors of a segment for which there is a loop of their own, 0 for a single weight; the last takes any number."""

MANY = 9
"""Vectors from which on an odd number is added two by two, too: with few, more are across two lines of the cache."""


@intrinsic  # type: ignore[untyped-decorator]
def add_row(
    typing: NumbaTyping,
    vectors: NumbaType,
    sums: NumbaType,
    weights: NumbaType,
    events: NumbaType,
    keys: NumbaType,
    run: NumbaType,
) -> tuple[NumbaSignature, Generate]:
    """Adds what the events of one source row bring, segments of so many ``vectors``; returns the first of another row.

    ``run`` is a ``RowRun``: event e of those from ``first`` to ``end`` and before ``limit`` has the key (p, w) =
    keys[e + offset]. If w is not negative, sums[place + p : ...] += weights[weight + w : ...], then as often as there
    are ``rows``, one at least, the same ``stride`` and ``step`` further on.
    """
    wide = sums.dtype == types.int32
    given = (sums, weights, events, keys)

    def generate(
        context: NumbaContext, builder: LlvmBuilder, signature: NumbaSignature, args: Sequence[LlvmValue]
    ) -> LlvmValue:
        data = [context.make_array(t)(context, builder, array).data for t, array in zip(given, args[1:], strict=False)]
        numbers = dict(zip(RowRun._fields, cgutils.unpack_tuple(builder, args[5]), strict=True))
        row = _Row(builder, *data, **numbers)
        after, any_width = (builder.append_basic_block(name) for name in ("after", "any_width"))
        result = cgutils.alloca_once(builder, I64)
        choice = builder.switch(args[0], any_width)
        for width in (*WIDTHS, None):
            block = any_width if width is None else builder.append_basic_block(f"width_{width}")
            if width is not None:
                choice.add_case(ir.Constant(I64, width), block)
            builder.position_at_end(block)
            builder.store(row.added(args[0] if width is None else width, wide=wide), result)
            builder.branch(after)
        builder.position_at_end(after)
        return builder.load(result)

    return types.int64(types.int64, *given, run), generate


@dataclass(frozen=True)
class _Row:
    """The arguments of ``add_row`` while its code is made."""

    builder: LlvmBuilder
    sums: LlvmValue
    weights: LlvmValue
    events: LlvmValue
    keys: LlvmValue
    first: LlvmValue
    end: LlvmValue
    limit: LlvmValue
    offset: LlvmValue
    place: LlvmValue
    stride: LlvmValue
    weight: LlvmValue
    step: LlvmValue
    rows: LlvmValue

    def added(self, vectors: int | LlvmValue, *, wide: bool) -> LlvmValue:
        """The loop for segments of ``vectors``, a number or one that is known when it runs."""
        builder = self.builder
        to, of = builder.gep(self.sums, [self.place]), builder.gep(self.weights, [self.weight])
        keys = builder.gep(builder.bitcast(self.keys, I64.as_pointer()), [self.offset])
        before = builder.block
        names = ("event", "of_row", "with_key", "reaching", "row", "following", "done")
        event, of_row, with_key, reaching, row, following, done = map(builder.append_basic_block, names)
        builder.branch(event)

        builder.position_at_end(event)
        e = builder.phi(I64)
        builder.cbranch(builder.icmp_signed("<", e, self.end), of_row, done)

        builder.position_at_end(of_row)
        k = builder.sext(builder.load(builder.gep(self.events, [e])), I64)
        builder.cbranch(builder.icmp_signed("<", k, self.limit), with_key, done)

        builder.position_at_end(with_key)
        key = builder.load(builder.gep(keys, [k]), align=4)
        w = builder.ashr(key, ir.Constant(I64, KEY_BITS))
        builder.cbranch(builder.icmp_signed(">=", w, ir.Constant(I64, 0)), reaching, following)

        builder.position_at_end(reaching)
        p = builder.and_(key, ir.Constant(I64, (1 << KEY_BITS) - 1))
        start = builder.gep(to, [p]), builder.gep(of, [w]), self.rows
        builder.branch(row)

        builder.position_at_end(row)
        target, source, left = (builder.phi(value.type) for value in start)
        _add_segment(builder, target, source, vectors, wide=wide)
        fewer = builder.sub(left, ir.Constant(I64, 1))
        then = builder.gep(target, [self.stride]), builder.gep(source, [self.step]), fewer
        last = builder.block
        builder.cbranch(builder.icmp_signed(">", fewer, ir.Constant(I64, 0)), row, following)

        builder.position_at_end(following)
        after = builder.add(e, ir.Constant(I64, 1))
        builder.branch(event)
        for phi, initial, block, again, loop in (
            (e, self.first, before, after, following),
            *((a, b, reaching, c, last) for a, b, c in zip((target, source, left), start, then, strict=True)),
        ):
            phi.add_incoming(initial, block)
            phi.add_incoming(again, loop)

        builder.position_at_end(done)
        return e


def _add_segment(
    builder: LlvmBuilder, target: LlvmValue, source: LlvmValue, vectors: int | LlvmValue, *, wide: bool
) -> None:
    """target[:] += source[:], so many ``vectors``, or with 0 one number.

    Where sums have 16 bits and vectors are even or many, 32 neurons at a time.
    """
    if not isinstance(vectors, int):
        with cgutils.for_range(builder, vectors) as loop:
            n = builder.mul(loop.index, ir.Constant(I64, LANES))
            _add_lanes(builder, builder.gep(target, [n]), builder.gep(source, [n]), LANES, wide=wide)
        return
    if vectors == 0:
        added = builder.load(source)
        added = builder.sext(added, ir.IntType(32)) if wide else added
        builder.store(builder.add(builder.load(target), added), target)
    by_two = 0 if wide or (vectors % 2 and vectors < MANY) else vectors // 2
    for n, lanes in [(2 * k, 2 * LANES) for k in range(by_two)] + [(n, LANES) for n in range(2 * by_two, vectors)]:
        to, of = (builder.gep(data, [ir.Constant(I64, n * LANES)]) for data in (target, source))
        _add_lanes(builder, to, of, lanes, wide=wide)


def _add_lanes(builder: LlvmBuilder, target: LlvmValue, source: LlvmValue, lanes: int, *, wide: bool) -> None:
    held, given = ir.VectorType(ir.IntType(32 if wide else 16), lanes), ir.VectorType(ir.IntType(16), lanes)
    to, of = builder.bitcast(target, held.as_pointer()), builder.bitcast(source, given.as_pointer())
    added = builder.load(of, align=2)
    added = builder.sext(added, held) if wide else added
    builder.store(builder.add(builder.load(to, align=2), added), to, align=2)


@compiled
def add_segments(
    sums: Sums, strip: Strip, events: Int32, first: int, end: int, link: Int64, segments: Segments, key: int
) -> None:
    """Adds the weights of events[first:end] to ``sums``, the strip's; the keys of their source are from ``key`` on.

    Events are in the order of their rows; what their rows have in common is found once for each row.
    """
    lines, keys, weights = segments.rows, segments.keys, segments.weights
    vectors, line, shift = int(link[VECTORS]), int(link[FIRST_LINE]), int(link[SHIFT])
    segment = vectors * LANES
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
        run = RowRun(first, end, limit, offset, place, strip.stride, weight, step, rows)
        first = add_row(vectors, sums, weights, events, keys, run)


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
