"""Options of commands that try many values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import rich_click as click

Value = TypeVar("Value")


class Values(click.ParamType, Generic[Value]):  # type: ignore[type-arg,unused-ignore]
    """Values of an option that are gone through, with commas between them."""

    name = "values"

    def __init__(self, of: Callable[[str], Value], example: str) -> None:
        self.of, self.example = of, example

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[Value, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(dict.fromkeys(self.of(part.strip()) for part in value.split(",")))
        except ValueError:
            self.fail(f"'{value}' is not understood; write it as {self.example}", parameter, context)
