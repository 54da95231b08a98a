"""From bits of spikes to events."""

from __future__ import annotations

import numpy as np

from deploy.arrays import Int32, UInt64

from .lanes import ones, trailing_zeros
from .numba_jit import compiled, inlined

WORD = 64
"""Neurons in one word of spike bits."""

AHEAD, FEW, OFTEN = 10, 3, 2
"""Events of a word that are written before it is known whether there are so many, a branch less for each: the first
number where words with spikes have more than ``OFTEN``, otherwise the second."""

FIRED, RESTED = np.uint64(0), np.uint64(2**64 - 1)
"""A word in which no neuron fires, where bits say who does or who does not."""


@compiled
def name_words(low: int, high: int, row_words: int, shift: int, names: Int32) -> None:
    """The ``names`` of the words of rows ``low`` to ``high`` (excluded), ``row_words`` each: events of first bits."""
    n = 0
    for y in range(low, high):
        for w in range(row_words):
            names[n] = (y << shift) | (w * WORD)
            n += 1


@inlined
def write_bits(
    words: UInt64, zero: int, names: Int32, found: Int32, number: int, ahead: int, out: Int32, end: int
) -> int:
    """Appends the events of ``number`` words that were ``found``, ``ahead`` of each without a branch."""
    for n in range(number):
        w = found[n]
        word, first = words[w] ^ zero, names[w]
        spikes = ones(word)
        for k in range(ahead):
            out[end + k] = first | trailing_zeros(word)
            word &= word - np.uint64(1)
        for k in range(ahead, spikes):
            out[end + k] = first | trailing_zeros(word)
            word &= word - np.uint64(1)
        end += spikes
    return end


@compiled
def emit(words: UInt64, zero: int, names: Int32, found: Int32, out: Int32, end: int) -> int:
    """Appends an event for every bit in which ``words`` differ from ``zero``; returns the new end.

    ``names`` are the events of their first bits. Words with spikes are noted in ``found`` first, so that no branch
    depends on each word.
    """
    number = spikes = 0
    for w in range(words.size):
        found[number] = w
        word = words[w] ^ zero
        number += word != 0
        spikes += ones(word)
    if spikes > OFTEN * number:
        return write_bits(words, zero, names, found, number, AHEAD, out, end)
    return write_bits(words, zero, names, found, number, FEW, out, end)
