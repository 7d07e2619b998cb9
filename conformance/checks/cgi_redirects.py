"""Redirects that programs print (RFC 3875 §6.2.2 to §6.2.4, §6.3.2): inside the server, and for the client."""

from __future__ import annotations

from urllib.parse import urlsplit

from conformance.check import check
from conformance.checks.cgi_printers import PRINTED, of_printers, printed
from conformance.checks.cgi_programs import ENVIRONMENT, MARK, program, told, wrong
from conformance.checks.path_safety import INSIDE
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import absent, broken, found, passed, served
from conformance.rule import Risk
from conformance.site import MISSING
from conformance.verdict import Finding, Judgement, Verdict

REQUEST = "GET /cgi/reply.py?… HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
TYPE = PRINTED[0]
ELSEWHERE = "http://other.example/x"
URIS = (f"{ELSEWHERE}?a=1#f", "ftp://other.example/x", "urn:probe:b")
NOT_INSIDE = "local redirects are not answered inside the server, which is another rule's matter"


@check(
    "cgi-output.local-redirect-internal",
    statement="If a program prints only a Location that begins with a slash, the server answers as if that path had "
    "been asked for.",
    why="The program has chosen another resource of the same server; the client need not ask again.",
    hint="If Location begins with / and nothing else was printed, handle a GET for that path and send its reply.",
    example=(REQUEST, "HTTP/1.1 200 OK\r\n… the file", "HTTP/1.1 302 Found\r\nLocation: /sample.txt\r\n…"),
    dispute="Apache answers inside the server, lighttpd only if told to (cgi.local-redir), mini_httpd sends 302 and "
    "CivetWeb 307. RFC 3875 §6.2.2 demands the inner answer; clients that follow the redirect see little "
    "difference.",
    needs=("cgi",),
    requires=("cgi-output.header-fields-parsed",),
    risk=Risk.UNUSUAL,
)
@of_printers
def local_redirect(evidence: Evidence) -> Judgement:
    page = evidence.site.document
    if page is None or not served(evidence.get(page.target)):
        return absent("there is no plain file to redirect to")
    exchange = printed(evidence, f"Location: {page.target}")
    response, direct = exchange.response, evidence.get(page.target).response
    if response and direct and response.ok and response.body == direct.body and not response.field("location"):
        return passed()
    message = "A local Location is not answered inside the server"
    if response and response.status in (301, 302, 303, 307):
        message += " (clients follow the redirect that is sent instead, so little harm is done)"
    return broken(exchange, f"{message}.", expected=f"the reply to GET {page.target}")


@check(
    "cgi-output.local-redirect-query-used",
    statement="The query in a local Location reaches the program that answers it.",
    why="Without its query the other program gives another page.",
    hint="Take the whole value of Location as the new target, query included.",
    example=(REQUEST, 'QUERY_STRING is "x=1"', 'QUERY_STRING is ""'),
    needs=("cgi",),
    requires=("cgi-output.local-redirect-internal",),
    risk=Risk.UNUSUAL,
)
@of_printers
def local_query(evidence: Evidence) -> Judgement:
    exchange = printed(evidence, f"Location: {program(evidence, ENVIRONMENT)}?x={MARK}")
    seen = told(exchange, exchange.response)
    if not seen.ran:
        return absent(NOT_INSIDE)
    if seen.environment.get("QUERY_STRING") == f"x={MARK}":
        return passed()
    return wrong(seen, "QUERY_STRING", "The query of the local redirect is lost.", expected=f'"x={MARK}"')


@check(
    "cgi-security.local-redirect-checked",
    statement="A local redirect is checked like a request from outside: no file beyond the document root, 404 for what "
    "is not there.",
    why="A program that repeats what a client typed in its Location would otherwise open every file of the machine.",
    hint="Give the path of the Location to the same function that handles the path of a request.",
    example=(REQUEST, "HTTP/1.1 404 Not Found\r\n…", "HTTP/1.1 200 OK\r\n… /etc/passwd"),
    needs=("cgi",),
    requires=("cgi-output.header-fields-parsed",),
    risk=Risk.UNUSUAL,
)
@of_printers
def local_checked(evidence: Evidence) -> Judgement:
    for outside in [each for each in evidence.site.outside if not each.path.endswith(".py")][:1]:
        for path in (f"/../{outside.path}", f"/%2e%2e/{outside.path}"):
            exchange = printed(evidence, f"Location: {path}")
            if outside.mark in exchange.shown:
                message = "A local redirect opens a file outside the document root."
                span = exchange.place_of(outside.mark)
                return broken(exchange, message, expected=INSIDE, observed=f"the file {outside.path}", span=span)
    missing, direct = printed(evidence, f"Location: {MISSING}"), evidence.get(MISSING)
    if missing.response is None or missing.response.field("location"):
        return absent(NOT_INSIDE)
    if missing.response.ok and not served(direct):
        message = "A local redirect to a path where nothing is succeeds."
        expected = f"status {direct.status}, as for GET {MISSING} (RFC 3875 §6.2.2), or another error (RFC 9110 §15.5)"
        return broken(missing, message, expected=expected)
    return passed()


@check(
    "cgi-output.client-redirect-302",
    also=("cgi-output.any-scheme-is-client-redirect",),
    statement="If a program prints only a Location that is a whole URI, of any scheme, the reply has status 302.",
    why="With 200 the browser shows an empty page and goes nowhere.",
    hint="If the head has a Location that does not begin with / and no Status, use 302 Found.",
    example=(REQUEST, f"HTTP/1.1 302 Found\r\nLocation: {ELSEWHERE}\r\n…", "HTTP/1.1 200 OK\r\n…"),
    dispute="RFC 3875 §6.2.3 names 302 alone, whatever the server would choose itself. What begins with two slashes "
    "is a local path there and another host in HTTP; it is not tried.",
    needs=("cgi",),
    requires=("cgi-output.header-fields-parsed",),
    risk=Risk.UNUSUAL,
)
@of_printers
def client_redirect(evidence: Evidence) -> Judgement:
    for uri in URIS:
        exchange = printed(evidence, f"Location: {uri}")
        if exchange.status != 302:
            message = f"The program printed Location: {uri}, and the reply is no redirect with status 302."
            return broken(exchange, message, expected="status 302")
    return passed()


@check(
    "cgi-output.client-redirect-location-kept",
    statement="The Location of a client redirect is the URI that the program printed, with its fragment.",
    why="A shortened URI leads to another place.",
    hint="Copy the value of Location unchanged into the reply.",
    example=(REQUEST, f"Location: {ELSEWHERE}#f", "Location: /x"),
    needs=("cgi",),
    requires=("cgi-output.client-redirect-302",),
    risk=Risk.UNUSUAL,
)
@of_printers
def location_kept(evidence: Evidence) -> Judgement:
    for uri in URIS:
        finding = _other_location(printed(evidence, f"Location: {uri}"), uri)
        if finding is not None:
            return Judgement(Verdict.FAIL, finding=finding)
    return passed()


def _other_location(exchange: Exchange, uri: str) -> Finding | None:
    field = exchange.response.field("location") if exchange.response else None
    if field is not None and _normal(field.value) == _normal(uri):
        return None
    message = "The Location of the reply is not the URI that the program printed."
    observed, span = (f"Location: {field.value}", field.value_span) if field else ("no Location", None)
    return found(exchange, message, expected=f"Location: {uri}", observed=observed, span=span)


def _normal(uri: str) -> tuple[str, ...]:
    """The URI in a spelling of its own: small letters in scheme and host, no default port (RFC 3986 §6.2.2)."""
    try:
        parts = urlsplit(uri)
        port = "" if parts.port in (None, 80) else str(parts.port)
    except ValueError:
        return (uri,)
    return parts.scheme, parts.hostname or "", port, parts.path, parts.query, parts.fragment


@check(
    "cgi-output.redirect-document-status-kept",
    statement="If a program prints a redirecting Status, a Location and a document, both Status and Location reach the "
    "client.",
    why="After a form was posted, 303 and 302 send browsers on in different ways.",
    hint="Force 302 only if there is no Status.",
    example=(REQUEST, "HTTP/1.1 303 See Other\r\nLocation: …", "HTTP/1.1 302 Found\r\nLocation: …"),
    needs=("cgi",),
    requires=("cgi-output.status-used",),
    risk=Risk.UNUSUAL,
)
@of_printers
def redirect_document(evidence: Evidence) -> Judgement:
    exchange = printed(evidence, "Status: 303 See Other", f"Location: {ELSEWHERE}", TYPE, body=MARK)
    if exchange.status != 303:
        message = "The Status that the program printed beside a Location is lost."
        return broken(exchange, message, expected="status 303")
    finding = _other_location(exchange, ELSEWHERE)
    return passed() if finding is None else Judgement(Verdict.FAIL, finding=finding)
