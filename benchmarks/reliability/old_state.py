"""The bundle, run and page that the commands tried here find: made once, copied for each try."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

from .forks import Ended, forked, load
from .subjects import BUNDLE, DATA, MODEL, make


def made_in(folder: Path) -> Path:
    """The folder "old" in ``folder``, with a model, data and what the four commands make of them.

    This process has then loaded what the commands need, so that forks of it start at once.
    """
    old = folder / "old"
    with multiprocessing.get_context("spawn").Pool(1) as other:  # TensorFlow that has computed survives no fork
        other.apply(make, (old,))
    load()
    for command, *arguments in _commands():
        require(forked(command, tuple(arguments), old))
    return old


def _commands() -> Iterator[list[str]]:
    """What makes the state."""
    yield ["convert-model", MODEL, "--data", DATA, "-o", BUNDLE, "--timesteps", "32", "--max-pooling", "average"]
    yield ["partition-model", BUNDLE, "--board", "kapoho-bay"]
    yield ["deploy-model", BUNDLE, "--data", DATA, "--images", "4", "--no-measure"]
    yield ["energy-report", BUNDLE, "-o", "page.html"]


def require(ended: Ended) -> Ended:
    if ended.code:
        raise SystemExit(ended.said)
    return ended
