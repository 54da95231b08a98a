"""Images of a run on the workers of a cluster: the same bytes, whoever comes and goes."""

from __future__ import annotations

import os
import pickle
import shutil
import signal

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from deploy import RunOptions, run
from deploy.cli import main as deploy_model
from deploy.runs.checkpoint import RunCheckpoint
from deploy.runs.folder import OUTPUTS
from deploy.runs.report import read_run
from tests.builders.refusing import refused

distributed = pytest.importorskip("distributed", reason="needs ann2loihi[cluster]")
OPTIONS = RunOptions(measure=False, threads=1)


def workers(count):
    """So many worker processes, which a nanny starts again when they are killed."""
    return distributed.LocalCluster(n_workers=count, threads_per_worker=1, memory_limit=None, dashboard_address=None)


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes."""
    with workers(2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """More images than are on their way at once."""
    rng = np.random.default_rng(1)
    path = tmp_path_factory.mktemp("data") / "many.npz"
    np.savez(path, x=rng.integers(0, 256, (160, 8, 8, 3), np.uint8), y=rng.integers(0, 3, 160))
    return path


@pytest.fixture(scope="module")
def undisturbed(tiny, data, tmp_path_factory):
    """What a run without a cluster writes."""
    bundle = tmp_path_factory.mktemp("alone") / "tiny.bundle"
    shutil.copytree(tiny / "tiny.bundle", bundle)
    run(bundle, data, OPTIONS)
    return bundle / "runs" / "fast"


def assert_same(folder, other):
    assert (folder / OUTPUTS).read_bytes() == (other / OUTPUTS).read_bytes()
    found, wanted = (msgspec.structs.asdict(read_run(path)) for path in (folder, other))
    for report in (found, wanted):
        report.pop("timings")
    assert found == wanted


def test_a_cluster_gives_the_same_bytes(tiny_bundle, data, undisturbed, cluster):
    options = RunOptions(measure=False, scheduler=cluster.scheduler_address)
    run(tiny_bundle, data, options)
    assert_same(tiny_bundle / "runs" / "fast", undisturbed)


def test_workers_see_no_files_of_the_client(tiny_bundle, data, undisturbed, cluster, monkeypatch):
    """What is sent holds no path: the bundle and the data may lie anywhere."""
    sent = []
    submit = distributed.Client.submit

    def spied(client, function, *arguments, **options):
        sent.append(pickle.dumps([a for a in arguments if not isinstance(a, distributed.Future)]))
        return submit(client, function, *arguments, **options)

    monkeypatch.setattr(distributed.Client, "submit", spied)
    run(tiny_bundle, data, RunOptions(measure=False, scheduler=cluster.scheduler_address))
    assert len(sent) > 2
    for place in (str(tiny_bundle.parent), str(data.parent)):
        assert not any(place.encode() in content for content in sent)


def test_a_killed_worker_and_one_that_joins_change_nothing(tiny_bundle, data, undisturbed, monkeypatch):
    """One is killed after the first images; another joins; the run ends with the same bytes."""
    write, written = RunCheckpoint.write, []
    with workers(2) as cluster:
        first = {name: worker.pid for name, worker in cluster.workers.items()}

        def disturbed(checkpoint, i, result):
            if len(written) == 4:
                os.kill(first[0], signal.SIGKILL)
            if len(written) == 8:
                cluster.scale(3)
                cluster.wait_for_workers(3, timeout=120)  # on a busy machine the run would end before it is there
            written.append(i)
            write(checkpoint, i, result)

        monkeypatch.setattr(RunCheckpoint, "write", disturbed)
        run(tiny_bundle, data, RunOptions(measure=False, scheduler=cluster.scheduler_address))
        assert len(cluster.workers) == 3
    assert sorted(written) == list(range(160))
    assert_same(tiny_bundle / "runs" / "fast", undisturbed)


def test_all_workers_lost_and_the_network_with_them(tiny_bundle, data, undisturbed, monkeypatch):
    """No worker is left that holds the network; the scheduler has it made again."""
    write, written = RunCheckpoint.write, []
    with workers(1) as cluster:
        (pid,) = (worker.pid for worker in cluster.workers.values())

        def disturbed(checkpoint, i, result):
            if len(written) == 4:
                os.kill(pid, signal.SIGKILL)
            written.append(i)
            write(checkpoint, i, result)

        monkeypatch.setattr(RunCheckpoint, "write", disturbed)
        run(tiny_bundle, data, RunOptions(measure=False, scheduler=cluster.scheduler_address))
    assert_same(tiny_bundle / "runs" / "fast", undisturbed)


def test_a_run_begun_alone_goes_on_with_a_cluster(tiny_bundle, data, undisturbed, cluster, monkeypatch):
    write, written = RunCheckpoint.write, []

    def killed(checkpoint, i, result):
        if len(written) == 24:
            raise KeyboardInterrupt
        written.append(i)
        write(checkpoint, i, result)

    with monkeypatch.context() as patch:
        patch.setattr(RunCheckpoint, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            run(tiny_bundle, data, OPTIONS)
    done, rest = set(written), []

    def noted(checkpoint, i, result):
        rest.append(i)
        write(checkpoint, i, result)

    monkeypatch.setattr(RunCheckpoint, "write", noted)
    run(tiny_bundle, data, RunOptions(measure=False, scheduler=cluster.scheduler_address))
    assert done.isdisjoint(rest)
    assert done | set(rest) == set(range(160))
    assert_same(tiny_bundle / "runs" / "fast", undisturbed)


@pytest.mark.slow
def test_the_command_starts_workers_of_its_own(tiny_bundle, data, undisturbed):
    arguments = [str(tiny_bundle), "--data", str(data), "--no-measure", "--workers", "2"]
    result = CliRunner().invoke(deploy_model, arguments)
    assert result.exit_code == 0, result.output + str(result.exception)
    assert_same(tiny_bundle / "runs" / "fast", undisturbed)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--workers", "2", "--scheduler", "tcp://127.0.0.1:1"], "leave out one of --scheduler and --workers"),
        (["--workers", "2", "--continuous"], "leave out --continuous"),
        (["--workers", "2", "--target", "loihi"], "use --target fast, emulator, nengo-dl"),
        (["--scheduler", "tcp://127.0.0.1:1"], "no Dask scheduler answers at tcp://127.0.0.1:1"),
        (["--scheduler", "nonsense://"], "no Dask scheduler answers at nonsense://"),
    ],
)
def test_what_cannot_be_is_refused(tiny_bundle, data, monkeypatch, given, said):
    monkeypatch.setattr("deploy.cluster.opening.ANSWER_S", 0.5)
    arguments = [tiny_bundle, "--data", data, "--no-measure", *given]
    refused(deploy_model, arguments, said, folder=tiny_bundle)
    assert not (tiny_bundle / "runs").exists()


def test_a_worker_of_another_version_is_refused(tiny_bundle, data, cluster, monkeypatch):
    monkeypatch.setattr("deploy.cluster.worker.code_versions", lambda: {"ann2loihi": "9.9"})
    options = ["--no-measure", "--scheduler", cluster.scheduler_address]
    result = CliRunner().invoke(deploy_model, [str(tiny_bundle), "--data", str(data), *options])
    assert result.exit_code == 2
    assert "install the same there as here" in result.stderr
