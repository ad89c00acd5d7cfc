"""A recording of our own, ten lines long, whose outcome can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossbook.errors import InputError
from crossbook.importers.lobster import Mode, QueueBy
from crossbook.importers.lobster_report import LobsterReport
from crossbook.importers.lobster_run import import_lobster
from crossbook.replay import replay
from crossbook.state import StateView

NAME = "ABC_2012-06-21_34200000_37800000_message_2.csv"
BOOK = "ABC_2012-06-21_34200000_37800000_orderbook_2.csv"

# Two buyers at 585.00, the second of them is hit first; one seller at 585.01.
RECORDING = """\
34200.000000001,1,100,50,5850000,1
34200.000000002,1,101,30,5850000,1
34200.000000003,1,102,40,5850100,-1
34200.000000004,4,101,30,5850000,1
34200.000000005,4,100,20,5850000,1
34200.000000006,2,100,10,5850000,1
34200.000000007,5,0,7,5850050,1
34200.000000008,3,100,20,5850000,1
34200.000000009,3,99,10,5849900,1
34200.00000001,4,98,10,5850100,-1
"""


def imported(tmp_path: Path, text: str, **options: object) -> LobsterReport:
    (tmp_path / NAME).write_text(text)
    return import_lobster([tmp_path / NAME], tmp_path / "session", **options)  # type: ignore[arg-type]


def final_state(report: LobsterReport) -> StateView:
    return replay(report.session.path).view


def sizes(view: StateView) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    book = view.book("ABC")
    bids, asks = ([(str(level.price), int(level.size)) for level in side] for side in (book.bids, book.asks))
    return bids, asks


def test_in_step_the_fill_that_priority_would_not_choose_is_applied_as_recorded(tmp_path: Path) -> None:
    report = imported(tmp_path, RECORDING, mode=Mode.STEP)
    tally = report.tally
    assert (tally.executions_known, tally.at_best_price, tally.at_queue_head) == (2, 2, 1)
    assert (tally.applied_as_recorded, tally.sent, tally.filled_exactly) == (1, 1, 1)
    assert (tally.refused_gone, report.session.trades) == (0, 1)
    assert sizes(final_state(report)) == ([], [("585.01", 40)])


def test_free_running_our_fills_stand_and_messages_about_gone_orders_are_refused(tmp_path: Path) -> None:
    report = imported(tmp_path, RECORDING, mode=Mode.FREE)
    tally = report.tally
    assert (tally.executions_known, tally.at_queue_head, tally.sent) == (2, 1, 2)
    assert (tally.filled_first, tally.filled_exactly) == (1, 1)
    # 100 was filled by both executions: its partial cancel and its delete find it gone, and 101 is left over.
    assert report.session.rejected == {"UnknownOrder": 2}
    assert tally.refused_gone == 2
    assert sizes(final_state(report)) == ([("585", 30)], [("585.01", 40)])


def test_hidden_executions_and_orders_older_than_the_recording_are_counted_and_send_nothing(tmp_path: Path) -> None:
    tally = imported(tmp_path, RECORDING).tally
    assert (tally.kinds["hidden_execution"], tally.hidden_shares) == (1, 7)
    assert (tally.cancels_unknown, tally.executions_unknown) == (1, 1)


def test_commands_carry_the_recorded_time(tmp_path: Path) -> None:
    report = imported(tmp_path, RECORDING)
    # 2012-06-21 00:00 UTC, and the time of the last message that became a command.
    assert replay(report.session.path).time_ns == (1_340_236_800 + 34_200) * 10**9 + 8


def test_the_session_replays_to_the_same_root_and_digest(tmp_path: Path) -> None:
    session = imported(tmp_path, RECORDING).session
    again = replay(session.path)
    assert session.equal
    assert (session.state_root, session.event_digest) == (again.state_root.hex(), again.event_digest.hex())


LATE = """\
1.0,1,200,10,5850100,-1
2.0,1,300,10,5850200,-1
3.0,1,150,10,5850100,-1
4.0,4,150,10,5850100,-1
"""


@pytest.mark.parametrize(("queue_by", "at_head"), [(QueueBy.REFERENCE, 1), (QueueBy.ARRIVAL, 0)])
def test_an_order_shown_late_queues_by_its_number(tmp_path: Path, queue_by: QueueBy, at_head: int) -> None:
    tally = imported(tmp_path, LATE, queue_by=queue_by).tally
    assert (tally.revealed_late, tally.moved_behind) == (1, at_head)
    assert (tally.at_queue_head, tally.applied_as_recorded) == (at_head, 1 - at_head)


def test_a_partial_cancel_keeps_priority(tmp_path: Path) -> None:
    lines = [*RECORDING.splitlines()[:2], "1.0,2,100,10,5850000,1", "2.0,4,100,40,5850000,1"]
    text = "\n".join(line.replace("34200", "0") for line in lines)
    tally = imported(tmp_path, text).tally
    assert (tally.at_queue_head, tally.filled_exactly) == (1, 1)


# Two visible levels. The third message uses up the best bid, and a level enters the window; the fourth adds one, and
# the level that entered leaves again; the last hits an order that was there before the recording.
PAIR_MESSAGES = """\
1.0,1,10,5,5850000,1
2.0,1,11,7,5850100,1
3.0,4,11,7,5850100,1
4.0,1,12,9,5850050,1
5.0,4,3,2,5850300,-1
"""
PAIR_ROWS = """\
5850300,6,5850000,5,5850400,8,5849900,3
5850300,6,5850100,7,5850400,8,5850000,5
5850300,6,5850000,5,5850400,8,5849900,3
5850300,6,5850050,9,5850400,8,5850000,5
5850300,4,5850050,9,5850400,8,5850000,5
"""


def pair(tmp_path: Path, rows: str) -> LobsterReport:
    (tmp_path / NAME).write_text(PAIR_MESSAGES)
    (tmp_path / BOOK).write_text(rows)
    return import_lobster([tmp_path / NAME, tmp_path / BOOK], tmp_path / "session")


def test_every_message_turns_one_row_into_the_next(tmp_path: Path) -> None:
    report = pair(tmp_path, PAIR_ROWS)
    assert (report.tally.rows, report.tally.rows_agreeing, report.tally.levels_revealed) == (4, 4, 1)
    assert report.agrees
    assert sizes(final_state(report)) == ([("585.005", 9), ("585", 5)], [("585.03", 4), ("585.04", 8)])


def test_a_row_that_no_message_explains_is_a_difference(tmp_path: Path) -> None:
    report = pair(tmp_path, PAIR_ROWS.replace("5850300,4,", "5850300,5,"))
    assert (report.tally.rows, report.tally.rows_agreeing) == (4, 3)
    assert not report.agrees


def test_each_row_is_judged_by_the_row_before_it(tmp_path: Path) -> None:
    tally = pair(tmp_path, PAIR_ROWS.replace(",8,", ",9,", 1)).tally
    assert (tally.rows, tally.rows_agreeing, tally.levels_revealed) == (4, 3, 1)


def test_a_row_check_keeps_in_step(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(PAIR_MESSAGES)
    (tmp_path / BOOK).write_text(PAIR_ROWS)
    with pytest.raises(InputError) as found:
        import_lobster([tmp_path / NAME, tmp_path / BOOK], tmp_path / "session", mode=Mode.FREE)
    assert found.value.code == "lobster_mode"


def test_an_empty_recording_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError) as found:
        imported(tmp_path, "\n")
    assert found.value.code == "lobster_empty"
    assert not (tmp_path / "session").exists()
