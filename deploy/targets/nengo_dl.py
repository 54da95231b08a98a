"""Target 'nengo-dl': float weights and float neurons in NengoDL's simulator, several inputs at once."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from typing import Any

import nengo
import numpy as np

from convert.errors import UserError
from convert.network.nengo_form import HardResetRectifiedLinear, ReplayedSpikes, to_nengo
from convert.upstream.nengo_dl import load_nengo_dl
from convert.upstream.tensorflow import load_tensorflow
from deploy.arrays import Bool, Float32, Float64
from deploy.emulator.encode import drives_hz
from deploy.events.counts import layer_counts
from deploy.events.fan_out import fanouts

from .readout import spiking_run
from .registry import InputRun, Job, Runner, window_counts

STEPS_AT_A_TIME = 16
"""Steps whose spikes of all populations are held in memory at once."""


def prepare(job: Job) -> Runner:
    """Builds a NengoDL simulator for each call's inputs, one minibatch item each."""
    if job.continuous:
        raise UserError("target 'nengo-dl' starts every image from rest; leave out --continuous or use --target fast")
    if job.network.going_back:
        back = job.network.going_back[0]
        raise UserError(
            f"target 'nengo-dl' passes all layers in one step, and spikes of '{back.source}' go back to "
            f"'{back.target}'; use --target fast"
        )
    nengo_dl = load_nengo_dl()
    register_with_nengo_dl()
    tables = fanouts(job.network, job.partition)

    def run(inputs: Float32, *, by_core: bool = True) -> Iterator[InputRun]:
        form = to_nengo(job.network)
        with form.net:
            nengo_dl.configure_settings(stateful=True, keep_history=True, trainable=False)
            probes = {name: nengo.Probe(neurons) for name, neurons in form.neurons.items()}
        drives = drives_hz(job.network, inputs)
        steps = job.network.timesteps
        totals = {name: np.zeros((len(inputs), neurons.size_out), np.int64) for name, neurons in form.neurons.items()}
        rasters: dict[str, list[Bool]] = {name: [] for name in job.readout_sources}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "No GPU support detected")
            sim = nengo_dl.Simulator(form.net, minibatch_size=len(inputs), progress_bar=False, seed=0)
        with sim:
            for start in range(0, steps, STEPS_AT_A_TIME):
                count = min(STEPS_AT_A_TIME, steps - start)
                data = {form.drive[name]: _during(job, name, d, start, count) for name, d in drives.items()}
                outputs = sim.predict_on_batch(data, n_steps=count, stateful=True)
                for name, probe in probes.items():
                    fired = outputs[probe] > 0
                    totals[name] += fired.sum(axis=1)
                    if name in rasters:
                        rasters[name].append(fired)
        for i in range(len(inputs)):
            counts = {
                name: window_counts(np.concatenate([part[i] for part in parts]), job.windows)
                for name, parts in rasters.items()
            }
            spikes = {name: total[i] for name, total in totals.items()}
            yield spiking_run(job, counts, layer_counts(job.network, job.partition, tables, spikes))

    return run


def _during(job: Job, name: str, drive_hz: Float64, start: int, count: int) -> Float64:
    """The drive in ``count`` steps from ``start`` on, shape (inputs, count, neurons)."""
    if job.network.replays(job.network.population(name)):
        given = np.zeros((len(drive_hz), count, drive_hz.shape[2]))
        part = drive_hz[:, start : start + count]
        given[:, : part.shape[1]] = part / job.network.dt_s
        return given
    driven = job.network.population(name).driven(np.arange(start, start + count))
    return np.asarray(drive_hz[:, None] * driven[:, None])


@functools.cache
def register_with_nengo_dl() -> None:
    """NengoDL's own builders for ``HardResetRectifiedLinear`` and ``ReplayedSpikes``, in TensorFlow."""
    tf = load_tensorflow()
    from nengo_dl import neuron_builders

    class HardResetBuilder(neuron_builders.TFNeuronBuilder):  # type: ignore[misc]
        """v = (1 - leak) v + dt J; v = max(v, vmin); spike and v = 0 where v > 1."""

        spiking = True

        def build_pre(self, signals: Any, config: Any) -> None:
            super().build_pre(signals, config)
            neurons, sizes = [op.neurons for op in self.ops], [op.J.shape[0] for op in self.ops]
            self.floor = signals.op_constant(neurons, sizes, "min_voltage", signals.dtype)
            self.kept = 1 - signals.op_constant(neurons, sizes, "leak", signals.dtype)
            self.height = signals.op_constant(neurons, sizes, "amplitude", signals.dtype) / signals.dt

        def step(self, J: Any, dt: Any, voltage: Any) -> Any:  # noqa: N803
            voltage = tf.maximum(self.kept * voltage + J * dt, self.floor)
            fired = voltage > 1
            return tf.cast(fired, J.dtype) * self.height, tf.where(fired, tf.zeros_like(voltage), voltage)

    class ReplayBuilder(neuron_builders.TFNeuronBuilder):  # type: ignore[misc]
        """Sends on what it is given."""

        spiking = True

        def step(self, J: Any, dt: Any) -> Any:  # noqa: N803
            return J

    kinds = neuron_builders.SimNeuronsBuilder.TF_NEURON_IMPL
    kinds |= {HardResetRectifiedLinear: HardResetBuilder, ReplayedSpikes: ReplayBuilder}
