"""A recipe and a row in words."""

from __future__ import annotations

from convert.data.metric_registry import METRICS
from deploy.report.words.si import counted, range_text, si

from .recipe import Recipe
from .row import Row


def summary(row: Row) -> str:
    """Such as: ResNet-8: accuracy 0.860 after 48 steps (original 0.871), 1.20 mJ (0.9–2.1 mJ) ..."""
    metric, point = METRICS[row.metric], row.knee
    original = "" if row.ann is None else f", the original has {metric.text(row.ann)}"
    return (
        f"{row.title}: {metric.title} {metric.text(point.value)} after {point.steps} steps on {row.tested:,} inputs"
        f"{original}; {point.spikes:,.0f} spikes, {si(point.joules.nominal, 'J')} estimated "
        f"({range_text(point.joules.low, point.joules.high, 'J')}); {counted(row.cores, 'core')} on "
        f"{counted(row.chips, 'chip')}, {point.interchip_messages:,.0f} messages between chips"
    )


def wanted(recipe: Recipe) -> list[str]:
    """Lines: what the recipe is, and what it has to be given."""
    takes = (("--model", recipe.takes_model, recipe.makes_model), ("--data", recipe.takes_data, False))
    return [
        f"{recipe.name}: {recipe.title}",
        *(f"  {option} {what}{', if you like' if free else ''}" for option, what, free in takes if what is not None),
    ]
