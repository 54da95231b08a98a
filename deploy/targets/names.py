"""The names of the targets, apart from what runs them: commands show them before anything slow is loaded."""

from __future__ import annotations

from typing import Literal

TargetName = Literal["fast", "emulator", "nengo-dl", "loihi", "keras"]
