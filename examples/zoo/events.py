"""Recordings of event sensors."""

from __future__ import annotations

TRAIN, TEST = "nmnist_train800.npz", "nmnist_test60.npz"
NMNIST = f"a folder with {TEST} and, to train, {TRAIN}: recordings of N-MNIST as docs/tutorials/nmnist.md writes them"
TOUCH_TRAIN, TOUCH_TEST = "ev_objects_train576.npz", "ev_objects_test_a.npz"
TOUCH = f"a folder with {TOUCH_TRAIN} and {TOUCH_TEST}: x (recordings, 39 taxels, 2 polarities, 250 steps) and y"
