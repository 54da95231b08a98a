"""What an installation into an empty environment takes, with pip and no flags.

    python -m benchmarks.install [--python python3.13] [--keep ENVIRONMENTS] [FOLDER ...]

FOLDER is `.` (all) and `./light` unless others are given. Prints seconds of wall and processor, and megabytes of the
environment, which stays where it is in ENVIRONMENTS.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]


def installed(python: str, folder: str, environment: Path) -> tuple[float, float, float]:
    """Installs ``folder`` of the repository into ``environment``: seconds, processor seconds, megabytes."""
    subprocess.run([python, "-m", "venv", environment], check=True)
    begin_s, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([environment / "bin" / "pip", "install", "--quiet", folder], cwd=ROOT, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    files = [path for path in environment.rglob("*") if path.is_file() and not path.is_symlink()]
    return time.monotonic() - begin_s, processor_s, sum(path.stat().st_blocks * 512 for path in files) / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", default=[".", "./light"])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    for folder in given.folders:
        with nullcontext(given.keep) if given.keep else TemporaryDirectory() as environments:
            environment = Path(environments).resolve() / (Path(folder).name or "all")
            seconds, processor_s, megabytes = installed(given.python, folder, environment)
        print(f"{folder}: {seconds:.0f} s, {processor_s:.0f} s of a core, {megabytes:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
