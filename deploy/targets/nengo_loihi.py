"""Target 'emulator': nengo_loihi.Simulator with our tiles, and a fresh state for each input if asked for.

nengo_loihi's simulator cannot reset, and building one takes minutes for a large network; so between inputs its state is
put back by hand: voltages, currents and spikes on their way, on the chip and in the host's neurons.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping

import numpy as np

from deploy.arrays import Float32, Int64
from deploy.emulator.encode import drives_hz
from deploy.events.counts import layer_counts
from deploy.events.fan_out import Fanout, fanouts
from deploy.foreign import LoihiSimulator
from deploy.nengo_loihi.build import ChipForm, chip_form, simulator
from deploy.nengo_loihi.packing import compartments_of

from .readout import spiking_run
from .registry import InputRun, Job, Runner, fitted, window_counts


def prepare(job: Job) -> Runner:
    """Builds one simulator for each call's inputs, which it presents one after the other."""
    job = fitted(job)
    tables = fanouts(job.network, job.partition)

    def run(inputs: Float32, *, by_core: bool = True) -> Iterator[InputRun]:
        if job.following:
            yield from _behind_each_other(job, tables, inputs)
            return
        host = [p.name for p in job.network.populations if not p.on_chip]
        record = tuple(dict.fromkeys((*job.readout_sources, *host)))
        chip = chip_form(job.network, job.partition, drives_hz(job.network, inputs), record=record)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nengo_loihi fills integers with NaN and tells of lost bits
            built = simulator(chip, job.network, job.partition)
        with built as sim:
            for _ in inputs:
                sim.run_steps(job.network.timesteps)
                yield _collect(job, tables, chip, sim)
                sim.clear_probes()
                if not job.continuous:
                    _reset(sim, chip, job)

    return run


def _behind_each_other(job: Job, tables: Mapping[str, Fanout], inputs: Float32) -> Iterator[InputRun]:
    """Inputs that follow each other, step by step, until the last one has left the chip."""
    network, images = job.network, len(inputs)
    assert network.period is not None
    host = [p.name for p in network.populations if not p.on_chip]
    chip = chip_form(network, job.partition, drives_hz(network, inputs), record=host, following=True)
    first, steps = network.first_steps(), network.period * images + max(network.first_steps().values())
    fired = {p.name: np.zeros((images, p.neurons), np.int64) for p in network.populations}
    counts = {
        n: np.zeros((images, len(job.windows), network.population(n).neurons), np.int64) for n in job.readout_sources
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        built = simulator(chip, network, job.partition)
    with built as sim:
        for step in range(steps):
            if step % network.period == 0:
                _rest_host(sim, chip, job)
            sim.run_steps(1)
            for name, spikes in _last_step(job, chip, sim).items():
                image = (step - first[name]) // network.period
                if 0 <= image < images:
                    fired[name][image] += spikes
                for image in range(images) if name in counts else ():
                    inside = [start <= step - image * network.period < stop for start, stop in job.windows]
                    counts[name][image] += np.outer(inside, spikes)
    seen = network.with_(timesteps=network.period)
    for i in range(images):
        read = {name: of_image[i] for name, of_image in counts.items()}
        events = layer_counts(seen, job.partition, tables, {name: of_image[i] for name, of_image in fired.items()})
        yield spiking_run(job, read, events)


def _last_step(job: Job, chip: ChipForm, sim: LoihiSimulator) -> dict[str, Int64]:
    """The spikes of every neuron in the step that has just run."""
    compartment, spikes = sim.sims["emulator"].compartment, {}
    for population in job.network.populations:
        fired = np.zeros(population.neurons, np.int64)
        if population.on_chip:
            neurons, compartments = _neuron_order(job, sim, chip, population.name)
            fired[neurons] = compartment.spiked[compartments]
        else:
            fired[:] = np.asarray(sim.data[chip.probes[population.name]])[-1] > 0
        spikes[population.name] = fired
    sim.clear_probes()
    return spikes


def _collect(job: Job, tables: Mapping[str, Fanout], chip: ChipForm, sim: LoihiSimulator) -> InputRun:
    network, emulator = job.network, sim.sims["emulator"]
    compartment = emulator.compartment
    spikes = {}
    for population in network.populations:
        if population.on_chip:
            index = _neuron_order(job, sim, chip, population.name)
            totals = np.empty(population.neurons, dtype=np.int64)
            totals[index[0]] = compartment.spike_count[index[1]]
        else:
            totals = (np.asarray(sim.data[chip.probes[population.name]]) > 0).sum(axis=0)
        spikes[population.name] = totals
    compartment.spike_count[:] = 0
    counts = {
        name: window_counts(np.asarray(sim.data[chip.probes[name]]) > 0, job.windows) for name in job.readout_sources
    }
    return spiking_run(job, counts, layer_counts(job.network, job.partition, tables, spikes))


def _neuron_order(job: Job, sim: LoihiSimulator, chip: ChipForm, name: str) -> tuple[Int64, Int64]:
    """(neurons of the population, their compartments in the emulator), block after block."""
    population = job.network.population(name)
    numbers = np.arange(population.neurons).reshape(population.shape)
    neurons = [numbers[tuple(slice(*r) for r in block.slice)].ravel() for block in job.partition.blocks_of(name)]
    built = sim.model.objs[chip.form.neurons[name].ensemble]["out"]
    blocks = built if isinstance(built, list) else [built]
    slices = sim.sims["emulator"].block_info.slices
    packing = job.partition.packing(name)
    compartments = [
        slices[block].start + compartments_of(plan, packing)
        for block, plan in zip(blocks, job.partition.blocks_of(name), strict=True)
    ]
    return np.concatenate(neurons), np.concatenate(compartments)


def _reset(sim: LoihiSimulator, chip: ChipForm, job: Job) -> None:
    """A fresh state on the chip and in the host's neurons; time goes on."""
    emulator = sim.sims["emulator"]
    for name in ("input", "current", "voltage", "spiked", "ref_count"):
        getattr(emulator.compartment, name)[...] = 0
    for spikes in emulator.inputs:
        spikes.spikes.clear()
    _rest_host(sim, chip, job)


def _rest_host(sim: LoihiSimulator, chip: ChipForm, job: Job) -> None:
    """The host's neurons as at first."""
    host = sim.sims.get("host_pre") or sim.sims["host"]
    for population in job.network.populations:
        if not population.on_chip and not job.network.replays(population):
            signal = host.model.sig[chip.form.neurons[population.name]]["voltage"]
            host.signals[signal].setflags(write=True)
            host.signals[signal][...] = 0
