"""What was assumed about a file, told to the one who converts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .assumed import Assumed, Reset

RESETS: dict[Reset, str] = {
    "zero": "a spike sets the voltage to v_reset",
    "subtract": "made for subtraction of the threshold, but the chip resets to zero: what is above it is lost",
}


def told(assumed: Assumed, said: Mapping[str, Sequence[str]], relays: int, notes: Sequence[str]) -> tuple[str, ...]:
    """A line for each thing that the file leaves open: what was ``said`` of which nodes, populations of ``relays``."""
    dt = assumed.dt
    unit = f"{dt:g} s" if dt < 1 else f"{dt:g} of the file's unit, here {1000 * assumed.dt_s:g} ms"
    return (
        f"a step is {unit} (--dt); NIR says none",
        *(f"{line} ({', '.join(names)})" for line, names in said.items()),
        f"reset: {RESETS[assumed.reset]} (--reset)",
        f"voltages end {abs(assumed.floor):g} thresholds below the reset (--vmin); NIR knows no floor",
        "a neuron fires above its threshold, at most once a step; some simulators fire at it, or more often",
        "spikes take a step to each layer: where paths differ in length the shorter one is ahead, and biases act from "
        "the first step on",
        "two input channels are the polarities 0 and 1 of events, in this order",
        *([f"{relays} populations of relays hold delays, a step each"] if relays else []),
        *notes,
    )
