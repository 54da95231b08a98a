"""Images a second on 1, 2 and 4 worker processes of this machine, and without a cluster; all give the same outputs.

python -m benchmarks.cluster.workers BUNDLE DATA RESULT.json
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from deploy import RunOptions, run
from deploy.runs.folder import OUTPUTS

WORKERS = (None, 1, 2, 4)
PASSES = 2
"""Of all settings one after the other; the best of each counts."""


def measured(bundle: Path, data: Path, workers: int | None, folder: Path) -> tuple[float, bytes]:
    """Images a second, the start of the cluster left out and that of the workers' programs not, and the outputs."""
    own = folder / f"{workers}.bundle"
    shutil.rmtree(own, ignore_errors=True)
    shutil.copytree(bundle, own, ignore=shutil.ignore_patterns("runs"))
    threads = 1 if workers is None else workers
    report = run(own, data, RunOptions(measure=False, threads=threads, workers=workers))
    assert report.seconds_per_image is not None
    return 1 / report.seconds_per_image, (own / "runs" / "fast" / OUTPUTS).read_bytes()


def main(bundle: Path, data: Path, result: Path) -> None:
    rates: dict[int | None, list[float]] = {workers: [] for workers in WORKERS}
    outputs = set()
    begin_s = time.time()
    with tempfile.TemporaryDirectory() as name:
        for _ in range(PASSES):
            for workers in WORKERS:
                rate, output = measured(bundle, data, workers, Path(name))
                rates[workers].append(rate)
                outputs.add(output)
    alone = max(rates[None])
    rows = [
        {
            "workers": workers or 0,
            "images_per_second": round(max(found), 2),
            "all": [round(rate, 2) for rate in found],
            "efficiency": round(max(found) / (alone * (workers or 1)), 3),
        }
        for workers, found in rates.items()
    ]
    with np.load(data) as arrays:
        images = len(arrays["x"])
    content = {
        "images": images,
        "processors": os.cpu_count(),
        "load_average": os.getloadavg(),
        "seconds": round(time.time() - begin_s),
        "same_outputs": len(outputs) == 1,
        "rows": rows,
    }
    result.write_text(json.dumps(content, indent=1) + "\n")
    print(json.dumps(content, indent=1))


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
