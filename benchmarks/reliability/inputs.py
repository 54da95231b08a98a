"""Files that are damaged in every usual way, given to the command that reads them: how does it end, what does it leave?

    python -m benchmarks.reliability.inputs

Every command on every kind of file that it reads, each damaged in all of ``DAMAGES``. It ends with 2 and at least one
sentence, or, where the rest of the file is enough for it, with 0; never with 1, by a signal or with a traceback.
Nothing is changed or left by a command that ends with 2. Exit code 1 if that ever is not so.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from .forks import forked
from .old_state import made_in
from .subjects import BUNDLE, DATA, MODEL, contents, results, write

RUN = f"{BUNDLE}/runs/fast"
COMMANDS = {
    "convert-model": (MODEL, "--data", DATA, "-o", "new.bundle", "--timesteps", "32", "--max-pooling", "average"),
    "partition-model": (BUNDLE, "--board", "board.json", "--force"),
    "deploy-model": (BUNDLE, "--data", DATA, "--images", "2", "--no-measure", "--force"),
    "energy-report": (BUNDLE, "-o", "page.html", "--force"),
    "verify-model": (BUNDLE, "page.json"),
}
READ = {
    "convert-model": (MODEL, DATA),
    "partition-model": ("board.json", f"{BUNDLE}/network.npz", f"{BUNDLE}/rates.npz", f"{BUNDLE}/rates_p95.npz"),
    "deploy-model": (DATA, *(f"{BUNDLE}/{name}" for name in ("network.npz", "partition.json", "conversion.json"))),
    "energy-report": (f"{BUNDLE}/conversion.json", f"{BUNDLE}/partition.json", f"{RUN}/run.json", f"{RUN}/outputs.npz"),
    "verify-model": (f"{BUNDLE}/network.npz", f"{BUNDLE}/partition.json", f"{RUN}/run.json", "page.json", "page.html"),
}


def _flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    rng = Random(len(content))
    for _ in range(20):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def _replaced(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "20 bits flipped": _flipped,
    "other bytes": lambda path: path.write_bytes(Random(0).randbytes(5000)),
    "something before it": lambda path: path.write_bytes(b"\xef\xbb\xbf\n" + path.read_bytes()),
    "nested without end": lambda path: path.write_bytes(b'{"a":' * 100_000),
    "a folder": lambda path: _replaced(path, Path.mkdir),
    "a link to itself": lambda path: _replaced(path, lambda here: here.symlink_to(here.name)),
    "a named pipe": lambda path: _replaced(path, os.mkfifo),
}


def main() -> None:
    codes, faults = {damage: Counter[str]() for damage in DAMAGES}, []
    with tempfile.TemporaryDirectory() as folder:
        old = made_in(Path(folder))
        (old / "board.json").write_text('{"name": "mine", "chips": 8, "columns": 4}')
        for command, files in READ.items():
            for file in files:
                for damage in DAMAGES:
                    code, wrong = one(command, file, damage, old, Path(folder) / "at")
                    codes[damage][f"exit code {code}"] += 1
                    faults += [f"{command}, {file} {damage}: {fault}" for fault in wrong]
                    print(command, file, damage, code, wrong, file=sys.stderr, flush=True)
    tried = sum(counter.total() for counter in codes.values())
    write(results("inputs"), {"tried": tried, "codes": codes, "faults": faults})
    sys.exit(bool(faults))


def one(command: str, file: str, damage: str, old: Path, here: Path) -> tuple[int, list[str]]:
    """The exit code of ``command`` on a damaged ``file``, and what was wrong with its end."""
    shutil.rmtree(here, ignore_errors=True)
    shutil.copytree(old, here)
    DAMAGES[damage](here / file)
    existing, faults = _seen(here), []
    ended = forked(command, COMMANDS[command], here, limit_s=120)
    sentences = [line for line in ended.said.splitlines() if line.startswith("error: ")]
    if ended.code not in (0, 2) or (ended.code == 2 and not sentences) or "Traceback" in ended.said:
        faults.append(f"{ended.code}, {ended.said.strip()[-200:]}")
    if ended.code == 2 and _seen(here) != existing:
        faults.append("something was left or changed")
    return ended.code, faults


def _seen(folder: Path) -> tuple[list[str], dict[str, bytes]]:
    """Every name below ``folder``, and what is in the files that can be read."""
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
    with_pipe = [path for path in folder.rglob("*") if path.is_fifo()]
    return names, {} if with_pipe else contents(folder, raw=True)


if __name__ == "__main__":
    main()
