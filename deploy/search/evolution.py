"""Generations: the first one drawn, each later one bred from the fittest of all before it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random

from .space import Architecture, Space

MUTATED = 0.25
"""The share of choices that a mutation draws again; chosen by hand."""
TRIES = 1000
"""So many draws in a row of what is there already, and the space counts as exhausted."""


@dataclass(frozen=True)
class Scored:
    """An architecture and how fit it is: the more the better; None if it is not possible."""

    architecture: Architecture
    fitness: float | None


def generation(space: Space, scored: Sequence[Scored], size: int, parents: int, random: Random) -> list[Architecture]:
    """Up to ``size`` architectures that are not among ``scored``, every other one a mutation of one of the ``parents``
    fittest, the rest crossings of two; drawn where there are fewer than two. Fewer where the space has no more.

    Source: AutoSNN (Na et al. 2022, section 4).
    """
    best = fittest(scored, parents)
    known = {each.architecture for each in scored}
    found: list[Architecture] = []
    for number in range(size):
        new = _new(space, best, known, random, mutate=number % 2 == 0)
        if new is None:
            break
        known.add(new)
        found.append(new)
    return found


def fittest(scored: Sequence[Scored], count: int) -> list[Architecture]:
    """The ``count`` fittest that are possible, the best first; of equal ones in the order of their names."""
    found = [(-each.fitness, each.architecture.text, each.architecture) for each in scored if each.fitness is not None]
    return [architecture for _, _, architecture in sorted(found, key=lambda at: at[:2])[:count]]


def _new(
    space: Space, best: Sequence[Architecture], known: Collection[Architecture], random: Random, *, mutate: bool
) -> Architecture | None:
    """One that is not ``known``: bred, or drawn where breeding brings nothing new."""
    for number in range(2 * TRIES):
        if len(best) < 2 or number >= TRIES:
            found = space.drawn(random)
        elif mutate:
            found = mutated(space, random.choice(best), random)
        else:
            one, other = random.sample(best, 2)
            found = crossed(space, one, other, random)
        if found not in known:
            return found
    return None


def mutated(space: Space, parent: Architecture, random: Random) -> Architecture:
    """``parent`` with some of its choices drawn again."""

    def again() -> bool:
        return random.random() < MUTATED

    found = Architecture(
        random.choice(space.widths) if again() else parent.width,
        tuple(random.choice(space.blocks) if again() else block for block in parent.blocks),
        space.reductions_by(random) if again() else parent.reductions,
        random.choice(space.pooling) if again() else parent.pooling,
    )
    return space.mended(found, random)


def crossed(space: Space, one: Architecture, other: Architecture, random: Random) -> Architecture:
    """Each choice from one of both; the places that halve are one choice."""

    def first() -> bool:
        return random.random() < 0.5

    found = Architecture(
        one.width if first() else other.width,
        tuple(a if first() else b for a, b in zip(one.blocks, other.blocks, strict=True)),
        one.reductions if first() else other.reductions,
        one.pooling if first() else other.pooling,
    )
    return space.mended(found, random)
