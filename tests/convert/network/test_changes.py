"""``Network.with_`` takes the fields of a network."""

from __future__ import annotations

from dataclasses import fields

from convert.network.network import Network, NetworkChanges


def test_every_field_of_a_network_can_be_changed():
    named = {name: kind.__forward_arg__ for name, kind in NetworkChanges.__annotations__.items()}
    assert named == {field.name: field.type for field in fields(Network)}
