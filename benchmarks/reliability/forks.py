"""The commands in forks of this process, which has loaded what they need: hundreds of runs in minutes."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .subjects import MAINS, environment

LOADED = (
    "convert.api",
    "convert.stages",
    "partition.files",
    "partition.search",
    "deploy.api",
    "deploy.runs.folder",
    "deploy.targets.fast",
    "deploy.emulator.execute",
    "deploy.report.build",
    "deploy.report.page.html",
    "deploy.verify.api",
    "matplotlib.backends.backend_svg",
    "scipy.sparse.linalg",
    "jinja2",
    "msgspec",
)
OPERATIONS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "shutil.copyfile", "os.truncate"}


@dataclass(frozen=True)
class Ended:
    """How a command ended: its code, negative for a signal; what it said; its operations on files below its folder."""

    code: int
    said: str
    operations: int


def load() -> None:
    """Imports what the commands import late; TensorFlow too, which starts nothing before it computes."""
    from convert.upstream.tensorflow import load_tensorflow, load_tf_keras

    os.environ |= environment()
    load_tensorflow()
    load_tf_keras()
    for name in (*MAINS.values(), *LOADED):
        importlib.import_module(name)


def forked(
    command: str,
    arguments: tuple[str, ...],
    folder: Path,
    *,
    at: int = 0,
    after_s: float | None = None,
    limit_s: int = 0,
) -> Ended:
    """``command`` in ``folder``; killed before its operation number ``at`` or ``after_s`` seconds, if either is given.

    After ``limit_s`` seconds it ends by SIGALRM.
    """
    return started(command, arguments, folder, at=at, limit_s=limit_s).ended(after_s)


@dataclass(frozen=True)
class Started:
    """A command that runs; ``told`` is where it writes."""

    pid: int
    told: Path

    def ended(self, after_s: float | None = None) -> Ended:
        """Waits for its end, and brings that about after so many seconds."""
        if after_s is not None:
            time.sleep(after_s)
            os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        said = self.told.read_text(errors="replace")
        self.told.unlink()
        said, _, operations = said.partition("OPERATIONS ")
        return Ended(os.waitstatus_to_exitcode(status), said, int(operations or 0))


def started(command: str, arguments: tuple[str, ...], folder: Path, *, at: int = 0, limit_s: int = 0) -> Started:
    """Starts ``command`` in ``folder``."""
    handle, told = tempfile.mkstemp(prefix="told-")
    pid = os.fork()
    if pid == 0:
        signal.alarm(limit_s)
        _be(command, arguments, folder, handle, at)
    os.close(handle)
    return Started(pid, Path(told))


def _be(command: str, arguments: tuple[str, ...], folder: Path, handle: int, at: int) -> None:
    """Becomes the command, and ends."""
    os.chdir(folder)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(handle, 2)
    sys.argv = [command, *arguments]
    seen = [0]
    sys.addaudithook(lambda event, given: _watch(event, given, str(folder), seen, at))
    code = 1
    try:
        importlib.import_module(MAINS[command]).main()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException as error:
        os.write(2, repr(error).encode())
    os.write(2, f"OPERATIONS {seen[0]}".encode())
    os._exit(code)


def _watch(event: str, given: tuple[object, ...], folder: str, seen: list[int], at: int) -> None:
    """Counts what changes files below ``folder``, and kills this process before change number ``at``."""
    opened = event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if not (opened or event in OPERATIONS) or not isinstance(given[0], (str, os.PathLike)):
        return
    if os.path.join(folder, os.fspath(given[0])).startswith(folder):
        seen[0] += 1
        if seen[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)
