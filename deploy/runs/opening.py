"""What is opened, and refused, before anything runs: the run's folder, the network, its partition."""

from __future__ import annotations

import os
from pathlib import Path

from convert.bundle import RUNS
from convert.errors import UserError
from convert.network import Network, require_timesteps
from convert.storage.locks import locked
from convert.storage.recovery import recover
from partition.result import FILE, Partition, read_partition
from partition.violations import check_partition

from .options import RunOptions
from .windows import last_arrival_step

LONGEST_NAME = 200
"""Bytes of a run's name: file systems take 255, and its unfinished images lie in a folder of a longer name."""


def run_folder(bundle: Path, options: RunOptions, *, force: bool) -> Path:
    """Where the run goes. Raises ``UserError`` for a name that is none, or that is taken without ``force``."""
    name = options.run_name
    if Path(name).name != name or name.startswith("."):
        raise UserError(f"--name {name}: the name becomes that of a folder; leave out slashes and leading dots")
    if len(os.fsencode(name)) > LONGEST_NAME:
        raise UserError(f"--name of {len(os.fsencode(name))} bytes, more than {LONGEST_NAME}; give a shorter one")
    folder = bundle / RUNS / name
    with locked(folder.parent, wait=True):
        recover(folder)
    if folder.exists() and not force:
        raise UserError(f"{folder} exists already and is kept; give another --name or add --force to replace it")
    return folder


def network_to_run(network: Network, options: RunOptions) -> Network:
    """``network`` with the steps asked for. Raises ``UserError`` if they are too few."""
    if options.timesteps:
        network = network.with_(timesteps=options.timesteps)
    require_timesteps(network)
    arrival = last_arrival_step(network)
    if network.timesteps <= arrival:
        raise UserError(
            f"{network.timesteps} timesteps end before the image has come through to the last layer, whose bias starts "
            f"at step {arrival}; use --timesteps {2 * arrival} or more"
        )
    return network


def partition_of(bundle: Path, network: Network) -> Partition:
    """The partition in ``bundle``. Raises ``UserError`` if there is none, or one of another network."""
    path = bundle / FILE
    if not path.is_file():
        raise UserError(f"{bundle} has no {FILE}; run 'partition-model {bundle}' first")
    partition = read_partition(path)
    check_partition(network, partition)
    return partition
