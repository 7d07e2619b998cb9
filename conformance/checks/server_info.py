"""The Server field (RFC 9110 §10.2.4, §5.6.5; RFC 2616 §3.8, §14.38). What only one generation forbids is no fault."""

from __future__ import annotations

import re

from conformance.check import check
from conformance.checks.field_values import ended_heads, judge_values, without_comments
from conformance.evidence import Evidence
from conformance.grammar import TOKEN
from conformance.verdict import Judgement

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
GOOD = "HTTP/1.1 200 OK\r\nServer: mine/1.0 (student project)\r\n\r\n"
PRODUCTS = re.compile(rf"[ \t]*(?:{TOKEN}(?:[ \t]*/[ \t]*{TOKEN})?(?:[ \t]+|\Z))*")


@check(
    "server-info.server-grammar",
    statement="Server names products, each a word with perhaps a slash and a version, and comments in brackets.",
    why="Programs that count servers split the value at blanks and slashes; commas and colons are no part of it.",
    hint='Write "mine/1.0", and put remarks in brackets behind it; or leave the field out.',
    example=(REQUEST, GOOD, "HTTP/1.1 200 OK\r\nServer: My Server: v1.0, beta\r\n\r\n"),
    dispute="RFC 2616 §2.1 lets blanks stand round the slash, and §14.38 a comment come first; RFC 9110 §10.2.4 "
    "does neither. Only what both forbid is a fault; any name is lawful.",
)
def server_grammar(evidence: Evidence) -> Judgement:
    return judge_values(
        ended_heads(evidence),
        ("server",),
        _is_malformed,
        "Server is no list of products and comments.",
        "name/version, and comments in brackets",
    )


def _is_malformed(value: str) -> bool:
    if not value:
        return True
    bare = without_comments(value)
    return bare is not None and PRODUCTS.fullmatch(bare) is None  # brackets have a rule of their own


@check(
    "server-info.comment-balanced",
    statement="Each bracket that opens a comment in Server or Via is closed again.",
    why="A parser that waits for the closing bracket reads to the end of the field, or refuses it.",
    hint="Close the bracket, or write the remark without one.",
    example=(REQUEST, GOOD, "HTTP/1.1 200 OK\r\nServer: mine/1.0 (student\r\n\r\n"),
)
def comment_balanced(evidence: Evidence) -> Judgement:
    return judge_values(
        ended_heads(evidence),
        ("server", "via"),
        lambda value: without_comments(value) is None,
        "The brackets do not match.",
        "a closing bracket for each opening one",
    )
