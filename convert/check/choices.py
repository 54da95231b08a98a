"""What was chosen or rewritten on the way from a model file to the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convert.options import Options

from .report import Choice

if TYPE_CHECKING:
    from convert.opening import Models
    from convert.upstream.types import Model


def choices_of(models: Models, options: Options) -> tuple[Choice, ...]:
    """Every choice that concerns a layer of the model."""
    model = models.cut.model
    found = [
        Choice(
            what="sum carried by a pair of populations, its positive and its negative part",
            layers=models.carried_sums.layers,
        ),
        Choice(what=f"max pooling replaced: {options.max_pooling}", layers=_replaced(models)),
        Choice(what="ReLU with a cap: a second population beyond it", layers=_relus_with(model, "over")),
        Choice(what="ReLU with a slope below zero: a second population for it", layers=_relus_with(model, "below")),
        Choice(what="kernel of one pixel that strides: pixels chosen first", layers=_pixels_first(model)),
        Choice(
            what="run by the host, in Keras, with all that follows",
            layers=() if models.decoder is None else (models.decoder.name,),
        ),
        Choice(what="output that is measured", layers=models.outputs[:1] if len(models.outputs) > 1 else ()),
    ]
    return tuple(choice for choice in found if choice.layers)


def _replaced(models: Models) -> tuple[str, ...]:
    """The layers that have another class in the model that is cut than in the one that was given."""
    if not models.replaced:
        return ()
    now = {layer.name: type(layer) for layer in models.cut.model.layers}
    return tuple(old.name for old in models.model.layers if now.get(old.name, type(old)) is not type(old))


def _relus_with(model: Model, part: str) -> tuple[str, ...]:
    """The ReLUs that ``split_relus`` gave a second one, called NAME_``part``."""
    names = {layer.name for layer in model.layers}
    ending = f"_{part}_subtracted"
    return tuple(layer.name for layer in model.layers if {f"{layer.name}_{part}", f"{layer.name}{ending}"} <= names)


def _pixels_first(model: Model) -> tuple[str, ...]:
    names = {layer.name for layer in model.layers if type(layer).__name__.startswith("AveragePooling")}
    return tuple(layer.name for layer in model.layers if f"{layer.name}_pixels" in names)
