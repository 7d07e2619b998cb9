"""Allow (RFC 9110 §10.2.1 and §15.5.6, RFC 2616 §10.4.6 and §14.7): that it comes with a 405, and that it is true."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import check
from conformance.checks.controls import static_target
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, first_of, passed, refused
from conformance.rule import Risk
from conformance.site import Page
from conformance.verdict import Judgement
from conformance.writing import may_delete, restore, trial

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")


@check(
    "error.405-has-allow",
    statement="A reply 405 has an Allow field with the methods that the page has.",
    why="The client learns what it may do instead.",
    hint='Add a line such as "Allow: GET" to every 405.',
    example=(
        "POST /throwaway.txt HTTP/1.1\r\nHost: localhost:50000\r\nContent-Length: 3\r\n\r\na=1",
        "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n…",
        "HTTP/1.1 405 Method Not Allowed\r\n…",
    ),
    risk=Risk.UNUSUAL,
    dispute="That the field is there is beyond dispute (RFC 9110 §15.5.6, RFC 2616 §10.4.6). That it must name every "
    "method is not: RFC 9110 §10.2.1 speaks of those that are advertised, so a short and an empty list are accepted.",
)
def allow_in_405(evidence: Evidence) -> Judgement:
    refusals = [exchange for _, _, exchange in _refused_methods(evidence)]
    for exchange in refusals:
        if exchange.response is not None and exchange.response.field("allow") is None:
            return broken(
                exchange,
                "A 405 does not say which methods are allowed.",
                expected="an Allow field, even an empty one (RFC 9110 §10.2.1); or 501 (RFC 9110 §9.1)",
                observed="status 405 without Allow",
            )
    return passed() if refusals else absent("no method was refused with 405")


def _refused_methods(evidence: Evidence) -> list[tuple[str, str, Exchange]]:
    """Method, target and exchange of every 405 that an invented method or one that writes draws from a file."""
    tried = [("BREW", "/", evidence.get("/", method="BREW")), *_writing(evidence)]
    return [(method, target, exchange) for method, target, exchange in tried if exchange.status == 405]


def _writing(evidence: Evidence) -> list[tuple[str, str, Exchange]]:
    """Methods that write, tried on the file made for it until one is refused with 405; the file is then restored."""
    put = trial(evidence)
    if put is None:
        return []
    tried: list[tuple[str, str, Exchange]] = []
    for method in ("POST", "PATCH", "PUT", *(["DELETE"] if may_delete(evidence) else [])):
        tried.append((method, put.page.target, put.put if method == "PUT" else _write(evidence, put.page, method)))
        if tried[-1][2].status == 405:
            break
    if any(not refused(exchange) for method, _, exchange in tried if method != "PUT"):
        restore(evidence, put.page, "writing")
    return tried


def _write(evidence: Evidence, page: Page, method: str) -> Exchange:
    if method == "DELETE":
        return evidence.get(page.target, method=method)
    fields = [("Content-Type", "text/plain"), ("Content-Length", "3")]
    return evidence.get(page.target, fields, method=method, body=b"a=1")


@check(
    "method.allow-lists-supported",
    also=("options.only-that-resource",),
    statement="Allow lists methods that the page really has.",
    why="A client that follows the list should not be refused again.",
    hint="Make the list from the same table by which you choose what to do with a method.",
    example=(
        "POST /throwaway.txt HTTP/1.1\r\nHost: localhost:50000\r\nContent-Length: 3\r\n\r\na=1",
        "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n…",
        "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, POST\r\n…",
    ),
    risk=Risk.UNUSUAL,
    dispute="RFC 2616 §14.7 wants the list of what is supported, RFC 9110 §10.2.1 of what is advertised as such. So "
    "methods may be missing from it; one that is listed and then refused is wrong by both.",
)
def allow_is_true(evidence: Evidence) -> Judgement:
    page = evidence.site.throwaway
    targets = [static_target(evidence), *([page.target] if page else [])]
    options = [("OPTIONS", target, evidence.get(target, method="OPTIONS")) for target in targets]
    said = [
        (method, where, exchange, _allowed(exchange))
        for method, where, exchange in (*_refused_methods(evidence), *options)
        if exchange.response is not None and exchange.response.field("allow") is not None
    ]
    trials = [_true_list(evidence, *each) for each in said]
    return first_of(trials) if trials else absent("no reply had an Allow field")


def _allowed(exchange: Exchange) -> tuple[str, ...]:
    lines = exchange.response.all("allow") if exchange.response else ()
    return tuple(name.strip() for line in lines for name in line.value.split(",") if name.strip())


def _true_list(evidence: Evidence, method: str, target: str, exchange: Exchange, allowed: tuple[str, ...]) -> Judgement:
    field = exchange.response.field("allow") if exchange.response else None
    if exchange.status == 405 and method in allowed:
        return broken(
            exchange,
            "Allow lists the very method that is refused.",
            expected=f"a list without {method} (RFC 9110 §15.5.6)",
            observed=", ".join(allowed),
            span=field.value_span if field else None,
        )
    for name, tried in _tried(evidence, target, allowed):
        if tried.status in (405, 501):
            return broken(
                tried,
                f"Allow lists {name}, which is then refused.",
                expected=f"any status but 405 and 501 (RFC 9110 §10.2.1), since {target} was said to allow "
                f"{', '.join(allowed)}",
            )
    return passed(f"Allow: {', '.join(allowed)}")


def _tried(evidence: Evidence, target: str, allowed: tuple[str, ...]) -> Iterator[tuple[str, Exchange]]:
    """What the methods of the list do: the safe ones everywhere, those that write on the file made for it."""
    for name in (name for name in SAFE if name in allowed):
        yield name, evidence.get(target, method=name)
    put = trial(evidence)
    if put is None or put.page.target != target:
        return
    if "PUT" in allowed:
        yield "PUT", put.put
    if "DELETE" in allowed and may_delete(evidence):
        tried = _write(evidence, put.page, "DELETE")
        if not refused(tried):
            restore(evidence, put.page, "allowed")
        yield "DELETE", tried
