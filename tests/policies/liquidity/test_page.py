"""What docs/policies_liquidity.md says of fields, defaults and topics is what the code has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crossbook.policies.execution import topics as execution
from crossbook.policies.execution.hedger import Hedger
from crossbook.policies.execution.twap import Twap
from crossbook.policies.liquidity import topics as liquidity
from crossbook.policies.liquidity.curves import ConstantProduct, Linear
from crossbook.policies.liquidity.vault import Vault
from crossbook.policies.surveillance import topics as surveillance
from crossbook.policies.surveillance.concentration import Concentration
from crossbook.policies.surveillance.layering import Layering
from crossbook.policies.surveillance.round_trips import RoundTrips
from crossbook.policies.surveillance.stuffing import Stuffing
from crossbook.policies.surveillance.watch import Watch

PAGE = (Path(__file__).parents[3] / "docs" / "policies_liquidity.md").read_text()
STRUCTS: dict[str, Any] = {
    "the vault": Vault,
    "linear": Linear,
    "constant_product": ConstantProduct,
    "twap": Twap,
    "hedger": Hedger,
    "watch": Watch,
    "round_trips": RoundTrips,
    "layering": Layering,
    "stuffing": Stuffing,
    "concentration": Concentration,
}
BODIES: dict[str, Any] = {
    liquidity.JOIN: liquidity.Join,
    liquidity.JOINED: liquidity.Joined,
    liquidity.LEAVE: liquidity.Leave,
    liquidity.REDEEM: liquidity.Redeem,
    liquidity.REFUSED: liquidity.Refused,
    liquidity.REPORT: liquidity.Report,
    execution.ORDER: execution.Order,
    execution.CANCEL: execution.Cancel,
    execution.REFUSED: execution.Refused,
    execution.DONE: execution.Done,
    execution.HEDGER_REFUSED: execution.HedgerRefused,
    surveillance.FINDING: surveillance.Finding,
}


def documented(name: str) -> dict[str, str]:
    """The table of a struct: default by field."""
    (table,) = re.findall(rf"^\| field of {name} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines()]
    return {field: default for field, default, _meaning in rows}


@pytest.mark.parametrize("name", STRUCTS)
def test_every_field_and_its_default_is_documented(name: str) -> None:
    table = documented(name)
    fields = msgspec.structs.fields(STRUCTS[name])
    assert list(table) == [field.name for field in fields]
    numbers = {field.name: field.default for field in fields if isinstance(field.default, int)}
    assert {field: int(table[field].replace(",", "")) for field in numbers} == numbers


@pytest.mark.parametrize("topic", BODIES)
def test_every_topic_is_documented_with_its_body(topic: str) -> None:
    (row,) = re.findall(rf"^\| `{re.escape(topic)}` \| [^|]+ \| (.*) \|$", PAGE, re.MULTILINE)
    plain = re.sub(r"\([^)]*\)|:.*?(?=, \w+ `|$)", "", row)
    words = re.findall(r"(?:^|, )(\w+)", plain)
    fields = [field.name for field in msgspec.structs.fields(BODIES[topic])]
    assert [word for word in words if word in fields] == fields
