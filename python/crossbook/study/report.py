"""The tables of `docs/capital_efficiency.md`, made from what the study found."""

from __future__ import annotations

from typing import Any

from crossbook.commands import RATE_ONE
from crossbook.study.efficiency import Line, Loss, Study, Way

_USDC = 10**6


def document(study: Study) -> dict[str, Any]:
    """Everything that was found, money in minor units (10^-6 USDC)."""
    return {
        "seed": study.seed,
        "paths": study.paths,
        "portfolios": [
            {
                "name": line.portfolio.name,
                "positions": dict(line.portfolio.positions),
                "notional": line.notional,
                "lost_at_most_99_percent": line.lost_at_most(99),
                "ways": {
                    copy.way.value: {
                        "requirement": copy.requirement,
                        "called_paths": copy.called,
                        "held": _loss(copy.held),
                        "closed": _loss(copy.closed),
                    }
                    for copy in line.copies
                },
            }
            for line in study.lines
        ],
        "perpetuals": [
            {
                "symbol": reach.symbol,
                "start": reach.start,
                "range_rate": reach.range_rate,
                "paths_beyond": reach.beyond,
                "lowest": reach.lowest,
                "highest": reach.highest,
            }
            for reach in study.reaches
        ],
    }


def _loss(loss: Loss) -> dict[str, int]:
    return {"paths": loss.paths, "total": loss.total, "worst": loss.worst}


def tables(study: Study) -> str:
    """The tables, as Markdown; money in thousands of USDC, rounded up."""
    return "\n\n".join((_requirements(study), _losses(study, "held"), _losses(study, "closed"), _reaches(study))) + "\n"


def _requirements(study: Study) -> str:
    head = ["portfolio", "gross notional", *(f"{way.value} requires" for way in Way)]
    head += ["portfolio of cross", "99 % of paths lose at most"]
    rows = []
    for line in study.lines:
        isolated, cross, portfolio = (copy.requirement for copy in line.copies)
        money = [thousands(amount) for amount in (line.notional, isolated, cross, portfolio)]
        share = f"{-(-100 * portfolio // cross)} %"
        rows.append([line.portfolio.name, *money, share, thousands(line.lost_at_most(99))])
    return markdown(head, rows)


def _losses(study: Study, which: str) -> str:
    """Per way: paths that left something unpaid, the mean over all paths, and the worst path."""
    title = {"held": "held to the end", "closed": "closed when first seen below maintenance"}[which]
    head = [title, *(f"{way.value}: paths, mean, worst" for way in Way)]
    if which == "closed":
        head += ["paths closed: isolated, cross, portfolio"]
    return markdown(head, [_loss_row(study, line, which) for line in study.lines])


def _loss_row(study: Study, line: Line, which: str) -> list[str]:
    row = [line.portfolio.name]
    for copy in line.copies:
        loss = copy.held if which == "held" else copy.closed
        mean = -(-loss.total // study.paths)
        row.append(f"{loss.paths}, {thousands(mean)}, {thousands(loss.worst)}")
    if which == "closed":
        row.append(", ".join(str(copy.called) for copy in line.copies))
    return row


def _reaches(study: Study) -> str:
    """How stressed the paths were: the ends of the perpetuals against three calibrated deviations of a day."""
    head = ["perpetual", "three calibrated deviations", "paths that end further away", "lowest end", "highest end"]
    rows = []
    for reach in study.reaches:
        ends = (_percent((end - reach.start) * RATE_ONE // reach.start) for end in (reach.lowest, reach.highest))
        rows.append([reach.symbol, _percent(reach.range_rate), str(reach.beyond), *ends])
    return markdown(head, rows)


def _percent(rate: int) -> str:
    """A rate in percent with one decimal, towards zero."""
    tenths = abs(rate) * 1_000 // RATE_ONE
    return f"{'-' if rate < 0 else ''}{tenths // 10}.{tenths % 10} %"


def thousands(minor: int) -> str:
    """Thousands of USDC with one decimal, rounded up."""
    tenths = -(-minor // (100 * _USDC))
    return f"{'-' if tenths < 0 else ''}{abs(tenths) // 10:,}.{abs(tenths) % 10}"


def markdown(head: list[str], rows: list[list[str]], *, words: int = 1) -> str:
    """A table; the first `words` columns are words, the others numbers."""
    lines = [head, ["---"] * words + ["---:"] * (len(head) - words), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
