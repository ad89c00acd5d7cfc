"""A capture of our own with checksums worked out by hand, and the recorded one."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from crossbook.errors import InputError
from crossbook.importers.kraken import import_kraken
from crossbook.importers.kraken_format import checksum, read_capture
from crossbook.replay import replay
from tests.flow.shared import shared

# A pair that writes three decimals of price, of which one is used, and eight of volume. The depth is three levels.
OPENED = """\
wss://example.invalid <-> 1600000000.5
wss://example.invalid <- 1600000000.6: {"event":"subscribe"}
1600000000.7: {"event":"systemStatus","status":"online"}
1600000001.1234567: [7,{"as":[["10.100","2.00000000","1.0"],["10.200","0.50000000","1.0"]],\
"bs":[["10.000","1.25000000","1.0"],["9.900","3.00000000","1.0"],["9.800","7.00000000","1.0"]]},"book-3","AAA/BBB"]
"""


def update(number: int, changes: str, digits: str) -> str:
    """A frame whose checksum is that of the given digits."""
    return f'160000000{number}.5: [7,{{{changes},"c":"{zlib.crc32(digits.encode())}"}},"book-3","AAA/BBB"]\n'


TOP = "101001" + "1020050000000"
"""The two asks once the best one has shrunk to a single hundred-millionth."""

SESSION = [
    # the best ask shrinks to a fraction
    update(2, '"a":[["10.100","0.00000001","2.0"]]', TOP + "10000125000000" + "9900300000000" + "9800700000000"),
    # a better bid comes in, the fourth level falls out of the depth
    update(
        3,
        '"b":[["10.050","123456789.12345678","2.0"]]',
        TOP + "1005012345678912345678" + "10000125000000" + "9900300000000",
    ),
    # it goes again, and the exchange says what is behind
    update(
        4,
        '"b":[["10.050","0.00000000","2.0"],["9.700","4.00000000","2.0","r"]]',
        TOP + "10000125000000" + "9900300000000" + "9700400000000",
    ),
    # one frame with both sides: the ask would cross the bid that the same frame takes away
    '1600000005.5: [7,{"a":[["9.950","1.00000000","2.0"]]},{"b":[["10.000","0.00000000","2.0"]],"c":"'
    + str(zlib.crc32(("9950100000000" + TOP + "9900300000000" + "9700400000000").encode()))
    + '"},"book-3","AAA/BBB"]\n',
]


def capture(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "capture.ws"
    path.write_text(text)
    return path


def test_the_checksum_is_that_of_digits_without_points_and_leading_zeros() -> None:
    assert checksum([(10100, 1)], [(9900, 300000000)]) == zlib.crc32(b"1010019900300000000")


def test_a_capture_of_our_own(tmp_path: Path) -> None:
    report = import_kraken(capture(tmp_path, OPENED + "".join(SESSION)), tmp_path / "session")
    [(pair, result)] = report.pairs.items()
    assert (pair, result.updates, result.checksums, result.agreeing) == ("AAA/BBB", 5, 4, 4)
    assert (report.session.trades, report.session.rejected) == (0, {})
    assert report.agrees
    assert replay(report.session.path).time_ns == 1_600_000_005_500_000_000


def test_a_wrong_checksum_is_a_difference(tmp_path: Path) -> None:
    text = OPENED + SESSION[0] + update(3, '"b":[["9.900","2.00000000","2.0"]]', "nothing like it")
    report = import_kraken(capture(tmp_path, text), tmp_path / "session")
    assert (report.checksums, report.agreeing) == (2, 1)
    assert not report.agrees


def test_frames_that_are_not_book_updates_are_passed_over(tmp_path: Path) -> None:
    ticker = '1600000002.5: [9,{"c":["10.1","1"]},"ticker","AAA/BBB"]\n'
    updates = list(read_capture(capture(tmp_path, OPENED + ticker)))
    assert [(found.pair, found.snapshot, found.checksum) for found in updates] == [("AAA/BBB", True, None)]
    assert updates[0].time_ns == 1_600_000_001_123_456_700


@pytest.mark.parametrize("line", ["1600000002.5: [7,", "no time: {}", "1600000002.5 []", '1600000002.5: {"x":1}'])
def test_a_line_that_is_no_frame_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(InputError) as found:
        list(read_capture(capture(tmp_path, f"{OPENED}{line}\n")))
    assert (found.value.code, found.value.values["line"]) == ("kraken_line", 5)


def test_a_capture_without_a_book_is_refused(tmp_path: Path) -> None:
    for text in (OPENED.splitlines()[0], update(2, '"b":[]', "")):
        with pytest.raises(InputError) as found:
            import_kraken(capture(tmp_path, text), tmp_path / "session")
        assert found.value.code == "kraken_empty"


def test_the_recorded_capture(tmp_path: Path) -> None:
    report = import_kraken(shared("books", "KRAKEN.ws.50.0.xz"), tmp_path / "session")
    assert (report.checksums, report.agreeing) == (4_269, 4_269)
    assert len(report.pairs) == 10
    assert (report.session.trades, report.session.rejected) == (0, {})
    assert report.session.equal
    assert replay(report.session.path).view.account_count() == 8
