"""docs/zoo.md: the rows as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convert.data.metric_registry import METRICS
from deploy.report.words.si import range_text, si

from .recipe import Recipe
from .row import Row
from .runner import MAKE

INTRODUCTION = """# The zoo

{count} networks, each by one command through all the others: MLPerf Tiny's with MLPerf's own weights and inputs,
ResNets of Keras and PyTorch, U-Nets, and spiking networks on events. Accuracy, spikes and messages are those of the
chip's exact integers, so any machine gives the same; energy is an estimate (counted events, Davies et al. 2018, static
power of the chips included); seconds are measured. Where a recipe trains, its numbers are of that training: on another
machine the same training of touch ended with 68 of 72 recordings instead of 69.

```
python -m examples.zoo                                   # the networks, and what each has to be given
python -m examples.zoo unet_small                        # needs nothing
python -m examples.zoo resnet8 --model pretrainedResnet.h5 --data cifar10 -o zoo
python -m examples.zoo mobilenet --check                 # only whether it would convert, in seconds
python -m examples.zoo.table zoo given.json              # every row that is not there yet, and this page
```

A command that was killed goes on where it stopped. A recipe is a file in `examples/zoo/recipes`; it says where weights
and data come from, all else is what anyone would type. No benchmark's data or weights are in the repository: you give
the folder. Where data are not those that a design is known for, its row says *stand-in* or *synthetic*.
"""

MEASURED = """
## Accuracy, spikes, energy

*Original* is the network as it was given (a spiking one has none), *all steps* what `deploy-model` runs, *knee* the
fewest steps within a point of the original, of pixel accuracy half a point, or else of the best. Spikes on the chip,
synaptic operations and energy are those of one inference at the knee.
"""

SIZES = """
## Cores, chips, messages

Messages are those of one inference at the knee: between cores, of these between chips, and from the host, whose neurons
are the first layer.
"""

TIMES = """
## What each command took

Processor seconds, in brackets wall seconds beside other programs, TensorFlow's start included; memory is the most that
a command took. *Make* is what comes before: training where the recipe trains in Keras, and data in a form that the
commands read. {machines}
"""

SAID = """
## What each row is

The first line of each is the command; the others are what it runs.

"""

NOT_HERE = """
## What is not here

- **A ResNet-20 of 91 %.** The design reaches that on CIFAR-10 after 164 epochs (He et al. 2016). `python -m
  examples.zoo resnet20 --data cifar10` without a model trains so many, by the paper's recipe, and goes on when it is
  killed. An epoch takes 471 processor seconds (`python -m examples.zoo.epoch 6`; 27 November 2026, one core of an AMD
  EPYC), all of them 21 hours, which were not spent: the row is of a file that was given, trained for less, to 0.865.
- **The pets U-Net at 160 x 160** takes 68 chips, 7 GiB and six minutes of processor time to convert, lay out and run
  ([all the way, at full size](models.md#all-the-way-at-full-size)), with random weights; the recipe
  `unet_pets` is its design at 64 x 64, trained on micrographs.
- **MLPerf's rules and measurements.** The rows have MLPerf's networks, weights and inputs; nothing was submitted, no
  latency or power measured.
"""


def page(rows: Mapping[str, Row], recipes: Mapping[str, Recipe]) -> str:
    """The whole page, from the rows that there are, in the order of ``recipes``."""
    found = [rows[name] for name in recipes if name in rows]
    missing = [name for name in recipes if name not in rows]
    parts = [
        INTRODUCTION.format(count=len(found)),
        MEASURED,
        _measured(found),
        SIZES,
        _sizes(found),
        TIMES.format(machines=_machines(found)),
        _times(found),
        SAID,
        _said(found),
        NOT_HERE,
    ]
    if missing:
        parts.append(f"- Recipes whose row has not been measured: {', '.join(missing)}.\n")
    return "".join(parts)


def _measured(rows: Sequence[Row]) -> str:
    heads = ("network", "tested", "metric", "original", "all steps", "knee", "spikes", "operations", "energy")
    lines = []
    for row in rows:
        text, knee, last = METRICS[row.metric].text, row.knee, row.all_steps
        lines.append(
            (
                _linked(row),
                f"{row.tested:,}",
                METRICS[row.metric].title,
                text(row.ann),
                f"{last.steps}: {text(last.value)}",
                f"{knee.steps}: **{text(knee.value)}**",
                si(knee.spikes),
                si(knee.synops),
                f"{si(knee.joules.nominal, 'J')} ({range_text(knee.joules.low, knee.joules.high, 'J')})",
            )
        )
    return _table(heads, lines)


def _sizes(rows: Sequence[Row]) -> str:
    heads = ("network", "neurons", "cores", "chips", "messages", "between chips", "from the host")
    lines = [
        (
            row.title,
            f"{row.neurons:,}",
            f"{row.cores:,}",
            str(row.chips),
            si(row.knee.messages),
            si(row.knee.interchip_messages),
            si(row.knee.host_messages),
        )
        for row in rows
    ]
    return _table(heads, lines)


def _times(rows: Sequence[Row]) -> str:
    heads = ("network", "make", "convert or train", "partition", "deploy", "report", "memory", "day")
    lines = []
    for row in rows:
        learns = next(name for name in ("convert-model", "train-model") if name in row.commands)
        took = [row.commands[name] for name in (MAKE, learns, "partition-model", "deploy-model", "energy-report")]
        most = max(command.memory_gib for command in took)
        lines.append((row.title, *(f"{c.cpu_s:.0f} ({c.seconds:.0f})" for c in took), f"{most:.1f} GiB", row.date))
    return _table(heads, lines)


def _said(rows: Sequence[Row]) -> str:
    lines = []
    for row in rows:
        typed = "\n".join(command.line for command in row.commands.values())
        said = [f"Network: {row.source}", f"Trained on: {row.trained}", f"Data: {row.data}"]
        points = "\n".join(f"- {sentence}." for sentence in (*said, *([row.remark] if row.remark else [])))
        lines.append(f"### {row.title}\n\n{points}\n\n```\n{typed}\n```\n")
    return "\n".join(lines)


def _machines(rows: Sequence[Row]) -> str:
    found = sorted({f"{row.machine.processor}, {row.machine.logical_processors} logical processors" for row in rows})
    return f"Processor: {'; '.join(found)}." if found else ""


def _linked(row: Row) -> str:
    """The title, with a link to what the row is."""
    anchor = "".join(c for c in row.title.lower() if c.isalnum() or c in " -_").replace(" ", "-")
    return f"[{row.title}](#{anchor})"


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *lines)]
    return "\n" + "\n".join(rows) + "\n"
