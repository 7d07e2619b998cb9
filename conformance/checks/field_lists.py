"""Fields that may and may not be lists (RFC 9110 §5.3, §5.6.1, §5.6.5, §7.6.1; RFC 2616 §2.1, §4.2, §14.10)."""

from __future__ import annotations

from conformance.check import check
from conformance.checks.field_values import (
    allow_answers,
    ended_heads,
    is_commented,
    judge_heads,
    judge_values,
    not_tokens,
    value_finding,
)
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.grammar import list_members
from conformance.predicates import each_field, found
from conformance.response import Field, Response
from conformance.rule import Risk, Spec
from conformance.verdict import Finding, Judgement

REQUEST = "GET / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
# A repeated Location is told by the rules on redirects.
SINGLE = ("content-type", "content-length", "date", "server", "etag", "last-modified", "expires", "age", "retry-after")
LISTS = (
    "accept-ranges",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "transfer-encoding",
    "vary",
)
END_TO_END_WORDS = (
    "accept-ranges age allow cache-control content-disposition content-encoding content-language content-length "
    "content-location content-range content-type date etag expires last-modified location retry-after server "
    "set-cookie vary"
)
END_TO_END = frozenset(END_TO_END_WORDS.split())


@check(
    "field.singletons-not-repeated",
    also=("field.singleton-not-repeated",),
    statement="A field whose value is no list occurs at most once in a reply.",
    why="Of two media types or dates a client takes the first, the last, or none.",
    hint="Look for the place that adds the field a second time, often the one that handles a program's output.",
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Type: text/plain\r\n\r\n",
    ),
)
def singletons_once(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, response: Response) -> Finding | None:
        for name in SINGLE:
            fields = response.all(name)
            if len(fields) > 1:
                return found(
                    exchange,
                    f"The field {fields[0].name} occurs {len(fields)} times.",
                    expected=f"one {fields[0].name} field at most",
                    observed=" and ".join(repr(field.value) for field in fields),
                    span=fields[1].span,
                )
        return None

    return judge_heads(evidence, test)


@check(
    "field.no-empty-list-elements-sent",
    statement="A comma list in a reply has no empty members.",
    why="A comma that parts nothing is a sign of a list that was built wrongly, and some parsers stumble over it.",
    hint='Build lists with ", ".join(…), which adds no comma at the end.',
    example=(
        "DELETE / HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n\r\n",
        "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD,\r\n\r\n",
    ),
    permitted_by=Spec.RFC2616,
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §2.1 permits null elements in lists that are sent; RFC 9110 §5.6.1.1 does not. It is "
    "reported by RFC 9110 alone.",
)
def no_empty_members(evidence: Evidence) -> Judgement:
    return judge_values(
        allow_answers(evidence),
        LISTS,
        lambda value: bool(value) and "" in list_members(value),
        "A comma list has an empty member.",
        "something on both sides of each comma",
    )


@check(
    "field.comment-only-where-defined",
    statement="Bracketed comments stand only in fields that provide for them, such as Server.",
    why="In a date or a media type brackets are no comment but rubbish: the value cannot be read.",
    hint='Leave out what is in brackets: a date ends in "GMT", a media type in its last parameter.',
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
        "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT (UTC)\r\n\r\n",
    ),
)
def comment_only_where_defined(evidence: Evidence) -> Judgement:
    def test(exchange: Exchange, _: Response, field: Field) -> Finding | None:
        if not is_commented(field.key, field.value):
            return None
        return value_finding(exchange, field, f"{field.name} holds a comment.", "the value without brackets")

    # Content-Length is judged by the rules on framing.
    return each_field(ended_heads(evidence), ("date", "last-modified", "expires", "content-type"), test)


@check(
    "connection.field-grammar",
    also=("field.token-chars-sent",),
    statement="Connection in a reply is a comma list of tokens.",
    why="Clients look for the exact tokens close and keep-alive; a parameter behind them hides the token.",
    hint='Write "Connection: close" or "Connection: keep-alive"; a timeout goes into the Keep-Alive field.',
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: keep-alive; timeout=5\r\n\r\n",
    ),
    dispute="Connection without a member is no list by RFC 2616 §14.10 and is one by RFC 9110 §5.6.1: it is "
    "accepted here, and field.list-not-empty tells it by RFC 2616 alone.",
)
def connection_grammar(evidence: Evidence) -> Judgement:
    return judge_values(
        ended_heads(evidence),
        ("connection",),
        not_tokens,
        "Connection holds what is no token.",
        "tokens parted by commas, such as close",
    )


@check(
    "connection.no-end-to-end-options",
    statement="Connection names no field that is meant for the client at the far end.",
    why="A proxy removes the fields that Connection names: the client would lose the media type or the date.",
    hint="Name only connection options there: close, keep-alive, Upgrade.",
    example=(
        REQUEST,
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close, Content-Type\r\n\r\n",
    ),
)
def no_end_to_end_options(evidence: Evidence) -> Judgement:
    return judge_values(
        ended_heads(evidence),
        ("connection",),
        lambda value: not END_TO_END.isdisjoint(member.lower() for member in list_members(value)),
        "Connection names a field that every proxy has to pass on.",
        "connection options only, such as close",
    )
