"""A partition in a bundle: partition.json and its picture."""

from __future__ import annotations

from pathlib import Path

from convert.bundle import PARTITION_PICTURE
from convert.network import Network
from convert.storage.atomic import whole_files
from convert.storage.reports import as_json

from .figure import draw
from .result import FILE, Partition


def write_partition(bundle: Path, partition: Partition, network: Network) -> None:
    """Writes partition.svg and partition.json, which says that both are there, into the folder ``bundle``."""
    with whole_files([bundle / PARTITION_PICTURE, bundle / FILE]) as (picture, report):
        report.write_bytes(as_json(partition.report))
        draw(partition, network, picture)
