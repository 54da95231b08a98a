"""Energy estimates against numbers worked out by hand, and the meters against counters written by hand."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from convert.errors import UserError
from deploy.device_report import AbsentDevice
from deploy.energy.counts import Counts, counts_of
from deploy.energy.devices import ARITHMETIC_DEVICES, DAVIES_2018, DEVICES, SANA_FE, device_set
from deploy.energy.estimate import arithmetic_estimate, loihi_estimate, ratios
from deploy.energy.measure import _on_gpu, time_inference
from deploy.energy.meters import rapl_meter
from deploy.runs.report import LayerRun, RunMetrics, RunReport
from partition.result import Block, Partition
from tests.builders.boards import row_of_chips

COUNTS = Counts(
    timesteps=100,
    synops=1e6,
    neuron_updates=2e5,
    spikes=1e4,
    messages=3e4,
    interchip_messages=500.0,
    host_messages=10.0,
    chips=2,
    core_loads=((1e4, 2e3), (2e4, 1e3)),
)


def test_dynamic_energy_is_counts_times_constants() -> None:
    estimate = loihi_estimate(DAVIES_2018, COUNTS)
    message = 1.7e-12 + 63 / 24 * 3.0e-12 + 15 / 12 * 4.0e-12
    expected = 1e6 * 23.6e-12 + 2e5 * 81e-12 + 3e4 * message
    assert estimate.joules_per_inference.dynamic == pytest.approx(expected)
    assert not estimate.measured


def test_sana_fe_charges_spikes_and_outgoing_axons() -> None:
    message = 111e-12 + 63 / 24 * 3.0e-12 + 15 / 12 * 4.2e-12
    expected = 1e6 * 35.5e-12 + 2e5 * 72.8e-12 + 1e4 * 69.3e-12 + 3e4 * message
    assert loihi_estimate(SANA_FE, COUNTS).joules_per_inference.dynamic == pytest.approx(expected)


def test_time_is_the_barrier_and_the_busiest_core_and_static_energy_follows() -> None:
    seconds = 100 * 465e-9 + 2e4 * 3.5e-9 + 1e3 * 8.4e-9
    estimate = loihi_estimate(DAVIES_2018, COUNTS, static_watts_per_chip=0.5)
    assert estimate.seconds_per_inference == pytest.approx(seconds)
    assert estimate.joules_per_inference.static == pytest.approx(0.5 * 2 * seconds)
    assert estimate.joules_per_inference.total == pytest.approx(
        estimate.joules_per_inference.static + estimate.joules_per_inference.dynamic
    )
    assert any("0.5 W for each chip" in a for a in estimate.assumptions)


def test_links_between_chips_are_counted_but_cost_no_invented_joules() -> None:
    estimate = loihi_estimate(DAVIES_2018, COUNTS)
    assert estimate.details["messages between chips"] == 500
    assert any("not published" in a for a in estimate.assumptions)
    parts = [estimate.details[k] for k in ("synops", "neuron updates", "spikes", "messages")]
    assert sum(parts) == pytest.approx(estimate.joules_per_inference.dynamic)


def test_what_a_run_did_not_count_is_stated() -> None:
    few = Counts(timesteps=10, synops=100, neuron_updates=50, spikes=5)
    estimate = loihi_estimate(DAVIES_2018, few)
    assert any("one for each spike" in a for a in estimate.assumptions)
    assert estimate.details["neuron updates"] == pytest.approx(50 * 81e-12)


def partition_of(chips: int, **blocks: int) -> Partition:
    """A partition of so many blocks for each layer, one neuron each, over ``chips`` in turn."""
    one = ((0, 1), (0, 1), (0, 1))
    names = [name for name, count in blocks.items() for _ in range(count)]
    placed = tuple(Block(name, one, i % chips, i // chips) for i, name in enumerate(names))
    return Partition(row_of_chips(chips), dict.fromkeys(blocks, (1, 1, 1)), placed)


def test_counts_of_a_run_and_its_partition() -> None:
    run = RunReport(
        target="fast",
        images=1,
        metrics=RunMetrics(),
        timesteps=50,
        synops=300,
        neuron_updates=40,
        spikes=7,
        interchip_messages=2,
        layers=(LayerRun(name="a", synops=300, neuron_updates=40), LayerRun(name="host", synops=0, neuron_updates=9)),
    )
    assert counts_of(run, partition_of(3, a=4)) == Counts(
        timesteps=50, synops=300, neuron_updates=40, spikes=7, interchip_messages=2, chips=3, core_loads=((75.0, 10.0),)
    )
    assert counts_of(msgspec.structs.replace(run, synops=None), None) is None


def test_ratios_compare_every_device_with_every_chip() -> None:
    devices = [loihi_estimate(DAVIES_2018, COUNTS), arithmetic_estimate(ARITHMETIC_DEVICES[0], 1_000_000)]
    ((name, value),) = ratios(devices).items()
    assert name == "CPU per MAC (i7-4960X) / Loihi (Davies 2018)"
    assert value == pytest.approx(8.6e-3 / devices[0].joules_per_inference.total)


def test_every_row_has_a_source() -> None:
    assert all(device.source for device in (*DEVICES.values(), *ARITHMETIC_DEVICES))
    assert device_set("all") == tuple(DEVICES.values())
    with pytest.raises(UserError, match="davies2018, sana-fe or all"):
        device_set("loihi3")


def test_rapl_adds_packages_and_survives_the_counters_end(tmp_path: Path) -> None:
    for name, kind, value in (
        ("intel-rapl:0", "package-0", 900),
        ("intel-rapl:1", "package-1", 0),
        ("intel-rapl:0:0", "core", 5),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "name").write_text(kind)
        (tmp_path / name / "energy_uj").write_text(str(value))
        (tmp_path / name / "max_energy_range_uj").write_text("1000")
    meter = rapl_meter(tmp_path)
    assert meter is not None
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("50")
    (tmp_path / "intel-rapl:1" / "energy_uj").write_text("30")
    assert meter() == pytest.approx(180e-6)


def test_no_rapl_is_no_meter(tmp_path: Path) -> None:
    assert rapl_meter(tmp_path) is None


def test_time_and_energy_are_for_one_inference() -> None:
    used = iter([10.0, 16.0])
    timing = time_inference(lambda: None, batch=4, seconds=0.0, meter=lambda: next(used))
    assert timing.inferences == 4
    assert timing.joules == pytest.approx(1.5)


def fake_tensorflow(gpus: list[str]) -> SimpleNamespace:
    config = SimpleNamespace(list_physical_devices=lambda kind: gpus)
    return SimpleNamespace(config=config, device=lambda name: nullcontext(), constant=lambda x: x, __version__="2")


def test_a_gpu_is_measured_by_nvml(monkeypatch: pytest.MonkeyPatch) -> None:
    joules = count(0, 5)
    monkeypatch.setattr("deploy.energy.measure.nvml_meter", lambda: ("H200", lambda: float(next(joules))))
    infer = lambda batch: SimpleNamespace(numpy=lambda: batch)  # noqa: E731
    one, many = _on_gpu(fake_tensorflow(["GPU:0"]), infer, np.zeros((1, 4, 4, 1)), (1, 8), 0.01)
    assert (one.measured, one.batch, many.batch) == (True, 1, 8)
    energy = one.joules_per_inference
    assert energy.total == pytest.approx(energy.static + energy.dynamic)
    assert "NVML" in one.source


def test_without_a_gpu_the_entry_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    (entry,) = _on_gpu(fake_tensorflow([]), None, np.zeros(1), (1,), 0.0)
    assert isinstance(entry, AbsentDevice)
    assert "none here" in entry.reason
    monkeypatch.setattr("deploy.energy.measure.nvml_meter", lambda: ("no driver", None))
    (entry,) = _on_gpu(fake_tensorflow(["GPU:0"]), None, np.zeros(1), (1,), 0.0)
    assert "no driver" in entry.reason
