"""Steps 1 to 6 of the precedence: who may send what, and do the things the command names exist."""

from __future__ import annotations

from . import commands as c
from .refusals import Code, Refused, refuse_if
from .state import State

NONCES_REMEMBERED = 128

OPERATOR_ONLY = {c.OPERATOR}
OPERATOR_POLICY = {c.OPERATOR, c.POLICY}
CLIENT_OPERATOR = {c.CLIENT, c.OPERATOR}
TRADING = {c.CLIENT, c.POLICY, c.OPERATOR}
ANYBODY = {c.CLIENT, c.ORACLE, c.POLICY, c.OPERATOR}
MEASURING = {c.ORACLE, c.POLICY, c.OPERATOR}

ORIGINS: dict[type, set[int]] = {
    c.AddAsset: OPERATOR_ONLY,
    c.AddMarket: OPERATOR_ONLY,
    c.SetTiers: OPERATOR_POLICY,
    c.SetFees: OPERATOR_POLICY,
    c.SetLimits: OPERATOR_POLICY,
    c.SetParameters: OPERATOR_ONLY,
    c.CreateAccount: CLIENT_OPERATOR,
    c.Deposit: OPERATOR_ONLY,
    c.Withdraw: CLIENT_OPERATOR,
    c.Transfer: CLIENT_OPERATOR,
    c.SetMark: MEASURING,
    c.Place: TRADING,
    c.Amend: TRADING,
    c.Cancel: TRADING,
    c.MassCancel: TRADING,
    c.Tick: ANYBODY,
    c.Checkpoint: OPERATOR_POLICY,
    c.RegisterAuthor: OPERATOR_ONLY,
    c.Repair: OPERATOR_ONLY,
    c.ActivateRuleset: OPERATOR_ONLY,
    c.SetFeeTiers: OPERATOR_POLICY,
    c.SetAccountFees: OPERATOR_POLICY,
    c.SetMarketMode: OPERATOR_POLICY,
    c.SetScaling: OPERATOR_POLICY,
    c.SetCaps: OPERATOR_POLICY,
    c.SetExposureCap: OPERATOR_POLICY,
    c.SetLevels: OPERATOR_POLICY,
    c.SetCollateral: OPERATOR_ONLY,
    c.SetCollateralPrice: MEASURING,
    c.SetPermissions: OPERATOR_ONLY,
    c.SetWithdrawalGate: OPERATOR_POLICY,
    c.SetAllowance: CLIENT_OPERATOR,
    c.Draw: TRADING,
    c.SetMarginMode: CLIENT_OPERATOR,
    c.SetPositionMode: CLIENT_OPERATOR,
    c.AdjustMargin: TRADING,
    c.SetLeverage: CLIENT_OPERATOR,
    c.SetStress: OPERATOR_POLICY,
    c.SettleFunding: OPERATOR_POLICY,
    c.SetGroup: OPERATOR_POLICY,
    c.SetBasis: OPERATOR_POLICY,
    c.SetScenarios: OPERATOR_POLICY,
    c.SetConcentration: OPERATOR_POLICY,
    c.SetCorrelations: OPERATOR_POLICY,
    c.SetPortfolio: OPERATOR_POLICY,
    c.SetLiquidation: OPERATOR_POLICY,
    c.SetVault: OPERATOR_ONLY,
    c.SetLiquidator: OPERATOR_ONLY,
    c.SetInsurance: OPERATOR_POLICY,
    c.FundInsurance: OPERATOR_POLICY,
    c.Lock: OPERATOR_POLICY,
    c.Release: OPERATOR_POLICY,
    c.CancelIncreasing: OPERATOR_POLICY,
    c.Liquidate: OPERATOR_POLICY,
    c.Hedge: OPERATOR_POLICY,
    c.OpenAuction: OPERATOR_POLICY,
    c.Bid: TRADING,
    c.CloseAuction: OPERATOR_POLICY,
    c.TakeOver: OPERATOR_POLICY,
    c.CoverLoss: OPERATOR_POLICY,
    c.ConvertCollateral: OPERATOR_POLICY,
    c.Deleverage: OPERATOR_POLICY,
    c.Socialise: OPERATOR_POLICY,
    c.Observe: {c.ORACLE, c.OPERATOR},
    c.SetOracle: MEASURING,
    c.SetGrades: OPERATOR_POLICY,
    c.SetAgent: CLIENT_OPERATOR,
    c.Note: ANYBODY,
}

# What a policy does in the name of an account: only who was made its agent may.
FOR_AN_ACCOUNT = (c.Place, c.Amend, c.Cancel, c.MassCancel, c.Draw, c.AdjustMargin, c.Bid)

# The fields that name something which must exist, and the commands in which 0 names nothing. Where a withdrawal goes is
# outside the venue, and where an observation comes from is no account.
ACCOUNT_FIELDS = {"account", "source", "destination", "parent", "vault"}
NO_ACCOUNTS = {(c.Withdraw, "destination"), (c.Observe, "source")}
ACCOUNT_MAY_BE_NONE = {
    (c.CreateAccount, "parent"),
    (c.SetExposureCap, "account"),
    (c.FundInsurance, "account"),
    (c.Note, "account"),
}
ASSET_FIELDS = {"asset", "settlement"}
MARKET_MAY_BE_NONE = {
    c.MassCancel,
    c.SetInsurance,
    c.FundInsurance,
    c.Lock,
    c.Release,
    c.CancelIncreasing,
    c.CoverLoss,
}


def account_of(command: c.Command) -> int:
    """The account a command speaks for: it is refused in its name, and its nonces are counted there. 0 if none."""
    if isinstance(command, c.Transfer | c.SetAllowance):
        return command.source
    if isinstance(command, c.CreateAccount):
        return command.parent
    return int(getattr(command, "account", 0))


def check_common(state: State, record: c.Record) -> None:
    """Raises `Refused` for the first of steps 1 to 6 that fails; uses up the nonce when step 5 is passed."""
    command = record.command
    refuse_if(not is_permitted(record.origin, command), Code.OriginNotPermitted, record.origin)
    refuse_if(record.author > len(state.authors), Code.UnknownAuthor, record.author)
    refuse_if(record.cause >= state.seq, Code.CauseNotEarlier, record.cause)
    check_accounts(state, command)
    check_agent(state, record)
    check_nonce(state, record)
    check_asset_and_market(state, command)


def is_permitted(origin: int, command: c.Command) -> bool:
    """Whether a command may come from an origin; a policy moves no client's money, a client's note is an account's."""
    if isinstance(command, c.FundInsurance) and command.account != 0 and origin == c.POLICY:
        return False
    if isinstance(command, c.Note) and command.account == 0 and origin == c.CLIENT:
        return False
    return origin in ORIGINS[type(command)]


def check_accounts(state: State, command: c.Command) -> None:
    """Step 4: every account that is named exists."""
    for name in command._fields:
        if name in ACCOUNT_FIELDS and (type(command), name) not in NO_ACCOUNTS:
            account = getattr(command, name)
            nobody = account == 0 and (type(command), name) in ACCOUNT_MAY_BE_NONE
            refuse_if(not nobody and account not in state.accounts, Code.UnknownAccount, account)
    if isinstance(command, c.Deleverage):
        for share in command.counterparties:
            refuse_if(share.account not in state.accounts, Code.UnknownAccount, share.account)


def check_agent(state: State, record: c.Record) -> None:
    """110: whoever acts for an account as a policy was made its agent; who has no name cannot be."""
    if record.origin == c.POLICY and isinstance(record.command, FOR_AN_ACCOUNT):
        account = record.command.account
        granted = record.author in state.accounts[account].agents
        refuse_if(not granted, Code.AgentNotGranted, record.author, account)


def check_nonce(state: State, record: c.Record) -> None:
    """Step 5: a nonce is used once; the highest 128 of an account are remembered with the seq that used them."""
    nonce = record.nonce
    if nonce == 0:
        return
    account = account_of(record.command)
    refuse_if(account == 0, Code.NonceWithoutAccount, nonce)
    used = state.accounts[account].nonces
    if nonce in used:
        raise Refused(Code.DuplicateNonce, nonce, used[nonce])
    if len(used) == NONCES_REMEMBERED and nonce < min(used):
        raise Refused(Code.NonceTooOld, nonce, min(used))
    used[nonce] = state.seq
    if len(used) > NONCES_REMEMBERED:
        del used[min(used)]


def check_asset_and_market(state: State, command: c.Command) -> None:
    """Step 6: the assets and the markets that are named exist."""
    for name, asset in zip(command._fields, command, strict=True):
        if name in ASSET_FIELDS:
            refuse_if(asset not in state.assets, Code.UnknownAsset, asset)
    if isinstance(command, c.SetExposureCap):
        check_scope(state, command)
    for name, market in zip(command._fields, command, strict=True):
        if name == "market":
            none = market == 0 and type(command) in MARKET_MAY_BE_NONE
            refuse_if(not none and market not in state.markets, Code.UnknownMarket, market)


def check_scope(state: State, command: c.SetExposureCap) -> None:
    """What an exposure cap is about exists; a group needs no announcement."""
    if command.scope == c.BY_ASSET:
        refuse_if(command.id not in state.assets, Code.UnknownAsset, command.id)
    if command.scope == c.BY_MARKET:
        refuse_if(command.id not in state.markets, Code.UnknownMarket, command.id)
