"""The stages that a lowered network goes through, in order: calibration, training, what is done last.

Print the tuples to see what happens; a stage is a function from a ``Draft`` to the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, islice

import numpy as np

from convert.calibration.bias_onset import with_bias_onset
from convert.calibration.firing_rates import measure_firing_rates
from convert.calibration.fit_layers import calibrate_spiking
from convert.calibration.simulate import affordable
from convert.calibration.synaptic_filters import with_synaptic_filters
from convert.data.crops import training_batches
from convert.frontends.original import Images
from convert.lowering.agreement import agreement
from convert.network import Neuron
from convert.network.rescale import with_scales, without_silent
from convert.report import AgreementReport, Task

from .draft import Draft, Stage

NUMBERS: tuple[Task, ...] = ("regression", "anomaly")
"""Tasks whose outputs are as good as their numbers are near."""


def leave_out_silent(draft: Draft) -> Draft:
    """Without the populations that never fire, such as caps of ReLUs that no activation reaches."""
    activity = draft.goal.rates.activity
    network = without_silent(draft.network, {name for name, a in activity.items() if not a.mean})
    kept = {p.name for p in network.populations}
    return draft.with_(network=network, silent=tuple(sorted(set(activity) - kept)))


def scale_rates(draft: Draft) -> Draft:
    """Each population's percentile at its target rate; this is the rate network."""
    scale_hz = draft.goal.rates.scale_hz
    network = with_scales(draft.network, {p.name: scale_hz[p.name] for p in draft.network.populations})
    return draft.with_(network=network, rate_network=network)


def check_agreement(draft: Draft) -> Draft:
    """The rate network beside the original, in NengoDL's simulator, on two images."""
    images = draft.goal.sample.calibration[:2]
    found = agreement(draft.network, images, draft.goal.original.logits(images))
    if not found.holds:
        raise RuntimeError(f"the rate network is {found.max_abs_error:g} off, more than {found.tolerance:g}")
    return draft.with_(agreement=AgreementReport(max_abs_error=found.max_abs_error, tolerance=found.tolerance))


def set_neurons(draft: Draft) -> Draft:
    """The floor of the chip's voltages and the number of steps."""
    options, neuron = draft.goal.options, Neuron(floor=draft.goal.options.vmin)
    populations = tuple(replace(p, neuron=neuron) if p.on_chip else p for p in draft.network.populations)
    return draft.with_(network=draft.network.with_(populations=populations, timesteps=options.timesteps))


def filter_synapses(draft: Draft) -> Draft:
    """A synaptic filter where single spikes are large, or everywhere that of the options."""
    return draft.with_(network=with_synaptic_filters(draft.network, draft.goal.options.synapse_s))


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
    return draft.with_(network=found.network, gains=found.gains, arrival=found.arrival, firing=found.rates)


def train_through_spikes(draft: Draft) -> Draft:
    """Trained on so many batches as the options say, to give the teacher's outputs with its own spikes."""
    from convert.training.tandem import BATCH, distillation_loss, relative_squared_loss, train_spiking

    goal, batches = draft.goal, draft.goal.options.spiking_batches
    if not batches:
        return draft

    def images() -> Iterator[Images]:
        for epoch in count():
            seed = goal.options.seed + epoch
            for inputs, _ in training_batches(goal.sample.dataset, BATCH, goal.sample.shape[:2], seed):
                yield affordable(draft.network, inputs.astype(np.float32))

    with goal.progress("fine-tuning through spikes", batches) as advance:
        network = train_spiking(
            draft.network,
            draft.arrival,
            islice(images(), batches),
            goal.teacher,
            count=batches,
            loss=relative_squared_loss if goal.sample.dataset.task in NUMBERS else distillation_loss,
            advance=advance,
        )
    seen = affordable(network, goal.sample.calibration)
    return draft.with_(network=network, firing=measure_firing_rates(network, draft.arrival, seen))


def start_biases_late(draft: Draft) -> Draft:
    """Biases delivered by host neurons from the step on at which a layer's drive has arrived."""
    network, firing = with_bias_onset(draft.network, draft.arrival), draft.firing
    sources = [p for p in network.populations if p.name not in firing.mean_hz]
    steps = np.arange(network.timesteps)
    constant_hz = {p.name: (p.bias_hz * p.driven(steps).mean()).astype(np.float32) for p in sources}
    mean_hz, peak_hz = {**firing.mean_hz, **constant_hz}, {**firing.peak_hz, **constant_hz}
    return draft.with_(network=network, firing=replace(firing, mean_hz=mean_hz, peak_hz=peak_hz))


CALIBRATION: tuple[Stage, ...] = (
    leave_out_silent,
    scale_rates,
    check_agreement,
    set_neurons,
    filter_synapses,
    fit_layers,
)
TRAINING: tuple[Stage, ...] = (train_through_spikes,)
LAST: tuple[Stage, ...] = (start_biases_late,)


def run_stages(draft: Draft, stages: Sequence[Stage] = (*CALIBRATION, *TRAINING, *LAST)) -> Draft:
    """``draft`` after all ``stages``."""
    for stage in stages:
        draft = stage(draft)
    return draft
