"""The numbered refusals of the rules, and the exception by which a check names one."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Why a command was refused; the hundreds group the stage that refuses."""

    OriginNotPermitted = 101
    UnknownAuthor = 102
    CauseNotEarlier = 103
    UnknownAccount = 104
    NonceWithoutAccount = 105
    DuplicateNonce = 106
    NonceTooOld = 107
    UnknownAsset = 108
    UnknownMarket = 109
    AgentNotGranted = 110
    SymbolInvalid = 201
    SymbolTaken = 202
    DecimalsOutOfRange = 203
    SizeOutOfRange = 204
    TickValueNotExact = 205
    PriceMaxOutOfRange = 206
    PositionMaxOutOfRange = 207
    NotionalLimit = 208
    TiersInvalid = 209
    FeesOutOfRange = 210
    LimitsInvalid = 211
    ParametersInvalid = 212
    ParentIsSubAccount = 213
    AuthorInvalid = 214
    RulesetNotSupported = 215
    CapacityReached = 216
    FeeTiersInvalid = 217
    AccountFeesInvalid = 218
    ScalingInvalid = 219
    CapsInvalid = 220
    ExposureCapInvalid = 221
    LevelsInvalid = 222
    CollateralInvalid = 223
    CollateralConflict = 224
    CollateralPriceInvalid = 225
    PermissionsInvalid = 226
    GateInvalid = 227
    GroupInvalid = 228
    BasisInvalid = 229
    ScenariosInvalid = 230
    ConcentrationInvalid = 231
    CorrelationsInvalid = 232
    PortfolioInvalid = 233
    AmountNotPositive = 301
    SupplyLimit = 302
    InsufficientBalance = 303
    WithdrawalMargin = 304
    SameAccount = 305
    NotSameMaster = 306
    WithdrawalNotPermitted = 307
    DestinationNotPermitted = 308
    WithdrawalGate = 309
    TransferNotPermitted = 310
    AllowanceExceeded = 311
    NotCollateral = 312
    CollateralCap = 313
    PriceOutOfRange = 401
    LotsNotPositive = 402
    TimeInForceInvalid = 403
    AlreadyExpired = 404
    MarketNotReady = 405
    DuplicateClientOrder = 406
    OpenOrdersLimit = 407
    OrderTooLarge = 408
    NotionalTooSmall = 409
    PriceOutsideBand = 410
    PositionLimit = 411
    WouldNotReduce = 412
    PostOnlyWouldCross = 413
    MarginInsufficient = 414
    FillOrKillUnfilled = 415
    OrderReferenceInvalid = 416
    UnknownOrder = 417
    AmendBelowFilled = 418
    AmendChangesNothing = 419
    MarketModeRefuses = 420
    MarketNotPermitted = 421
    AccountReduceOnly = 422
    ExposureCap = 423
    ConcentrationCap = 424
    OpenInterestCap = 425
    StressIsolated = 426
    ModeUnchanged = 427
    NotIsolated = 428
    LeverageInvalid = 429
    FundingInvalid = 431
    FundingLimit = 432
    OracleInvalid = 433
    OracleGrade = 434
    AgentUnchanged = 435
    AgentsLimit = 436
    NoteInvalid = 437
    PoolInvalid = 501
    PoolHealthy = 502
    LockUnchanged = 503
    NotRecovered = 504
    NoPosition = 505
    Cooldown = 506
    LotsTooMany = 507
    PriceBeyondFillable = 508
    NotPortfolio = 509
    RiskNotReduced = 510
    AuctionInvalid = 511
    AuctionOpen = 512
    UnknownAuction = 513
    BidderNotPermitted = 514
    BidPrice = 515
    TakerInsolvent = 516
    VaultUnknown = 517
    VaultExposure = 518
    AmountTooLarge = 519
    InsuranceExhausted = 520
    NoDebt = 521
    AllocationInvalid = 522
    InsuranceFirst = 523
    NobodyToShare = 524
    LiquidationInvalid = 525
    VaultInvalid = 526
    InsuranceInvalid = 527


I64_MIN, I64_MAX = -(2**63), 2**63 - 1


def capped(value: int) -> int:
    """A value of a refusal is signed 64 bit on the wire, so what does not fit is shown as the nearest that does."""
    return max(I64_MIN, min(I64_MAX, value))


class Refused(Exception):
    """Raised by the first check that fails, before anything was changed."""

    def __init__(self, code: Code, a: int = 0, b: int = 0) -> None:
        super().__init__(code, a, b)
        self.code = code
        self.a = capped(a)
        self.b = capped(b)


def refuse_if(broken: bool, code: Code, a: int = 0, b: int = 0) -> None:
    """Raises `Refused` when the rule named by `code` is broken."""
    if broken:
        raise Refused(code, a, b)
