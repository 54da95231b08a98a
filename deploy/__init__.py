"""Network and partition in, runs on the emulator or the chip and energy reports out."""
