"""Boards by name, or from JSON files whose keys are fields of ``Board``, with a sentence for each problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from math import ceil, inf
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from convert.errors import UserError

from .hardware import AUTO, BOARDS, LOIHI, MOST_CHIPS, Board, Chip

Count = Annotated[int, msgspec.Meta(ge=1)]
T = TypeVar("T")

Raw = Mapping[str, msgspec.Raw]
"""The keys of a file, their values not decoded yet."""

KEYS = {"name", "chips", "columns", "source", "hop_weights", "host"}
"""What a board file may say; its chips are those of ``LOIHI``."""

LARGEST_BYTES = 2**20
"""A board file has a few hundred."""


def find_board(name: str) -> Board:
    """The board of that name, or the one in the JSON file of that name. Raises ``UserError``."""
    if name in BOARDS:
        return BOARDS[name]
    path = Path(name)
    if not path.is_file():
        known = ", ".join([AUTO, *BOARDS])
        raise UserError(f"board '{name}': neither a known board nor a file; choose one of {known}, or a JSON file")
    if (size := path.stat().st_size) > LARGEST_BYTES:
        raise UserError(f"board file {path}: {size:,} bytes, more than {LARGEST_BYTES:,}; is it the right file?")
    try:
        data = path.read_bytes()
        msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise UserError(f"board file {path}: not readable as JSON ({error})") from error
    return _board_from(data, path)


def board_problems(board: Board) -> list[str]:
    """What is wrong with the numbers of ``board``, one sentence for each."""
    problems = []
    if board.chips < 1:
        problems.append(f"chips is {board.chips}; it must be at least 1")
    elif board.chips > MOST_CHIPS:
        problems.append(f"chips is {board.chips}; it must be at most {MOST_CHIPS:,}")
    if not 1 <= board.columns <= MOST_CHIPS:
        problems.append(
            f"columns is {board.columns!r}; it must be a whole number of at least 1, at most {MOST_CHIPS:,}"
        )
    if not all(0 < weight < inf for weight in board.hop_weights):
        problems.append(f"hop_weights is {list(board.hop_weights)!r}; both numbers must be finite and above 0")
    if not 0 <= board.host < board.chips:
        problems.append(f"host is {board.host!r}; it must be the number of a chip, 0 to {board.chips - 1}")
    return problems + _chip_problems(board.chip)


def _chip_problems(chip: Chip) -> list[str]:
    limits = {field.name: getattr(chip, field.name) for field in fields(chip) if field.type == "int"}
    problems = [f"chip.{name} is {limit}; it must be at least 1" for name, limit in limits.items() if limit < 1]
    return problems if chip.index_bits else [*problems, "chip.index_bits is empty; it needs a width"]


def _board_from(data: bytes, path: Path) -> Board:
    try:
        raw = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        chips = msgspec.json.decode(raw["chips"], type=Count)
    except (msgspec.ValidationError, KeyError) as error:
        sentence = 'needs an object with the number of chips, such as {"chips": 4}'
        raise UserError(f"board file {path}: {sentence}") from error
    problems = []
    if unknown := set(raw) - KEYS:
        problems.append(f"unknown keys {sorted(unknown)}; known are {sorted(KEYS)}")

    def given(key: str, kind: type[T], default: T, rule: str) -> T:
        try:
            return msgspec.json.decode(raw[key], type=kind) if key in raw else default
        except msgspec.ValidationError:
            problems.append(f"{key} is {msgspec.json.decode(raw[key])!r}; it must be {rule}")
            return default

    board = Board(
        given("name", str, path.stem, "a text"),
        chips,
        given("columns", int, ceil(chips**0.5), "a whole number of at least 1"),
        given("source", str, path.name, "a text"),
        LOIHI,
        given("hop_weights", tuple[float, float], (1.0, 1.0), "[east-west, north-south]"),
        given("host", int, 0, f"the number of a chip, 0 to {chips - 1}"),
    )
    if problems := problems + board_problems(board):
        raise UserError([f"board file {path}: {problem}" for problem in problems])
    return board
