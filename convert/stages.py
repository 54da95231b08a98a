"""The stages that a lowered network goes through, in order: calibration, training, what is done last.

Print the tuples to see what happens; a stage is a function from a ``Draft`` to the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from convert.bundle import load_network
from convert.calibration.bias_onset import with_bias_onset
from convert.calibration.firing_rates import measure_firing_rates
from convert.calibration.fit_layers import calibrate_spiking
from convert.calibration.simulate import affordable
from convert.calibration.synaptic_filters import with_synaptic_filters
from convert.data.crops import batches_per_epoch, training_batches
from convert.frontends.original import Images
from convert.lowering.agreement import agreement
from convert.network import Neuron
from convert.network.relays import later, relay_of, with_relays
from convert.network.rescale import with_scales, without_silent
from convert.report import AgreementReport, Task
from convert.upstream.types import Values

from .draft import Draft, Stage

if TYPE_CHECKING:
    from convert.training.wave.aim import Goals

NUMBERS: tuple[Task, ...] = ("regression", "anomaly")
"""Tasks whose outputs are as good as their numbers are near."""


def leave_out_silent(draft: Draft) -> Draft:
    """Without the populations that never fire, such as caps of ReLUs that no activation reaches."""
    activity = draft.goal.rates.activity
    network = without_silent(draft.network, {name for name, a in activity.items() if not a.mean})
    kept = {p.name for p in network.populations}
    return replace(draft, network=network, silent=tuple(sorted(set(activity) - kept)))


def scale_rates(draft: Draft) -> Draft:
    """Each population's percentile at its target rate; this is the rate network."""
    scale_hz = draft.goal.rates.scale_hz
    network = with_scales(draft.network, {p.name: scale_hz[p.name] for p in draft.network.populations})
    return replace(draft, network=network, rate_network=network)


def check_agreement(draft: Draft) -> Draft:
    """The rate network beside the original, on two images."""
    images = draft.goal.sample.calibration[:2]
    found = agreement(draft.network, images, draft.goal.original.logits(images))
    if not found.holds:
        raise RuntimeError(f"the rate network is {found.max_abs_error:g} off, more than {found.tolerance:g}")
    report = AgreementReport(max_abs_error=found.max_abs_error, tolerance=found.tolerance, simulator=found.simulator)
    return replace(draft, agreement=report)


def set_neurons(draft: Draft) -> Draft:
    """The floor of the chip's voltages and the number of steps."""
    options, neuron = draft.goal.options, Neuron(floor=draft.goal.options.vmin)
    populations = tuple(replace(p, neuron=neuron) if p.on_chip else p for p in draft.network.populations)
    return replace(draft, network=draft.network.with_(populations=populations, timesteps=options.timesteps))


def filter_synapses(draft: Draft) -> Draft:
    """A synaptic filter where single spikes are large, or everywhere that of the options."""
    return replace(draft, network=with_synaptic_filters(draft.network, draft.goal.options.synapse_s))


def fit_layers(draft: Draft) -> Draft:
    """From the image to the output, layer by layer, on the spikes of its sources: the step at which the drive arrives,
    weights fitted to what they deliver, a gain for each channel, and weights fitted again to what is fired then."""
    goal, network = draft.goal, draft.network
    images = affordable(network, goal.sample.calibration)
    wanted_hz = None
    if goal.teacher is not goal.original:
        scale_hz = goal.rates.scale_hz
        wanted_hz = {name: drive * np.float32(scale_hz[name]) for name, drive in goal.teacher.drives(images).items()}
    with goal.progress("calibrating", len(network.populations)) as advance:
        found = calibrate_spiking(network, images, advance, wanted_hz=wanted_hz)
    return replace(draft, network=found.network, gains=found.gains, arrival=found.arrival, firing=found.rates)


def train_through_spikes(draft: Draft) -> Draft:
    """Trained on so many batches as the options say, to give the teacher's outputs with its own spikes."""
    from convert.training.losses import distillation_loss, relative_squared_loss
    from convert.training.tandem import BATCH, train_spiking

    goal, batches = draft.goal, draft.goal.options.spiking_batches
    if not batches:
        return draft
    with goal.progress("fine-tuning through spikes", batches) as advance:
        network = train_spiking(
            draft.network,
            draft.arrival,
            (images for images, _ in islice(_training_batches(draft, BATCH), batches)),
            goal.teacher,
            count=batches,
            loss=relative_squared_loss if goal.decoded or goal.sample.dataset.task in NUMBERS else distillation_loss,
            advance=advance,
        )
    seen = affordable(network, goal.sample.calibration)
    return replace(draft, network=network, firing=measure_firing_rates(network, draft.arrival, seen))


def _training_batches(draft: Draft, size: int, first: int = 0) -> Iterator[tuple[Images, Values]]:
    """Batches of ``size`` images and their labels without end, from number ``first`` on, differently in each epoch."""
    sample, options = draft.goal.sample, draft.goal.options
    crop = sample.shape[:2]
    epoch, first = divmod(first, batches_per_epoch(sample.dataset, size, crop))
    while True:
        seed = options.seed + epoch
        for inputs, labels in training_batches(sample.dataset, size, crop, seed, first=first, augment=options.augment):
            images = affordable(draft.network, inputs.astype(np.float32))
            yield images, labels[: len(images)]
        epoch, first = epoch + 1, 0


def train_wave_of_spikes(draft: Draft) -> Draft:
    """Each image shown for a few steps only, and its wave through the layers trained to give the teacher's outputs."""
    from convert.training.recipes import RECIPES
    from convert.training.recipes.surrogates import SURROGATES
    from convert.training.shifted import shifted
    from convert.training.wave.batch import firing_rates
    from convert.training.wave.schedule import starting_wave
    from convert.training.wave.start_from import started_from
    from convert.training.wave.training import BATCH, train_wave

    goal, options = draft.goal, draft.goal.options
    assert options.steps is not None
    task = goal.sample.dataset.task

    def batches(first: int) -> Iterator[tuple[Images, Values]]:
        for number, (images, labels) in enumerate(_training_batches(draft, BATCH, first), first):
            moved = options.augment and task == "classification"
            yield shifted(images, np.random.default_rng((options.seed, number))) if moved else images, labels

    recipe = RECIPES[options.trained_by](options.spiking_batches, _goals(draft), SURROGATES[options.surrogate])
    recipe = replace(recipe, pruned=options.prune)
    start = starting_wave(draft.network, options.steps, goal.rates.targets_hz)
    if options.start_from is not None:
        start = started_from(start, load_network(options.start_from))
        recipe = recipe.continued()
    with goal.progress("training through the steps", options.spiking_batches) as advance:
        wave = train_wave(start, batches, goal.teacher, recipe, seed=options.seed, kept=goal.kept, advance=advance)
    firing = firing_rates(wave, affordable(draft.network, goal.sample.calibration))
    arrival = {p.name: wave.busy[p.name].start for p in wave.network.chip_populations}
    return _with_source_rates(replace(draft, network=wave.delivered(), firing=firing, arrival=arrival))


def _goals(draft: Draft) -> Goals:
    """What the training of a wave makes small, by the options and the task."""
    from convert.training.gradients import cross_entropy, distillation, relative_squared
    from convert.training.wave.aim import Goals, RateBounds

    options, classes = draft.goal.options, draft.goal.sample.dataset.task not in NUMBERS
    return Goals(
        loss=distillation if classes else relative_squared,
        of_labels=cross_entropy if classes and options.labels_weight else None,
        labels=options.labels_weight,
        penalty=options.spike_penalty,
        rates=RateBounds(options.rate_loss, options.percentile) if options.rate_loss else None,
    )


def let_images_follow(draft: Draft) -> Draft:
    """Every layer cleared after an image, if the options say so: the next one can come while it is on its way."""
    from convert.training.wave import following

    if not draft.goal.options.follow:
        return draft
    return _with_source_rates(replace(draft, network=following.let_images_follow(draft.network)))


def relay_spikes(draft: Draft) -> Draft:
    """Relays for the layers that the options name, with the rates of these; what comes later gets its bias later."""
    names = [name for name in draft.goal.options.relayed if name not in draft.silent]
    network, firing = with_relays(draft.network, names), draft.firing
    delay = later(draft.network, network)
    mean_hz = {**firing.mean_hz, **{relay_of(name): firing.mean_hz[name] for name in names}}
    peak_hz = {**firing.peak_hz, **{relay_of(name): firing.peak_hz[name] for name in names}}
    return replace(
        draft,
        network=network,
        firing=replace(firing, mean_hz=mean_hz, peak_hz=peak_hz),
        arrival={name: step + delay[name] for name, step in draft.arrival.items()},
    )


def start_biases_late(draft: Draft) -> Draft:
    """Biases delivered by host neurons from the step on at which a layer's drive has arrived."""
    return _with_source_rates(replace(draft, network=with_bias_onset(draft.network, draft.arrival)))


def _with_source_rates(draft: Draft) -> Draft:
    """With the rates of the host neurons that bring biases."""
    network, firing = draft.network, draft.firing
    sources = [p for p in network.populations if p.name not in firing.mean_hz]
    steps = np.arange(network.timesteps)
    constant_hz = {p.name: (p.bias_hz * p.driven(steps).mean()).astype(np.float32) for p in sources}
    mean_hz, peak_hz = {**firing.mean_hz, **constant_hz}, {**firing.peak_hz, **constant_hz}
    return replace(draft, network=network, firing=replace(firing, mean_hz=mean_hz, peak_hz=peak_hz))


CALIBRATION: tuple[Stage, ...] = (
    leave_out_silent,
    scale_rates,
    check_agreement,
    set_neurons,
    filter_synapses,
    fit_layers,
)
TRAINING: tuple[Stage, ...] = (train_through_spikes,)
LAST: tuple[Stage, ...] = (relay_spikes, start_biases_late)
WAVE: tuple[Stage, ...] = (
    leave_out_silent,
    scale_rates,
    check_agreement,
    set_neurons,
    train_wave_of_spikes,
    let_images_follow,
)


def run_stages(draft: Draft, stages: Sequence[Stage] | None = None) -> Draft:
    """``draft`` after all ``stages``; by default those of a wave where images are shown for a few steps."""
    usual = (*CALIBRATION, *TRAINING, *LAST) if draft.goal.options.steps is None else WAVE
    for stage in usual if stages is None else stages:
        draft = stage(draft)
    return draft
