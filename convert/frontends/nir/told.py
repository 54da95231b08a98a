"""What was assumed about a file, told to the one who converts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convert.network import Network
from convert.network.loops import loops_of

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


def recurrent(network: Network) -> tuple[str, ...]:
    """A line on spikes that go back, and one for each loop that takes more steps here than elsewhere."""
    back = [f"{p.source} to {'itself' if p.source == p.target else p.target}" for p in network.going_back]
    if not back:
        return ()
    loops = [[n for n in names if network.population(n).source_layer != "Delay"] for names in loops_of(network)]
    return (
        f"recurrent ({', '.join(dict.fromkeys(back))}): NIR says no delay; a spike comes back in the next step, on the "
        "chip as in snnTorch, and a Delay in the loop comes on top",
        *(
            f"loop of {len(names)} populations ({', '.join(names)}): on the chip a spike takes a step to each of them, "
            "in simulators, which pass all layers in one step, one step for the whole loop: spikes will differ"
            for names in loops
            if len(names) > 1
        ),
    )
