"""Placers by name: a name is taken once, and an unknown one is an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from convert.errors import UserError
from partition.geometry.blocks import Ints
from partition.hardware import Board
from partition.traffic.unicast import TrafficGraph


class Placer(Protocol):
    """The chip of each block; see the package's docstring for the contract."""

    def __call__(self, graph: TrafficGraph, board: Board, *, seed: int) -> Ints: ...


class Registry(Mapping[str, Placer]):
    """Placers in the order of their registration."""

    def __init__(self) -> None:
        self._placers: dict[str, Placer] = {}

    def register(self, name: str, placer: Placer) -> None:
        if name in self._placers:
            raise ValueError(f"placer '{name}' is registered already")
        self._placers[name] = placer

    def __getitem__(self, name: str) -> Placer:
        if name not in self._placers:
            raise UserError(f"placer '{name}' is not known; choose one of {', '.join(self._placers)}")
        return self._placers[name]

    def __contains__(self, name: object) -> bool:
        return name in self._placers

    def __iter__(self) -> Iterator[str]:
        return iter(self._placers)

    def __len__(self) -> int:
        return len(self._placers)
