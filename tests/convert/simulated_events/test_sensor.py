"""The simulated sensor: each event where its threshold is crossed, and what moves in front of it."""

from __future__ import annotations

import numpy as np
import pytest

from convert.simulated_events.motion import MotionName, frames_of
from convert.simulated_events.sensor import DARK, Frame, Sensor, events_of

EXACT = Sensor(threshold=0.25, spread=0.0, noise_hz=0.0)


def ramp(start: float, end: float, frames: int) -> list[Frame]:
    """One pixel whose logarithm goes evenly, in 100 ms, by thresholds from ``start`` to ``end``."""
    return [
        Frame(passed * 1e5, np.full((1, 1), np.exp(-2 + 0.25 * (start + passed * (end - start))) - DARK))
        for passed in np.linspace(0, 1, frames)
    ]


@pytest.mark.parametrize("frames", [2, 7, 100])
def test_an_event_at_each_threshold_whatever_the_frames(frames: int) -> None:
    found = events_of(ramp(0, 4.5, frames), EXACT, np.random.default_rng(0))
    np.testing.assert_allclose(found.t_us, np.floor(1e5 * np.arange(1, 5) / 4.5), atol=1)
    assert found.p.tolist() == [1] * 4
    found = events_of(ramp(0, -3.5, frames), EXACT, np.random.default_rng(0))
    assert found.p.tolist() == [0] * 3


def test_pixels_keep_what_they_told_last() -> None:
    there = ramp(0, 2.5, 5)
    back = [Frame(2e5 - frame.time_us, frame.intensity) for frame in there[-2::-1]]
    found = events_of([*there, *back], EXACT, np.random.default_rng(0))
    assert found.p.tolist() == [1, 1, 0, 0]  # from 2.5 thresholds back to 0, of which 2 were told


def test_noise_and_thresholds_of_pixels_differ_by_seed() -> None:
    still = [Frame(t, np.full((20, 30), 0.5)) for t in (0.0, 1e6)]
    noisy = Sensor(noise_hz=2.0)
    first, again, other = (events_of(still, noisy, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert abs(len(first) - 1200) < 150
    np.testing.assert_array_equal(first.t_us, again.t_us)
    assert first.t_us.tolist() != other.t_us.tolist()
    assert (np.diff(first.t_us) >= 0).all()
    assert (first.y.max(), first.x.max(), set(first.p.tolist())) == (19, 29, {0, 1})


def seen(motion: MotionName, image: np.ndarray, **settings: float) -> list[Frame]:
    given = {"duration_s": 0.05, "pixels": 4.0, "bar": 2.0, "gap": 3.0, "phase": 0.0, **settings}
    return list(frames_of(image, motion, **given))  # type: ignore[arg-type]


def test_saccades_come_back_and_a_pan_does_not() -> None:
    image = np.random.default_rng(0).random((9, 12))
    saccades = seen("saccades", image)
    np.testing.assert_allclose(saccades[-1].intensity, image, atol=1e-12)
    corner = saccades[(len(saccades) - 1) // 3].intensity
    np.testing.assert_allclose(corner[4:, 2:], image[:-4, :-2], atol=0.35)  # 4 down, 2 to the right, about
    pan = seen("pan", image)
    np.testing.assert_allclose(pan[-1].intensity[:, 4:], image[:, :-4], atol=1e-12)
    assert (pan[0].time_us, pan[-1].time_us) == (0, 5e4)


def test_a_fence_hides_its_share_and_passes() -> None:
    frames = seen("fence", np.ones((2, 40)), pixels=5.0)
    np.testing.assert_allclose([frame.intensity.mean() for frame in frames], 0.6, atol=1e-9)
    assert frames[0].intensity[0, :6].tolist() == [0, 0, 1, 1, 1, 0]
    np.testing.assert_allclose(frames[-1].intensity, frames[0].intensity, atol=1e-9)  # by one period
    every = np.stack([frame.intensity for frame in frames])
    assert every.min(axis=0).max() < 0.1 < 0.9 < every.max(axis=0).min()
