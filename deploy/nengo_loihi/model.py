"""nengo_loihi's model with the blocks of a partition: packed, and copied, after they have been discretized."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convert.network import Network
from convert.upstream.nengo_loihi import load_nengo_loihi
from deploy.foreign import Ensemble, LoihiModel
from partition.result import Partition

from .copies import add_copies
from .packing import pack_blocks


def packed_model(network: Network, partition: Partition, ensembles: Mapping[str, Ensemble], dt_s: float) -> LoihiModel:
    """A ``nengo_loihi.builder.Model`` that packs and copies its blocks when it builds its network, then validates them.

    ``ensembles`` maps each chip population to its nengo ensemble.
    """
    builder = load_nengo_loihi().builder
    level = builder.builder.ValidationLevel

    class PackedModel(builder.Model):  # type: ignore[misc, name-defined]
        def build(self, obj: Any, *args: Any, **kwargs: Any) -> Any:
            built = super().build(obj, *args, **kwargs)
            if obj is self.toplevel:
                pack_blocks(self, network, partition, ensembles)
                add_copies(self, network, partition, ensembles)
                self.validation_level = level.MINIMAL
                builder.validate.validate_model(self)
            return built

    model = PackedModel(dt=dt_s)
    model.validation_level = level.NONE
    return model
