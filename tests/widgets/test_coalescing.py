"""The first change of a burst goes out at once, the rest together."""

from linus_nb.widgets.coalescing import Coalescer


class Clock:
    """Timers that fire when the test moves the time."""

    def __init__(self):
        self.time = 0.0
        self.waiting = []

    def call_later(self, delay, callback):
        self.waiting.append((self.time + delay, callback))

    def move_to(self, time):
        while self.waiting and min(self.waiting)[0] <= time:
            due = min(self.waiting, key=lambda item: item[0])
            self.waiting.remove(due)
            self.time = due[0]
            due[1]()
        self.time = time


def test_five_hundred_changes_a_second_become_at_most_ten_flushes():
    clock, sent = Clock(), []
    changes = Coalescer(lambda: sent.append(clock.time), clock)
    for number in range(1000):
        clock.move_to(number / 500)
        changes.touch()
    assert sent[0] == 0.0
    assert 18 <= len(sent) <= 21


def test_the_last_change_is_never_lost_and_silence_costs_nothing():
    clock, sent = Clock(), []
    value = {"now": 0}
    changes = Coalescer(lambda: sent.append(value["now"]), clock)
    for number in (1, 2, 3):
        value["now"] = number
        changes.touch()
    clock.move_to(60)
    assert sent == [1, 3]
    assert clock.waiting == []


def test_a_change_after_a_pause_goes_out_at_once_again():
    clock, sent = Clock(), []
    changes = Coalescer(lambda: sent.append(clock.time), clock)
    changes.touch()
    clock.move_to(5)
    changes.touch()
    assert sent == [0.0, 5]
