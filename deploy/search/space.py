"""What a search chooses from: blocks at places, where rows and columns are halved, how, and how many channels."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal, get_args

from convert.errors import UserError

Block = Literal["conv3", "conv5", "skip3", "skip5", "none"]
"""A convolution of 3 x 3 or 5 x 5 pixels, two of them with a shortcut around both, or nothing.

Those of AutoSNN's space (Na et al. 2022, section 3), each followed by the neurons that fire.
"""
Pooling = Literal["average", "strided"]
"""How rows and columns are halved: pixels averaged before the block, or left out by its first convolution."""

BLOCKS: tuple[Block, ...] = get_args(Block)
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
LIMITS = {"places": (1, 32), "widths": (1, 1024), "reductions": (1, 6)}
"""The least and the most of whole numbers."""


@dataclass(frozen=True)
class Architecture:
    """A convolution of 3 x 3 with ``width`` channels, ``blocks`` one behind the other, a mean over pixels, classes.

    The blocks at the places ``reductions`` halve rows and columns, by ``pooling``, and double the channels.
    """

    width: int
    blocks: tuple[Block, ...]
    reductions: tuple[int, ...]
    pooling: Pooling

    def channels(self, place: int) -> int:
        """The channels that the block at ``place`` gives; before the first one: ``width``."""
        return self.width << sum(at <= place for at in self.reductions)

    @property
    def text(self) -> str:
        """All of it in a few words; '/2' marks a block that halves, '-' a place without one."""
        names = ["-" if block == "none" else block for block in self.blocks]
        marked = [f"{name}/2" if place in self.reductions else name for place, name in enumerate(names)]
        return f"{self.width} {' '.join(marked)} {self.pooling}"


@dataclass(frozen=True)
class Space:
    """The values of each choice; ``reductions`` are how many of the ``places`` halve."""

    places: int = 5
    blocks: tuple[Block, ...] = BLOCKS
    widths: tuple[int, ...] = (8, 12, 16)
    reductions: tuple[int, ...] = (2, 3)
    pooling: tuple[Pooling, ...] = POOLINGS

    @property
    def halving(self) -> tuple[Block, ...]:
        """The blocks that can halve: all but none at all."""
        return tuple(block for block in self.blocks if block != "none")

    def problems(self) -> list[str]:
        """What is wrong with it, one sentence for each."""
        given = {"places": (self.places,), "widths": self.widths, "reductions": self.reductions}
        problems = [
            f"{name} has {value}; use {least} to {most}"
            for name, (least, most) in LIMITS.items()
            for value in given[name]
            if not least <= value <= most
        ]
        problems += [f"{name} has no value; give at least one" for name, values in given.items() if not values]
        problems += [
            f"{name} '{value}' is not known; choose from {', '.join(known)}"
            for name, values, known in (("block", self.blocks, BLOCKS), ("pooling", self.pooling, POOLINGS))
            for value in values
            if value not in known
        ]
        if not self.halving:
            problems.append(f"no block can halve rows and columns; give one of {', '.join(BLOCKS[:-1])}")
        if not self.pooling:
            problems.append("pooling has no value; give at least one")
        if self.reductions and max(self.reductions) > self.places:
            problems.append(
                f"{max(self.reductions)} reductions do not fit {self.places} places; give more places or fewer "
                "reductions"
            )
        return problems

    def require(self) -> None:
        """Raises ``UserError`` with all that is wrong with it."""
        if problems := self.problems():
            raise UserError(problems)

    def reductions_by(self, random: Random) -> tuple[int, ...]:
        """The places that halve, drawn: first how many."""
        return tuple(sorted(random.sample(range(self.places), random.choice(self.reductions))))

    def drawn(self, random: Random) -> Architecture:
        """An architecture, each choice drawn alone."""
        blocks = tuple(random.choice(self.blocks) for _ in range(self.places))
        width, reductions = random.choice(self.widths), self.reductions_by(random)
        return self.mended(Architecture(width, blocks, reductions, random.choice(self.pooling)), random)

    def mended(self, found: Architecture, random: Random) -> Architecture:
        """``found`` with a block, drawn, wherever it halves."""
        blocks = tuple(
            random.choice(self.halving) if block == "none" and place in found.reductions else block
            for place, block in enumerate(found.blocks)
        )
        return Architecture(found.width, blocks, found.reductions, found.pooling)
