"""Small random networks of every kind the toolchain makes, from a ``random.Random``: hypothesis can shrink them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import numpy as np
from scipy import sparse

from convert.network import (
    INPUT,
    Convolution,
    ConvolutionTranspose,
    Input,
    Margins,
    Network,
    Neuron,
    Population,
    Projection,
    Readout,
    Shape,
    SharedKernel,
    Sparse,
    TimeCourse,
    Transform,
    host_population,
)
from convert.network.or_pooling import or_pooling
from convert.network.relays import relay_problems, with_relays
from convert.network.transforms import WHOLE
from convert.training.wave.pruning import kept
from partition.core.synapse_lists import packings
from partition.geometry.links import links_onto_chip
from partition.geometry.tile import Tile, tile_slices
from partition.result import Block, Partition
from tests.builders.boards import row_of_chips


@dataclass(frozen=True)
class Case:
    """A network, a partition of it and the drives of its host population in Hz, shape (images, neurons)."""

    network: Network
    partition: Partition
    drives_hz: dict[str, np.ndarray]


LEAKS = (0.0, 1 / 4096, 0.04, 0.25, 0.75, 4095 / 4096)


def random_case(
    random: Random, images: int = 2, timesteps: int = 12, *, crops: bool = False, leaky: bool = False
) -> Case:
    """A network of 2 to 5 chip populations; one in four is so loud that its accumulators overflow.

    With ``crops`` convolutions leave out pixels of the larger side, with ``leaky`` most voltages decay.
    """
    rng = np.random.default_rng(random.randrange(2**32))
    loud = random.random() < 0.25
    shapes: dict[str, Shape] = {"host": (random.randint(2, 7), random.randint(2, 7), random.choice([1, 2, 3, 6, 8]))}
    projections = [Projection(INPUT, "host", Convolution(rng.normal(size=(3, 3, 1, shapes["host"][2])) * 100))]
    for number in range(random.randint(2, 5)):
        name = f"layer{number}"
        sources = list(shapes)
        first = random.choice(sources[-2:])
        transform, shape = random_transform(random, rng, shapes[first], loud, crops)
        projections.append(Projection(first, name, transform))
        for _ in range(random.choice([0, 0, 1, 2])):
            other = random.choice(sources)
            projections.append(Projection(other, name, joining_transform(random, rng, shapes[other], shape, loud)))
        shapes[name] = shape
    populations = [host_population("host", "host", np.zeros(shapes["host"]), 1.0)]
    for name, shape in list(shapes.items())[1:]:
        floor = random.choice([0.0, 0.0, -0.3, -1.0, -5.0])
        synapse_s = random.choice([0.0, 0.0, 0.0007, 0.001, 0.005])
        bias_hz = random_bias(random, rng, shape)
        neuron = Neuron(floor=floor, leak=random.choice([*LEAKS, random.random()]) if leaky else 0.0)
        populations.append(Population(name, "layer", shape, bias_hz, 1.0, neuron=neuron, synapse_s=synapse_s))
    last = populations[-1]
    readout = Readout("output", (1, 1, 2), np.zeros((1, 1, 2)))
    matrix = sparse.csr_array(rng.normal(size=(2, last.neurons)))
    projections.append(Projection(last.name, "output", Sparse(matrix)))
    network = Network(
        Input((*shapes["host"][:2], 1)),
        tuple(populations),
        tuple(projections),
        (readout,),
        timesteps=timesteps,
    )
    size = (images, populations[0].neurons)
    drives = rng.uniform(0, 900, size) * (rng.random(size) < 0.7)
    return Case(network, random_partition(random, network), {"host": drives + (1500 if loud else 0)})


def with_events(case: Case, random: Random) -> Case:
    """The same network, whose host population sends on events."""
    rng = np.random.default_rng(random.randrange(2**32))
    host = case.network.population("host")
    identity = Projection(INPUT, "host", Convolution(np.eye(host.shape[2])[None, None]))
    projections = (identity, *(p for p in case.network.projections if p.source != INPUT))
    network = case.network.with_(input=Input(host.shape, TimeCourse.EVENTS), projections=projections)
    size = (len(case.drives_hz["host"]), network.timesteps, host.neurons)
    return replace(case, network=network, drives_hz={"host": (rng.random(size) < 0.3).astype(np.uint8)})


def with_synapses_left_out(case: Case, random: Random) -> Case:
    """The same network, half of whose kernels have lost a random share of each tap, and some a few weights more."""
    rng = np.random.default_rng(random.randrange(2**32))

    def less(transform: Transform) -> Transform:
        if not isinstance(transform, SharedKernel) or random.random() < 0.5:
            return transform
        kernel = transform.kernel * kept(transform.kernel, random.random())
        return transform.with_weights(kernel * (rng.random(kernel.shape) < random.choice([0.8, 1.0])))

    projections = tuple(
        p if p.source == INPUT else replace(p, transform=less(p.transform)) for p in case.network.projections
    )
    return replace(case, network=case.network.with_(projections=projections))


def with_loops(case: Case, random: Random) -> Case:
    """The same network with one to three projections that go back, to their own source or to an earlier population."""
    rng = np.random.default_rng(random.randrange(2**32))
    layers = case.network.chip_populations
    back = []
    for _ in range(random.randint(1, 3)):
        source = random.randrange(len(layers))
        target = random.choice([source, random.randint(0, source)])
        transform = joining_transform(random, rng, layers[source].shape, layers[target].shape, loud=False)
        back.append(Projection(layers[source].name, layers[target].name, transform))
    projections = [*case.network.projections, *back]
    random.shuffle(projections)
    network = case.network.with_(projections=tuple(projections))
    return replace(case, network=network, partition=random_partition(random, network))


def with_relay(case: Case, random: Random) -> tuple[Case, str]:
    """The same network, in which a population whose spikes others on the chip take has relays; its name."""
    able = [p.name for p in case.network.chip_populations if not relay_problems(case.network, [p.name])]
    name = random.choice(able)
    network = with_relays(case.network, [name])
    return replace(case, network=network, partition=random_partition(random, network)), name


def with_or_pooling(case: Case, random: Random) -> tuple[Case, np.ndarray]:
    """The same network with a population 'pool', which joins the spikes of windows of some other one and drives the
    last; and which neurons look at which, shape (neurons of 'pool', neurons of their source)."""
    rng = np.random.default_rng(random.randrange(2**32))
    *populations, last = case.network.populations
    place = random.randrange(len(populations))
    source = populations[place]
    size, strides = ((random.randint(1, 3), random.randint(1, 3)) for _ in range(2))
    fitting = (min(size[0], source.shape[0]), min(size[1], source.shape[1]))
    padding = random.choice(["same", "valid"])
    pool, joined = or_pooling("pool", source, fitting, strides, padding)
    onward = joining_transform(random, rng, pool.shape, last.shape, loud=False)
    network = case.network.with_(
        populations=(*populations[: place + 1], pool, *populations[place + 1 :], last),
        projections=(*case.network.projections, joined, Projection("pool", last.name, onward)),
    )
    windows = joined.transform.as_matrix(source.shape, pool.shape).toarray() != 0
    return replace(case, network=network, partition=random_partition(random, network)), windows


def random_transform(
    random: Random, rng: np.random.Generator, source: Shape, loud: bool, crops: bool
) -> tuple[Transform, Shape]:
    """A first projection and the shape that it gives its target."""
    kind = random.choice(["convolution", "convolution", "convolution", "transpose", "dense", "sparse"])
    channels = random.choice([1, 2, 3, 5, 8, 17])
    if kind == "convolution":
        size = (random.randint(1, 5), random.randint(1, 5))
        strides = (random.randint(1, 2), random.randint(1, 2))
        padding = random.choice(["same", "same", "valid"])
        crop = random_margins(random, source) if crops else WHOLE
        kept = [source[a] - sum(crop[a]) for a in (0, 1)]
        if padding == "valid":
            size = (min(size[0], kept[0]), min(size[1], kept[1]))
        spans = [kept[a] if padding == "same" else kept[a] - size[a] + 1 for a in (0, 1)]
        shape = (-(-spans[0] // strides[0]), -(-spans[1] // strides[1]), channels)
        kernel = random_kernel(random, rng, (*size, source[2], channels), loud)
        return Convolution(kernel, strides, padding, crop), shape
    if kind == "transpose" and source[0] * source[1] <= 25:
        size = (random.randint(1, 4), random.randint(1, 4))
        strides = (random.randint(1, 2), random.randint(1, 2))
        padding = random.choice(["same", "valid"])
        beyond = [max(k - s, 0) if padding == "valid" else 0 for k, s in zip(size, strides, strict=True)]
        shape = (source[0] * strides[0] + beyond[0], source[1] * strides[1] + beyond[1], min(channels, 5))
        crop = random_margins(random, shape) if crops else WHOLE
        kernel = random_kernel(random, rng, (*size, source[2], shape[2]), loud)
        shape = (shape[0] - sum(crop[0]), shape[1] - sum(crop[1]), shape[2])
        return ConvolutionTranspose(kernel, strides, padding, crop), shape
    shape = (1, 1, random.randint(1, 40)) if kind == "dense" else (random.randint(1, 6), random.randint(1, 6), channels)
    return joining_transform(random, rng, source, shape, loud), shape


def random_margins(random: Random, shape: Shape) -> Margins:
    """Up to two pixels at each border, of which at least one is left."""
    rows, columns = ([random.randint(0, min(2, (size - 1) // 2)) for _ in range(2)] for size in shape[:2])
    return (rows[0], rows[1]), (columns[0], columns[1])


def joining_transform(random: Random, rng: np.random.Generator, source: Shape, target: Shape, loud: bool) -> Transform:
    """A further projection into a population that has its shape already."""
    if source[:2] == target[:2] and random.random() < 0.7:
        size = (random.randint(1, 3), random.randint(1, 3))
        return Convolution(random_kernel(random, rng, (*size, source[2], target[2]), loud))
    shape = (int(np.prod(target)), int(np.prod(source)))
    filling = random.choice([0.02, 0.2, 0.6, 1.0])
    filled = rng.random(shape) < filling
    filled[-1, -1] = True  # nengo_loihi refuses a matrix without entries
    weights = random_kernel(random, rng, (1, 1, shape[1], shape[0]), loud)[0, 0].T * filled + 1e-9 * filled
    return Sparse(sparse.csr_array(weights))


def random_kernel(random: Random, rng: np.random.Generator, shape: tuple[int, ...], loud: bool) -> np.ndarray:
    """Weights that keep the next layer firing; now and then none at all, or one that dwarfs the rest."""
    kernel = rng.normal(0.2, 1.0, shape) * random.choice([0.3, 1.0, 4.0]) / np.sqrt(np.prod(shape[:3]))
    if loud:
        kernel = rng.uniform(0.7, 1.0, shape) * random.choice([-1.0, 1.0, 1.0])
    if random.random() < 0.05:
        kernel = kernel * 0
    if random.random() < 0.1:
        kernel[0, 0, 0, -1] = 50.0
    return kernel


def random_bias(random: Random, rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Biases in Hz: none, one for each channel, one for each neuron, or huge."""
    size = random.choice([0.0, 50.0, 50.0, 300.0, 20000.0])
    alike = random.random() < 0.6
    return np.broadcast_to(rng.normal(0.3, 1, (1, 1, shape[2]) if alike else shape) * size, shape).copy()


def random_partition(random: Random, network: Network) -> Partition:
    """Random tiles and packings, blocks strewn over three chips."""
    tiles: dict[str, Tile] = {}
    for population in network.chip_populations:
        rows, columns, channels = (random.choice([1, 2, 3, size, size]) for size in population.shape)
        tile = (min(rows, population.shape[0]), min(columns, population.shape[1]), min(channels, population.shape[2]))
        while np.prod([-(-n // t) for n, t in zip(population.shape, tile, strict=True)]) > 40:
            tile = tuple(min(2 * t, n) for n, t in zip(population.shape, tile, strict=True))  # type: ignore[assignment]
        tiles[population.name] = tile
    blocks: list[Block] = []
    cores = [0, 0, 0]
    for population in network.chip_populations:
        for slices in tile_slices(population.shape, tiles[population.name]):
            chip = random.randrange(3)
            blocks.append(Block(population.name, slices, chip, cores[chip]))
            cores[chip] += 1
    links = links_onto_chip(network)
    packed = {
        name: random.choice(packings([link for link in links if link.target == name], tile))
        for name, tile in tiles.items()
    }
    return Partition(row_of_chips(3), tiles, tuple(blocks), packed)
