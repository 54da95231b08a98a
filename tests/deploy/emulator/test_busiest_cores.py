"""The loops that find the busiest cores."""

from __future__ import annotations

import numpy as np

from deploy.emulator.busiest_cores import CONV_SHIFT, MESSAGE_BITS, SENDER, busiest_until, note_sender

NONE_YET = np.full((len(SENDER), 2), -1, np.int64)


def received(messages: int, synops: int, conv_synops: int) -> int:
    return messages | synops << MESSAGE_BITS | conv_synops << CONV_SHIFT


def test_the_longer_pipeline_is_chosen_in_each_step() -> None:
    sender = NONE_YET.copy()
    spikes, messages = np.array([[0, 9], [0, 0]], np.uint16), np.array([[0, 9], [0, 0]], np.uint32)
    note_sender(np.array([1, 0]), np.array([2, 4]), spikes, messages, sender)
    loads = np.array([[0, received(1, 2, 2)], [received(50, 500, 0), 0]])
    found = busiest_until(loads, sender, np.array([4, 2]), np.array([0, 1, 2]))
    assert not found[0].any()
    np.testing.assert_array_equal(found[1], [[0, 0, 0, 50, 500, 0], [4, 0, 0, 0, 0, 0]])
    np.testing.assert_array_equal(found[2] - found[1], [[2, 9, 9, 0, 0, 0], [0, 0, 0, 1, 2, 2]])


def test_of_senders_that_take_as_long_the_one_of_the_lowest_number_is_chosen_whatever_their_order() -> None:
    sender, no_messages = NONE_YET.copy(), np.zeros((1, 2), np.uint32)
    for core, updates, spikes in ((7, 300, 0), (3, 0, 97), (5, 300, 0)):
        note_sender(np.array([core]), np.array([updates]), np.full((1, 2), spikes, np.uint16), no_messages, sender)
    np.testing.assert_array_equal(sender, [[29100, 29100], [3, 3], [97, 97], [0, 0]])


def test_packed_numbers_add_up_to_their_limits() -> None:
    most = (4096, 4096 * 1024 - 1, 4096 * 1024 - 1)
    loads = np.array([[received(*most)]])
    found = busiest_until(loads, NONE_YET[:, :1], np.array([0]), np.array([1]))
    np.testing.assert_array_equal(found[0, 0, 3:], most)
