"""What runs of bundles cost at their operating points, and where they would break even with a processor.

    python -m benchmarks.energy.operating_points RUNS.bundle [...] --processor "OpenVINO int8=0.9e-3"

Joules of the processor are of one image, measured elsewhere on an idle machine; prints tables in Markdown.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from deploy.device_report import DeviceReport, Joules
from deploy.energy.devices import STATIC_WATTS_PER_CHIP, device_set
from deploy.report.operating_points import Pricing, break_evens, counted_points, tornados
from deploy.report.points_text import point_value, range_text, set_name, steps_text
from deploy.report.read import read_runs
from deploy.report.si import si
from deploy.runs.knee import knee


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundles", nargs="+", type=Path)
    parser.add_argument("--processor", action="append", default=[], metavar="NAME=JOULES")
    given = parser.parse_args()
    processors = [processor(text) for text in given.processor]
    pricing = Pricing(device_set("all"), STATIC_WATTS_PER_CHIP)
    for run in read_runs(given.bundles):
        metrics = run.result.metrics
        found = counted_points(run.result, knee(metrics.by_timestep, metrics.ann or {}), run.partition, pricing)
        print(f"\n## {run.label}, {run.result.images} images\n")
        print("| at | steps | metric | constants | nominal | low to high | time |\n|---|---|---|---|---|---|---|")
        for counted in found:
            for cost in counted.point.costs:
                print(
                    f"| {counted.point.name} | {steps_text(counted.point)} | {point_value(counted.point)} | "
                    f"{set_name(cost.device)} | {si(cost.joules.nominal, 'J')} | "
                    f"{range_text(cost.joules.low, cost.joules.high, 'J')} | {si(cost.seconds.nominal, 's')} |"
                )
        for tornado in tornados(found, pricing):
            print(f"\n{tornado.device} at {tornado.point}, {si(tornado.joules, 'J')}:\n")
            for swing in tornado.swings:
                print(f"| {swing.constant} | {si(swing.joules_low, 'J')} | {si(swing.joules_high, 'J')} |")
        for each in processors:
            for line in break_evens(run.label, found, [each], pricing):
                print(line)


def processor(text: str) -> DeviceReport:
    """A row for 'NAME=JOULES'."""
    name, joules = text.split("=")
    return DeviceReport(
        name=name,
        measured=True,
        joules_per_inference=Joules(total=float(joules)),
        seconds_per_inference=None,
        source="given",
    )


if __name__ == "__main__":
    main()
