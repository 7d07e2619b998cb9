"""When a target is decoded, and how often (RFC 3986 §2.4, §2.5): split first, then decode, once, whatever comes out.

That it is decoded at all is judged in ``percent_encoding``, what leaves the document root by it in ``path_safety``.
"""

from __future__ import annotations

from urllib.parse import quote

from conformance.check import check
from conformance.checks.percent_encoding import HOST, NOT_FOUND, OK, escaped, named, odd_page
from conformance.checks.representation import carries
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import (
    NO_SUCH_FILE,
    absent,
    answered,
    broken,
    describe,
    first_of,
    passed,
    served,
)
from conformance.rule import Risk
from conformance.verdict import Judgement

UNDECODABLE = ("/%ff%fe", "/%c3%28")


@check(
    "target.split-before-decode",
    statement="The path is cut at ? and # first and decoded afterwards, so that %3F and %23 belong to the name.",
    why="Who decodes first takes part of a name for a query and serves another file.",
    hint='Write path, _, query = target.partition("?") and only then unquote(path).',
    example=("GET /a%3Fb.txt" + HOST, "HTTP/1.1 200 OK\r\n\r\n(the file a?b.txt)", NOT_FOUND),
    needs=("static-files",),
    requires=("target.percent-decoded", "target.query-split-at-first-question"),
    dispute="An escaped slash may be an alias of a slash or a 404, and is left out; a question mark or hash that "
    "is escaped is data by RFC 3986 §2.4.",
)
def split_before_decode(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    if page is None:
        return absent("the document root holds no file with a plain name")
    odd = [found for mark in "#?" if (found := odd_page(evidence, mark)) is not None]
    mistaken = [(page.target + "%3Fx", page), (page.target + "%23x", page)]
    mistaken += [("/" + quote(one.path, safe="/?"), one) for one in odd if "?" in one.path]
    for target, other in mistaken:
        exchange = evidence.get(target)
        if served(exchange) and carries(exchange, other.content):
            return _cut_wrongly(exchange, f"{target} is answered with the file {other.path!r}.")
    message = "An escaped ? or # is not taken as part of the file's name."
    return first_of([*(named(evidence, one, message) for one in odd), passed()])


def _cut_wrongly(exchange: Exchange, message: str) -> Judgement:
    return broken(exchange, message, expected=NO_SUCH_FILE, observed="that file's content")


@check(
    "target.decoded-once",
    statement="A target is decoded exactly once.",
    why="A second decoding turns harmless text into slashes and dots, which is how servers are broken into.",
    hint="Find the second unquote(): one is enough, wherever the path passes through.",
    example=("GET /%2573ample.txt" + HOST, NOT_FOUND, OK),
    needs=("static-files",),
    risk=Risk.UNUSUAL,
    dispute="Refusing doubly encoded targets with 400 or 403 is lawful (RFC 9110 §15.5.1, §15.5.4); serving the "
    "file that is reached by the second decoding is not.",
)
def decoded_once(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    targets = escaped(page, str.isdigit, "%25") if page else None
    if page is None or targets is None:
        return absent("the document root holds no file with a plain name")
    exchange = evidence.get(targets[0], risk=Risk.UNUSUAL)
    if served(exchange) and carries(exchange, page.content):
        return broken(
            exchange,
            "The target is decoded twice.",
            expected=NO_SUCH_FILE,
            observed=f"the content of {page.path}",
        )
    return passed(describe(exchange))


@check(
    "robustness.undecodable-percent-octets",
    statement="Escaped octets that are no UTF-8 do not break the server.",
    why="Any octet may be escaped in a URI; decoding may fail, but the client still waits for an answer.",
    hint='Decode with errors="replace" or "surrogateescape", or answer 404 if decoding raises.',
    example=("GET /%ff%fe" + HOST, NOT_FOUND, "(the connection closes)"),
    risk=Risk.UNUSUAL,
    dispute="Some want 400, some 404. RFC 3986 §2.5 only advises UTF-8: every answer is accepted, and silence is not.",
)
def undecodable(evidence: Evidence) -> Judgement:
    for target in UNDECODABLE:
        exchange = evidence.get(target, risk=Risk.UNUSUAL)
        if exchange.killed or not answered(exchange):
            return broken(
                exchange,
                "Escaped octets that are no UTF-8 draw no answer.",
                expected="any status: 404 (RFC 9110 §15.5.5) and 400 (RFC 9110 §15.5.1) fit best",
            )
    return passed()
