"""The populations and projections of a network as rows of the report."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import structs

from convert.network import Network, Projection, SharedKernel

from .report import LayerOutline, ProjectionOutline


def layers_of(network: Network, cores: Mapping[str, int]) -> tuple[LayerOutline, ...]:
    """A row for each population; ``cores`` has some of them."""
    return tuple(
        LayerOutline(
            name=p.name,
            kind=p.source_layer,
            shape=p.shape,
            neurons=p.neurons,
            on_chip=p.on_chip,
            cores=cores.get(p.name),
        )
        for p in network.populations
    )


def projections_of(network: Network) -> tuple[ProjectionOutline, ...]:
    """A row for each projection; single synapses between the same two count as one projection."""
    found: dict[tuple[str, str, bool], ProjectionOutline] = {}
    for projection in network.projections:
        row = _row(network, projection)
        key = row.source, row.target, row.kernel is None
        synapses = row.synapses + (found[key].synapses if key in found else 0)
        found[key] = structs.replace(row, synapses=synapses)
    return tuple(found.values())


def _row(network: Network, projection: Projection) -> ProjectionOutline:
    source, target = network.shape_of(projection.source), network.shape_of(projection.target)
    transform = projection.transform
    shared = isinstance(transform, SharedKernel)
    return ProjectionOutline(
        source=projection.source,
        target=projection.target,
        weights="shared kernel" if shared else "single synapses",
        kernel=transform.kernel.shape[:2] if isinstance(transform, SharedKernel) else None,
        synapses=int(transform.fan_out(source, target).sum()),
    )
