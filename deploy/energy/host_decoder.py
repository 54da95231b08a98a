"""What the host computes after the chip, counted: it is in no joules of the chip's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convert.errors import UserError
from deploy.runs.report import HostDecoder

from .macs import total_macs

if TYPE_CHECKING:
    from convert.frontends.keras.decoder import Decoder


def host_decoder(decoder: Decoder | None) -> HostDecoder | None:
    """The multiply-accumulates of one call of ``decoder``, or why they are not counted."""
    if decoder is None:
        return None
    try:
        return HostDecoder(name=decoder.name, macs=total_macs(decoder.model))
    except UserError as error:
        return HostDecoder(name=decoder.name, not_counted=error.problems[0])
