"""The joules of a processor by the least and the most processor time of its repeats."""

from __future__ import annotations

from msgspec import UnsetType

from deploy.device_report import DeviceReport


def joules_of_repeats(device: DeviceReport) -> tuple[float, float] | None:
    """The lowest and the highest total; None for a device that was not measured here."""
    total, run = device.joules_per_inference.total, device.execution
    if isinstance(run, UnsetType) or total is None or not run.cpu_seconds.median:
        return None
    spread = run.cpu_seconds
    return total * spread.low / spread.median, total * spread.high / spread.median
