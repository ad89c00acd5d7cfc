"""The command line of branches: what it prints, and how it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crossbook.cli import main
from crossbook.commands import Deposit, Origin
from crossbook.counterfactual import Change, Insert, Parent, Patch, parse_change
from crossbook.errors import InputError
from tests.counterfactual.history import Afternoon


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_branch_is_made_and_told(parent: Parent, tmp_path: Path) -> None:
    made = run("replay", parent.path, "--policy", "liquidation=closer", "-o", tmp_path / "b")
    assert made.exit_code == 0
    shown = re.sub(r"[0-9a-f]{64}", "HASH", made.stdout.replace(str(tmp_path), "T").replace(str(parent.path), "P"))
    assert (
        shown
        == """\
branch      T/b, of P up to seq 54
outside     38 kept, 0 dropped, 0 inserted
answered    1 refused that were accepted, 0 accepted that were refused; 1 id without meaning here
inside      16 commands of policies and the loop, 16 in the parent
faults      none
ended       after seq 54, 2023-11-14T22:14:20.000000002Z
events      other than those of the parent
state root  HASH
"""
    )
    assert made.stderr == f"hint: `crossbook compare {parent.path} {tmp_path / 'b'}` says what came of it\n"
    verified = run("verify", tmp_path / "b")
    assert re.search(rf"^a branch of +session {parent.session} up to seq 54$", verified.stdout, re.MULTILINE)
    assert f"a branch of   session {parent.session} up to seq 54\n" in run("replay", tmp_path / "b").stdout
    assert json.loads(run("replay", tmp_path / "b", "--json").stdout)["branch"]["parent"] == parent.session
    assert json.loads(run("verify", tmp_path / "b", "--json").stdout)["branch"]["parent_seq"] == 54
    assert json.loads(run("verify", parent.path, "--json").stdout)["branch"] is None


def test_a_branch_without_a_change_says_that_nothing_is_otherwise(parent: Parent, tmp_path: Path) -> None:
    made = json.loads(run("replay", parent.path, "-o", tmp_path / "b", "--json").stdout)
    assert (made["branch"]["same_events"], made["branch"]["state_root"]) == (True, parent.state_root.hex())


def test_all_kinds_of_change_at_once(parent: Parent, afternoon: Afternoon, tmp_path: Path) -> None:
    seqs = afternoon.seqs
    options = ["--policy", "liquidation=none", "--set", "market.BTC-PERP.taker_rate=0.001"]
    options += ["--set", "policy.liquidity.shade=2", "--drop", f"{seqs['fall']}..{seqs['recovery']}"]
    options += ["--insert", f'{seqs["take"]}:{{"type":"Deposit","account":2,"asset":1,"amount":7}}']
    options += ["--patch", f"{seqs['take']}:lots=100"]
    made = json.loads(run("replay", parent.path, *options, "-o", tmp_path / "b", "--json").stdout)["branch"]
    assert (made["dropped"], made["inserted"], made["kept"]) == (3, 1, 35)
    change = json.loads((tmp_path / "b" / "change.json").read_bytes())
    assert change["policies"] == {"liquidation": None}
    assert change["sets"] == {"market.BTC-PERP.taker_rate": "0.001", "policy.liquidity.shade": 2}
    assert change["drops"] == [[seqs["fall"], seqs["recovery"]]]
    assert change["inserts"][0]["command"] == {"type": "Deposit", "account": 2, "asset": 1, "amount": 7}
    assert change["inserts"][0]["origin"] == "operator"
    assert change["patches"] == [{"seq": seqs["take"], "field": "lots", "value": 100}]


def test_the_words_of_the_command_line() -> None:
    insert = '9:{"command":{"type":"Deposit","account":1,"asset":1,"amount":5},"origin":"operator","time_ns":77}'
    assert parse_change(
        policies=["liquidation=dutch", "fees=none"],
        sets=["parameters.open_orders_max=7", "policy.liquidation.allocation=queue"],
        drops=["3", "5..8"],
        inserts=[insert],
        patches=["4:side=sell", "4:lots=12"],
    ) == Change(
        policies={"liquidation": "dutch", "fees": None},
        sets={"parameters.open_orders_max": 7, "policy.liquidation.allocation": "queue"},
        drops=((3, 3), (5, 8)),
        inserts=(Insert(9, Deposit(1, 1, 5), Origin.OPERATOR, time_ns=77),),
        patches=(Patch(4, "side", "sell"), Patch(4, "lots", 12)),
    )


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"policies": ["liquidation"]}, "change_syntax"),
        ({"sets": ["a.b=[1,"]}, "change_syntax"),
        ({"drops": ["9..5"]}, "change_syntax"),
        ({"drops": ["all"]}, "change_syntax"),
        ({"inserts": ["5:{"]}, "change_syntax"),
        ({"inserts": ['x:{"type":"Tick"}']}, "change_syntax"),
        ({"inserts": ['5:{"type":"Tock"}']}, "unknown_command"),
        ({"inserts": ['5:{"type":"Deposit","account":1}']}, "field_missing"),
        ({"inserts": ['5:{"type":"Tick","colour":1}']}, "unknown_field"),
        ({"inserts": ['5:{"command":{"type":"Tick"},"origin":"king"}']}, "change_syntax"),
        ({"inserts": ['5:{"command":{"type":"Tick"},"colour":1}']}, "change_syntax"),
        ({"patches": ["5"]}, "change_syntax"),
        ({"patches": ["five:lots=1"]}, "change_syntax"),
    ],
)
def test_words_that_say_nothing(given: dict[str, list[str]], code: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_change(**given)
    assert (refused.value.code, bool(refused.value.hint)) == (code, True)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--policy", "liquidation=closer"], "branch_without_out"),
        (["-o", "{out}", "--seq", "5"], "branch_in_part"),
        (["-o", "{out}", "--drop", "{inside}"], "inside_seq"),
        (["-o", "{out}", "--policy", "liquidation=tickle"], "unknown_policy"),
        (["-o", "{parent}"], "journal_exists"),
    ],
)
def test_what_cannot_be_branched(
    parent: Parent, afternoon: Afternoon, tmp_path: Path, options: list[str], code: str
) -> None:
    words = {"out": tmp_path / "b", "inside": afternoon.seqs["fall"] + 1, "parent": parent.path}
    refused = run("replay", parent.path, *(option.format(**words) for option in options), "--json")
    assert refused.exit_code == 2
    error = json.loads(refused.stdout)["error"]
    assert (error["code"], bool(error["hint"])) == (code, True)
    assert not (tmp_path / "b").exists()
