"""HEAD (RFC 9110 §9.3.2, RFC 9112 §6.3; RFC 2616 §9.4): like GET, without the body.

Servers that know GET only may refuse HEAD until the end of the course; then just the body of the refusal is judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import check
from conformance.connections import document, surplus
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.exemplars import unsteady
from conformance.predicates import (
    OVERLOADED,
    absent,
    answered,
    broken,
    describe,
    first_of,
    passed,
    served,
    status_span,
    unclear,
)
from conformance.response import DefectKind, Response
from conformance.site import MISSING
from conformance.verdict import Judgement

REQUEST = "HEAD /page.html HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n"
KINDS = ("html", "text", "png", "jpeg")
SAME = ("Last-Modified", "ETag", "Cache-Control", "Content-Language", "Content-Location")
"""Fields that do not change from one moment to the next; what is made with the content may be left out for HEAD."""


def _targets(evidence: Evidence) -> list[str]:
    """Files of the common kinds, a folder with and without its slash, and a file that is missing."""
    pages = [page.target for kind in KINDS if (page := evidence.site.page(kind, lambda p: p.plain))]
    folder = evidence.site.folder
    folders = [f"/{folder}/", f"/{folder}"] if folder else []
    return list(dict.fromkeys([document(evidence), *pages, *folders, MISSING]))


def _pairs(evidence: Evidence, targets: list[str]) -> Iterator[tuple[str, Exchange, Exchange]]:
    """HEAD and GET of each target, where both were answered and HEAD is not refused as such."""
    for target in targets:
        head, get = evidence.get(target, method="HEAD"), evidence.get(target)
        usable = answered(head) and answered(get) and head.status not in (405, 501, *OVERLOADED)
        if usable and get.status not in OVERLOADED:
            yield target, head, get


@check(
    "head.supported",
    statement="HEAD is answered as GET is, and never refused with 405 or 501.",
    why="Every general-purpose server has GET and HEAD: link checkers and download tools ask with HEAD first.",
    hint="Treat HEAD like GET, and leave the body out when you send the reply.",
    example=(REQUEST, HEAD, "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n"),
    dispute="A server that knows only GET is common in courses and in tiny servers; both RFC 2616 §5.1.1 and RFC "
    "9110 §9.1 want HEAD of every general-purpose server. Refusing it breaks this rule alone: all other "
    "rules on HEAD then do not apply.",
)
def head_supported(evidence: Evidence) -> Judgement:
    target = document(evidence)
    control = evidence.get(target)
    if not served(control):
        return unclear(f"the control request was not served: {describe(control)}")
    exchange = evidence.get(target, method="HEAD")
    if answered(exchange) and exchange.status not in (405, 501):
        return passed(describe(exchange))
    return broken(exchange, "HEAD is not supported.", expected=f"status {control.status}, as for GET")


@check(
    "head.no-body",
    also=("head.no-content", "head.cgi-body-discarded", "message.no-body-where-forbidden"),
    statement="A reply to HEAD ends with its empty line, error replies too.",
    why="The client takes whatever follows for the beginning of the next reply.",
    hint="Send no body if the method is HEAD, whatever the status: \"if method != 'HEAD': sock.sendall(body)\".",
    example=(REQUEST, HEAD, f"{HEAD}ok"),
    requires=("status-line.first-octets",),
)
def head_no_body(evidence: Evidence) -> Judgement:
    program = evidence.site.page("program", lambda p: p.plain)
    targets = [*_targets(evidence), *([program.target] if program else [])]
    return first_of(_bodiless(evidence, target) for target in targets)


def _bodiless(evidence: Evidence, target: str) -> Judgement:
    """HEAD, then a GET as a fence: nothing may come before the reply to it, or before the end of the connection."""
    requests = evidence.request(target, method="HEAD"), evidence.request(document(evidence))
    exchange = evidence.sequence(*requests, methods=("HEAD", "GET"))
    response = exchange.response
    if response is None or response.status is None or response.defect(DefectKind.NO_EMPTY_LINE):
        return unclear(f"HEAD drew no whole head: {describe(exchange)}")
    extra, span = surplus(exchange)
    if not extra.strip(b"\r\n"):
        return passed()
    return broken(
        exchange,
        "The reply to HEAD has a body.",
        expected="the next reply, or the end of the connection, right after the empty line (RFC 9112 §6.3)",
        observed=f"{len(extra)} octets after it",
        span=span,
    )


@check(
    "head.same-status-as-get",
    statement="HEAD gets the status that GET would get.",
    why="Clients ask with HEAD whether a page is there; 200 for a missing one is a lie.",
    hint="Decide the status before you look at the method; HEAD and GET differ only in the body.",
    example=(REQUEST, "HTTP/1.1 404 Not Found\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n (where GET gives 404)"),
    dispute="RFC 9110 §9.3.2 lets a reply to HEAD leave out what is only known once the content is made, so a "
    "program may fail for GET alone. Therefore only files, folders and a missing file are compared.",
)
def head_status(evidence: Evidence) -> Judgement:
    judged = False
    for target, head, get in _pairs(evidence, _targets(evidence)):
        judged = True
        if head.status != get.status:
            return broken(
                head,
                f"HEAD and GET of {target} have different statuses.",
                expected=f"status {get.status}, as for GET",
                span=status_span(head.responses[0]),
            )
    return passed() if judged else absent("HEAD is not supported")


def _same_field(evidence: Evidence, name: str, targets: list[str]) -> Judgement:
    """Whether a field, where HEAD and GET both succeed and have it, has the same value."""
    judged = False
    for target, head, get in _pairs(evidence, targets):
        one, other = head.responses[0].field(name), get.responses[0].field(name)
        if not (_is_200(head.responses[0]) and _is_200(get.responses[0])) or one is None or other is None:
            continue
        judged = True
        if one.value.replace(" ", "").lower() != other.value.replace(" ", "").lower():
            if unsteady(evidence, target, name):
                return unclear(f"{name} is another one in each reply to GET")
            return broken(
                head,
                f"HEAD and GET of {target} have different {name} fields.",
                expected=f"{other.value}, as for GET",
                observed=one.value,
                span=one.span,
            )
    return passed() if judged else absent(f"no successful reply to HEAD has a {name} field")


def _is_200(response: Response) -> bool:
    return response.status == 200


@check(
    "head.content-length-as-get",
    statement="Content-Length in a reply to HEAD, if sent, is the size of the body that GET would send.",
    why="Download tools learn from it how much there is to fetch.",
    hint="Compute Content-Length from the page, not from the empty body that HEAD sends; or leave it out.",
    example=(REQUEST, HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
)
def head_length(evidence: Evidence) -> Judgement:
    pages = [page.target for kind in KINDS if (page := evidence.site.page(kind, lambda p: p.plain))]
    return _same_field(evidence, "Content-Length", pages)


@check(
    "head.content-type-same",
    statement="Content-Type in a reply to HEAD is the one that GET would send.",
    why="It describes the page, not the missing body.",
    hint="Choose the type from the file, before you look at the method.",
    example=(REQUEST, HEAD, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n (where GET says text/html)"),
    dispute="RFC 2616 §14.17 wants the type that a GET would have; RFC 9110 §9.3.2 lets the field be left out "
    "where it is only known with the content. The same type and no type are accepted.",
)
def head_type(evidence: Evidence) -> Judgement:
    return _same_field(evidence, "Content-Type", _targets(evidence))


@check(
    "head.same-fields",
    statement="The fields by which caches and downloads go, such as Last-Modified, are the same for HEAD as for GET.",
    why="Who asks with HEAD whether a file has changed must get the date that a GET would have shown.",
    hint="Make the fields before you look at the method; for HEAD leave nothing out but the body.",
    example=(REQUEST, f"{HEAD[:-2]}Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n", HEAD),
)
def head_fields(evidence: Evidence) -> Judgement:
    pages = [page.target for kind in KINDS if (page := evidence.site.page(kind, lambda p: p.plain))]
    for target, head, get in _pairs(evidence, pages):
        dated = _is_200(head.responses[0]) and _is_200(get.responses[0]) and get.responses[0].value("last-modified")
        if dated and not head.responses[0].field("last-modified"):
            message = f"HEAD of {target} leaves out the Last-Modified that GET has."
            return broken(head, message, expected=f"Last-Modified: {dated}", observed="no Last-Modified")
    return first_of(_same_field(evidence, name, pages) for name in SAME)
