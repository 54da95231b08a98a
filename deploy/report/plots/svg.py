"""Plots as SVG in a wide and a narrow form, in the page's colours, with a title and words for who cannot see them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from deploy.foreign import Axes, Figure
from deploy.report.words.si import si

INK = "#010203"
BLUE, ORANGE, GREEN, VIOLET, GREY = "#010213", "#010223", "#010233", "#010243", "#010253"
"""Stand for the page's colours in matplotlib, which has no names for them; the style sheet chooses by scheme."""
NAMES = {INK: "ink", BLUE: "blue", ORANGE: "orange", GREEN: "green", VIOLET: "violet", GREY: "grey"}
STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "grid.color": GREY,
    "grid.alpha": 0.35,
    "grid.linewidth": 0.6,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.labelcolor": INK,
}


@dataclass(frozen=True)
class Form:
    """How large a plot is drawn: its width and its letters; panels stand beside each other or one above the other."""

    name: str
    width_inches: float
    font_points: float
    stacked: bool
    longest_name: int
    """Letters of a layer's name; longer ones lose their beginning."""

    @property
    def style(self) -> dict[str, object]:
        return {**STYLE, "font.size": self.font_points, "axes.titlesize": self.font_points}


WIDE = Form("wide", 6.6, 10.0, stacked=False, longest_name=34)
NARROW = Form("narrow", 3.5, 9.0, stacked=True, longest_name=19)
"""A phone's: the page shows this one there."""


@dataclass(frozen=True)
class Plot:
    """``title`` says what is drawn, ``description`` what can be seen; ``wide`` and ``narrow`` are <svg> elements."""

    title: str
    description: str
    wide: str
    narrow: str


def plot_of(name: str, title: str, description: str, draw: Callable[[Form], Figure]) -> Plot:
    """The plot ``name``, whose figure ``draw`` makes in both forms; names are different for all plots of a page."""
    import matplotlib

    forms = {}
    for form in (WIDE, NARROW):
        unique = f"{_plain(name)}-{form.name}"
        with matplotlib.rc_context({**form.style, "svg.hashsalt": unique}):
            forms[form.name] = _svg_of(draw(form), unique, title, description)
    return Plot(title, description, forms["wide"], forms["narrow"])


def figure_of(form: Form, panels: int, *, height: float, share: bool = True) -> tuple[Figure, Sequence[Axes]]:
    """A figure without pyplot, and so without a window, and its axes; each panel is so many inches high."""
    from matplotlib import figure as matplotlib_figure

    rows, columns = (panels, 1) if form.stacked else (1, panels)
    figure = matplotlib_figure.Figure(figsize=(form.width_inches, height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, sharey=share, squeeze=False).ravel()
    return figure, list(axes)


def log_joules(axes: Axes) -> None:
    """A logarithmic axis of joules, with numbers between the powers of ten where these are few."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    few = high / low < 100
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,), numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(si(value, "J"))))
    axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
    axes.grid(True, axis="x")


def short(text: str) -> str:
    """The text of a tick: '40' for '40 steps', '4 mJ' for '4.00 mJ'."""
    return re.sub(r"\.0+(?!\d)", "", text).removesuffix(" steps")


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()


def _svg_of(figure: Figure, unique: str, title: str, description: str) -> str:
    """The figure as an element that scales with the page, takes its font and colours, and has names of its own."""
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = file.getvalue()[file.getvalue().index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    for placeholder, colour in NAMES.items():
        svg = svg.replace(placeholder, "currentColor" if colour == "ink" else f"var(--{colour})")
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    svg = re.sub(r'<g id="[^"]*_\d+"', "<g", svg)
    svg = re.sub(r'(\bid="|href="#|url\(#)([a-z][0-9a-f]{8,})', rf"\1{unique}-\2", svg)
    head, rest = svg.split(">", 1)
    head = re.sub(r' (width|height)="[\d.]+pt"', "", head)
    names = f' role="img" aria-labelledby="{unique}-title {unique}-desc"'
    told = f'<title id="{unique}-title">{escape(title)}</title><desc id="{unique}-desc">{escape(description)}</desc>'
    return f"{head}{names}>{told}{rest}"
