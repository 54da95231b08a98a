"""Options that do not go together with what the command is asked to do."""

from __future__ import annotations

from collections.abc import Collection

import rich_click as click
from click.core import ParameterSource

from convert.errors import UserError


def written(context: click.Context, name: str) -> bool:
    """Whether the parameter ``name`` was written on the command line."""
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def refuse(context: click.Context, names: Collection[str], reason: str, otherwise: str = "") -> None:
    """Raises ``UserError`` if any of the parameters ``names`` was written on the command line."""
    found = [p.opts[0] for p in context.command.params if p.name in names and written(context, p.name)]
    if found:
        raise UserError(f"{reason}; leave out {', '.join(found)}{otherwise}")
