"""The chip of a ``nengo_loihi.Simulator``, computed by this emulator's loops: the same states, step for step.

It is nengo_loihi's ``EmulatorInterface`` with its arrays, probes and exchange with the host; only its steps are other
ones. What they cannot compute (learning, noise, floating point), nengo_loihi's own steps do.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from convert.errors import UserError
from convert.upstream.nengo_loihi import load_nengo_loihi
from deploy.arrays import Int32, Int64
from deploy.foreign import LoihiModel, LoihiProbe, LoihiRows

from . import stepping
from .arguments import EventLists
from .flat_model import FlatModel, flatten_model
from .from_model import fan_of
from .stepping import Compartments, Moving, Watched

load_nengo_loihi()
from nengo_loihi.emulator.interface import EmulatorInterface  # noqa: E402

STEPS_AT_ONCE = 1000
"""Ctrl-C and warnings of overflow come after so many steps."""

KEYS = ("spiked", "current", "voltage")
"""What the loops can write in every step: attributes of nengo_loihi's ``CompartmentState``."""

OVERFLOWS = ("q0", "current", "u2")
"""What nengo_loihi calls that which wraps, in this order."""


class FastEmulator(EmulatorInterface):  # type: ignore[misc]
    """nengo_loihi's emulator of a built ``Model``, with fast steps; ``slow_because`` says what keeps it from them.

    Overflow warns (or raises, where nengo_loihi is ``strict``) as in nengo_loihi, at most once in ``STEPS_AT_ONCE``
    steps. The arrays of ``compartment`` are the state: they may be read and written between runs. Weights
    are those of the model when this was made.
    """

    def __init__(self, model: LoihiModel, seed: int | None = None) -> None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "invalid value encountered in cast", RuntimeWarning)
            super().__init__(model, seed=seed)
        self.slow_because = ""
        self._flat: FlatModel | None = None
        try:
            self._flat = flatten_model(model)
            self._recorders = recorders(model.probes, self.block_info.slices, self.block_info.n_compartments)
        except UserError as error:
            self._flat, self.slow_because = None, error.problems[0].removesuffix(": run it in nengo_loihi")
            warnings.warn(f"NengoLoihi's own emulator runs this network: {self.slow_because}", stacklevel=3)

    def close(self) -> None:
        """Frees everything but the probes' outputs."""
        super().close()
        self._flat, self._recorders = None, []

    def step(self) -> None:
        """One time step."""
        self.run_steps(1)

    def run_steps(self, steps: int) -> None:
        """``steps`` time steps."""
        if self._flat is None:
            for _ in range(steps):
                super().step()
            return
        while steps > 0:
            now = min(steps, STEPS_AT_ONCE)
            self._run(self._flat, now)
            steps -= now

    def _run(self, flat: FlatModel, steps: int) -> None:
        state, overflow = self.compartment, np.zeros(4, np.int64)
        given = self._given(flat, steps)
        rows = [np.zeros((steps, len(recorder.compartments)), recorder.dtype) for recorder in self._recorders]
        (spiking, flowing, charged), (spikes, currents, voltages) = (r.compartments for r in self._recorders), rows
        stepping.run_steps(
            steps,
            given,
            fan_of(flat),
            Compartments(state.vth, state.vmin, state.vmax, state.bias, state.decay_u, state.decay_v, state.ref),
            Moving(state.current, state.voltage, state.ref_count, state.spiked),
            state.input[0],
            Watched(spiking, spikes, flowing, currents, charged, voltages, state.spike_count, overflow),
        )
        self.t += steps
        for recorder, written in zip(self._recorders, rows, strict=True):
            recorder.hand_out(written, self.probes.outputs)
        for name, count in zip(OVERFLOWS, overflow, strict=False):
            if count:
                state.error(f"Overflow in {name}")

    def _given(self, flat: FlatModel, steps: int) -> EventLists:
        """What the inputs fire in the steps whose spikes arrive in the next ``steps``: none before the first step."""
        arriving = range(self.t, self.t + steps)
        heard = [spikes.spike_idxs(step) if step > 0 else [] for step in arriving for spikes in self.inputs]
        lengths = np.array([len(neurons) for neurons in heard], np.int64)
        ends = np.zeros(steps + 1, np.int64)
        lengths.reshape(steps, len(self.inputs)).sum(axis=1).cumsum(out=ends[1:])
        if not ends[-1]:
            return EventLists(np.zeros(0, np.int32), ends)
        neurons = np.concatenate(heard).astype(np.int64)
        sizes = np.array([spikes.n_neurons for spikes in self.inputs])
        whose = np.repeat(np.arange(len(heard)) % len(sizes), lengths)
        if neurons.min() < 0 or (neurons >= sizes[whose]).any():
            raise IndexError(f"an input spikes with a neuron that it has not: the inputs have {sizes.tolist()} neurons")
        return EventLists((neurons + flat.inputs[whose]).astype(np.int32), ends)


@dataclass(frozen=True)
class Recorder:
    """The compartments of which one key is written, and whose they are: (probe, its block's number, columns)."""

    dtype: type[np.generic]
    compartments: Int64
    parts: tuple[tuple[LoihiProbe, int, slice], ...]

    def hand_out(self, rows: LoihiRows, outputs: dict[LoihiProbe, list[list[Int32]]]) -> None:
        """Appends ``rows``, shape (steps, compartments), to what nengo_loihi keeps of each probe."""
        for probe, block, columns in self.parts:
            outputs[probe][block].extend(rows[:, columns])


def recorders(probes: list[LoihiProbe], slices: dict[object, slice], compartments: int) -> list[Recorder]:
    """One for each key; refuses a probe of anything else."""
    others = {str(probe.key) for probe in probes} - set(KEYS)
    if others:
        raise UserError(f"a probe records {' and '.join(sorted(others))}; the fast emulator records {', '.join(KEYS)}")
    return [_recorder(key, probes, slices, np.arange(compartments)) for key in KEYS]


def _recorder(key: str, probes: list[LoihiProbe], slices: dict[object, slice], everyone: Int64) -> Recorder:
    found = [
        (probe, i, everyone[slices[block]][probe.slice[i]])
        for probe in probes
        if probe.key == key
        for i, block in enumerate(probe.target)
    ]
    ends = np.cumsum([0, *(len(places) for _, _, places in found)])
    parts = tuple(
        (probe, i, slice(int(a), int(b))) for (probe, i, _), a, b in zip(found, ends[:-1], ends[1:], strict=True)
    )
    chosen = np.concatenate([np.zeros(0, np.int64), *(places for _, _, places in found)])
    return Recorder(np.bool_ if key == "spiked" else np.int32, chosen, parts)
