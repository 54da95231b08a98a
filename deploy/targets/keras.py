"""Target 'keras': the model that was converted, or its rate network where that computes the same; counts no events."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convert.errors import UserError
from deploy.arrays import Float32

from .registry import InputRun, Job, Runner


def prepare(job: Job) -> Runner:
    """Every readout step has the same outputs, for the model knows no steps. Raises ``UserError`` without a model."""
    original = job.original
    if original is None:
        raise UserError("target 'keras' runs the model that was converted, and there is none; use --target fast")

    def run(inputs: Float32, *, by_core: bool = True) -> Iterator[InputRun]:
        for output in original(inputs):
            yield InputRun(np.repeat(output[None], len(job.windows), axis=0))

    return run
