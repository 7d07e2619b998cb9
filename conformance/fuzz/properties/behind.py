"""What comes behind a request whose framing is in question: the property that tells whether a server lost its step.

Each mutation of framing says what may be answered behind it on the same connection. Good requests behind it, and a
request for nothing inside of its body, show where a server thinks that it ends (RFC 9112 §6.3, §9.3, §11.2).
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.connections import says_close
from conformance.fuzz.example import Fate, Ground
from conformance.fuzz.mutations.framed import FOLLOWING, Behind, canary
from conformance.fuzz.properties.case import Breach, Case
from conformance.predicates import OVERLOADED, found, status_span
from conformance.response import Response

IN_PASSING = (408, *OVERLOADED)
"""What a server may say at any time."""
EXPECTED = {
    Behind.OWN: "the body left alone, or the end of the connection (RFC 9112 §6.3)",
    Behind.PLAIN: "the plain answer to the next request, or the end of the connection (RFC 9112 §9.3)",
    Behind.SWALLOWED: "the next request read as a part of this one, or the end of the connection (RFC 9112 §7.1)",
    Behind.UNSERVED: "the end of the connection after 400 or another refusal, or after the page (RFC 9112 §2.2)",
    Behind.NOTHING: "the end of the connection after at most one reply (RFC 9112 §6.1, §6.3)",
}
MESSAGE = {
    Behind.OWN: "A part of a body is answered as a request",
    Behind.PLAIN: "The request right behind a body is not answered as it is alone",
    Behind.SWALLOWED: "The body is taken for whole before its empty line has come",
    Behind.UNSERVED: "The connection goes on as if nothing were wrong",
    Behind.NOTHING: "The connection goes on, and must end",
}
BODILESS = "The request right behind another one is not answered as it is alone"


def out_of_step(case: Case) -> Iterator[Breach]:
    """Nothing comes behind the request in question but what may."""
    mutation = case.example.mutation
    following = FOLLOWING.get(mutation.name)
    later = case.exchange.responses[len(case.example.before) + 1 :]
    if following is None or not later or case.answer is None or later[0].status in IN_PASSING:
        return
    second = later[0]
    kind = Behind.OWN if _is_canary(case, second) else following.behind
    if following.behind is Behind.ANYTHING or not _wrong(case, kind, case.answer, second):
        return
    told = BODILESS if kind is Behind.PLAIN and not case.example.request.body else MESSAGE[kind]
    message = f"{told} ({mutation.name})."
    observed = f"status {case.answer.status}, and then status {second.status}"
    finding = found(case.exchange, message, expected=EXPECTED[kind], observed=observed, span=status_span(second))
    yield Breach(following.rule, finding)


def _wrong(case: Case, kind: Behind, first: Response, second: Response) -> bool:
    match kind:
        case Behind.NOTHING:
            return second.status is not None
        case Behind.UNSERVED:
            return first.ok and second.ok
        case Behind.SWALLOWED:
            behind = case.exchange.responses[len(case.example.before) + 1 :]
            return first.ok and 0 < len(case.example.after) <= sum(reply.ok for reply in behind)
        case Behind.PLAIN:
            if second.status is None or _refused_late(case, second):
                return False
            return first.ok and _next_status(case) not in (second.status, *OVERLOADED)
        case _:
            return kind is Behind.OWN and _is_canary(case, second)


def _refused_late(case: Case, second: Response) -> bool:
    """Whether this is said of the body itself, what may be refused, after the page has gone out; nothing may follow."""
    refusal = second.status is not None and 400 <= second.status < 500 and bool(case.example.request.body)
    return case.example.fate is Fate.EITHER and refusal and says_close(second)


def _next_status(case: Case) -> int | None:
    """The status of the plain answer to the next request; None where none was sent."""
    after = case.example.after
    control = case.controls.answer(after[0]) if after else None
    return control.response.status if control is not None and control.response is not None else None


def _is_canary(case: Case, second: Response) -> bool:
    """Whether the answer is the one to what stands in the body, and cannot be the one to what stands behind."""
    hidden = canary(Ground(next(case.example.plain.values(b"Host"), b"")))
    if hidden.data not in case.example.request.data:
        return False
    control = case.controls.answer(hidden).response
    beyond = _next_status(case)
    return control is not None and control.status == second.status != beyond
