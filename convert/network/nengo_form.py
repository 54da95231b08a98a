"""Network -> ``nengo.Network``: the Nengo ecosystem's own form of it, and the reference for its meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import nengo
import numpy as np
from nengo.dists import Choice
from numpy.typing import NDArray
from scipy import sparse

from convert.upstream.types import NengoObject

from .cropped_transpose import CroppedConvolutionTranspose
from .network import INPUT, Network, Population, Projection
from .neuron import Neuron
from .transforms import WHOLE, Convolution, ConvolutionTranspose, Shape, SharedKernel, Sparse, Transform


class HardResetRectifiedLinear(nengo.SpikingRectifiedLinear):  # type: ignore[misc]
    """Integrate-and-fire as Loihi does it: at most one spike a step, reset to 0, voltage floored at ``min_voltage``.

    v = (1 - leak) v + dt * J; v = max(v, min_voltage); spike and v = 0 where v > 1. Voltages are in thresholds.
    """

    negative = True
    min_voltage = nengo.params.NumberParam("min_voltage", high=0)
    leak = nengo.params.NumberParam("leak", low=0, high=1)

    def __init__(
        self,
        min_voltage: float = 0.0,
        amplitude: float = 1.0,
        initial_state: NengoObject = None,
        leak: float = 0.0,
    ) -> None:
        super().__init__(amplitude=amplitude, initial_state=initial_state or {"voltage": Choice([0])})
        self.min_voltage = min_voltage
        self.leak = leak

    def step(self, dt: float, J: Any, output: Any, voltage: Any) -> None:  # noqa: N803
        voltage *= 1 - self.leak
        voltage += J * dt
        np.maximum(voltage, self.min_voltage, out=voltage)
        spiked = voltage > 1
        output[:] = spiked * (self.amplitude / dt)
        voltage[spiked] = 0


def host_neurons() -> NengoObject:
    """Neurons that encode the image on the host: several spikes a step, overshoot kept, v = 0 at first."""
    return nengo.SpikingRectifiedLinear(initial_state={"voltage": Choice([0])})


class ReplayedSpikes(nengo.neurons.NeuronType):  # type: ignore[misc]
    """Neurons on the host that send on what they are given: ``J``, 1 / dt for an event."""

    spiking = True
    negative = False

    def step(self, dt: float, J: Any, output: Any) -> None:  # noqa: N803
        output[:] = J


def chip_neurons(neuron: Neuron) -> NengoObject:
    """Neurons on the chip, of this equation."""
    return HardResetRectifiedLinear(min_voltage=neuron.floor, leak=neuron.chip_leak)


@dataclass(frozen=True)
class NengoForm:
    """A network in Nengo: ``drive`` maps a host population to the Node that gives its input current in Hz."""

    net: NengoObject
    drive: dict[str, NengoObject]
    neurons: dict[str, NengoObject]
    connections: list[tuple[Projection, NengoObject]]


def to_nengo(
    network: Network, drives_hz: dict[str, NDArray[np.float64]] | None = None, *, following: bool = False
) -> NengoForm:
    """The populations and projections of ``network`` as ensembles and connections.

    ``drives_hz`` has the drive of each host population over the images, shape (images, neurons); each image is shown
    for ``network.timesteps`` steps, or, ``following``, the next one comes after ``network.period``. A population that
    sends on events has how many there are in each step, (images, steps, neurons). Without it the nodes give zeros and
    can be fed by NengoDL.
    """
    show = presented_behind if following else presented
    drive, neurons, connections = {}, {}, []
    with nengo.Network(seed=0) as net:
        for population in network.populations:
            replays = network.replays(population)
            neurons[population.name] = add_population(population, ReplayedSpikes() if replays else None)
            if not population.on_chip:
                output: NengoObject = np.zeros(population.neurons)
                if drives_hz is not None:
                    show_it = replayed if replays else show
                    output = show_it(drives_hz[population.name], network, population)
                drive[population.name] = nengo.Node(output, label=f"{population.name} drive")
                nengo.Connection(drive[population.name], neurons[population.name], synapse=None)
        for projection in network.projections:
            if projection.source != INPUT and projection.target in neurons:
                source_shape, target = network.shape_of(projection.source), neurons[projection.target]
                source = seen(projection.transform, neurons[projection.source], source_shape)
                transform = nengo_transform(projection.transform, source_shape, network.shape_of(projection.target))
                synapse = network.population(projection.target).synapse_s or None
                connections.append((projection, nengo.Connection(source, target, transform=transform, synapse=synapse)))
    return NengoForm(net, drive, neurons, connections)


def presented(
    drive_hz: NDArray[np.float64], network: Network, population: Population
) -> Callable[[float], NDArray[np.float64]]:
    """The drive over time of images (images, neurons) one after the other, zero where ``population`` is not driven."""
    silent, driven = np.zeros(drive_hz.shape[1]), population.driven(np.arange(network.timesteps))

    def at(t_s: float) -> NDArray[np.float64]:
        image, step = divmod(round(t_s / network.dt_s) - 1, network.timesteps)
        return drive_hz[image % len(drive_hz)] if driven[step] else silent

    return at


def replayed(
    events: NDArray[np.generic], network: Network, population: Population
) -> Callable[[float], NDArray[np.float64]]:
    """Recordings (recordings, steps, neurons) one after the other, silent where one ends early: 1 / dt for an event."""

    def at(t_s: float) -> NDArray[np.float64]:
        recording, step = divmod(round(t_s / network.dt_s) - 1, network.timesteps)
        given = events[recording % len(events)]
        return np.asarray(given[step], np.float64) / network.dt_s if step < len(given) else np.zeros(population.neurons)

    return at


def presented_behind(
    drive_hz: NDArray[np.float64], network: Network, population: Population
) -> Callable[[float], NDArray[np.float64]]:
    """The same for images that follow each other, and no more drive after the last one."""
    assert network.period is not None
    assert population.end_step is not None
    silent, period = np.zeros(drive_hz.shape[1]), network.period
    onset, driven = population.onset_step, population.end_step - population.onset_step

    def at(t_s: float) -> NDArray[np.float64]:
        image, step = divmod(round(t_s / network.dt_s) - 1 - onset, period)
        return drive_hz[image] if 0 <= image < len(drive_hz) and step < driven else silent

    return at


def add_population(population: Population, neuron_type: NengoObject = None) -> NengoObject:
    """The neurons of one population as an ensemble in the current network: drive in Hz in, spikes of 1 / dt out."""
    if neuron_type is None:
        neuron_type = chip_neurons(population.neuron) if population.on_chip else host_neurons()
    return nengo.Ensemble(
        population.neurons,
        1,
        neuron_type=neuron_type,
        gain=Choice([1.0]),
        bias=np.ravel(population.bias_hz) if population.on_chip else Choice([0.0]),
        eval_points=np.zeros((1, 1)),
        encoders=np.ones((population.neurons, 1)),
        label=population.name,
    ).neurons


def seen(transform: Transform, source: NengoObject, shape: Shape) -> NengoObject:
    """What ``nengo_transform`` connects from: those of ``source``, numbers of ``shape``, that are looked at."""
    if not isinstance(transform, Convolution) or transform.crop == WHOLE:
        return source
    rows, columns = transform.seen(shape)
    numbers = np.arange(np.prod(shape)).reshape(shape)
    return source[numbers[np.ix_(rows, columns)].ravel().tolist()]


@singledispatch
def nengo_transform(transform: Transform, source: Shape, target: Shape) -> NengoObject:
    """``transform`` between populations of these shapes as a nengo transform, on what is ``seen`` of the source."""
    raise TypeError(f"no nengo form of {type(transform).__name__}")


@nengo_transform.register
def _(transform: Convolution, source: Shape, target: Shape) -> NengoObject:
    rows, columns = transform.seen(source)
    return nengo.Convolution(target[2], (len(rows), len(columns), source[2]), **_kernel_arguments(transform))


@nengo_transform.register
def _(transform: ConvolutionTranspose, source: Shape, target: Shape) -> NengoObject:
    if transform.crop != WHOLE:
        return CroppedConvolutionTranspose(source, target, transform.crop, **_kernel_arguments(transform))
    return nengo.ConvolutionTranspose(target[2], source, output_shape=target, **_kernel_arguments(transform))


@nengo_transform.register
def _(transform: Sparse, source: Shape, target: Shape) -> NengoObject:
    matrix = sparse.csr_matrix(transform.matrix)  # nengo knows scipy's matrices, not its arrays
    return nengo.transforms.Sparse(matrix.shape, init=matrix)


def _kernel_arguments(transform: SharedKernel) -> dict[str, Any]:
    return {
        "strides": transform.strides,
        "padding": transform.padding,
        "kernel_size": transform.kernel.shape[:2],
        "init": transform.kernel,
    }
