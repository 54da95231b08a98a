"""A partition in a bundle: partition.json and its picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec

from convert.bundle import NETWORK, PARTITION_PICTURE, PEAK_RATES, RATES
from convert.network import Network
from convert.provenance import BUNDLE, Provenance, command_line, digests, provenance
from convert.storage.atomic import whole_files
from convert.storage.digests import digest
from convert.storage.reports import as_json

from .figure import draw
from .hardware import BOARDS, Board
from .options import SearchOptions
from .result import FILE, Partition


def write_partition(bundle: Path, partition: Partition, network: Network, origin: Provenance | None = None) -> None:
    """Writes partition.svg and partition.json, which says that both are there, into the folder ``bundle``."""
    found = replace(partition, findings=msgspec.structs.replace(partition.report, provenance=origin))
    with whole_files([bundle / PARTITION_PICTURE, bundle / FILE]) as (picture, report):
        draw(found, network, picture)
        if origin is not None:
            sealed = msgspec.structs.replace(origin, parts={PARTITION_PICTURE: digest(picture)})
            found = replace(partition, findings=msgspec.structs.replace(partition.report, provenance=sealed))
        report.write_bytes(as_json(found.report))


def origin_in(bundle: Path, options: SearchOptions, prove_s: float = 0.0) -> Provenance:
    """The command that partitions ``bundle`` with ``options``, and the files of it that partitions are made from."""
    board = options.board.name if isinstance(options.board, Board) else options.board
    is_file = board not in BOARDS and Path(board).is_file()
    shown = replace(options, board=Path(board).name if is_file else board)
    command = command_line("partition-model", [BUNDLE], shown, {})
    return provenance(
        command + (f" --prove {prove_s:g}" if prove_s else ""),
        seed=options.seed,
        given={"board": Path(board)} if is_file else {},
        made_from=digests(bundle, (NETWORK, RATES, PEAK_RATES)),
    )
