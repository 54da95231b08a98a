"""The fast emulator beside NengoLoihi's own in every simulator that is built: all states of all steps."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from nengo_loihi.emulator.interface import EmulatorInterface, ProbeState
from nengo_loihi.probe import LoihiProbe

from deploy.emulator.chip import KEYS, FastEmulator, recorders


@dataclass
class Seen:
    """One emulator: ``kind`` is never run, refused, identical, both raise or different."""

    kind: str
    why: str = ""
    steps: int = 0
    spikes: int = 0
    voltages: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


SEEN: list[Seen] = []
"""All emulators of this process, in the order that they were built."""


class ComparedEmulator(FastEmulator):
    """Runs NengoLoihi's emulator of the same model on the same inputs, and writes into ``SEEN`` what it finds."""

    def __init__(self, model: Any, seed: int | None = None) -> None:
        super().__init__(model, seed=seed)
        self.seen = Seen("refused", self.slow_because) if self.slow_because else Seen("never run")
        SEEN.append(self.seen)
        if self.slow_because:
            return
        info = self.block_info
        self.everything = [LoihiProbe(target=info.blocks, key=key) for key in KEYS]
        probes = [*model.probes, *self.everything]
        self._recorders = recorders(probes, info.slices, info.n_compartments)
        self.probes.outputs.update({probe: [[] for _ in info.blocks] for probe in self.everything})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.stock = EmulatorInterface(model, seed=self.seed)
        self.stock.probes = ProbeState(self.stock.block_info, probes, model.dt)
        self.stock.inputs = [copy.copy(spikes) for spikes in self.inputs]

    def run_steps(self, steps: int) -> None:
        if self.slow_because:
            super().run_steps(steps)
            return
        for ours, theirs in zip(self.inputs, self.stock.inputs, strict=True):
            theirs.spikes = dict(ours.spikes)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = _outcome(lambda: EmulatorInterface.run_steps(self.stock, steps))
        got = _outcome(lambda: FastEmulator.run_steps(self, steps))
        self._compare(steps, expected, got)
        if got is not None:
            raise got

    def _compare(self, steps: int, expected: Exception | None, got: Exception | None) -> None:
        seen = self.seen
        if expected is not None or got is not None:
            seen.kind, seen.why = ("both raise", str(got)) if repr(expected) == repr(got) else ("different", repr(got))
            return
        seen.kind = "identical" if seen.kind == "never run" else seen.kind
        seen.steps += steps
        for probe in self.probes.outputs:
            for a, b in zip(self.probes.outputs[probe], self.stock.probes.outputs[probe], strict=True):
                self._check(f"{probe.key} in the last {steps} steps", np.asarray(a), np.asarray(b))
        for name in ("input", "current", "voltage", "spiked", "spike_count", "ref_count"):
            self._check(name, getattr(self.compartment, name), getattr(self.stock.compartment, name))
        spikes, _, voltages = (self.probes.outputs[probe] for probe in self.everything)
        seen.spikes += sum(int(np.sum(part)) for part in spikes)
        seen.voltages += sum(np.asarray(part).size for part in voltages)
        for probe in self.everything:
            self.probes.clear_probe(probe)
            self.stock.probes.clear_probe(probe)

    def _check(self, what: str, got: np.ndarray, expected: np.ndarray) -> None:
        if got.dtype != expected.dtype or not np.array_equal(got, expected):
            self.seen.kind, self.seen.why = "different", what

    def collect_probe_output(self, probe: Any) -> Any:
        got = super().collect_probe_output(probe)
        if not self.slow_because and self.seen.kind != "both raise":
            self._check("what a probe gives", np.asarray(got), np.asarray(self.stock.collect_probe_output(probe)))
        return got

    def chip2host(self, probes_receivers: Any) -> None:
        super().chip2host(probes_receivers)
        if not self.slow_because:
            for probe in probes_receivers:
                self.stock.probes.clear_probe(probe)


def _outcome(action: Callable[[], None]) -> Exception | None:
    try:
        action()
    except Exception as error:
        return error
    return None
