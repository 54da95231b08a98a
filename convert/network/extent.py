"""How large a network is, in the numbers that memory and time are foreseen from; weights do not matter."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from .network import INPUT, Network, Projection
from .transforms import Convolution, SharedKernel


@dataclass(frozen=True)
class Extent:
    """``neurons`` of each population; ``weights`` stored, by kernels and single synapses; ``synapses``, all of them.

    ``patch`` is the most numbers that the convolutions of one population see of one image, a patch for each pixel.
    ``read`` are the neurons that readouts take, ``outputs`` the numbers of all readouts.
    """

    inputs: int
    neurons: tuple[int, ...]
    kernel_weights: int
    single_weights: int
    synapses: int
    patch: int
    read: int
    outputs: int

    @property
    def all(self) -> int:
        return sum(self.neurons)

    @property
    def widest(self) -> int:
        return max(self.neurons, default=0)


def extent_of(network: Network) -> Extent:
    """The extent of ``network``, which may be foreseen only."""
    kernels, singles, synapses = 0, 0, 0
    patches: dict[str, int] = {}
    for projection in network.projections:
        transform = projection.transform
        reached = _synapses(network, projection)
        synapses += reached
        if isinstance(transform, SharedKernel):
            kernels += transform.kernel.size
        if isinstance(transform, Convolution):
            rows, columns, _ = network.shape_of(projection.target)
            patch = rows * columns * prod(transform.kernel.shape[:3])
            patches[projection.target] = patches.get(projection.target, 0) + patch
        if not isinstance(transform, SharedKernel):
            singles += reached
    readouts = {readout.name for readout in network.readouts}
    read = {p.source for p in network.projections if p.target in readouts and p.source != INPUT}
    return Extent(
        inputs=prod(network.input.shape),
        neurons=tuple(p.neurons for p in network.populations),
        kernel_weights=kernels,
        single_weights=singles,
        synapses=synapses,
        patch=max(patches.values(), default=0),
        read=sum(network.population(name).neurons for name in read),
        outputs=sum(prod(readout.shape) for readout in network.readouts),
    )


def _synapses(network: Network, projection: Projection) -> int:
    source, target = network.shape_of(projection.source), network.shape_of(projection.target)
    return int(projection.transform.fan_out(source, target).sum())
