"""What counts as a press."""

import random

from appliance.station.button import ButtonReader, Press


def reader() -> ButtonReader:
    return ButtonReader(debounce_s=0.03, hold_s=1.0, long_hold_s=5.0, stuck_s=30.0)


def play(edges: list[tuple[float, bool]], until_s: float) -> list[tuple[float, Press]]:
    """Feed edges at their times, poll every ms, return what was told when."""
    button, told, edges = reader(), [], sorted(edges)
    for ms in range(int(until_s * 1000) + 1):
        now = ms / 1000
        while edges and edges[0][0] <= now:
            at, closed = edges.pop(0)
            button.edge(closed, at)
        press = button.poll(now)
        if press is not None:
            told.append((now, press))
    return told


def test_a_press_is_told_once_when_let_go() -> None:
    assert [press for _, press in play([(0.1, True), (0.3, False)], 2.0)] == [Press.SHORT]


def test_a_bouncing_contact_is_one_press() -> None:
    random.seed(1)
    for _ in range(50):
        edges, closed = [], True
        for start in (0.1, 0.4):
            at = start
            for _ in range(2 * random.randint(1, 8) + 1):
                edges.append((at, closed))
                closed, at = not closed, at + random.uniform(0.0002, 0.004)
        assert [press for _, press in play(edges, 1.0)] == [Press.SHORT]


def test_a_spike_shorter_than_the_debounce_time_is_nothing() -> None:
    assert play([(0.1, True), (0.12, False)], 1.0) == []


def test_holding_is_told_while_the_button_is_down_and_is_not_a_short_press_too() -> None:
    told = play([(0.1, True), (6.0, False)], 7.0)
    assert [press for _, press in told] == [Press.LONG, Press.VERY_LONG]
    assert abs(told[0][0] - 1.1) < 0.01
    assert abs(told[1][0] - 5.1) < 0.01


def test_a_stuck_button_is_told_once_and_never_presses() -> None:
    assert [press for _, press in play([(0.1, True)], 60.0)] == [Press.LONG, Press.VERY_LONG, Press.STUCK]


def test_the_loop_is_told_when_to_look_again() -> None:
    button = reader()
    assert button.wake_in(0.0) is None
    button.edge(True, 1.0)
    assert button.wake_in(1.01) == 0.03 - 0.010000000000000009
    button.poll(1.03)
    assert abs((button.wake_in(1.03) or 0) - 0.97) < 1e-9
