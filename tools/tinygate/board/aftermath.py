"""Who is to blame for a silence? The device is asked again before anyone is."""

from __future__ import annotations

import time

from tinygate.board.deadlines import Deadlines
from tinygate.board.port import Port
from tinygate.errors import LabError, LinkError, TargetError, TinygateError
from tinygate.protocol import (
    Answer,
    BootChangedError,
    HealthRequest,
    HostSession,
    InferRequest,
    Message,
    RefusedError,
    UnansweredError,
    fresh_nonce,
)


def ask_again(
    port: Port, request: Message | None, boot_id: str, silent_s: float, patience_s: float, wait: Deadlines
) -> TinygateError:
    """Ask once more in a new session for what was not answered; return the error that follows from it.

    No hello is answered   board, power or cable: nothing is known of the application
    hello alone            the application: it takes requests and does not answer this one
    both                   the line: request or answer had been lost

    Args:
        port: where the board is.
        request: what was not answered.
        boot_id: the boot that did not answer it.
        silent_s: for how long nothing had come.
        patience_s: how long its answer may take.
        wait: for all else.
    """
    session = HostSession(fresh_nonce())
    what = request.KIND if request is not None else "a request"
    try:
        if not _shakes_hands(port, session, wait):
            return LabError(
                f"the board fell silent for {silent_s:.1f} s and answers no hello: check power, cable and port"
            )
        if session.hello is not None and session.boot_id != boot_id:
            return BootChangedError(boot_id, str(session.boot_id), session.hello.reset_reason)
        if _answers(port, session, _repeatable(request), patience_s, wait.again_s):
            return LinkError(
                f"{what} was answered only when it was asked again: request or answer had been lost on the line; "
                "nothing of this run is used, check cable, adapter and rate"
            )
    except UnansweredError:
        pass
    except (TinygateError, ValueError) as error:
        return error if isinstance(error, LabError) else LinkError(f"no answer to {what}, and asked again: {error}")
    return TargetError(
        f"the application hung: {what} was not answered, asked twice, though it answers a hello; look at what it does "
        "after such a request"
    )


def _shakes_hands(port: Port, session: HostSession, wait: Deadlines) -> bool:
    """Say hello again and again: a board that was left at another rate takes a while to return."""
    now = time.monotonic()
    until, say_at = now + wait.aftermath_s + 2 * wait.again_s, now
    while session.hello is None and now < until:
        if now >= say_at:
            session.open()
            say_at = now + wait.again_s / 2
        port.write(session.outgoing())
        for _ in session.receive(port.read_available(min(say_at, until))):
            pass
        now = time.monotonic()
    return session.hello is not None


def _answers(port: Port, session: HostSession, request: Message, patience_s: float, again_s: float) -> bool:
    session.request(request)
    now = time.monotonic()
    until, ask_at, asked = now + patience_s, now + again_s, False
    while time.monotonic() < until:
        port.write(session.outgoing())
        try:
            events = list(session.receive(port.read_available(until if asked else min(ask_at, until))))
        except RefusedError:
            return True
        if any(isinstance(event, Answer) and event.request == request for event in events):
            return True
        if not asked and time.monotonic() >= ask_at:
            asked = True
            session.ping()
    return False


def _repeatable(request: Message | None) -> Message:
    """Return a request that means the same alone; of a window's later piece nothing does."""
    alone = request is not None and not (isinstance(request, InferRequest) and request.offset)
    return request if alone and request is not None else HealthRequest()
