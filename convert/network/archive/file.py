"""The file of a network."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from convert.errors import UserError
from convert.network.network import BIAS_SOURCE_LAYER, Network, TimeCourse
from convert.network.neuron import HOST, Neuron
from convert.storage.archives import arrays_in, is_bomb
from convert.upstream.types import Config

from .misfits import misfits
from .reading import network_from
from .rows import FORMAT, Arrays, Description, RepeatedRow
from .writing import as_text, described

READ = (2, FORMAT)

ENTRY_BYTES = 12
"""Of a matrix: a weight and its column."""


def save_network(network: Network, path: Path) -> None:
    """Writes ``network`` to the file ``path``."""
    description, arrays = described(network)
    np.savez(path, description=as_text(description), **arrays)  # type: ignore[arg-type]


def load_network(path: Path) -> Network:
    """The network in the file ``path``.

    Raises ``UserError`` for another format and for parts that do not fit together, ``ValueError``, ``KeyError`` or
    ``OSError`` for a file that is damaged.
    """
    with arrays_in(path) as data:
        raw = msgspec.json.decode(str(data["description"]))
        if not isinstance(raw, dict) or raw.get("format") not in READ:
            found = raw.get("format") if isinstance(raw, dict) else None
            known = " and ".join(map(str, READ))
            raise UserError(f"{path} has format {found!r} and this version reads {known}; convert the model again")
        description = msgspec.convert(raw if raw["format"] == FORMAT else _from_format_2(raw), Description)
        _require_no_bomb(description, data, path)
        network = network_from(description, data)
    if problems := misfits(network):
        raise UserError([f"{path}: {problem}; convert the model again" for problem in problems])
    return network


def _require_no_bomb(description: Description, arrays: Arrays, path: Path) -> None:
    """Raises ``ValueError`` if rows that are all the same would be far more than the file."""
    rows = [p.transform for p in description.projections if isinstance(p.transform, RepeatedRow)]
    unpacked = sum(ENTRY_BYTES * row.shape[0] * arrays[row.data].size for row in rows)
    if is_bomb(unpacked, packed := path.stat().st_size):
        raise ValueError(f"{packed:,} bytes that would unpack to {unpacked:,}")


def _from_format_2(raw: Config) -> Config:
    """What version 0.1.0 wrote: neurons had a floor only, and the host's own equation went without saying.

    What starts biases was called a clock.
    """
    rows = []
    for row in raw["populations"]:
        neuron = Neuron(floor=row["vmin"]) if row["on_chip"] else HOST
        kept = {key: row[key] for key in ("name", "shape", "bias_hz", "scale_hz", "on_chip", "synapse_s")}
        layer = BIAS_SOURCE_LAYER if row["kind"] == "Clock" else row["kind"]
        renamed = {"source_layer": layer, "onset_step": row["start_step"]}
        rows.append({**kept, **renamed, "neuron": msgspec.to_builtins(neuron)})
    given = {"shape": raw["input_shape"], "time_course": TimeCourse.CONSTANT.value}
    return {**raw, "format": FORMAT, "populations": rows, "input": given}
