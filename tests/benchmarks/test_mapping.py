"""The mapping benchmark: its files, its grader and its classics."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from benchmarks.mapping import classics, greedy, make, methods, standings
from benchmarks.mapping.annealing import annealed
from benchmarks.mapping.cut import blocks_on_chips, neurons_on_cores
from benchmarks.mapping.grade import main
from benchmarks.mapping.hypergraph import Hypergraph, from_text, to_text
from benchmarks.mapping.instance import FOLDER, Instance, digest, names, read, write
from benchmarks.mapping.value import in_axons, messages, violations
from convert.errors import UserError
from partition.geometry.links import links_onto_chip
from partition.traffic.unicast import traffic


def tiny_network():
    return classics.Design(8, 8, 2).convolution(4, 3).pool().dense(12).network()


def tiny(problem: str = "blocks on chips") -> Instance:
    network = tiny_network()
    rates = classics.rates_hz(network)
    if problem == "neurons on cores":
        return neurons_on_cores("tiny", "a test", "a test", network, rates)
    tiles = {"layer0": (4, 4, 2), "layer1": (4, 4, 2), "layer2": (2, 4, 4), "layer3": (1, 1, 5)}
    made = blocks_on_chips("tiny", "a test", "a test", network, tiles, rates, 4)
    return within(made, weight=5)


def within(instance: Instance, **limits: int) -> Instance:
    facts = instance.facts
    return replace(
        instance, facts=msgspec.structs.replace(facts, limits=msgspec.structs.replace(facts.limits, **limits))
    )


def same(a: Hypergraph, b: Hypergraph) -> bool:
    fields = ("weight", "first", "pin", "vertex_weight")
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in fields)


@pytest.mark.parametrize("problem", ["blocks on chips", "neurons on cores"])
def test_an_instance_is_read_as_it_was_written(problem, tmp_path):
    made = tiny(problem)
    write(made, tmp_path)
    found = read("tiny", tmp_path)
    assert same(found.graph, made.graph)
    assert found.facts == made.facts
    before = (tmp_path / "tiny.hgr.xz").read_bytes()
    write(found, tmp_path)
    assert (tmp_path / "tiny.hgr.xz").read_bytes() == before


def test_the_text_is_hmetis():
    graph = Hypergraph(np.array([3, 4]), np.array([0, 2, 5]), np.array([0, 1, 2, 0, 1]), np.array([1, 1, 2]))
    assert to_text(graph) == "2 3 11\n3 1 2\n4 3 1 2\n1\n1\n2\n"
    assert same(from_text("% a remark\n" + to_text(graph), "it"), graph)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the first line"),
        ("1 2\n1 1 2\n", "the first line"),
        ("1 2 11\n1 1 2\n1\n", "4 lines are announced, 3 are there"),
        ("1 2 11\n1 1 3\n1\n1\n", "pins are numbered from 1 to 2"),
        ("1 2 11\n1 1 x\n1\n1\n", "only whole numbers"),
        ("1 2 11\n1 1\n1\n1\n", "two pins"),
    ],
)
def test_damaged_text_is_one_sentence(text, says):
    with pytest.raises(UserError, match=says):
        from_text(text, "it.hgr")


def test_messages_are_those_that_the_partition_counts():
    network, instance = tiny_network(), tiny()
    tiles = {layer.name: layer.tile for layer in instance.facts.layers}
    graph = traffic(network, links_onto_chip(network), tiles, classics.rates_hz(network))
    rng = np.random.default_rng(0)
    for _ in range(5):
        chip = rng.integers(0, 4, graph.blocks)
        off = instance.graph.hyperedges * instance.facts.unit
        assert messages(instance, chip) == pytest.approx(graph.interchip(chip), abs=off)
        again = methods.as_traffic(instance)
        assert again.interchip(chip) == pytest.approx(messages(instance, chip))
    assert [part for layer in instance.facts.layers for part in layer.slices] == list(graph.slices)


def test_neurons_on_cores_are_counted_from_the_definition():
    instance = tiny("neurons on cores")
    graph = instance.graph
    rng = np.random.default_rng(1)
    part = rng.integers(0, 3, graph.vertices)
    value, axons = 0, np.zeros(3, int)
    for e in range(graph.hyperedges):
        pins = graph.pin[graph.first[e] : graph.first[e + 1]]
        value += graph.weight[e] * (len(set(part[pins])) - 1)
        for core in set(part[pins[1:]]):
            axons[core] += graph.vertex_weight[pins[0]]
    assert messages(instance, part) == pytest.approx(value * instance.facts.unit)
    assert in_axons(graph, part).tolist() == axons.tolist()
    assert violations(instance, part) == []
    assert "axons, more than" in violations(within(instance, in_axons=int(axons.max()) - 1), part)[0]
    assert "weight" in violations(within(instance, weight=10), part)[0]
    assert "part 2 is used" in violations(within(instance, parts=2), part)[0]
    spikes = sum(rates.sum() for rates in list(classics.rates_hz(tiny_network()).values())[:-1]) * 1e-3
    assert graph.weight.sum() * instance.facts.unit == pytest.approx(spikes, rel=1e-2)


@pytest.mark.parametrize("name", [*make.ON_CHIPS, *make.ON_CORES])
def test_classics_are_made_the_same_again(name):
    assert digest(make.classic(name).graph) == read(name).facts.sha256


def test_instances_are_small():
    files = list(FOLDER.iterdir())
    assert all(file.stat().st_size < 200_000 for file in files)
    assert sum(file.stat().st_size for file in files) < 2_000_000


@pytest.mark.parametrize("name", names())
def test_the_best_known_is_there_and_beyond_what_is_proved(name):
    instance, known = read(name), standings.standing(name)
    part = standings.best_partition(name)
    assert violations(instance, part) == []
    assert messages(instance, part) == pytest.approx(known.value)
    assert 0 <= known.bound <= known.value * (1 + 1e-9)


def test_every_method_gives_what_fits():
    for problem in ("blocks on chips", "neurons on cores"):
        instance = tiny(problem) if problem == "blocks on chips" else within(tiny(problem), weight=120)
        for name in ("greedy", "GreedyInterchip", "SpiNeMap's", "METIS", "Mt-KaHyPar, km1"):
            part = methods.METHODS[name](instance)
            assert part is None or not violations(instance, part), (problem, name)


def test_annealing_keeps_the_limits_and_does_no_harm():
    instance = within(tiny("neurons on cores"), weight=150, in_axons=300)
    start = greedy.sequential(instance)
    found = annealed(instance, start, heat=0.5, seed=0, tries=2000)
    assert violations(instance, found) == []
    assert messages(instance, found) <= messages(instance, start)


def test_a_partition_is_graded(tmp_path, capsys):
    part = standings.best_partition("resnet20-chips")
    file = tmp_path / "it.txt"
    file.write_text("\n".join(map(str, part)))
    assert main(["resnet20-chips", str(file)]) == 0
    said = capsys.readouterr().out
    assert "feasible: 762" in said
    assert "+0.00%" in said


def test_a_partition_beyond_a_limit_is_refused(tmp_path, capsys):
    file = tmp_path / "it.txt"
    file.write_text("0\n" * 188)
    assert main(["resnet20-chips", str(file)]) == 1
    assert capsys.readouterr().out == "not feasible: part 0 holds a weight of 188, more than 128\n"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("resnet20", "0\n", "instance 'resnet20' is not known"),
        ("resnet20-chips", "0\n", "has 1 parts, the instance 188 vertices"),
        ("resnet20-chips", "0\n" * 187 + "-1", "'-1' is no part"),
        ("resnet20-chips", None, "cannot be read"),
    ],
)
def test_wrong_input_is_one_sentence(name, text, says, tmp_path, capsys):
    file = tmp_path / "it.txt"
    if text is not None:
        file.write_text(text)
    assert main([name, str(file)]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
