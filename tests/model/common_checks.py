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
    c.SetMark: {c.ORACLE, c.POLICY, c.OPERATOR},
    c.Place: TRADING,
    c.Amend: TRADING,
    c.Cancel: TRADING,
    c.MassCancel: TRADING,
    c.Tick: {c.CLIENT, c.ORACLE, c.POLICY, c.OPERATOR},
    c.Checkpoint: OPERATOR_POLICY,
    c.RegisterAuthor: OPERATOR_ONLY,
    c.Repair: OPERATOR_ONLY,
    c.ActivateRuleset: OPERATOR_ONLY,
}


def account_of(command: c.Command) -> int:
    """The account a command speaks for: it is refused in its name, and its nonces are counted there. 0 if none."""
    if isinstance(command, c.Transfer):
        return command.source
    if isinstance(command, c.CreateAccount):
        return command.parent
    return int(getattr(command, "account", 0))


def check_common(state: State, record: c.Record) -> None:
    """Raises `Refused` for the first of steps 1 to 6 that fails; uses up the nonce when step 5 is passed."""
    command = record.command
    refuse_if(record.origin not in ORIGINS[type(command)], Code.OriginNotPermitted, record.origin)
    refuse_if(record.author > len(state.authors), Code.UnknownAuthor, record.author)
    refuse_if(record.cause >= state.seq, Code.CauseNotEarlier, record.cause)
    check_accounts(state, command)
    check_nonce(state, record)
    check_asset_and_market(state, command)


def check_accounts(state: State, command: c.Command) -> None:
    """Step 4: every account that is named exists."""
    named: tuple[int, ...] = ()
    if isinstance(command, c.Transfer):
        named = (command.source, command.destination)
    elif isinstance(command, c.CreateAccount):
        named = (command.parent,) if command.parent != 0 else ()
    elif "account" in command._fields:
        named = (account_of(command),)
    for account in named:
        refuse_if(account not in state.accounts, Code.UnknownAccount, account)


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
    """Step 6: the asset and the market that are named exist."""
    if isinstance(command, c.AddMarket):
        refuse_if(command.settlement not in state.assets, Code.UnknownAsset, command.settlement)
    elif isinstance(command, c.Deposit | c.Withdraw | c.Transfer):
        refuse_if(command.asset not in state.assets, Code.UnknownAsset, command.asset)
    elif isinstance(command, c.MassCancel):
        refuse_if(command.market not in (0, *state.markets), Code.UnknownMarket, command.market)
    elif isinstance(command, c.SetTiers | c.SetFees | c.SetLimits | c.SetMark | c.Place):
        refuse_if(command.market not in state.markets, Code.UnknownMarket, command.market)
