"""What native libraries print while they load, kept off the terminal."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps what native libraries print while they load (and version warnings) off the terminal, unless it fails."""
    try:
        terminal = os.dup(2)
    except OSError:  # stderr is closed: nothing of it is seen
        yield
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    with tempfile.TemporaryFile() as heard, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.dup2(heard.fileno(), 2)
        try:
            yield
        except BaseException:
            heard.seek(0)
            os.write(terminal, heard.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
