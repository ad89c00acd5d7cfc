//! Refusals: numbered, documented, and checked in one order (`docs/rules.md`, *Refusals and their precedence*).
//!
//! | range | stage |
//! |---|---|
//! | 1xx | who asks, and about what |
//! | 2xx | configuration |
//! | 3xx | money |
//! | 4xx | marks, orders, positions, oracle, agents, notes |
//! | 5xx | the waterfall |

macro_rules! rejects {
    ($($code:literal $name:ident,)*) => {
        /// Why a command was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        #[allow(missing_docs, reason = "the rules document every code")]
        pub enum Code { $($name = $code),* }

        impl Code {
            /// Every code with its name.
            pub const ALL: &'static [(u16, &'static str)] = &[$(($code, stringify!($name))),*];
        }
    };
}

rejects! {
    101 OriginNotPermitted,
    102 UnknownAuthor,
    103 CauseNotEarlier,
    104 UnknownAccount,
    105 NonceWithoutAccount,
    106 DuplicateNonce,
    107 NonceTooOld,
    108 UnknownAsset,
    109 UnknownMarket,
    110 AgentNotGranted,
    201 SymbolInvalid,
    202 SymbolTaken,
    203 DecimalsOutOfRange,
    204 SizeOutOfRange,
    205 TickValueNotExact,
    206 PriceMaxOutOfRange,
    207 PositionMaxOutOfRange,
    208 NotionalLimit,
    209 TiersInvalid,
    210 FeesOutOfRange,
    211 LimitsInvalid,
    212 ParametersInvalid,
    213 ParentIsSubAccount,
    214 AuthorInvalid,
    215 RulesetNotSupported,
    216 CapacityReached,
    217 FeeTiersInvalid,
    218 AccountFeesInvalid,
    219 ScalingInvalid,
    220 CapsInvalid,
    221 ExposureCapInvalid,
    222 LevelsInvalid,
    223 CollateralInvalid,
    224 CollateralConflict,
    225 CollateralPriceInvalid,
    226 PermissionsInvalid,
    227 GateInvalid,
    228 GroupInvalid,
    229 BasisInvalid,
    230 ScenariosInvalid,
    231 ConcentrationInvalid,
    232 CorrelationsInvalid,
    233 PortfolioInvalid,
    301 AmountNotPositive,
    302 SupplyLimit,
    303 InsufficientBalance,
    304 WithdrawalMargin,
    305 SameAccount,
    306 NotSameMaster,
    307 WithdrawalNotPermitted,
    308 DestinationNotPermitted,
    309 WithdrawalGate,
    310 TransferNotPermitted,
    311 AllowanceExceeded,
    312 NotCollateral,
    313 CollateralCap,
    401 PriceOutOfRange,
    402 LotsNotPositive,
    403 TimeInForceInvalid,
    404 AlreadyExpired,
    405 MarketNotReady,
    406 DuplicateClientOrder,
    407 OpenOrdersLimit,
    408 OrderTooLarge,
    409 NotionalTooSmall,
    410 PriceOutsideBand,
    411 PositionLimit,
    412 WouldNotReduce,
    413 PostOnlyWouldCross,
    414 MarginInsufficient,
    415 FillOrKillUnfilled,
    416 OrderReferenceInvalid,
    417 UnknownOrder,
    418 AmendBelowFilled,
    419 AmendChangesNothing,
    420 MarketModeRefuses,
    421 MarketNotPermitted,
    422 AccountReduceOnly,
    423 ExposureCap,
    424 ConcentrationCap,
    425 OpenInterestCap,
    426 StressIsolated,
    427 ModeUnchanged,
    428 NotIsolated,
    429 LeverageInvalid,
    431 FundingInvalid,
    432 FundingLimit,
    433 OracleInvalid,
    434 OracleGrade,
    435 AgentUnchanged,
    436 AgentsLimit,
    437 NoteInvalid,
    501 PoolInvalid,
    502 PoolHealthy,
    503 LockUnchanged,
    504 NotRecovered,
    505 NoPosition,
    506 Cooldown,
    507 LotsTooMany,
    508 PriceBeyondFillable,
    509 NotPortfolio,
    510 RiskNotReduced,
    511 AuctionInvalid,
    512 AuctionOpen,
    513 UnknownAuction,
    514 BidderNotPermitted,
    515 BidPrice,
    516 TakerInsolvent,
    517 VaultUnknown,
    518 VaultExposure,
    519 AmountTooLarge,
    520 InsuranceExhausted,
    521 NoDebt,
    522 AllocationInvalid,
    523 InsuranceFirst,
    524 NobodyToShare,
    525 LiquidationInvalid,
    526 VaultInvalid,
    527 InsuranceInvalid,
}

/// A refusal with the two values that its code documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Which check failed.
    pub code: Code,
    /// First value, 0 where none is documented.
    pub a: i64,
    /// Second value, 0 where none is documented.
    pub b: i64,
}

impl Code {
    /// A refusal without values.
    pub const fn bare(self) -> Reject {
        Reject { code: self, a: 0, b: 0 }
    }

    /// A refusal with values.
    pub const fn with(self, a: i64, b: i64) -> Reject {
        Reject { code: self, a, b }
    }
}

/// An unsigned value as a report value: the nearest that fits.
pub fn report(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
