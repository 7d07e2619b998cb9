"""The program that prints what its query asks for, and what the server makes of that (RFC 3875 §6).

Shared by the areas that judge replies made of a program's output; it declares no rule.
"""

from __future__ import annotations

import functools
from urllib.parse import quote

from conformance.check import Judge
from conformance.checks.cgi_programs import MARK, obstacle, program
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, unclear
from conformance.probe import octets
from conformance.response import DefectKind, Response
from conformance.rule import Risk
from conformance.site import MISSING
from conformance.verdict import Judgement

REPLY = "reply.py"
PRINTED = ("Content-Type: text/x-probe", "Content-Language: tlh")


def of_printers(judge: Judge) -> Judge:
    """A judge of what is made of program output: reply.py prints here what its query asks for."""

    @functools.wraps(judge)
    def judged(evidence: Evidence) -> Judgement:
        hindered = obstacle(evidence)
        if hindered is not None:
            return hindered
        if program(evidence, REPLY) is None:
            return absent(f"the document root holds no {REPLY}, the program that prints what it is asked for")
        response = printed(evidence, *PRINTED, body=MARK).response
        if response is None or MARK.encode() not in response.body:
            return unclear(f"{REPLY} does not print what its query asks for")
        return judge(evidence)

    return judged


def prints(evidence: Evidence, *head: str, body: str | bytes = "") -> str:
    """The target by which reply.py prints these lines, an empty one, and the body."""
    asked: list[tuple[str, str | bytes]] = [*(("header", line) for line in head), ("body", body)]
    return f"{program(evidence, REPLY)}?" + "&".join(f"{name}={quote(octets(text), safe='')}" for name, text in asked)


def printed(evidence: Evidence, *head: str, body: str | bytes = "") -> Exchange:
    """What the server makes of a program that prints these lines, an empty one, and the body."""
    return evidence.get(prints(evidence, *head, body=body), risk=Risk.UNUSUAL)


def without_programs(evidence: Evidence) -> tuple[Response, ...]:
    """Replies that no program has made: a fault of form that they show too is not the gateway's."""
    given = (evidence.get("/").response, evidence.get(MISSING).response)
    return tuple(response for response in given if response is not None)


def defects_of_all(evidence: Evidence) -> set[DefectKind]:
    """The kinds of faults in the build of replies that no program has made."""
    return {defect.kind for response in without_programs(evidence) for defect in response.defects}
