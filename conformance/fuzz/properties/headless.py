"""Replies without a head, or behind which HTTP ends: what nobody can blame a server for."""

from __future__ import annotations

import re

from conformance.fuzz.example import Fate
from conformance.fuzz.message import Request
from conformance.fuzz.properties.case import Case
from conformance.response import DefectKind, Response

NONE = 1_000_000
"""A place behind all others."""
WORDS = re.compile(rb"[^ \t\r\n]+")


def simple_from(case: Case) -> int:
    """The place of the first request whose first line has two words, or fewer.

    HTTP/0.9 answers such a line by a page without a head, and no RFC forbids it.
    """
    lines = (request.head.lstrip(b"\r\n").partition(b"\n")[0] for request in case.example.requests)
    return next((place for place, line in enumerate(lines) if len(WORDS.findall(line)) < 3), NONE)


def answers_a_rest(case: Case, index: int) -> bool:
    """Whether octets without a head at ``index`` may answer what was left of a body whose end is in question.

    The rest may be a line of two words, and this server answers such a line by a page without a head.
    """
    example = case.example
    if example.fate is Fate.SERVED or not example.request.body or index <= len(example.before):
        return False
    trailing = case.exchange.transcript.trailing
    if index == len(case.exchange.responses) and trailing[0] == trailing[1]:
        return False
    answer = case.controls.answer(Request(b"GET", example.plain.target, version=b"", gaps=(b" ", b""))).response
    return answer is not None and not has_head(answer)


def has_head(response: Response) -> bool:
    """Whether the reply begins with its status line."""
    return response.status_line is not None and response.defect(DefectKind.OCTETS_BEFORE) is None


def leaves_http(response: Response) -> bool:
    """Whether what follows the head is no HTTP any more: a tunnel, or another protocol."""
    return response.status == 101 or (response.method == "CONNECT" and response.ok)
