"""``--check``: what is foreseen of a model is what its bundle has, and every problem is told at once."""

from __future__ import annotations

import json

import msgspec
from click.testing import CliRunner

import convert
from convert.check.report import CheckReport
from convert.report import ConversionReport
from convert.upstream.tensorflow import load_keras3
from deploy.convert_model import main as convert_model
from partition.report import PartitionReport
from tests.builders.keras_models import model_with
from tests.builders.refusing import contents


def checked(*arguments):
    """The JSON object that a check prints, in the form that its schema gives it."""
    result = CliRunner().invoke(convert_model, [*map(str, arguments), "--check", "--json"])
    assert result.exit_code in (0, 2), result.output + repr(result.exception)
    report = msgspec.json.decode(result.stdout, type=CheckReport)
    assert report.converts == (result.exit_code == 0)
    return report


def test_what_is_foreseen_is_what_the_bundle_has(tiny):
    before = contents(tiny)
    report = checked(tiny / "model.keras")
    bundle = tiny / "tiny.bundle"
    made = msgspec.json.decode((bundle / "conversion.json").read_bytes(), type=ConversionReport)
    planned = msgspec.json.decode((bundle / "partition.json").read_bytes(), type=PartitionReport)
    assert [(r.name, r.kind, r.shape, r.neurons, r.on_chip) for r in report.layers] == [
        (r.name, r.kind, r.shape, r.neurons, r.on_chip) for r in made.layers
    ]
    network = convert.load_network(bundle)
    assert {(p.source, p.target) for p in report.projections} == {
        (p.source, p.target) for p in network.projections if "@" not in p.source
    }
    assert report.neurons.estimated == sum(p.neurons for p in network.chip_populations)
    assert report.cores.estimated == len(network.chip_populations) <= planned.cores
    assert (report.chips.estimated, report.board) == (planned.chips, planned.board)
    assert report.least_timesteps.estimated == 1 + max(network.depth().values())
    assert report.input_shape == (8, 8, 3)
    assert [(o.name, o.shape, o.activation) for o in report.outputs] == [("head_softmax", (1, 1, 3), "softmax")]
    assert contents(tiny) == before


def test_json_has_every_key_of_the_schema_and_no_other(tiny):
    def fits(value, kind):
        if "$ref" in kind:
            kind = definitions[kind["$ref"].split("/")[-1]]
        for option in kind.get("anyOf", [kind]):
            if option.get("type") == "object" and isinstance(value, dict):
                assert value.keys() == option["properties"].keys()
                for key, inner in value.items():
                    fits(inner, option["properties"][key])
            elif "$ref" in option and isinstance(value, dict):
                fits(value, option)

    definitions = msgspec.json.schema(CheckReport)["$defs"]
    result = CliRunner().invoke(convert_model, [str(tiny / "model.keras"), "--check", "--json"])
    fits(json.loads(result.stdout), definitions["CheckReport"])


def test_the_table_says_what_is_estimated_and_from_what(tiny):
    result = CliRunner().invoke(convert_model, [str(tiny / "model.keras"), "--check"])
    assert result.exit_code == 0, result.output
    for words in ("model.keras would convert", "stem_relu (host)", "inner", "outer", "estimated", "memory and axons"):
        assert words in result.output
    assert max(map(len, result.output.splitlines())) <= 80


def test_too_few_steps_do_not_hide_the_network(tmp_path):
    keras = load_keras3()
    layers = [keras.layers.Conv2D(1, 1, activation="relu", name=f"c{i}") for i in range(10)]
    keras.Sequential([keras.Input((8, 8, 3)), *layers]).save(tmp_path / "model.keras")
    report = checked(tmp_path / "model.keras", "--timesteps", 9)
    assert report.problems == tuple(p for p in report.problems if "9 timesteps end before" in p) != ()
    assert report.least_timesteps.estimated == 10
    assert checked(tmp_path / "model.keras", "--timesteps", report.least_timesteps.estimated).converts


def test_if_only_max_pooling_is_refused_the_network_is_foreseen_with_average_pooling(tmp_path):
    keras = load_keras3()
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    x = layers.Conv2D(4, 3, activation="relu", name="last")(layers.MaxPooling2D(2, name="pool")(x))
    keras.Model(image, layers.Dense(3)(layers.Flatten()(x))).save(tmp_path / "model.keras")
    refused, average = checked(tmp_path / "model.keras"), checked(tmp_path / "model.keras", "--max-pooling", "average")
    (problem,) = refused.problems
    assert problem.startswith("layer 'pool' (MaxPooling2D)")
    assert average.converts
    assert msgspec.structs.replace(refused, converts=True, problems=()) == average
    shown = CliRunner().invoke(convert_model, [str(tmp_path / "model.keras"), "--check"])
    assert shown.exit_code == 2
    assert "foreseen with --max-pooling average" in " ".join(shown.stdout.split())
    assert shown.stderr.startswith("error: layer 'pool'")


def test_choices_are_named(tmp_path):
    keras = load_keras3()
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    x = layers.ReLU(6.0, name="capped")(layers.Conv2D(4, 3, padding="same")(image))
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.LeakyReLU(name="leaky")(layers.Conv2D(4, 1, strides=2, name="strided")(x))
    x = layers.Flatten()(layers.Conv2D(2, 1, activation="relu", name="last")(x))
    model = keras.Model(image, [layers.Dense(3, name="a")(x), layers.Dense(2, name="b")(x)])
    model.save(tmp_path / "model.keras")
    report = checked(tmp_path / "model.keras", "--max-pooling", "strided", "--measured-output", "b")
    assert [(choice.what.split()[0], choice.layers) for choice in report.choices] == [
        ("max", ("pool",)),
        ("ReLU", ("capped",)),
        ("ReLU", ("leaky",)),
        ("kernel", ("strided",)),
        ("output", ("b",)),
    ]
    assert [o.name for o in report.outputs] == ["b", "a"]


def test_in_python_without_the_partition(tiny):
    report = convert.check_model(tiny / "model.keras")
    assert report.converts
    assert report.neurons is not None
    assert (report.cores, report.chips, report.board) == (None, None, None)


def test_in_python_problems_are_in_the_report(tmp_path):
    model_with("conv_same").save(tmp_path / "model.keras")
    report = convert.check_model(tmp_path / "model.keras", convert.Options(seed=-1))
    assert not report.converts
    assert report.problems == ("seed is -1; use at least 0",)
    missing = convert.check_model(tmp_path / "none.keras")
    assert "does not exist" in missing.problems[0]
    assert checked(tmp_path / "none.keras") == missing


def test_a_network_that_fits_no_core_converts_and_says_so(tmp_path):
    keras = load_keras3()
    layers = keras.layers
    image = keras.Input((36, 36, 1))
    x = layers.Flatten()(layers.Conv2D(4, 1, activation="relu")(image))
    keras.Model(image, layers.Dense(2)(layers.Dense(5, activation="relu", name="wide")(x))).save(tmp_path / "m.keras")
    report = checked(tmp_path / "m.keras")
    assert report.converts
    assert (report.board, report.cores, report.chips) == (None, None, None)
    (problem,) = report.placement_problems
    assert problem.startswith("layer 'wide_relu'")
    assert "input axons (limit 4096)" in problem


def test_depth_and_rates_say_when_the_image_is_through(tmp_path):
    keras = load_keras3()
    layers = [keras.layers.Conv2D(1, 1, activation="relu", name=f"c{i}") for i in range(9)]
    keras.Sequential([keras.Input((4, 4, 1)), *layers]).save(tmp_path / "m.keras")
    fast, slow = (checked(tmp_path / "m.keras", "--rates", rate, rate).arrival_step.estimated for rate in (500, 100))
    assert fast == 3 + 7 * 2
    assert slow == 3 + 7 * 10
