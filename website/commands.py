"""The page on the commands, from the commands: every option with what it says of itself."""

from __future__ import annotations

import configparser
from importlib import import_module
from inspect import cleandoc
from pathlib import Path

import rich_click as click

SETUP = Path(__file__).parents[1] / "setup.cfg"
COMMON = "Options"
"""The panel of options that name none."""

TOP = """# Commands

Made from what `--help` prints. Every command ends with exit code 2 and one sentence a problem for whatever you can
put right (`--debug` shows the traceback), keeps existing results unless `--force`, and leaves nothing half-written."""


def commands() -> dict[str, click.Command]:
    """The commands that setup.cfg installs, by name."""
    setup = configparser.ConfigParser()
    setup.read(SETUP)
    found = {}
    for line in setup["options.entry_points"]["console_scripts"].split("\n"):
        if line:
            name, place = (part.strip() for part in line.split("="))
            module, attribute = place.split(":")
            found[name] = getattr(import_module(module), attribute)
    return found


def commands_page() -> str:
    """The whole page."""
    return "\n\n".join([TOP, *(_section(name, command) for name, command in commands().items())]) + "\n"


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    parts = [f"## {name}", cleandoc(command.help or ""), f"```\n{usage}\n```"]
    options = [p for p in command.get_params(context) if isinstance(p, click.Option)]
    panels = sorted({_panel(option): None for option in options}, key=lambda panel: panel == COMMON)
    for panel in panels:
        rows = [_row(option, context) for option in options if _panel(option) == panel]
        parts.append("\n".join([f"| {panel} | |", "|---|---|", *rows]))
    return "\n\n".join([*parts, str(command.epilog or "")])


def _panel(option: click.Option) -> str:
    panel = getattr(option, "panel", None)
    return (panel[0] if isinstance(panel, list) and panel else panel) or COMMON


def _row(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    assert record is not None, option.name
    names, told = (" ".join(part.split()) for part in record)
    return f"| `{names}` | {told.replace('[', chr(92) + '[')} |"
