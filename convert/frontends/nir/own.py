"""A file that ``export-model`` wrote: the network that it came from, as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from convert.export.nir import kept
from convert.network import Network, TimeCourse
from convert.report import ConversionReport

from .reading import Graph

DAMAGED_TEXT = (ValueError, LookupError, TypeError, ArithmeticError, msgspec.MsgspecError, AssertionError)
"""What metadata can raise that somebody has changed."""

Rates = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Own:
    """The network, what conversion.json said of it, and its rates in Hz; ``peak_hz`` may be empty."""

    network: Network
    report: ConversionReport
    mean_hz: Rates
    peak_hz: Rates

    @property
    def takes_images(self) -> bool:
        return self.network.input.time_course is TimeCourse.CONSTANT


@dataclass(frozen=True)
class Foreign:
    """Why a graph's nodes are all that can be taken; empty if ``export-model`` has not written it."""

    because: str = ""


def is_own(graph: Graph) -> bool:
    """Whether ``export-model`` wrote the file."""
    return kept.KEY in graph.metadata


def kept_in(graph: Graph) -> kept.Kept | str:
    """The text in the metadata, if the nodes are still those that were written with it; else why there is none.

    That is empty if ``export-model`` has not written the file. Raises ``ValueError`` and others for a damaged text.
    """
    text = graph.metadata.get(kept.KEY)
    if not isinstance(text, str):
        return ""
    found = msgspec.json.decode(text, type=kept.Kept)
    if found.format != kept.FORMAT:
        return "its metadata is that of another version"
    nodes = ((name, node.kind, node.fields) for name, node in graph.nodes.items())
    if kept.digest_of(nodes, graph.edges) != found.sha256:
        return "its nodes were changed after export-model wrote them"
    return found


def own_network(graph: Graph) -> Own | Foreign:
    """The network that was exported as ``graph``, if its nodes are still those that were written."""
    try:
        found = kept_in(graph)
        if isinstance(found, str):
            return Foreign(found and f"{found}: only its nodes are taken, no metadata")
        network = kept.network_in(found, {name: node.fields for name, node in graph.nodes.items()}, graph.metadata)
        rates = (kept.rates_in(network, graph.metadata, prefix) for prefix in (kept.RATES, kept.PEAK_RATES))
        return Own(network, found.report, *rates)
    except DAMAGED_TEXT as error:
        return Foreign(f"its metadata is damaged ({type(error).__name__}: {error}): only its nodes are taken")
