"""partition.json: what is written, what is read, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from convert.errors import UserError
from partition import partition, read_partition
from partition.core.packing import PLAIN
from partition.hardware import BOARDS, LOIHI, Board, Chip
from partition.result import Partition
from partition.violations import cuts
from tests.builders.boards import row_of_chips
from tests.builders.shaped_networks import random_rates, unet

BOARD = Board("bench", 5, 3, "a test", Chip(cores=40), hop_weights=(1.0, 2.0), host=4)
PROMISED = {
    "board", "board_chips", "chips", "cores", "layers", "blocks", "messages_per_step", "hop_messages_per_step",
    "heaviest_board_link", "messages_per_step_p95", "heaviest_board_link_p95", "lower_bound_interchip",
    "optimality_gap", "max_link_load", "chip_to_chip", "places", "baselines", "baseline_chips", "utilization", "seed",
    "provenance", "timings",
}  # fmt: skip
"""The keys in docs/files.md."""


@pytest.fixture(scope="module")
def found() -> Partition:
    network = unet(16, [8, 16])
    return partition(network, random_rates(network), board=BOARD)


@pytest.fixture
def path(found, tmp_path):
    found.save(tmp_path)
    return tmp_path / "partition.json"


def changed(path, **keys):
    """The file ``path`` with other ``keys``; None takes a key away."""
    data = json.loads(path.read_text()) | keys
    path.write_text(json.dumps({key: value for key, value in data.items() if value is not None}))
    return path


def test_what_is_read_is_what_was_written(found, path):
    data = json.loads(path.read_text())
    assert data.keys() >= PROMISED
    assert (data["board"], data["hardware"]["chips"], data["hardware"]["chip"]["cores"]) == ("bench", 5, 40)
    assert data["layers"][0].keys() == {"name", "tile", "blocks", "packing", "interchip"}
    assert data["blocks"][0].keys() == {"layer", "slice", "chip", "core"}
    assert read_partition(path) == found
    assert read_partition(changed(path, further="key")) == found


def test_a_file_of_version_0_1_0_tells_a_board_that_is_known_by_its_name(path):
    again = read_partition(changed(path, hardware=None, board="nahuku-8"))
    assert again.board == replace(BOARDS["nahuku-8"], chips=5)
    unknown = read_partition(changed(path, hardware=None, board="mine")).board
    assert (unknown.name, unknown.chips, unknown.columns, unknown.chip) == ("mine", 5, 3, LOIHI)


def test_a_layer_without_packing_is_packed_as_nengo_loihi_does(found, path):
    layers = [
        {key: layer[key] for key in ("name", "tile", "blocks")} for layer in json.loads(path.read_text())["layers"]
    ]
    again = read_partition(changed(path, layers=layers))
    assert again.packings == {}
    assert all(again.packing(name) == PLAIN for name in found.tiles)


@pytest.mark.parametrize("packing", [{}, {"group": 0}, {"channels_first": True}])
def test_a_damaged_packing_is_not_read_as_another(packing, path):
    layers = json.loads(path.read_text())["layers"]
    layers[0]["packing"] = packing
    with pytest.raises(UserError, match=r"damaged .*missing required field.*; run partition-model again"):
        read_partition(changed(path, layers=layers))


DAMAGE = {
    "no blocks": ({"blocks": None}, "missing required field `blocks`"),
    "a tile without rows": ({"layers": [{"name": "p1", "tile": [0, 1, 1], "blocks": 1}]}, "`int` >= 1"),
    "a tile of text": ({"layers": [{"name": "p1", "tile": "4x4", "blocks": 1}]}, "Expected `array`"),
    "messages of text": ({"max_link_load": "many"}, "Expected `float`"),
    "a board without chips": ({"hardware": {"name": "x", "chips": 0, "columns": 1, "source": ""}}, "chips is 0"),
    "a chip without cores": (
        {"hardware": {"name": "x", "chips": 5, "columns": 1, "source": "", "chip": {"cores": 0}}},
        "chip.cores is 0; it must be at least 1",
    ),
    "a board of text": ({"hardware": "nahuku"}, "Expected `object | null`, got `str`"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_told_in_a_sentence_with_the_way_out(case, path):
    keys, problem = DAMAGE[case]
    with pytest.raises(UserError) as error:
        read_partition(changed(path, **keys))
    for sentence in error.value.problems:
        assert sentence.startswith(f"{path} is damaged (")
        assert sentence.endswith("; run partition-model again")
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda blocks: [blocks[0] | {"chip": -1}, *blocks[1:]], "on a chip or core below 0"),
        (lambda blocks: [blocks[0] | {"slice": [[0, 0], [0, 1], [0, 1]]}, *blocks[1:]], "a block without neurons"),
        (lambda blocks: [blocks[0] | {"slice": [[0, 1]]}, *blocks[1:]], "length 3"),
    ],
)
def test_damaged_blocks_are_told(change, problem, path):
    blocks = change(json.loads(path.read_text())["blocks"])
    with pytest.raises(UserError, match=problem):
        read_partition(changed(path, blocks=blocks))


def test_what_is_not_there_or_no_json_is_told(tmp_path):
    with pytest.raises(UserError, match=r"cannot read .*; run partition-model again$"):
        read_partition(tmp_path / "partition.json")
    (tmp_path / "partition.json").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"is damaged .*; run partition-model again$"):
        read_partition(tmp_path / "partition.json")


def test_a_partition_by_hand_has_no_report(found, tmp_path):
    by_hand = Partition(row_of_chips(3), found.tiles, found.blocks)
    with pytest.raises(ValueError, match="by hand"):
        by_hand.save(tmp_path)


def test_blocks_of_another_network_are_read_and_do_not_cut_this_one(found, path):
    blocks = json.loads(path.read_text())["blocks"]
    network = unet(16, [8, 16])
    assert cuts(read_partition(path), network)
    assert not cuts(read_partition(changed(path, blocks=blocks[1:])), network)
    assert not cuts(read_partition(changed(path, layers=[])), network)
