"""Options out of range, and places that cannot be written or are taken."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

import convert
import deploy
from convert.attention.cli import main as freeze_attention
from convert.errors import UserError
from convert.export.cli import main as export_model
from convert.simulated_events.cli import main as make_events
from convert.train_model import main as train_model
from convert.upstream.tensorflow import load_keras3
from deploy.cli import main as deploy_model
from deploy.convert_model import main as convert_model
from deploy.report.cli import main as energy_report
from deploy.search.cli import main as search_model
from deploy.sweep.cli import main as sweep_model
from partition.cli import main as partition_model
from tests.builders.refusing import contents, fake_run, refused


def test_rates_the_wrong_way_round(tiny, tmp_path):
    refused(
        convert_model,
        [tiny / "model.keras", "--data", tiny / "data.npz", "-o", tmp_path / "b", "--rates", 200, 100],
        "--rates 200 100: the smallest rate is above the largest; write --rates MIN MAX$",
        folder=tmp_path,
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--recipe", "stbp", "--spiking-fine-tune", 5],
            "a few steps take these; leave out --recipe, or give --steps$",
        ),
        (["--recipe", "weight-sharing", "--spiking-fine-tune", 5], "leave out --recipe, or give --steps$"),
        (["--steps", 8], "8 steps are too few .* batches with --spiking-fine-tune$"),
        (["--spike-penalty", 0.1, "--spiking-fine-tune", 5], "leave out --spike-penalty, or give --steps$"),
        (["--prune", 0.5], "leave out --prune, or give --steps and --spiking-fine-tune$"),
        (["--rate-loss", 0.1], "leave out --rate-loss, or give --steps and --spiking-fine-tune$"),
        (["--steps", 8, "--prune", 0.5], "8 steps are too few .* batches with --spiking-fine-tune$"),
        (
            ["--prune", 0.5, "--start-from", "b", "--follow", "--recipe", "stbp"],
            "leave out --recipe, --prune, --start-from, --follow, or give --steps and --spiking-fine-tune$",
        ),
        (
            ["--recipe", "tandem", "--surrogate", "arctan"],
            "recipe 'tandem' has no surrogate .* leave out --surrogate, or choose --recipe stbp or single-step$",
        ),
        (["--start-from", "b"], "leave out --start-from, or give --steps$"),
    ],
)
def test_a_few_steps_need_their_recipe_and_its_batches(tiny, tmp_path, arguments, sentence):
    given = [tiny / "model.keras", "--data", tiny / "data.npz", "-o", tmp_path / "b", *arguments]
    refused(convert_model, given, sentence, folder=tmp_path)


def test_a_bundle_to_start_from_needs_batches_only_where_synapses_are_left_out():
    options = convert.Options(steps=8, start_from="b", prune=0.5)
    assert [p.split(";")[0] for p in options.problems()] == ["prune leaves synapses out while a network is trained"]
    assert not convert.Options(steps=8, start_from="b").problems()


MISSING = "(no such file|does not exist)"
OF_OPTIONS = [
    (
        convert_model,
        ["{no}.keras", "--data", "{no}", "--held-out", "{no2}", "--joules", 1, "--rates", 200, 100, "-o", "{taken}"],
        ["--rates 200 100", MISSING, MISSING, MISSING, "exists already"],
    ),
    (
        convert_model,
        ["{no}.keras", "--data", "{no}", "--decoder", "{no2}", "--steps", 2, "--start-from", "{no3}", "-o", "{taken}"],
        ["--decoder, or train", MISSING, MISSING, MISSING, "no3 is not a bundle", "exists already"],
    ),
    (
        convert_model,
        ["{no}.keras", "--data", "{no}", "--held-out", "{no2}", "--json", "--dt", 1, "-o", "{new}"],
        ["leave out --dt", "--json is", "--held-out is", MISSING, MISSING],
    ),
    (
        convert_model,
        ["{no}.nir", "--data", "{no}", "--reference", "{no2}", "--decoder", "{no3}", "-o", "{taken}"],
        [MISSING, MISSING, MISSING, MISSING, "exists already"],
    ),
    (
        train_model,
        ["{no}.keras", "--data", "{no}", "--held-out", "{no2}", "-o", "{taken}"],
        [MISSING, MISSING, MISSING, "exists already"],
    ),
    (
        partition_model,
        ["{no}", "--board", "none", "--copies", 3, "--objective", "hops"],
        ["leave out copies", "board 'none'", "not a bundle"],
    ),
    (
        deploy_model,
        ["{taken}", "--data", "{no}", "--name", "a/b", "--early", 1, "--continuous", "--workers", 2],
        ["--early and --continuous", "leave out --continuous", "--name a/b", MISSING],
    ),
    (deploy_model, ["{no}", "--data", "{no}", "--name", "a/b"], ["--name a/b", "not a bundle"]),
    (
        energy_report,
        ["{no}", "{taken}", "-o", "{new}.txt", "--devices", "{no2}"],
        ["ends in .html", MISSING, "no such folder", "has no runs"],
    ),
    (
        search_model,
        ["--data", "{no}", "--held-out", "{no2}", "-o", "{new}", "--places", 50, "--board", "none"],
        ["places has 50", MISSING, MISSING, "board 'none'"],
    ),
    (
        sweep_model,
        ["{no}.keras", "--data", "{no}", "--held-out", "{no2}", "-o", "{new}", "--board", "none", "--window", "2"],
        [MISSING, MISSING, MISSING, "window is 2", "board 'none'"],
    ),
    (export_model, ["{no}", "-o", "{new}.txt"], ["ends in .nir", "not a bundle"]),
    (
        freeze_attention,
        ["{no}.keras", "--data", "{no2}", "-o", "{new}.h5"],
        ["written as .keras", MISSING, MISSING],
    ),
    (make_events, ["{no}", "-o", "{new}.txt", "--motion", "fence"], ["written as .npz", MISSING]),
]


IN_THE_WAY = [
    (export_model, ["{taken}", "-o", "{folder}.nir"]),
    (freeze_attention, ["{file}", "--data", "{file}", "-o", "{folder}.keras"]),
    (make_events, ["{file}", "-o", "{folder}.npz", "--motion", "fence"]),
    (energy_report, ["{taken}", "-o", "{folder}.html"]),
    (search_model, ["--data", "{file}", "-o", "{file}"]),
    (sweep_model, ["{file}", "--data", "{file}", "-o", "{file}"]),
]


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize(("command", "arguments"), IN_THE_WAY, ids=[c.callback.__module__ for c, _ in IN_THE_WAY])
def test_a_folder_where_a_file_is_to_be_and_the_other_way_round(command, arguments, force, tiny, tiny_bundle, tmp_path):
    if force and "force" not in {parameter.name for parameter in command.params}:
        pytest.skip("it has no --force")
    fake_run(tiny_bundle)
    for suffix in ("nir", "keras", "npz", "html"):
        (tmp_path / f"folder.{suffix}").mkdir()
    names = {"taken": tiny_bundle, "folder": tmp_path / "folder", "file": tiny / "data.npz"}
    given = [argument.format(**names) for argument in arguments]
    refused(command, [*given, *force], "is a (folder|file); choose the name of a (file|folder)$", folder=tmp_path)


def test_a_partition_is_kept_and_has_no_other_name(tiny_bundle, tmp_path):
    refused(
        partition_model, [tiny_bundle], "partition.json exists already and is kept; add --force to", folder=tmp_path
    )


@pytest.mark.parametrize(
    ("command", "arguments", "sentences"), OF_OPTIONS, ids=[command.callback.__module__ for command, _, _ in OF_OPTIONS]
)
def test_all_mistakes_are_told_at_once(command, arguments, sentences, tiny_bundle, tmp_path):
    """Before anything is opened, and each once."""
    (tmp_path / "work").mkdir()
    names = {name: tmp_path / "work" / name for name in ("no", "no2", "no3", "new")}
    given = [str(argument).format(**names, taken=tiny_bundle) for argument in arguments]
    refused(command, given, *sentences, folder=tmp_path)


def test_fewer_timesteps_than_layers(tiny, tmp_path):
    keras = load_keras3()
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            *(keras.layers.Conv2D(1, 1, activation="relu") for _ in range(9)),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )
    model.save(tmp_path / "model.keras")
    refused(
        convert_model,
        [tmp_path / "model.keras", "--data", tiny / "data.npz", "-o", tmp_path / "b", "--timesteps", 8],
        "8 timesteps end before a spike has passed the 8 layers on the chip.* use --timesteps 32 or more$",
        folder=tmp_path,
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--json"], "--json is how --check prints; add --check, or leave it out"),
        (["--check", "-o", "b"], "--check looks at the model alone, .* writes nothing; leave out -o, or --check$"),
        (["--check", "--data", "d", "--force"], "leave out --data, --force, or --check$"),
        (["--check", "--fine-tune", 1, "--seed", 0], "leave out --fine-tune, --seed, or --check$"),
        (["--check", "--rates", 200, 100], "the smallest rate is above the largest"),
        (["--check", "--json", "--measured-output", "b"], "the model has no output 'b'; its outputs are head$"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_options_that_make_no_sense_with_a_check(arguments, sentence, tiny, tmp_path):
    refused(convert_model, [tiny / "model.keras", *arguments], sentence, folder=tmp_path)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (convert_model, ["m.keras", "--data", "d", "-o", "b", "--timesteps", "7"]),
        (convert_model, ["m.keras", "--data", "d", "-o", "b", "--calibration-images", "0"]),
        (convert_model, ["m.keras", "--data", "d", "-o", "b", "--rates", "0", "2000"]),
        (convert_model, ["m.keras", "--data", "d", "-o", "b", "--max-pooling", "median"]),
        (convert_model, ["m.keras", "--data", "d", "-o", "b", "--metric", "speed"]),
        (convert_model, ["m.keras", "--data", "d"]),
        (convert_model, ["m.keras", "-o", "b"]),
        (deploy_model, ["b", "--data", "d", "--target", "gpu"]),
        (deploy_model, ["b", "--data", "d", "--timesteps", "0"]),
        (deploy_model, ["b", "--data", "d", "--images", "0"]),
        (partition_model, ["b", "--chips", "many"]),
        (convert_model, ["m.keras", "--data", "d", "-o", "b", "--vmin", "-inf"]),
        (convert_model, ["m.keras", "--data", "d", "-o", "b", "--percentile", "nan"]),
        (convert_model, ["m.keras", "--data", "d", "-o", "b", "--rates", "nan", "nan"]),
        (convert_model, ["m.keras", "--data", "d", "-o", "b", "--seed", "-1"]),
        (deploy_model, ["b", "--data", "d", "--window", "nan"]),
        (deploy_model, ["b", "--data", "d", "--early", "inf"]),
        (partition_model, ["b", "--seed", "-1"]),
        (partition_model, ["b", "--seconds", "nan"]),
        (energy_report, ["b", "--tolerance", "nan"]),
        (energy_report, ["b", "--static-watts", "inf"]),
        (energy_report, []),
        (energy_report, ["b", "--static-watts", "-1"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value.name,
)
def test_options_out_of_range(command, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert "Error" in result.stderr
    assert not contents(tmp_path)


def test_outputs_that_cannot_be_written(tiny, tiny_bundle, tmp_path):
    wall = tmp_path / "file"
    wall.write_text("a regular file")
    refused(
        convert_model,
        [tiny / "model.keras", "--data", tiny / "data.npz", "-o", wall / "b.bundle"],
        "cannot write .*file/b.bundle: a file is in the way; choose a folder with room that you may write to$",
        folder=tmp_path,
    )
    (tiny_bundle / "runs").write_text("a regular file")
    refused(
        deploy_model,
        [tiny_bundle, "--data", tiny / "data.npz", "--target", "nengo-dl", "--no-measure"],
        r"cannot write .*runs/\.nengo-dl\.[0-9a-f]+\.unfinished: .*; choose a bundle you may write to$",
        folder=tmp_path,
    )
    (tiny_bundle / "runs").unlink()
    fake_run(tiny_bundle)
    refused(
        energy_report, [tiny_bundle, "-o", wall / "report.html"], "cannot write .*file/report.html: ", folder=tmp_path
    )
    refused(
        energy_report,
        [tiny_bundle, "-o", tmp_path / "report.txt"],
        "choose a name that ends in .html$",
        folder=tmp_path,
    )
    (tmp_path / "folder.html").mkdir()
    refused(
        energy_report,
        [tiny_bundle, "-o", tmp_path / "folder.html"],
        "is a folder; choose the name of a file$",
        folder=tmp_path,
    )


def test_options_given_in_python(tiny, tiny_bundle, tmp_path):
    before = contents(tmp_path)
    convert_options = convert.Options(max_pooling="median", metric="speed", vmin=float("-inf"), calibration_images=0)
    with pytest.raises(UserError) as raised:
        convert.convert(tiny / "model.keras", tiny / "data.npz", tmp_path / "b", convert_options)
    assert len(raised.value.problems) == 4
    run_options = deploy.RunOptions(images=-5, skip=-5, every=0, window=2.0, early=float("nan"))
    with pytest.raises(UserError) as raised:
        deploy.run(tiny_bundle, tiny / "data.npz", run_options)
    assert len(raised.value.problems) == 5
    assert contents(tmp_path) == before


def test_what_exists_is_kept(tiny, tiny_bundle, tmp_path):
    kept = "exists already and is kept; .*--force to replace it$"
    arguments = [tiny / "model.keras", "--data", tiny / "data.npz", "-o"]
    refused(convert_model, [*arguments, tiny_bundle], kept, folder=tmp_path)
    fake_run(tiny_bundle)
    refused(deploy_model, [tiny_bundle, "--data", tiny / "data.npz"], kept, folder=tmp_path)
    (tmp_path / "report.html").write_text("old")
    refused(energy_report, [tiny_bundle, "-o", tmp_path / "report.html"], kept, folder=tmp_path)
    (tmp_path / "other.json").write_text("years of work")
    refused(energy_report, [tiny_bundle, "-o", tmp_path / "other.html"], f"other.json {kept}", folder=tmp_path)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    refused(
        convert_model,
        [*arguments, tmp_path / "thesis", "--force"],
        "thesis is not a bundle .*choose another name$",
        folder=tmp_path,
    )


def test_a_failure_with_force_keeps_what_is_there(tiny, tiny_bundle, tmp_path):
    refused(
        convert_model,
        [tiny / "model.keras", "--data", tmp_path / "none", "-o", tiny_bundle, "--force"],
        "none: no such file or folder",
        folder=tmp_path,
    )
