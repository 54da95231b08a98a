"""The engines by name, in the order of the report."""

from __future__ import annotations

from .engine import Engine
from .litert import LITERT
from .openvino import OPENVINO
from .tensorflow import TENSORFLOW

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (LITERT, OPENVINO, TENSORFLOW)}
