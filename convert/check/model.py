"""A model file -> what converting it would give, or every problem at once; nothing is trained, measured or written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from msgspec import structs

from convert.calibration.bias_onset import BIAS_SOURCE
from convert.errors import UserError
from convert.network import BIAS_SOURCE_LAYER, Network, Projection, host_population, require_timesteps
from convert.network.connections import Connections
from convert.options import Options

from .choices import choices_of
from .report import CheckReport, Estimate, Footprint, OutputOutline
from .rows import layers_of, projections_of
from .steps import arrival_steps, least_timesteps

if TYPE_CHECKING:
    from convert.opening import Models

Fit = Callable[[Network], Footprint]
"""From a network, whose weights do not matter, to the cores and chips that it takes."""

NEURONS = "layers' shapes, silent neurons included"
SYNAPSES = "windows and strides; Reshape: all to all"
CORES = "memory and axons, layer by layer"
CHIPS = "these cores"
LEAST = "longest path, one step a population"
ARRIVAL = "one spike interval a layer at --rates"
"""What numbers are told from, in words that fit a line."""


def check_model(path: str | Path, options: Options | None = None, *, fit: Fit | None = None) -> CheckReport:
    """What converting the model in ``path`` would give: populations, projections, steps, and with ``fit`` its cores.

    ``fit`` is ``partition.foreseen_cores``; without it the report has neither cores nor chips. Every problem that
    converting would find in the model is in the report, none is raised. No data is needed, and nothing is written.
    """
    path, options = Path(path), options or Options()
    try:
        if problems := options.problems():
            raise UserError(problems)
        return _report(path, options, fit)
    except UserError as error:
        return _refused(path, options, fit, error)


def _refused(path: Path, options: Options, fit: Fit | None, error: UserError) -> CheckReport:
    """The report on a refused model: with the network of average pooling, if max pooling is all that is wrong."""
    if options.max_pooling is None and not options.problems():
        with suppress(UserError):
            report = _report(path, replace(options, max_pooling="average"), fit)
            return structs.replace(report, converts=False, problems=(*error.problems, *report.problems))
    return CheckReport(model=path.name, converts=False, problems=error.problems)


def _report(path: Path, options: Options, fit: Fit | None) -> CheckReport:
    from convert.calibration.target_rates import target_rates
    from convert.opening import opened, outline_of

    models = opened(path, options)
    network = outline_of(models.cut).with_(timesteps=options.timesteps)
    problems = _problems(network, models)
    projections = projections_of(network)
    on_chip = {population.name for population in network.chip_populations}
    arrived = arrival_steps(network, target_rates(models.cut.segments, options.rates_hz))
    report = CheckReport(
        model=path.name,
        converts=not problems,
        problems=problems,
        max_pooling=options.max_pooling,
        input_shape=network.input.shape,
        layers=layers_of(network, {}),
        projections=projections,
        outputs=tuple(OutputOutline(name=r.name, shape=r.shape, activation=r.activation) for r in network.readouts),
        choices=choices_of(models, options),
        neurons=Estimate(estimated=sum(p.neurons for p in network.chip_populations), source=NEURONS),
        synapses=Estimate(estimated=sum(p.synapses for p in projections if p.target in on_chip), source=SYNAPSES),
        least_timesteps=Estimate(estimated=least_timesteps(network), source=LEAST),
        arrival_step=Estimate(estimated=round(max(arrived.values())), source=ARRIVAL),
    )
    return report if fit is None else _with_cores(report, network, fit(with_bias_source(network)))


def with_bias_source(network: Network) -> Network:
    """``network`` with one host neuron that reaches every neuron on the chip, in place of those that start biases."""
    name = f"{BIAS_SOURCE}@"
    single = host_population(name, BIAS_SOURCE_LAYER, np.zeros((1, 1, 1)), 1.0)
    started = [
        Projection(name, p.name, Connections(*(np.ones((1, size), bool) for size in p.shape)))
        for p in network.chip_populations
    ]
    populations, projections = (single, *network.populations), (*network.projections, *started)
    return replace(network, populations=populations, projections=projections)


def _with_cores(report: CheckReport, network: Network, footprint: Footprint) -> CheckReport:
    """``report`` with its cores and chips, unless some layer fits no core."""
    known = len(footprint.layers) == len(network.chip_populations)
    chips = CHIPS if footprint.board is None else f"{CHIPS} on {footprint.board}"
    return structs.replace(
        report,
        layers=layers_of(network, footprint.layers),
        cores=Estimate(estimated=footprint.cores, source=CORES) if known else None,
        chips=Estimate(estimated=footprint.chips, source=chips) if known else None,
        board=footprint.board,
        placement_problems=footprint.problems,
    )


def _problems(network: Network, models: Models) -> tuple[str, ...]:
    """What converting would refuse after the model has been cut."""
    try:
        require_timesteps(network)
    except UserError as error:
        return error.problems
    return ()
