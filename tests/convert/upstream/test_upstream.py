"""NengoLoihi, NengoDL, TensorFlow and both Keras in one process, whichever is wanted first."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.builders.paths import ROOT

NENGO_LOIHI_ALONE = """
import sys
from convert.upstream.nengo_loihi import load_nengo_loihi
loihi = load_nengo_loihi()
for name in ("tensorflow", "tf_keras", "keras", "nengo_dl", "nengo_extras"):
    assert name not in sys.modules, name
import tensorflow
"""

BOTH = """
import nengo
from convert.upstream.nengo_dl import load_nengo_dl
from convert.upstream.nengo_loihi import load_nengo_loihi
from convert.upstream.tensorflow import load_keras3
LOADERS
loihi, dl = load_nengo_loihi(), load_nengo_dl()
with nengo.Network(seed=0) as net:
    stimulus = nengo.Node(1.0)
    probes = []
    for neuron_type in nengo.LIF(), nengo.SpikingRectifiedLinear():
        ensemble = nengo.Ensemble(5, 1, neuron_type=neuron_type)
        nengo.Connection(stimulus, ensemble)
        probes.append(nengo.Probe(ensemble.neurons))
for simulator in (dl.Simulator(net, progress_bar=False), loihi.Simulator(net, target="sim")):
    with simulator as sim:
        sim.run_steps(50)
        assert all(sim.data[probe].any() for probe in probes)
assert load_keras3().__version__ >= "3"
"""


def run(code):
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_nengo_loihi_starts_no_tensorflow():
    run(NENGO_LOIHI_ALONE)


@pytest.mark.parametrize("loaders", ["load_nengo_loihi()", "load_nengo_dl()", "load_keras3()"])
def test_nengo_dl_and_nengo_loihi_run_one_network(loaders):
    run(BOTH.replace("LOADERS", loaders))
