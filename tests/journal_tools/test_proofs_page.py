"""docs/journal_proofs.md names every reason for which a proof is refused, and no others."""

from __future__ import annotations

import re

from tests.house.test_tidy import ROOT

PAGE = (ROOT / "docs" / "journal_proofs.md").read_text()
PROOFS = ROOT / "journal_tools" / "src" / "journal_tools" / "proofs"


def test_the_codes_are_those_of_the_source() -> None:
    named = set()
    for name in ("merkle", "evidence", "note", "checkpoint"):
        source = (PROOFS / f"{name}.py").read_text()
        named |= set(re.findall(r"""(?:refused\(|code=)"(proof_\w+|note_\w+|signature_\w+)\"""", source))
    table = PAGE.split("\n| code |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == named
