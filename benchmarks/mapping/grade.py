"""Grades a partition of an instance.

    python -m benchmarks.mapping.grade INSTANCE PARTITION_FILE

The file has the part of each vertex, from 0 on, one a line. Prints the messages per time step and how far they are from
the best known value and from what is proved. Exit code 0; 1 if the partition breaks a limit, 2 for wrong input.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from convert.errors import UserError

from .instance import read
from .standings import standing
from .value import messages, read_partition, violations


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instance", metavar="INSTANCE")
    parser.add_argument("partition", type=Path, metavar="PARTITION_FILE")
    options = parser.parse_args(arguments)
    try:
        instance = read(options.instance)
        part = read_partition(options.partition, instance.graph.vertices)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    broken = violations(instance, part)
    if broken:
        print("\n".join(f"not feasible: {problem}" for problem in broken))
        return 1
    value, known = messages(instance, part), standing(instance.facts.name)
    print(f"feasible: {value:,.3f} messages per time step on {len(set(part.tolist()))} parts")
    if known is not None:
        print(f"best known {known.value:,.3f} ({known.by}): {value / known.value - 1:+.2%}")
        print(f"proved {known.bound:,.3f} ({known.bound_by}): at most {1 - known.bound / value:.1%} too many")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
