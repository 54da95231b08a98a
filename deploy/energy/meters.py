"""The energy counters of this machine: RAPL for processors, NVML for a graphics card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
Meter = Callable[[], float]
"""Joules used since some moment in the past."""


def rapl_meter(powercap: Path = POWERCAP) -> Meter | None:
    """The processor packages' energy counters summed, or None where they cannot be read (no RAPL, or no right to)."""
    counters = []
    for zone in sorted(powercap.glob("intel-rapl:*")):
        try:
            if (zone / "name").read_text().startswith("package"):
                counters.append(_unwrapped(zone / "energy_uj", int((zone / "max_energy_range_uj").read_text())))
        except (OSError, ValueError):
            return None
    return (lambda: sum(counter() for counter in counters)) if counters else None


def nvml_meter() -> tuple[str, Meter | None]:
    """The first GPU's name and energy counter, or the reason why there is none."""
    try:
        import pynvml

        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByIndex(0)
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
        return str(
            pynvml.nvmlDeviceGetName(handle)
        ), lambda: float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1000
    except Exception as error:  # no driver, no card, too old a card
        return str(error), None


def _unwrapped(counter: Path, limit_uj: int) -> Meter:
    """Joules of a counter in microjoules that starts again at 0 after ``limit_uj``."""
    last = int(counter.read_text())
    total = 0

    def read() -> float:
        nonlocal last, total
        now = int(counter.read_text())
        total += now - last if now >= last else now - last + limit_uj
        last = now
        return total / 1e6

    return read
