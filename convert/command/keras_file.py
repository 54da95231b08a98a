"""``convert-model`` of a model of Keras: looked at, converted, or converted in several ways of which one is chosen."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from convert.console.terminal import progress
from convert.errors import UserError, noting
from convert.opening import problems_before
from convert.options import Options

from .above import Above, Asked
from .nir_file import ONLY_HERE as ONLY_FOR_NIR
from .refusal import refuse

if TYPE_CHECKING:
    from convert.check.model import Fit

IN_A_CHECK = ("model", "check", "as_json", "rates", "timesteps", "max_pooling", "output", "host_from", "debug")
"""Parameters that a check has a use for."""


def convert_keras_file(context: click.Context, model: Path, given: dict[str, Any]) -> None:
    """Does what the command was asked to do with a model of Keras. Raises ``UserError``."""
    problems: list[str] = []
    with noting(problems):
        refuse(context, ONLY_FOR_NIR, "these say how to take a .nir file")
    data, bundle, force, wait, check, as_json = (
        given[name] for name in ("data", "bundle", "force", "wait", "check", "as_json")
    )
    options, above = _options(given), context.obj
    if check:
        others = {str(p.name) for p in context.command.params} - {*IN_A_CHECK, *ONLY_FOR_NIR}
        with noting(problems):
            refuse(
                context, others, "--check looks at the model alone, reads no data and writes nothing", ", or --check"
            )
        if problems:
            raise UserError([*problems, *problems_before(model, [], options)])
        _check(model, options, None if above is None else above.fit, as_json)
        return
    missing = [name for name, value in (("--data", data), ("-o", bundle)) if value is None]
    if missing and not as_json:
        raise click.UsageError(
            f"Missing {' and '.join(missing)}: the training data and the bundle to write; --check needs neither.",
            context,
        )
    choice = given["accuracy_loss"] is not None or given["joules"] is not None
    if as_json:
        problems.append("--json is how --check prints; add --check, or leave it out: a bundle has conversion.json")
    if given["held_out"] is not None and not choice:
        problems.append("--held-out is what trials are measured on; add --accuracy-loss POINTS or --joules JOULES")
    if problems:
        raise UserError([*problems, *problems_before(model, [] if data is None else [data], options)])
    if choice:
        asked = {field.name: given[field.name] for field in fields(Asked) if field.name != "model"}
        _choose(above, Asked(model=model, **asked), options)
    else:
        _convert(model, data, bundle, options, force, wait)


def _options(given: dict[str, Any]) -> Options:
    named = {name: value for name, value in given.items() if name in Options.__dataclass_fields__}
    return Options(fine_tune_epochs=given["fine_tune"], rates_hz=given["rates"], **named)


def _check(model: Path, options: Options, fit: Fit | None, as_json: bool) -> None:
    import msgspec

    from convert.check.model import check_model
    from convert.check.text import show

    report = check_model(model, options, fit=fit)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2))
    else:
        show(report)
    if report.problems:
        raise UserError(report.problems)


def _convert(model: Path, data: Path, bundle: Path, options: Options, force: bool, wait: bool) -> None:
    from convert.api import convert

    from .text import show

    show(convert(model, data, bundle, options, force=force, wait=wait, progress=progress), bundle)


def _choose(above: Above | None, asked: Asked, options: Options) -> None:
    from .text import show

    if above is None:
        raise UserError("--accuracy-loss and --joules are options of the installed command; run convert-model")
    show(above.choose(asked, options, progress), asked.bundle)
