"""Containment: one turn of a policy, run so that whatever goes wrong in it becomes a named fault.

What is contained: an exception, an answer that is none, a turn without end, more commands than anybody needs, commands
outside the role's licence, a waking in the past, a venue that was changed behind the loop's back. A policy is code that
shares this process, so this guards against mistakes, not against malice: code that is not trusted belongs elsewhere.
"""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from msgspec import Struct

from crossbook.commands import PERMITTED_ORIGINS
from crossbook.policies.contract import Policy, Proposal, Reaction, Turn
from crossbook.policies.roles import Role

DETAIL_CHARACTERS_MAX: Final = 500


class Limits(Struct, frozen=True):
    """What a policy may use.

    `turn_seconds` of time on the machine in one turn, `proposals_max` commands and `turns_max` turns in one instant,
    `refusals_max` refusals by the kernel and `text_bytes_max` bytes of notes in one instant, and `wakings_max` wakings
    in one second of stamped time.
    """

    turn_seconds: float = 10.0
    proposals_max: int = 10_000
    turns_max: int = 1_000
    refusals_max: int = 1_000
    wakings_max: int = 10_000
    text_bytes_max: int = 4 << 20


RECORDED: Final = Limits(
    turn_seconds=3_600.0,
    proposals_max=1 << 62,
    turns_max=1 << 62,
    refusals_max=1 << 62,
    wakings_max=1 << 62,
    text_bytes_max=1 << 62,
)
"""What a policy may use in a turn that is on record: it kept to its limits then, or its fault is on record too."""


class PolicyFault(Exception):
    """A turn went wrong; `fault` is the kind, as in `crossbook.policies.notes.Fault`."""

    def __init__(self, fault: str, detail: str) -> None:
        super().__init__(f"{fault}: {detail}")
        self.fault = fault
        self.detail = detail[:DETAIL_CHARACTERS_MAX].encode("utf-8", "backslashreplace").decode()


class _Overtime(BaseException):
    """Thrown into a policy that does not end; no `except Exception` of its own catches it."""


def take_turn(policy: Policy, state: Struct, turn: Turn, *, role: Role, limits: Limits) -> Reaction[Any]:
    """What a policy answers to a turn. Raises PolicyFault for everything that is not a proper answer.

    An interrupt from the keyboard is not the policy's and goes on: its turn was neither taken nor refused.
    """
    try:
        with _at_most(limits.turn_seconds):
            reaction = policy.react(state, turn)
    except _Overtime:
        raise PolicyFault("time", f"a turn took more than {limits.turn_seconds} s") from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a policy that calls sys.exit must not end the venue
        raise PolicyFault("raised", _said(error)) from error
    if turn.view.seq != turn.seq:
        raise PolicyFault("tampered", "the state moved during the turn")
    try:
        _check(reaction, policy, turn, role, limits)
    except PolicyFault:
        raise
    except Exception as error:  # what it answered with raises when it is looked at
        raise PolicyFault("garbage", _said(error)) from error
    return reaction


def _said(error: BaseException) -> str:
    """What an exception says, if it can be made to say it."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - its own __str__ is what fails
        return type(error).__name__


def _check(reaction: Any, policy: Policy, turn: Turn, role: Role, limits: Limits) -> None:
    if not isinstance(reaction, Reaction):
        raise PolicyFault("garbage", f"react returned {type(reaction).__name__}, not a Reaction")
    if not isinstance(reaction.state, policy.State):
        raise PolicyFault("garbage", f"the state is {type(reaction.state).__name__}, not {policy.State.__name__}")
    wake: Any = reaction.wake_ns
    if wake is not None and (type(wake) is not int or not turn.time_ns < wake < 1 << 63):
        raise PolicyFault("garbage", f"wake_ns is {wake!r}, which is not after {turn.time_ns}")
    proposals: Any = reaction.proposals
    if not isinstance(proposals, tuple):
        raise PolicyFault("garbage", f"proposals is {type(proposals).__name__}, not a tuple")
    if len(proposals) > limits.proposals_max:
        raise PolicyFault("flood", f"{len(proposals)} proposals in one turn")
    for proposal in proposals:
        if not isinstance(proposal, Proposal) or type(proposal.command) not in PERMITTED_ORIGINS:
            raise PolicyFault("garbage", f"{proposal!r} is not a proposal of a command")
        if type(proposal.command) not in role.licence:
            raise PolicyFault("unlicensed", f"{type(proposal.command).__name__} is not for the role {role.name}")
        cause: Any = proposal.cause
        if type(cause) is not int or not 0 <= cause <= turn.seq:
            raise PolicyFault("garbage", f"the cause {cause!r} is not an earlier seq")


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Let the body run this long and no longer: an alarm in the main thread, a watcher elsewhere."""
    if threading.current_thread() is threading.main_thread() and signal.getitimer(signal.ITIMER_REAL)[0] == 0:
        with _alarm(seconds):
            yield
    else:
        with _watcher(seconds):
            yield


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def overtime(_number: int, _frame: FrameType | None) -> None:
        raise _Overtime

    before = signal.signal(signal.SIGALRM, overtime)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _watcher(seconds: float) -> Iterator[None]:
    """Where there is no alarm to be had. It cannot end a call that waits outside Python."""
    runner = ctypes.c_ulong(threading.get_ident())
    throw = ctypes.pythonapi.PyThreadState_SetAsyncExc
    running = threading.Lock()

    def overtime() -> None:
        if running.acquire(blocking=False):
            throw(runner, ctypes.py_object(_Overtime))
            running.release()

    timer = threading.Timer(seconds, overtime)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        running.acquire()
        throw(runner, None)  # one that was thrown too late must not hit somebody else
