"""Network and partition -> nengo_loihi's own Model and Simulator: the reference emulator and the chip run these."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import nengo

from convert.errors import UserError
from convert.network import Network
from convert.network.nengo_form import HardResetRectifiedLinear, NengoForm, to_nengo
from convert.network.neuron import given_decay
from convert.upstream.nengo_loihi import load_nengo_loihi
from deploy.arrays import Float64
from deploy.events.fan_out import compartments_of_cores
from deploy.foreign import LoihiBlock, LoihiBoard, LoihiModel, LoihiSimulator, NengoNeurons, Probe
from partition.result import Partition
from partition.violations import check_limits, check_partition

from .model import packed_model

POP_TYPE = 32
"""Population axons of 32 bits: any number of channels. Source: nengo_loihi/config.py."""


@dataclass(frozen=True)
class ChipForm:
    """A network in Nengo with the chip's settings; ``probes`` maps each recorded population to its spike probe."""

    form: NengoForm
    probes: dict[str, Probe]


def chip_form(
    network: Network,
    partition: Partition,
    drives_hz: Mapping[str, Float64] | None = None,
    *,
    record: Sequence[str] = (),
    following: bool = False,
) -> ChipForm:
    """The network in Nengo, its host populations off the chip and every other one cut into the partition's tiles.

    ``drives_hz`` are the drives of the host populations, shape (images, neurons); ``record`` names the populations, on
    the chip or the host, whose spikes are probed: 1 / dt for a spike. ``following`` images come
    ``network.period`` steps after each other.
    """
    nengo_loihi = load_nengo_loihi()
    register_hard_reset()
    check_partition(network, partition)
    form = to_nengo(network, None if drives_hz is None else dict(drives_hz), following=following)
    nengo_loihi.add_params(form.net)
    for population in network.populations:
        settings = form.net.config[form.neurons[population.name].ensemble]
        settings.on_chip = population.on_chip
        if population.on_chip:
            settings.block_shape = nengo_loihi.BlockShape(partition.tiles[population.name], population.shape)
    for _, connection in form.connections:
        form.net.config[connection].pop_type = POP_TYPE
    with form.net:
        probes = {name: nengo.Probe(form.neurons[name]) for name in record}
    return ChipForm(form, probes)


def build_model(network: Network, partition: Partition) -> LoihiModel:
    """The network as nengo_loihi builds, splits and discretizes it: a ``nengo_loihi.builder.Model`` of integers."""
    chip = chip_form(network, partition)
    model = _model(chip, network, partition)
    model.build(chip.form.net, discretize=True)
    return model


def simulator(
    chip: ChipForm,
    network: Network,
    partition: Partition,
    *,
    target: Literal["sim", "loihi"] = "sim",
    precompute: bool | None = None,
    snip_spikes: int = 1,
) -> LoihiSimulator:
    """A ``nengo_loihi.Simulator``: ``target`` 'sim' is its emulator, 'loihi' the chip, placed as the partition says.

    On the chip ``precompute`` makes the host's spikes before the run; else a snip passes on ``snip_spikes`` a step.
    """
    nengo_loihi = load_nengo_loihi()
    if target == "loihi":
        check_limits(network, partition)
    options = {
        "n_chips": partition.chips,
        "allocator": PlannedAllocator(partition),
        "snip_max_spikes_per_step": snip_spikes,
    }
    return nengo_loihi.Simulator(
        chip.form.net,
        dt=network.dt_s,
        model=_model(chip, network, partition),
        target=target,
        precompute=precompute,
        hardware_options=options if target == "loihi" else None,
    )


def _model(chip: ChipForm, network: Network, partition: Partition) -> LoihiModel:
    ensembles = {p.name: chip.form.neurons[p.name].ensemble for p in network.chip_populations}
    return packed_model(network, partition, ensembles, network.dt_s)


@functools.cache
def register_hard_reset() -> None:
    """Teaches nengo_loihi's builder ``HardResetRectifiedLinear``: its rectified-linear compartment, ``vmin`` lower,
    with a decay of the voltage."""
    builder = load_nengo_loihi().builder

    def build_hard_reset(
        model: LoihiModel, neuron_type: NengoNeurons, neurons: NengoNeurons, block: LoihiBlock
    ) -> None:
        block.compartment.configure_relu(vth=1.0 / model.dt, dt=model.dt)
        block.compartment.vmin = neuron_type.min_voltage / model.dt
        block.compartment.decay_v[:] = given_decay(neuron_type.leak)

    builder.Builder.register(HardResetRectifiedLinear)(build_hard_reset)


class PlannedAllocator:
    """Puts block k on the chip and core that the partition says; a ``nengo_loihi.hardware.allocators.Allocator``.

    Chips and the cores of a chip keep their order, but numbers that hold no block are closed up: a board has no empty
    chips or cores in nengo_loihi.
    """

    def __init__(self, partition: Partition) -> None:
        self.partition = partition

    def __call__(self, model: LoihiModel, n_chips: int) -> LoihiBoard:
        load_nengo_loihi()
        from nengo_loihi.hardware.allocators import Allocator
        from nengo_loihi.hardware.nxsdk_objects import Board

        planned, blocks = self.partition.on_cores, list(model.blocks)
        sizes = [block.compartment.n_compartments for block in blocks]
        if sizes != compartments_of_cores(self.partition).tolist():
            raise UserError("the partition does not fit the model: run partition-model on this bundle again")
        if self.partition.chips > n_chips:
            raise UserError(f"the partition needs {self.partition.chips} chips, the board has {n_chips}")
        board, allocator = Board(), Allocator()
        for spikes in model.inputs:
            allocator.input_to_board(spikes, board)
        chips = {number: board.new_chip() for number in sorted({block.chip for block in planned})}
        for plan, block in sorted(zip(planned, blocks, strict=True), key=lambda pair: (pair[0].chip, pair[0].core)):
            allocator.block_to_new_core(block, chips[plan.chip])
        board.probes.extend(model.probes)
        return board
