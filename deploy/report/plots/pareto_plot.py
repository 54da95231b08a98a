"""The plot of accuracy over joules for several runs, the front drawn through."""

from __future__ import annotations

from collections.abc import Sequence

from convert.data.metric_registry import METRICS
from deploy.foreign import Axes, Figure
from deploy.report.points import Front, FrontPoint
from deploy.report.words.si import counted, si

from .svg import BLUE, GREEN, GREY, INK, ORANGE, VIOLET, Form, Plot, figure_of, log_joules, plot_of

MARKS = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), (VIOLET, "D"), (GREY, "v"))
"""A colour and a shape for each run; a sixth one starts again."""
SHOWN_BELOW = 0.15
"""How far the axis reaches below the best value, or the axis of errors above it as a share; chosen by eye."""


def front_plot(name: str, front: Front) -> Plot:
    """Every point of the runs, full where all images take the same steps, hollow where each stops once settled."""
    title = METRICS[front.metric].title
    on_front = [point for point in front.points if point.on_front]
    first, last = on_front[0], on_front[-1]
    described = (
        f"{len(front.points)} points of {counted(len({p.run for p in front.points}), 'run')}, "
        f"{len(on_front)} of them on the front: "
        f"from {METRICS[front.metric].text(first.value)} for {si(first.joules, 'J')} "
        f"to {METRICS[front.metric].text(last.value)} for {si(last.joules, 'J')}."
    )

    def draw(form: Form) -> Figure:
        figure, (axes,) = figure_of(form, 1, height=3.2)
        for i, run in enumerate(sorted({point.run for point in front.points}, key=lambda run: (len(run), run))):
            _run(axes, [point for point in front.points if point.run == run], *MARKS[i % len(MARKS)])
        joules, values = [p.joules for p in on_front], [p.value for p in on_front]
        axes.step(joules, values, where="post", color=INK, linewidth=1.4, label="front")
        axes.set_xscale("log")
        _limit(axes, front)
        log_joules(axes)
        axes.set_xlabel(f"energy of one image, {front.device}")
        axes.set_ylabel(title)
        axes.grid(True)
        figure.legend(loc="outside upper left", ncols=1, fontsize=form.font_points - 1)
        return figure

    return plot_of(name, f"{title} over energy, {front.images} images", described, draw)


def _run(axes: Axes, points: Sequence[FrontPoint], colour: str, mark: str) -> None:
    for early, face, what in ((False, colour, "all alike"), (True, "none", "once settled")):
        some = [point for point in points if point.early_exit is early]
        if some:
            axes.plot(
                [point.joules for point in some],
                [point.value for point in some],
                mark,
                color=colour,
                markerfacecolor=face,
                markersize=5,
                label=f"{some[0].run}, {what}",
            )


def _limit(axes: Axes, front: Front) -> None:
    """Leaves out what is far worse than the best."""
    values = [point.value for point in front.points]
    if METRICS[front.metric].higher_is_better:
        low, high = max(values) - SHOWN_BELOW, max(values) + 0.02
    else:
        low, high = 0.0, 3 * min(values)
    axes.set_ylim(low, high)
    shown = [point.joules for point in front.points if low <= point.value <= high]
    axes.set_xlim(min(shown) / 1.3, max(shown) * 1.3)
