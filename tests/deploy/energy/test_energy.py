"""Energy estimates against numbers worked out by hand, and the meters against counters written by hand."""

from __future__ import annotations

import os
import re
from contextlib import nullcontext
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from convert.errors import UserError
from deploy.device_report import AbsentDevice
from deploy.energy.counts import Counts, counts_of
from deploy.energy.devices import ARITHMETIC_DEVICES, DAVIES_2018, DEVICES, SANA_FE, device_set
from deploy.energy.estimate import arithmetic_estimate, loihi_estimate, ratios
from deploy.energy.gpu import GPU_REPEAT_S, GPU_REPEATS, measure_gpu
from deploy.energy.load import watch_others
from deploy.energy.meters import rapl_meter
from deploy.energy.point import measure_point
from deploy.energy.power import core_watts
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
    with pytest.raises(UserError, match="sana-fe, davies2018 or all"):
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
    used = iter([0.0, 1.0, 10.0, 16.0])  # read twice while idle, before and after
    point = measure_point(lambda: None, 4, seconds=0.0, repeats=3, meter=lambda: next(used))
    assert point.joules == pytest.approx(6 / (3 * 2 * 4))  # two calls at least of four images, three times
    assert point.cpu_seconds.repeats == 3
    assert point.idle_watts is not None


def test_processor_time_is_that_of_all_threads_and_wall_time_is_not() -> None:
    """Two threads that compute beside each other in NumPy, which lets them."""
    matrix = np.ones((400, 400), np.float32)

    def infer() -> None:
        threads = [Thread(target=lambda: [np.sort(matrix, axis=0) for _ in range(5)]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    both = measure_point(infer, 1, seconds=0.1, repeats=3).cpu_seconds.low
    one = measure_point(lambda: [np.sort(matrix, axis=0) for _ in range(5)], 1, seconds=0.1, repeats=3).cpu_seconds.high
    assert both > 1.2 * one


def stat_of(path: Path, *, busy: int, idle: int) -> None:
    path.write_text(f"cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\ncpu0 1 1 1 1\n")


def test_the_share_of_others_is_what_is_busy_less_our_own(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat_of(stat, busy=10**6, idle=10**6)
    others = watch_others(stat)
    stat_of(stat, busy=10**6 + 3 * 10**5, idle=10**6 + 10**5)
    assert others() == pytest.approx(0.75, abs=0.01)
    nobody = watch_others(stat)
    stat_of(stat, busy=10**6 + 3 * 10**5, idle=10**6 + 2 * 10**5)
    assert nobody() == 0.0
    assert watch_others(tmp_path / "none")() is None


BARE = "processor : 0\nsiblings\t: 16\nflags\t: fpu vme\n"
VIRTUAL = "processor : 0\nsiblings\t: 2\nflags\t: fpu hypervisor vme\n"


def test_the_power_of_a_logical_processor(tmp_path: Path) -> None:
    given = core_watts(64.0)
    assert given.watts == 64 / os.cpu_count()
    assert "64 W given" in given.origin
    unknown = core_watts(name="Abacus 3000", cpuinfo=tmp_path / "none")
    assert unknown.watts == 280 / 64
    assert "not known to be this processor" in unknown.origin


@pytest.mark.skipif(find_spec("codecarbon") is None, reason="codecarbon is not installed: ann2loihi[power] brings it")
@pytest.mark.parametrize(
    ("name", "cpuinfo", "watts", "said"),
    [
        ("AMD EPYC 7763 64-Core Processor", VIRTUAL, 280 / 128, "280 W .* 128 logical"),
        ("Intel(R) Core(TM) i7-8700K CPU @ 3.70GHz", BARE, 95 / 16, "95 W .* 16 logical"),
        ("Intel(R) Core(TM) i7-8700K CPU @ 3.70GHz", VIRTUAL, 280 / 64, "how many processors share it"),
        ("AMD EPYC", VIRTUAL, 280 / 64, "no processor that is surely 'AMD EPYC'"),
        ("Intel(R) Xeon(R) Processor @ 2.70GHz", BARE, 280 / 64, "no processor that is surely"),
    ],
)
def test_the_tdp_is_that_of_the_processor_by_its_name(
    tmp_path: Path, name: str, cpuinfo: str, watts: float, said: str
) -> None:
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    found = core_watts(name=name, cpuinfo=tmp_path / "cpuinfo")
    assert found.watts == watts
    assert re.search(said, found.origin)


def fake_tensorflow(gpus: list[str]) -> SimpleNamespace:
    config = SimpleNamespace(
        list_physical_devices=lambda kind: gpus,
        optimizer=SimpleNamespace(set_experimental_options=lambda options: None),
    )
    return SimpleNamespace(
        config=config,
        device=lambda name: nullcontext(),
        constant=lambda x: x,
        function=lambda f: f,
        __version__="2",
    )


def test_a_gpu_is_measured_by_nvml(monkeypatch: pytest.MonkeyPatch) -> None:
    joules = count(0, 5)
    monkeypatch.setattr("deploy.energy.gpu.nvml_meter", lambda: ("H200", lambda: float(next(joules))))
    monkeypatch.setattr("deploy.energy.gpu.GPU_REPEAT_S", 0.01)
    model = lambda batch, training: SimpleNamespace(numpy=lambda: batch)  # noqa: E731
    rows = list(measure_gpu(fake_tensorflow(["GPU:0"]), model, np.zeros((1, 4, 4, 1), np.float32)))
    assert [row.name for row in rows] == [
        f"this GPU, TensorFlow {precision}, batch {batch}" for precision in ("float32", "float16") for batch in (1, 32)
    ]
    energy = rows[0].joules_per_inference
    assert energy.total == pytest.approx(energy.static + energy.dynamic)
    assert "NVML" in rows[0].source


def test_a_point_of_a_gpu_lasts_a_second() -> None:
    assert GPU_REPEATS * GPU_REPEAT_S >= 1


def test_without_a_gpu_the_entry_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    (entry,) = measure_gpu(fake_tensorflow([]), None, np.zeros(1))
    assert isinstance(entry, AbsentDevice)
    assert "none here" in entry.reason
    monkeypatch.setattr("deploy.energy.gpu.nvml_meter", lambda: ("no driver", None))
    (entry,) = measure_gpu(fake_tensorflow(["GPU:0"]), None, np.zeros(1))
    assert "no driver" in entry.reason
