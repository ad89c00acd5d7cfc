"""The table and the plot of `docs/cascade_study.md`, made from what the study found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from crossbook.errors import InputError
from crossbook.outcomes import AssetOutcome
from crossbook.study.cascade import Cascade, Run
from crossbook.study.report import markdown, thousands

_USDC: Final = 1
BEGIN: Final = "<!-- table: crossbook study cascade -->"
END: Final = "<!-- end of table -->"
HEAD: Final = (
    "policy",
    "allocation",
    "liquidated",
    "bad debt",
    "of it insurance, shared, left",
    "deleveraged",
    "ADL notional",
    "ADL forgone",
    "rank inversions",
    "broken hedges",
    "left naked",
    "solvent after",
)


def document(study: Cascade) -> dict[str, Any]:
    """Everything that was found, money in minor units (10^-6 USDC)."""
    return {
        "seed": study.seed,
        "accounts": study.accounts,
        "hedged": study.hedged,
        "open_interest": study.open_interest,
        "runs": [_run(run) for run in study.runs],
    }


def _run(run: Run) -> dict[str, Any]:
    outcome, money = run.outcome, run.outcome.assets[_USDC]
    return {
        "policy": run.policy,
        "allocation": run.rule,
        "liquidated": len(outcome.liquidated),
        "bad_debt": money.bad_debt,
        "insurance_paid": money.insurance_paid,
        "socialised": money.socialised,
        "negative_equity": money.negative_equity,
        "deleveraged": len(outcome.deleveraged),
        "adl_notional": money.adl_notional,
        "adl_forgone": money.adl_forgone,
        "rank_inversions": outcome.rank_inversions,
        "broken": len(outcome.broken),
        "broken_notional": money.broken_notional,
        "time_to_solvency_ns": outcome.time_to_solvency_ns,
    }


def table(study: Cascade) -> str:
    """One row per run, as Markdown; money in thousands of USDC, rounded up."""
    return markdown(list(HEAD), [row(run) for run in study.runs], words=2) + "\n"


def row(run: Run) -> list[str]:
    """A run as a row of the table."""
    outcome, money = run.outcome, run.outcome.assets[_USDC]
    parts = (money.insurance_paid, money.socialised, money.negative_equity)
    seconds = outcome.time_to_solvency_ns
    return [
        run.policy,
        run.rule,
        str(len(outcome.liquidated)),
        thousands(money.bad_debt),
        ", ".join(thousands(part) for part in parts),
        str(len(outcome.deleveraged)),
        thousands(money.adl_notional),
        thousands(money.adl_forgone),
        f"{outcome.rank_inversions:,}",
        str(len(outcome.broken)),
        thousands(money.broken_notional),
        "not" if seconds is None else f"{seconds // 10**9} s",
    ]


# --- the page ---------------------------------------------------------------------------------------------------------


def write_page(study: Cascade, page: Path) -> Path:
    """Puts the table into a page, between its two comments, and the plot beside it; returns where the plot is.

    Raises InputError `no_table` if the page has no place for it.
    """
    text = page.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(
            f"{page} has no place for the table",
            code="no_table",
            values={"page": str(page)},
            hint=f"put the lines {BEGIN} and {END} where it goes",
        )
    page.write_text(f"{before}{BEGIN}\n\n{table(study)}\n{END}{after}")
    picture = page.with_suffix(".svg")
    draw(study, picture)
    return picture


_Measure = Callable[[Run, AssetOutcome], float]
_PANELS: Final[tuple[tuple[str, _Measure], ...]] = (
    ("bad debt, thousand USDC", lambda _, money: money.bad_debt / 10**9),
    ("ADL notional, million USDC", lambda _, money: money.adl_notional / 10**12),
    ("ADL forgone, thousand USDC", lambda _, money: money.adl_forgone / 10**9),
    ("broken hedges, accounts", lambda run, _: len(run.outcome.broken)),
    ("rank inversions, thousand", lambda run, _: run.outcome.rank_inversions / 1_000),
    ("time to solvency, s", lambda run, _: (run.outcome.time_to_solvency_ns or 0) / 10**9),
)


def draw(study: Cascade, picture: Path) -> None:
    """One panel per measure, bars by policy and allocation, as SVG. Raises InputError `no_matplotlib`."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError(
            "there is nothing to draw with",
            code="no_matplotlib",
            hint="install crossbook with the extra `plot`: pip install crossbook[plot]",
        ) from None
    policies = list(dict.fromkeys(run.policy for run in study.runs))
    rules = list(dict.fromkeys(run.rule for run in study.runs))
    runs = {(run.policy, run.rule): run for run in study.runs}
    width = 0.8 / len(rules)
    # The same picture for the same study: no date in it, and no random ids.
    with mpl.rc_context({"svg.hashsalt": "crossbook", "svg.fonttype": "none", "font.size": 8}):
        figure = Figure(figsize=(10, 6), layout="constrained")
        for axes, (title, measure) in zip(figure.subplots(2, 3).flat, _PANELS, strict=True):
            for number, rule in enumerate(rules):
                places = [at + (number - (len(rules) - 1) / 2) * width for at in range(len(policies))]
                heights = [measure(run, run.outcome.assets[_USDC]) for run in (runs[one, rule] for one in policies)]
                axes.bar(places, heights, width, label=rule)
            axes.set_title(title)
            axes.set_xticks(range(len(policies)), policies)
        figure.axes[0].legend(title="allocation")
        figure.savefig(picture, format="svg", metadata={"Date": None})
