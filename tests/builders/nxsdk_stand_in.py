"""A stand-in for NxSDK: a board that records what is uploaded, as registers, and gives it back as integers.

It knows of NxSDK what nengo_loihi's builder calls. What is wrong about the real one cannot be seen here: docs/board.md.
"""

# ruff: noqa: N802, N803  names are those of NxSDK
from __future__ import annotations

import sys
import types
from collections import defaultdict
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
from nengo_loihi.builder.discretize import VTH_EXP

from convert.upstream.nengo_loihi import load_nengo_loihi

MILLIWATTS = {"total": 900.0, "static": 950.0, "dynamic": -50.0}
"""Dynamic power, a difference, may read negative."""
MICROSECONDS = 25.0


class Registers(SimpleNamespace):
    """Anything that is configured by names."""

    def configure(self, **values):
        self.__dict__.update(values)


class Thresholds:
    def __init__(self):
        self.staticCfg = Registers()


class AxonMap(Registers):
    """An input axon; each form of it keeps where its synapses start."""

    def __init__(self):
        for form in ("discreteMapEntry", "population16MapEntry", "population32MapEntry", "singleTraceEntry"):
            setattr(self, form, Registers())


class Core:
    def __init__(self, chip, number):
        self.parent, self.id = chip, 1000 * chip.id + number  # ids are no indices
        for name in (
            "cxProfileCfg",
            "synapseFmt",
            "cxCfg",
            "cxMetaState",
            "synapses",
            "dendriteTimeState",
            "timeState",
        ):
            setattr(self, name, defaultdict(Registers))
        self.vthProfileCfg, self.synapseMap = defaultdict(Thresholds), defaultdict(AxonMap)
        for name in ("stdpPreRandom", "stdpPostRandom", "somaRandom", "synapseRepackRandom", "dendriteSharedCfg"):
            setattr(self, name, Registers())
        self.dendriteAccumCfg, self.numUpdates = Registers(), Registers()
        self.cxState = defaultdict(Registers)
        self.axons = []

    def createPop32Axon(self, **values):
        self.axons.append(values)

    def createDiscreteAxon(self, **values):
        self.axons.append({"srcRelCxId": 0, **values})


class Chip:
    def __init__(self, board, number, cores):
        self.parent, self.id = board, 7 + number
        self.n2CoresAsList = self.n2Cores = [Core(self, n) for n in range(cores)]


class Probe:
    def __init__(self, core_state, compartments, key):
        self.state, self.compartments, self.key = core_state, compartments, key
        self.timeSeries = SimpleNamespace(data=[])


class Board:
    """An ``N2Board``: what was asked of it stays in it."""

    made: ClassVar[list[Board]] = []

    def __init__(self, id, n_chips, n_cores_per_chip, n_synapses_per_core):
        self.n2Chips = [Chip(self, n, cores) for n, cores in zip(range(n_chips), n_cores_per_chip, strict=True)]
        self.monitor, self.probes, self.energy = SimpleNamespace(probe=self._probe), [], None
        self.started, self.steps = False, 0
        self.executor = SimpleNamespace(hasStarted=lambda: self.started)
        Board.made.append(self)

    def _probe(self, state, compartments, key):
        self.probes.append([Probe(state, c, key) for c in compartments])
        return self.probes[-1]

    def probe(self, *, probeType, probeCondition):
        assert not self.started, "probes are set before the board starts"
        self.energy = (probeType, probeCondition)

    def start(self):
        self.started = True

    def run(self, steps, aSync=False):
        """Nothing fires: what a chip does with the record is not the stand-in's to know."""
        self.steps += steps
        for probes in self.probes:
            for probe in probes:
                probe.timeSeries.data.extend([0] * steps)

    def disconnect(self):
        self.started = False
        if self.energy is not None:
            stats = SimpleNamespace(power=MILLIWATTS, timePerTimestep=MICROSECONDS)
            self.energyTimeMonitor = SimpleNamespace(powerProfileStats=stats)


class Generator:
    """A ``BasicSpikeGenerator``."""

    def __init__(self, board):
        self.spikes = []

    def addSpike(self, **values):
        self.spikes.append({"srcAtom": 0, **values})

    def addPop32Spike(self, **values):
        self.spikes.append(values)

    def addPop16Spike(self, **values):
        raise AssertionError("no axon of this program is of 16 bits")


def stand_in(monkeypatch):
    """Puts the stand-in where nengo_loihi and the target 'loihi' look for NxSDK; returns the boards that are made."""
    load_nengo_loihi()
    import nengo_loihi.hardware.builder as builder
    import nengo_loihi.hardware.interface as interface
    import nengo_loihi.simulator as simulator

    Board.made = []
    monkeypatch.setattr(builder, "NxsdkBoard", Board)
    monkeypatch.setattr(builder, "SpikeGen", Generator)
    monkeypatch.setattr(interface, "nxsdk", SimpleNamespace(__version__="1.0.0"))
    monkeypatch.setattr(interface, "assert_nxsdk", lambda: None)
    monkeypatch.setattr(interface, "SpikeProbe", SimpleNamespace(probeDict={}))
    monkeypatch.setattr(simulator, "HAS_NXSDK", True)
    monkeypatch.setattr("deploy.targets.loihi.find_spec", lambda name: object())
    enums = {"ProbeParameter": SimpleNamespace(ENERGY="energy")}
    conditions = {"PerformanceProbeCondition": SimpleNamespace}
    for name, content in {
        "nxsdk": {},
        "nxsdk.api": {},
        "nxsdk.api.enums": {},
        "nxsdk.api.enums.api_enums": enums,
        "nxsdk.graph": {},
        "nxsdk.graph.monitor": {},
        "nxsdk.graph.monitor.probes": conditions,
    }.items():
        module = types.ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return Board.made


def uploaded_neurons(board):
    """(threshold, bias, decay of the current, of the voltage, least voltage) of the compartments of each core."""
    found = []
    for core in (core for chip in board.n2Chips for core in chip.n2CoresAsList):
        rows = []
        for place in sorted(core.cxCfg):
            cfg = core.cxCfg[place]
            profile, shared = core.cxProfileCfg[cfg.cxProfile], core.dendriteSharedCfg
            vth = core.vthProfileCfg[cfg.vthProfile].staticCfg.vth * 2**VTH_EXP
            bias = cfg.bias * 2**cfg.biasExp
            rows.append((vth, bias, profile.decayU, profile.decayV, 1 - 2**shared.negVmLimit))
        found.append(np.array(rows, np.int64))
    return found


def added_by(board, chip_id, core_id, axon, atom):
    """(core, weight that each compartment of it gets) when a spike names this core, axon and atom."""
    number, core = next(
        (n, core) for n, core in enumerate(cores_of(board)) if (core.parent.id, core.id) == (chip_id, core_id)
    )
    entry = core.synapseMap[axon]
    form = entry.population32MapEntry if hasattr(entry.population32MapEntry, "cxBase") else entry.discreteMapEntry
    weights = np.zeros(max(core.cxCfg) + 1 + 512, np.int64)
    for place in range(entry.synapseLen):
        synapse = core.synapses[entry.synapsePtr + atom * entry.synapseLen + place]
        scale = 2 ** (6 + core.synapseFmt[synapse.synFmtId].wgtExp)
        weights[form.cxBase + synapse.CIdx] += synapse.Wgt * scale
    assert not weights[max(core.cxCfg) + 1 :].any()
    return number, weights[: max(core.cxCfg) + 1]


def cores_of(board):
    return [core for chip in board.n2Chips for core in chip.n2CoresAsList]


def uploaded_weights(board, inputs, chosen=None):
    """What one spike of each compartment, and of each neuron of each input, adds: (sources, compartments of all cores).

    ``inputs`` are the numbers of neurons of the inputs, in the order in which they were built; ``chosen`` are the
    sources whose rows are given, in ascending order, all without it.
    """
    sizes = [max(core.cxCfg) + 1 for core in cores_of(board)]
    first = np.cumsum([0, *sizes])
    chosen = np.arange(first[-1] + sum(inputs)) if chosen is None else chosen
    row = {int(source): k for k, source in enumerate(chosen)}
    rows = np.zeros((len(row), first[-1]), np.int64)

    def add(source, chip_id, core_id, axon, atom):
        number, weights = added_by(board, chip_id, core_id, axon, atom)
        rows[row[source], first[number] : first[number + 1]] += weights

    for number, core in enumerate(cores_of(board)):
        for axon in core.axons:
            source = first[number] + axon["srcCxId"]
            if source in row:
                add(source, axon["dstChipId"], axon["dstCoreId"], axon["dstSynMapId"], axon["srcRelCxId"])
    start = first[-1]
    for neurons, spikes in zip(inputs, board.spike_inputs.values(), strict=True):
        for neuron in range(neurons):
            for axon in spikes.axon_map[neuron] if start + neuron in row else ():
                add(start + neuron, *(int(axon[key]) for key in ("chip_id", "core_id", "axon_id", "atom")))
        start += neurons
    return rows
