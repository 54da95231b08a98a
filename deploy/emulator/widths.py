"""How wide the numbers of a core are, as NengoLoihi's emulator computes with them."""

from __future__ import annotations

Q_BITS = 21
"""Bits without sign of the synaptic accumulator. Source: ``Q_BITS`` in nengo_loihi/builder/discretize.py."""

U_BITS = 23
"""Bits without sign of the current and the voltage. Source: ``U_BITS``, same file."""

UNIT_BITS = 6
"""Weights are multiples of 2 to the power of this, so sums of them that fit into the accumulator fit into 16 bits."""

VMAX = (1 << U_BITS) - 1
"""The largest voltage: ``vmax`` of a compartment without an upper limit, discretized."""
