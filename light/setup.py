"""``pip install ./light``: ann2loihi without TensorFlow, Nengo and NengoDL, so with permissive licences only.

The same packages as ``pip install .``, under a name of its own; all but what is left out stands in ../setup.cfg.
"""

import os
from configparser import ConfigParser
from pathlib import Path
from re import match

from setuptools import setup

LEFT_OUT = {"tensorflow", "tf-keras", "keras", "nengo", "nengo-dl", "nengo-loihi", "ai-edge-litert"}

os.chdir(Path(__file__).resolve().parent.parent)
whole = ConfigParser()
whole.read("setup.cfg")
requirements = whole["options"]["install_requires"].split("\n")
names = {line: match(r"[\w-]*", line).group() for line in requirements if line}
if unknown := LEFT_OUT - set(names.values()):
    raise SystemExit(f"light/setup.py leaves out what setup.cfg does not require: {', '.join(sorted(unknown))}")
setup(
    name="ann2loihi-light",
    description="Trained spiking networks on Intel's Loihi: partition, run exactly, report energy.",
    install_requires=[line for line, name in names.items() if name not in LEFT_OUT],
)
