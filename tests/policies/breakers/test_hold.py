"""How a market is held: stricter, never milder than somebody else wanted, and let go to what it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from crossbook.commands import Command, MarketMode, SetMarketMode, SetStress
from crossbook.policies.breakers.hold import Action, Hold, adjust, is_of_another
from crossbook.rows import MarketRow

CONTINUOUS, REDUCE_ONLY, CANCEL_ONLY, HALTED = MarketMode
ACTIONS = st.lists(st.sampled_from(list(Action)), max_size=3)


def row(mode: MarketMode = CONTINUOUS, *, stress: bool = False) -> MarketRow:
    """A market, of which only this matters here."""
    blank = dict.fromkeys(MarketRow.__struct_fields__)
    return MarketRow(**(blank | {"market": 1, "mode": mode, "stress": stress}))  # type: ignore[arg-type]


class Market:
    """A market that does what it is told, and tells the hold what was announced."""

    def __init__(self) -> None:
        self.row = row()
        self.hold = Hold()

    def asked(self, *actions: Action) -> list[Command]:
        commands = adjust(self.hold, self.row, actions)
        for command in commands:
            if isinstance(command, SetMarketMode):
                assert command.mode != self.row.mode  # the kernel would refuse it
                self.row = replace(self.row, mode=command.mode)
                assert not is_of_another(self.hold, command.mode)
            elif isinstance(command, SetStress):
                assert command.active != self.row.stress
                self.row = replace(self.row, stress=command.active)
        return commands

    def taken_over(self, mode: MarketMode) -> None:
        self.row = replace(self.row, mode=mode)
        assert is_of_another(self.hold, mode)
        self.hold.mode = 0


def test_the_strictest_action_holds_and_the_next_when_it_is_gone() -> None:
    market = Market()
    assert market.asked(Action.REDUCE_ONLY, Action.CANCEL_ONLY) == [SetMarketMode(1, CANCEL_ONLY)]
    assert market.asked(Action.REDUCE_ONLY) == [SetMarketMode(1, REDUCE_ONLY)]
    assert market.asked() == [SetMarketMode(1, CONTINUOUS)]
    assert market.asked() == []


def test_a_market_goes_back_to_what_it_was() -> None:
    market = Market()
    market.taken_over(REDUCE_ONLY)
    assert market.asked(Action.HALT) == [SetMarketMode(1, HALTED)]
    assert market.asked(Action.REDUCE_ONLY) == [SetMarketMode(1, REDUCE_ONLY)]
    assert market.asked() == []


def test_stress_goes_with_a_mode_and_ends_by_itself() -> None:
    market = Market()
    assert market.asked(Action.STRESS, Action.HALT) == [SetMarketMode(1, HALTED), SetStress(1, active=True)]
    assert market.asked(Action.HALT) == [SetStress(1, active=False)]


def test_stress_that_its_operator_set_is_left_alone() -> None:
    market = Market()
    market.row = row(stress=True)
    assert market.asked(Action.STRESS) == []
    assert market.asked() == []


@given(st.lists(ACTIONS, max_size=8))
def test_whatever_was_asked_for_a_market_ends_as_it_began(story: list[list[Action]]) -> None:
    market = Market()
    for actions in story:
        market.asked(*actions)
    market.asked()
    assert (market.row.mode, market.row.stress) == (CONTINUOUS, False)


@given(st.lists(ACTIONS, max_size=4), st.sampled_from(MarketMode), st.lists(ACTIONS, max_size=4))
def test_what_somebody_else_set_is_the_mildest_there_will_be(
    before: list[list[Action]], mode: MarketMode, after: list[list[Action]]
) -> None:
    market = Market()
    for actions in before:
        market.asked(*actions)
    if market.row.mode == mode:
        return  # the kernel refuses it: nobody took anything over
    market.taken_over(mode)
    for actions in after:
        market.asked(*actions)
        assert market.row.mode >= mode
    market.asked()
    assert market.row.mode == mode
