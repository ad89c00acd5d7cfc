"""The numbered refusals of docs/rules.md, and the exception by which a check names one."""

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
    AmountNotPositive = 301
    SupplyLimit = 302
    InsufficientBalance = 303
    WithdrawalMargin = 304
    SameAccount = 305
    NotSameMaster = 306
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
