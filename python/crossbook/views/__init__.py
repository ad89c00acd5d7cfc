"""What a venue shows: frozen structs with exact Decimals, in whole units. They are copies.

Every scalar that is a sum comes with the terms it is the sum of: an account shows its pools, a pool its equity and its
requirement, and each of their terms names the commands it comes from.
"""

from __future__ import annotations

from crossbook.views.account import (
    AccountView,
    AllowanceView,
    ExposureCapView,
    PermissionsView,
    PoolView,
    PositionView,
    VolumeView,
)
from crossbook.views.book import (
    BookView,
    LevelView,
    OrderView,
)
from crossbook.views.preview import (
    CommandPreview,
    ConstraintView,
    FillView,
    Preview,
    SlippageView,
)
from crossbook.views.tables import (
    Table,
    cell,
    html_table,
    text_table,
)
from crossbook.views.terms import (
    Explanation,
    LiquidationPriceView,
    PoolTerms,
    SumView,
    TermKind,
    TermView,
    WorstLossView,
)
from crossbook.views.venue import (
    AssetView,
    AuctionView,
    CapsView,
    CollateralView,
    CorrelationView,
    FeeTierView,
    FundingView,
    GateView,
    GroupsView,
    InsuranceView,
    LevelsView,
    LiquidationView,
    MarketView,
    ParametersView,
    PortfolioView,
    ScalingView,
    ScenariosView,
    TierView,
    VaultView,
)

__all__ = [
    "AccountView",
    "AllowanceView",
    "AssetView",
    "AuctionView",
    "BookView",
    "CapsView",
    "CollateralView",
    "CommandPreview",
    "ConstraintView",
    "CorrelationView",
    "Explanation",
    "ExposureCapView",
    "FeeTierView",
    "FillView",
    "FundingView",
    "GateView",
    "GroupsView",
    "InsuranceView",
    "LevelView",
    "LevelsView",
    "LiquidationPriceView",
    "LiquidationView",
    "MarketView",
    "OrderView",
    "ParametersView",
    "PermissionsView",
    "PoolTerms",
    "PoolView",
    "PortfolioView",
    "PositionView",
    "Preview",
    "ScalingView",
    "ScenariosView",
    "SlippageView",
    "SumView",
    "Table",
    "TermKind",
    "TermView",
    "TierView",
    "VaultView",
    "VolumeView",
    "WorstLossView",
    "cell",
    "html_table",
    "text_table",
]
