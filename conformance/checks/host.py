"""Host (RFC 9112 §3.2, RFC 9110 §7.2, RFC 2616 §14.23): that there must be one good one, and that good ones are taken.

Which site it chooses is the matter of :mod:`conformance.checks.virtual_hosts`.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.controls import CLOSED_UNANSWERED, closed_unanswered, speaks_only_10, static_target
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import (
    OVERLOADED,
    absent,
    answered,
    broken,
    describe,
    first_of,
    passed,
    served,
    unclear,
)
from conformance.rule import Risk
from conformance.verdict import Judgement

STRANGERS = ("example.invalid", "EXAMPLE.invalid:8080")  # whose form trips nobody up
FOREIGN = ("{name}", "{name}:", "127.0.0.1", "[::1]:{port}", *STRANGERS)
INVALID = ("a b", "a/b", "user@{name}", "{name}:12x", "[::1")
BAD = "HTTP/1.1 400 Bad Request\r\n…"
OK = "HTTP/1.1 200 OK\r\n…"


@check(
    "host.missing-400",
    statement="A request of HTTP/1.1 without a Host field gets 400.",
    why="Host tells which of the sites at one address is meant; since HTTP/1.1 no client may leave it out.",
    hint="After reading the fields: if the version is HTTP/1.1 and there is no host among them, answer 400.",
    example=("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n…", "HTTP/1.1 200 OK\r\n…"),
    dispute="RFC 2616 §14.23 and RFC 9112 §3.2 agree on 400, and on nothing else; many small servers serve a "
    "default site all the same. Requests of HTTP/1.0 owe no Host (RFC 9112 §3.3), nor does a server that "
    "calls itself HTTP/1.0 know of it.",
    risk=Risk.UNUSUAL,
)
def missing_400(evidence: Evidence) -> Judgement:
    control = evidence.get("/")
    exchange = evidence.get("/", host=None)
    if not answered(control) or control.status == 400:
        return unclear(f"the same request with Host is no better answered: {describe(control)}")
    return _is_400(evidence, exchange, "A request of HTTP/1.1 without Host is not refused with 400.")


def _is_400(evidence: Evidence, exchange: Exchange, message: str) -> Judgement:
    """Nothing but 400 will do, except where the server does not claim to know HTTP/1.1."""
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if exchange.status == 400:
        return passed()
    if speaks_only_10(evidence):
        return absent("the server speaks HTTP/1.0, where Host is no duty")
    return broken(exchange, message, expected="status 400")


@check(
    "host.missing-400-absolute-form",
    statement="A request without Host gets 400 also if its target is a whole URL.",
    why="Every request of HTTP/1.1 has a Host, so that a server behind a proxy sees the same one as the proxy.",
    hint="Look for the Host field before, and whether or not, you take the name out of the target.",
    example=("GET http://localhost:50000/ HTTP/1.1\r\n\r\n", BAD, OK),
    requires=("host.missing-400", "target.absolute-form-accepted"),
    dispute="Some servers take the name from the target and miss nothing. RFC 9112 §3.2 and RFC 2616 §14.23 make "
    "no exception for such targets.",
    risk=Risk.UNUSUAL,
)
def missing_400_absolute_form(evidence: Evidence) -> Judgement:
    target = f"http://{evidence.site.authority}{static_target(evidence)}"
    control = evidence.get(target)
    if speaks_only_10(evidence):
        return absent("the server speaks HTTP/1.0, where Host is no duty")
    if not served(control):
        return unclear(f"the same request with Host is not served: {describe(control)}")
    message = "A request without Host whose target is a whole URL is not refused with 400."
    return _is_400(evidence, evidence.get(target, host=None), message)


@check(
    "host.duplicate-400",
    statement="A request with more than one Host line gets 400, whether they say the same or not.",
    why="If a proxy goes by the first and the server by the second, the client gets pages that it was to be kept from.",
    hint="Count the Host lines while you read the fields; a dictionary keeps the last one and forgets the others.",
    example=("GET / HTTP/1.1\r\nHost: localhost:50000\r\nHost: other\r\n\r\n", BAD, OK),
    dispute="RFC 2616 is silent on two Host lines, and some servers let them pass if they say the same. RFC 9112 "
    "§3.2 wants 400 for any request with more than one.",
    risk=Risk.MALFORMED,
)
def duplicate_400(evidence: Evidence) -> Judgement:
    target, own = static_target(evidence), evidence.site.authority
    trials = []
    for version, second in (("HTTP/1.1", own), ("HTTP/1.1", STRANGERS[0]), ("HTTP/1.0", own)):
        control = evidence.get(target, version=version)
        exchange = evidence.get(target, [("Host", second)], version=version, risk=Risk.MALFORMED)
        message = "A request with two Host lines is not refused with 400."
        judgement = _is_400(evidence, exchange, message)
        trials.append(judgement if served(control) else unclear(f"with one it was not served: {describe(control)}"))
    return first_of(trials)


@check(
    "host.invalid-400",
    statement="A Host that is no name or address, with a port or without, gets 400.",
    why="What stands in Host ends up in links, logs and caches; a value that nobody has looked at poisons them.",
    hint="Match Host against the letters of a name, an address in brackets, and digits for the port.",
    example=("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", BAD, OK),
    dispute="RFC 2616 §5.2 lets a server with one site ignore what Host says, and most servers do. RFC 9112 §3.2 "
    "wants 400 for a value outside the grammar, which has no blank, slash or @. Disputed among servers "
    "are the empty value, which the grammar has, and the unknown name, which is not invalid: neither is "
    "tried.",
    risk=Risk.MALFORMED,
)
def invalid_400(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    control = evidence.get(target)
    if not served(control):
        return unclear(f"the control request was not served: {describe(control)}")
    name = evidence.site.authority.rpartition(":")[0]
    return first_of(
        _is_400(
            evidence,
            evidence.get(target, host=value, risk=Risk.MALFORMED),
            f"The Host {value!r}, which names no host, is not refused with 400.",
        )
        for value in (pattern.format(name=name) for pattern in INVALID)
    )


@check(
    "host.valid-value-accepted",
    statement="Every well-formed Host is understood: a name or an address, with a port or without.",
    why="Clients write the port if it is not 80, and addresses of IPv6 in brackets; one that trips over them is deaf.",
    hint='Do not split the value at ":"; a server with a single site may ignore the value.',
    example=(
        "GET / HTTP/1.1\r\nHost: [::1]:50000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n… (or 400, 404, 421, a redirect)",
        "(the connection closes)",
    ),
    dispute="A name without a port means port 80, and foreign names may be refused as misdirected (RFC 9110 §7.4) "
    "or with 400 (RFC 2616 §5.2), or get a default site. So any reply passes that is no failure, and a "
    "close only if every foreign name draws one.",
    risk=Risk.UNUSUAL,
)
def valid_value_accepted(evidence: Evidence) -> Judgement:
    target = static_target(evidence)
    control = evidence.get(target)
    site = evidence.site
    name = f"[{site.host}]" if ":" in site.host else site.host
    values = [value.format(name=name, port=site.port) for value in FOREIGN]
    tried = {value: evidence.get(target, host=value) for value in values}
    if not served(control):
        alone = tried[name]
        if served(alone) and control.status is not None and control.status == 400:
            return broken(control, "A Host with a port is refused.", expected=f"status {alone.status}, as without")
        return unclear(f"the control request was not served: {describe(control)}")
    shut = all(closed_unanswered(tried[value]) for value in STRANGERS)
    return first_of(_some_answer(value, exchange, shut) for value, exchange in tried.items())


def _some_answer(value: str, exchange: Exchange, shut: bool) -> Judgement:
    """``shut`` tells that the server hangs up on every foreign name, so that a close says nothing of the form."""
    if shut and closed_unanswered(exchange):
        return unclear(f"{CLOSED_UNANSWERED}, as for every foreign name")
    if exchange.status in OVERLOADED:
        return unclear(f"the server was overloaded: {describe(exchange)}")
    if answered(exchange) and exchange.status != 500:
        return passed(describe(exchange))
    return broken(
        exchange,
        f"The well-formed 'Host: {value}' leaves the request without a good answer.",
        expected="the page (RFC 9110 §7.2); or, if the name is foreign: 400 (RFC 2616 §5.2), 421, 404, "
        "another error or a redirect (RFC 9110 §7.4)",
    )
