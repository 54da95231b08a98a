"""What is rewritten before the cut: a pass takes a flat model, of tf-keras or a graph, and gives one of the same."""

from __future__ import annotations

from collections.abc import Callable

from convert.options import MaxPooling
from convert.upstream.types import Model

from .image_by_spikes import image_by_spikes
from .max_pooling import average_pooling, strided_pooling
from .maxima import relus_for_maxima
from .pixels_first import pixels_first
from .split_relus import split_relus

Pass = Callable[[Model], Model]

PASSES: tuple[Pass, ...] = (relus_for_maxima, split_relus, image_by_spikes)
"""What every model goes through when it is loaded: the outputs stay the same."""

KERAS_PASSES: tuple[Pass, ...] = (*PASSES, pixels_first)
"""The same for a model of tf-keras."""

POOLING: dict[MaxPooling, Pass] = {"average": average_pooling, "strided": strided_pooling}
"""What takes the place of max pooling, by the name that ``--max-pooling`` takes; the outputs change."""
