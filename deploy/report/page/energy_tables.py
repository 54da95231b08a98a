"""The tables of energy on the page: operating points, parts, layers, constants, devices, what others measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convert.data.metric_registry import METRICS
from deploy.device_report import DeviceReport
from deploy.energy.published import PublishedRow
from deploy.report.plots.layer_plots import in_words
from deploy.report.points import AccuracyRow, Front, OperatingPoint, Range, Tornado
from deploy.report.repeats import joules_of_repeats
from deploy.report.words.points_text import point_value, steps_text
from deploy.report.words.si import range_text, si
from deploy.report.words.text import quality, time_of, total_of
from deploy.report.words.verdict import how

from .table import Cell, Columns, PageTable, Row, row, table, text


def points_table(points: Sequence[OperatingPoint]) -> PageTable:
    """What every point costs by each set of constants."""
    columns: Columns = (
        "at",
        "steps",
        "metric",
        "ANN",
        *text("constants"),
        "energy",
        "lowest to highest",
        "time",
        "busy",
    )
    rows = [
        row(
            point.name,
            steps_text(point),
            point_value(point),
            METRICS[point.metric].text(point.ann) if point.metric else "–",
            cost.device,
            si(cost.joules.nominal, "J"),
            range_text(cost.joules.low, cost.joules.high, "J"),
            si(cost.seconds.nominal, "s"),
            f"{si(cost.frames_per_second)}/s",
            mark="knee" if i == 0 and point.name == "knee" else "",
        )
        for point in points
        for i, cost in enumerate(point.costs)
    ]
    return table("Energy of one image at each operating point", columns, rows)


def parts_table(points: Sequence[OperatingPoint]) -> PageTable:
    """Joules by their cause."""
    parts = points[0].costs[0].parts
    rows = [
        row(point.name, cost.device, *(si(value, "J") for value in cost.parts.values()))
        for point in points
        for cost in point.costs
    ]
    return table("Energy by part", ("at", *text("constants"), *parts), rows)


def rates_table(points: Sequence[OperatingPoint]) -> PageTable:
    """Joules for one image where so many come in a second."""
    rates = points[0].costs[0].joules_at_frames_per_second
    rows = [
        row(point.name, cost.device, *(si(value, "J") for value in cost.joules_at_frames_per_second.values()))
        for point in points
        for cost in point.costs
    ]
    titles = [f"{rate} image{'' if rate == '1' else 's'} per second" for rate in rates]
    return table("Energy of one image at so many per second", ("at", *text("constants"), *titles), rows)


def point_layers_table(point: OperatingPoint) -> PageTable | None:
    """Dynamic joules by layer; None where the run did not count by step."""
    costs = [cost for cost in point.costs if cost.layers]
    if not costs or not isinstance(costs[0].layers, dict):
        return None
    rows = [
        row(layer, *(si(cost.layers[layer], "J") for cost in costs if isinstance(cost.layers, dict)))
        for layer in costs[0].layers
    ]
    titles = [f"{cost.device}, dynamic" for cost in costs]
    return table(f"Energy by layer, at {point.name}", ("layer", *titles), rows)


def constants_table(tornado: Tornado) -> PageTable:
    rows = [
        row(in_words(s.constant), f"{s.low:.3g}", f"{s.nominal:.3g}", f"{s.high:.3g}", s.source) for s in tornado.swings
    ]
    title = f"Constants that matter, {tornado.device}"
    return table(title, ("constant", "lowest", "nominal", "highest", *text("source")), rows)


def devices_table(devices: Sequence[DeviceReport], worst: Sequence[OperatingPoint]) -> PageTable:
    """Every device: Loihi after all steps, what was measured here, processors by a published constant."""
    ranges = {cost.device: cost.joules for point in worst for cost in point.costs}
    columns: Columns = ("device", "total", "from to", "static", "dynamic", "time", *text("int8 here", "how", "source"))
    rows = [
        row(
            device.name + (", all steps" if device.kind == "spiking chip" else ""),
            si(device.joules_per_inference.total, "J"),
            _range(device, ranges),
            si(device.joules_per_inference.static, "J"),
            si(device.joules_per_inference.dynamic, "J"),
            si(device.seconds_per_inference, "s"),
            quality(device) or "–",
            Cell(how(device), css="measured" if device.measured else "estimated"),
            device.source,
            mark="loaded" if device.execution and device.execution.loaded else "",
        )
        for device in devices
    ]
    return table("Energy of one inference on each device", columns, rows)


def _range(device: DeviceReport, ranges: Mapping[str, Range]) -> str:
    """Of Loihi's constants, or of a processor's repeats."""
    if device.name in ranges:
        return range_text(ranges[device.name].low, ranges[device.name].high, "J")
    found = joules_of_repeats(device)
    return "–" if found is None else range_text(*found, "J")


def accuracy_table(rows: Sequence[AccuracyRow]) -> PageTable:
    """What each device reaches and needs."""
    made = [
        row(
            each.device,
            each.at or "–",
            METRICS[each.metric].text(each.value) if each.metric else "–",
            si(each.joules, "J"),
        )
        for each in rows
    ]
    return table("Accuracy beside energy", ("device", *text("at"), "reached", "energy"), made)


def ratios_table(ratios: Sequence[tuple[str, float]]) -> PageTable:
    rows = [row(name, f"{value:.3g}") for name, value in ratios]
    return table("Ratios of total energy", ("total of / total of", "ratio"), rows)


def published_table(rows: Sequence[PublishedRow]) -> PageTable:
    """What others measured with other networks."""
    columns: Columns = ("device", *text("another network"), "total", "dynamic", "time", *text("source"))
    return table("Measured by others", columns, (_published(each) for each in rows))


def _published(each: PublishedRow) -> Row:
    dynamic = si(each.dynamic_joules or None, "J")
    source = "; ".join((each.source, *each.notes))
    return row(each.name, each.network, total_of(each), dynamic, time_of(each), source)


def front_table(front: Front) -> PageTable:
    """The points on the front, from the fewest joules to the most."""
    columns: Columns = (
        "run",
        *text("recipe", "images are stopped"),
        "time steps",
        METRICS[front.metric].title,
        "energy",
    )
    rows = [
        row(
            point.run,
            point.recipe,
            "once settled" if point.early_exit else "all alike",
            steps_text(point),
            METRICS[front.metric].text(point.value),
            si(point.joules, "J"),
        )
        for point in front.points
        if point.on_front
    ]
    return table("The front: nothing that needs as little reaches as much", columns, rows)
