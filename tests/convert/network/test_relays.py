"""Relays: which projections they take over, what comes later, and what is refused."""

from __future__ import annotations

import numpy as np

from convert.network import Projection, Readout, Sparse
from convert.network.relays import later, relay_of, relay_problems, with_relays
from tests.builders.shaped_networks import identity, unet

NETWORK = unet(16, [4, 6])
"""p0 on the host; p1, p2; p3, p4 of half the size; p5 back up; p6, which takes p2 and p5; p7."""


def test_what_other_layers_take_comes_from_relays_and_the_host_reads_the_layer_itself() -> None:
    read = Projection("p2", "output", Sparse(identity((16, 16, 4)).matrix[:2]))
    network = NETWORK.with_(
        projections=(*NETWORK.projections, read), readouts=(Readout("output", (1, 1, 2), np.zeros((1, 1, 2))),)
    )
    relayed = with_relays(network, ["p2"])
    assert {p.target for p in network.out_of("p2")} == {"p3", "p6", "output"}
    assert {p.target for p in relayed.out_of("p2")} == {relay_of("p2"), "output"}
    assert {p.target for p in relayed.out_of(relay_of("p2"))} == {"p3", "p6"}
    names = [p.name for p in relayed.populations]
    assert names.index(relay_of("p2")) == names.index("p2") + 1
    assert relayed.shape_of(relay_of("p2")) == network.shape_of("p2")
    assert len(relayed.projections) == len(network.projections) + 1


def test_spikes_come_later_behind_a_relay_but_over_no_shorter_path() -> None:
    assert set(later(NETWORK, with_relays(NETWORK, ["p2"])).items()) == {
        ("p1", 0), ("p2", 0), ("p3", 1), ("p4", 1), ("p5", 1), ("p6", 1), ("p7", 1),
    }  # fmt: skip
    both = later(NETWORK, with_relays(NETWORK, ["p3", "p4"]))
    assert both == {"p1": 0, "p2": 0, "p3": 0, "p4": 1, "p5": 2, "p6": 0, "p7": 0}  # p2 reaches p6 by itself


def test_only_layers_on_the_chip_that_others_there_take_spikes_from_can_have_relays() -> None:
    assert relay_problems(NETWORK, ["p1", "p6"]) == []
    (problem,) = relay_problems(NETWORK, ["p0", "p1", "p7", "nothing"])
    assert "'p0', 'p7', 'nothing'" in problem
    assert "can follow p1, p2, p3, p4, p5, p6" in problem
    back = NETWORK.with_(projections=(*NETWORK.projections, Projection("p7", "p6", identity((16, 16, 4)))))
    assert "loop" in relay_problems(back, ["p1"])[0]
