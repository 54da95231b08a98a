"""The most that one core can add: a loop that does nothing else, in the first-level cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit
from numba.core import types
from numba.extending import intrinsic

from deploy.emulator.lanes import Generate
from deploy.foreign import LlvmBuilder, LlvmValue, NumbaContext, NumbaSignature, NumbaType, NumbaTyping

from .record import timed

REPEAT = 5
AT_ONCE = 32
VECTOR = ir.VectorType(ir.IntType(16), AT_ONCE)


@intrinsic  # type: ignore[untyped-decorator]
def add(typing: NumbaTyping, sums: NumbaType, weights: NumbaType, i: NumbaType) -> tuple[NumbaSignature, Generate]:
    """sums[i : i + 32] += weights[i : i + 32], int16."""

    def generate(
        context: NumbaContext, builder: LlvmBuilder, signature: NumbaSignature, args: Sequence[LlvmValue]
    ) -> LlvmValue:
        data = [context.make_array(signature.args[k])(context, builder, args[k]).data for k in (0, 1)]
        to, of = (builder.bitcast(builder.gep(each, [args[2]]), VECTOR.as_pointer()) for each in data)
        builder.store(builder.add(builder.load(to, align=2), builder.load(of, align=2)), to, align=2)
        return context.get_dummy_value()

    return types.void(sums, weights, types.int64), generate


@njit(nogil=True, cache=True, error_model="numpy")
def add_rows(sums: Any, weights: Any, repeat: int) -> None:
    """Consecutive rows of weights added to consecutive sums."""
    for _ in range(repeat):
        for i in range(0, sums.size, AT_ONCE):
            add(sums, weights, i)


def plain_loop_s() -> float:
    """Seconds per weight of additions of int16 weights to int16 sums."""
    sums, weights = np.zeros(4096, np.int16), np.ones(4096, np.int16)
    add_rows(sums, weights, 1)
    return float(timed(lambda: add_rows(sums, weights, 20_000), REPEAT)[0]["s"]) / 20_000 / sums.size
