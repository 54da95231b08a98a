"""A model file as conversion takes it: loaded, its max pooling replaced if wanted, cut at its ReLUs; data for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from convert.bundle import load_network, load_report
from convert.data.dataset import Dataset, open_data, require_layout
from convert.data.metric_registry import task_measured_by
from convert.errors import noting
from convert.network import INPUT, Network
from convert.network.network import Activation
from convert.report import OutputGrid, Task

from .options import Options

if TYPE_CHECKING:
    from convert.data.evaluate import Predictor
    from convert.frontends.keras.cut import Cut
    from convert.frontends.keras.decoder import Decoder
    from convert.frontends.keras.paths.long_paths import CarriedSums
    from convert.frontends.original import Original
    from convert.upstream.types import Model


@dataclass(frozen=True)
class Models:
    """The ``model`` as it was given, what it computes (``given``), and what was ``cut`` into segments, max pooling
    ``replaced`` or not; its ``outputs``, and where the first one's pixels lie, ``grid``.

    Both have the outputs of ``carried_sums`` carried by pairs of populations; no output depends on it.
    """

    model: Model
    given: Original
    cut: Cut
    carried_sums: CarriedSums
    replaced: bool
    outputs: tuple[str, ...]
    grid: OutputGrid | None
    decoder: Decoder | None = None
    """What the host makes of the first output."""

    @property
    def output_shape(self) -> tuple[int, ...]:
        return tuple(self.cut.model.outputs[0].shape)[1:] if self.decoder is None else self.decoder.output_shape

    @property
    def activation(self) -> Activation | None:
        """That of the output which is measured."""
        return self.cut.readout.activation if self.decoder is None else self.decoder.activation

    def decoded(self, predictor: Predictor) -> Predictor:
        """``predictor``, which gives what the network gives, and then the decoder, if there is one."""
        if (decoder := self.decoder) is None:
            return predictor
        return lambda images: decoder(predictor(images))


def opened(path: Path, options: Options) -> Models:
    """The model in ``path``, cut at its ReLUs. Raises ``UserError`` with all of its problems."""
    from convert.frontends.keras.cut import cut_at_relus, original_of
    from convert.frontends.keras.decoder import read_decoder, require_fitting
    from convert.frontends.keras.output_grid import output_grid
    from convert.frontends.keras.passes import POOLING
    from convert.frontends.keras.passes.carry_sums import with_carried_sums
    from convert.frontends.keras.paths.long_paths import sums_to_carry
    from convert.frontends.load import load

    loaded = load(
        path,
        max_pooling=options.max_pooling is not None,
        output=options.output,
        host_from=options.host_from,
        in_keras=bool(options.fine_tune_epochs),
    )
    decoder = loaded.decoder if options.decoder is None else read_decoder(Path(options.decoder), options.decoder_takes)
    given, names = loaded.model, loaded.outputs
    grid = output_grid(given) if decoder is None else None
    pooled = POOLING[options.max_pooling](given) if options.max_pooling else given
    sums = sums_to_carry(pooled)
    cut = cut_at_relus(with_carried_sums(pooled, sums.layers))
    if decoder is not None and options.decoder is not None:
        require_fitting(decoder, tuple(cut.model.outputs[0].shape)[1:])
    replaced = options.max_pooling is not None
    teacher = original_of(with_carried_sums(given, sums.layers), cut.populations) if replaced else cut.original
    return Models(given, teacher, cut, sums, replaced, names, grid, decoder)


def data_for(models: Models, path: Path, task: Task | None) -> Dataset:
    """The images and labels at ``path``; ``task`` None: what the labels are says it. Raises ``UserError``."""
    return open_data(
        path,
        input_shape=models.cut.shapes[INPUT],
        target_shape=models.output_shape,
        task=task,
        activation=models.activation,
        grid=models.grid,
    )


def task_wanted(options: Options) -> Task | None:
    """The task that is measured by the metric of ``options``."""
    return None if options.metric is None else task_measured_by(options.metric)


def problems_before(model: Path, data: Sequence[Path], options: Options) -> list[str]:
    """What is wrong with what a conversion is given, as far as it shows before the model is opened."""
    from convert.frontends.load import require_there

    problems = options.problems()
    decoder = None if options.host_from is not None else options.decoder
    for path in [model, *([] if decoder is None else [Path(decoder)])]:
        with noting(problems):
            require_there(path)
    for path in data:
        with noting(problems):
            require_layout(path)
    if options.start_from is not None and options.steps is not None:
        from convert.training.wave.start_from import require_few_steps

        with noting(problems):
            require_few_steps(load_network(options.start_from))
    return problems


def require_same_model(models: Models, options: Options) -> None:
    """Raises ``UserError`` if the bundle to start from, if there is one, is of another model than ``models``."""
    if options.start_from is None:
        return
    from convert.training.wave.start_from import require_populations

    left_out = load_report(options.start_from).left_out_silent
    require_populations(outline_of(models.cut), load_network(options.start_from), left_out)


def require_data(model: Path, train: Path, held_out: Path, options: Options) -> None:
    """Raises ``UserError`` for a ``model`` or data that cannot be converted with, or measured on."""
    models = opened(model, options)
    require_same_model(models, options)
    task = data_for(models, train, task_wanted(options)).task
    data_for(models, held_out, "regression" if task == "anomaly" else task)


def outline_of(cut: Cut) -> Network:
    """The network that lowering will give, with weights of 1."""
    from convert.frontends.keras.paths.linear_paths import paths_into
    from convert.lowering.outline import outline

    return outline(cut.segments, [paths_into(segment) for segment in cut.segments], cut.shapes)
