"""A partition in a bundle: partition.json and its picture."""

from __future__ import annotations

from pathlib import Path

from convert.network import Network
from convert.storage.atomic import whole_file

from .figure import draw
from .result import Partition

PICTURE = "partition.svg"


def write_partition(bundle: Path, partition: Partition, network: Network) -> None:
    """Writes partition.json and partition.svg into the folder ``bundle``."""
    partition.save(bundle)
    with whole_file(bundle / PICTURE) as path:
        draw(partition, network, path)
