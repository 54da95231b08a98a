"""A short image that passes the layers as a wave of spikes: simulated by the chip's rules, and its gradient."""
