"""Random networks in nengo_loihi's emulator and in this one: every spike, voltage, current and weight compared.

Run with ``python -m benchmarks.emulator.exactness --networks 200`` from the repository; exits with 1 on any difference.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path
from random import Random

import numpy as np
from nengo.exceptions import BuildError

from convert.errors import UserError
from deploy.emulator import compile_network, flatten_model, run, run_model
from tests.builders.random_networks import Case, random_case, with_loops
from tests.builders.reference_emulator import fast, fast_weights, reference, reference_weights

from .record import RESULTS


def differences(case: Case) -> tuple[list[str], dict[str, int]]:
    """What differs, and how much was compared.

    A network whose integers both refuse counts as ``refused``, one whose random tiles fit no core as ``too_large``.
    """
    try:
        expected = reference(case)
    except BuildError as error:
        if "exceeded max" in str(error):
            return [], {"too_large": 1}
        try:
            compile_network(case.network, case.partition)
        except UserError:
            return [], {"refused": 1}
        return ["only nengo_loihi refuses it"], {}
    program = compile_network(case.network, case.partition)
    wrong = []
    got, steps = fast(case, program), case.network.timesteps
    names = [layer.name for layer in program.chip_layers]
    for name in names:
        wrong += [f"{name} {key}" for key, v in expected.traces[name].items() if not np.array_equal(got[name][key], v)]
    overflow = 0
    for i, result in enumerate(run(program, case.drives_hz, continuous=True, record=names)):
        overflow += sum(sum(count.overflow) for count in result.counts.values())
        for name in names:
            spiked = expected.traces[name]["spiked"][i * steps : (i + 1) * steps]
            if not np.array_equal(result.spikes[name].raster(program.layer(name)), spiked):
                wrong.append(f"{name} in a whole presentation")
    weights = fast_weights(program)
    held = reference_weights(case, expected.model)
    wrong += [f"weights {key}" for key, values in held.items() if not np.array_equal(weights[key], values)]
    flat = run_model(flatten_model(expected.model), expected.flat_inputs, len(expected.all_spikes), voltages=True)
    if not np.array_equal(flat.spikes, expected.all_spikes) or not np.array_equal(flat.voltages, expected.all_voltages):
        wrong.append("the flattened model")
    return wrong, {
        "compared": 1,
        "overflowing": int(overflow > 0),
        "overflows": overflow,
        "spikes": int(expected.all_spikes.sum()),
        "voltages": expected.all_voltages.size,
        "weights": sum(values.size for values in held.values()),
    }


def _case(seed: int, options: argparse.Namespace) -> Case:
    case = random_case(Random(seed), leaky=options.leaky or options.recurrent)
    return with_loops(case, Random(seed)) if options.recurrent else case


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="the first network's")
    parser.add_argument("--leaky", action="store_true", help="most neurons leak")
    parser.add_argument("--recurrent", action="store_true", help="leaky, and some projections go back")
    parser.add_argument("--out", type=Path, help="the JSON file to write")
    options = parser.parse_args(arguments)
    kind = "_recurrent" if options.recurrent else "_leaky" if options.leaky else ""
    out = options.out or RESULTS / f"exactness{kind}.json"
    warnings.simplefilter("ignore")
    total: dict[str, int] = {"networks": options.networks, "different": 0}
    start = time.perf_counter()
    for seed in range(options.seed, options.seed + options.networks):
        wrong, compared = differences(_case(seed, options))
        total["different"] += bool(wrong)
        for key, value in compared.items():
            total[key] = total.get(key, 0) + value
        for what in wrong:
            print(f"network {seed}: {what} differs")
    found = json.dumps(total | {"seed": options.seed, "seconds": round(time.perf_counter() - start)}, indent=2)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(found + "\n")
    print(found)
    return 1 if total["different"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
