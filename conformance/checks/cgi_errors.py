"""Programs that break the rules of CGI: the reply still obeys HTTP (RFC 3875 §3.1, §6.2, §6.3).

No status is prescribed: an error, a mended reply or the text as a page will do; program text among the field lines
will not.
"""

from __future__ import annotations

from conformance.check import check
from conformance.checks.cgi_printers import REPLY, defects_of_all, of_printers, printed, prints, without_programs
from conformance.checks.cgi_programs import MARK, of_gateways, program, run
from conformance.evidence import Evidence
from conformance.exchange import Exchange
from conformance.predicates import answered, broken, found, outcomes, passed
from conformance.response import DefectKind
from conformance.rule import Risk
from conformance.verdict import Finding, Judgement, Verdict

REQUEST = "GET /cgi/crash.py HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
TYPE = "Content-Type: text/x-probe"
FAULTY = ("crash.py", "no_head.py")
OR_ERROR = ", or 5xx (RFC 9110 §15.6)"
UNBUILT = (
    DefectKind.NO_STATUS_LINE,
    DefectKind.OCTETS_BEFORE,
    DefectKind.STRAY_LINE,
    DefectKind.NO_EMPTY_LINE,
    DefectKind.BODY_SHORT,
)


@check(
    "cgi-error.reply-valid-despite-script",
    statement="A program that crashes, prints nothing or prints no head still leads to a whole, valid HTTP reply, and "
    "later programs run.",
    why="The client has asked the server, not the program: it needs an answer that it can read.",
    hint="If the output has no proper head, send 500 with a page of your own, or all of the output as text/plain.",
    example=(REQUEST, "HTTP/1.1 500 Internal Server Error\r\n…", "(the connection closes)"),
    dispute="For output without a head Apache sends 500, lighttpd 200 with the text, others 502; no RFC names a "
    "status (RFC 3875 §3.1). All whole replies are accepted, raw output in place of a reply is not.",
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def valid_despite_script(evidence: Evidence) -> Judgement:
    targets = [target for name in FAULTY if (target := program(evidence, name))]
    if program(evidence, REPLY):
        targets += [prints(evidence), prints(evidence, "this line is no field", TYPE, body=MARK)]
    common = defects_of_all(evidence)
    unbuilt = [kind for kind in UNBUILT if kind not in common]
    seen = [evidence.get(target, risk=Risk.UNUSUAL) for target in targets]
    for exchange in seen:
        finding = _invalid(exchange, unbuilt)
        if finding is not None:
            return Judgement(Verdict.FAIL, finding=finding)
    healthy = run(evidence, fields=[("X-Probe-Later", "healthy")])
    if healthy.ran:
        return passed(outcomes(seen))
    return broken(healthy.exchange, "After faulty programs a good one is not run.", expected="its output")


def _invalid(exchange: Exchange, unbuilt: list[DefectKind]) -> Finding | None:
    response = exchange.response
    expected = "500 or 502 (RFC 9110 §15.6.1, §15.6.3), or a whole reply of any other status (RFC 3875 §3.1)"
    if response is None or not answered(exchange):
        return found(exchange, "A faulty program leaves the client without a readable answer.", expected=expected)
    defect = response.defect(*unbuilt)
    if defect is None and response.complete:
        return None
    message = "A faulty program makes a reply that is no valid HTTP."
    observed = defect.kind.value if defect else "a reply that does not end"
    return found(exchange, message, expected=expected, observed=observed, span=defect.span if defect else None)


@check(
    "cgi-error.bad-status-not-passed",
    statement="A Status value that is no three-digit code does not reach the status line.",
    why="A client cannot read HTTP/1.1 abc.",
    hint="Check the value of Status against three digits from 100 to 599; otherwise answer 500.",
    example=(REQUEST, "HTTP/1.1 500 Internal Server Error\r\n…", "HTTP/1.1 abc\r\n…"),
    dispute="RFC 3875 §6.3.3 binds the program; the server has to keep its status line in order all the same "
    "(§3.1). Apache says 500, lighttpd 502, and 200 is accepted as well.",
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_printers
def bad_status(evidence: Evidence) -> Judgement:
    seen = {value: printed(evidence, f"Status: {value}", TYPE, body=MARK) for value in ("abc", "99 x", "2000 x")}
    for value, exchange in seen.items():
        line = exchange.response.status_line if exchange.response else None
        if line is None or not 100 <= (exchange.status or 0) <= 599:
            message = f'A program that prints "Status: {value}" makes a broken status line.'
            observed = line.text.decode("latin-1") if line else None
            expected = "500 (RFC 9110 §15.6.1), or any other code of three digits (RFC 9112 §4)"
            return broken(exchange, message, expected=expected, observed=observed, span=line.span if line else None)
    return passed(outcomes(seen.values()))


@check(
    "cgi-error.no-fold-passed",
    also=("cgi-error.no-space-before-colon-passed",),
    statement="A line that a program begins with a blank, or a blank before its colon, does not go out as printed.",
    why="Both are forbidden in HTTP, as clients disagree on them; that is how replies are split and fields smuggled.",
    hint="Parse each line of the program's head as name, colon, value, and write it anew; answer 500 if that fails.",
    example=(REQUEST, "HTTP/1.1 500 Internal Server Error\r\n…", "X-Probe: one\r\n two\r\n…"),
    needs=("cgi",),
    requires=("cgi-output.header-fields-parsed", "cgi-output.newline-translated"),
    risk=Risk.UNUSUAL,
)
@of_printers
def no_fold(evidence: Evidence) -> Judgement:
    folded = printed(evidence, "Content-Language: tlh,", " en", TYPE, body=MARK)
    defect = folded.response.defect(DefectKind.FOLDED) if folded.response else None
    if defect is not None and DefectKind.FOLDED not in defects_of_all(evidence):
        message = "A folded line of a program goes out as printed."
        return broken(
            folded,
            message,
            expected=f"one line or none (RFC 9112 §5.2){OR_ERROR}",
            observed="two lines",
            span=defect.span,
        )
    common = any(f.name != f.name.rstrip() for other in without_programs(evidence) for f in other.fields)
    spaced = printed(evidence, "Content-Language : tlh", TYPE, body=MARK)
    for field in spaced.response.fields if spaced.response else ():
        if field.name != field.name.rstrip() and not common:
            message = "A field of a program goes out with the blank before its colon."
            return broken(
                spaced,
                message,
                expected=f"no blank there (RFC 9112 §5.1){OR_ERROR}",
                observed=repr(field.name),
                span=field.span,
            )
    return passed(outcomes((folded, spaced)))


@check(
    "cgi-error.no-double-cgi-field-passed",
    statement="A program that prints Content-Type or Status twice makes no reply with two types or two codes.",
    why="Clients that see two types take different ones, which is how a text becomes a script.",
    hint="Keep the fields of the program's head in a dict by lower-case name, or answer 500 if one is there already.",
    example=(REQUEST, "Content-Type: text/x-one", "Content-Type: text/x-one\r\nContent-Type: text/x-two"),
    dispute="RFC 3875 §6.3 forbids the program to print a field of CGI twice and says nothing of the server; "
    "lighttpd sends both. RFC 9110 §5.3 forbids the server to send two fields of that name.",
    needs=("cgi",),
    requires=("cgi-output.header-fields-parsed", "cgi-output.newline-translated"),
    risk=Risk.UNUSUAL,
)
@of_printers
def no_double(evidence: Evidence) -> Judgement:
    types = printed(evidence, "Content-Type: text/x-one", "Content-Type: text/x-two", body=MARK)
    fields = types.response.all("content-type") if types.response else ()
    if len(fields) > 1:
        message = "The reply has the program's Content-Type twice."
        observed = " and ".join(field.value for field in fields)
        return broken(types, message, expected=f"one (RFC 9110 §5.3){OR_ERROR}", observed=observed, span=fields[1].span)
    codes = printed(evidence, "Status: 404 One", "Status: 410 Two", TYPE, body=MARK)
    line = codes.response.status_line if codes.response else None
    if line is not None and b"404" in line.text and b"410" in line.text:
        message = "The status line holds both of the program's codes."
        observed = line.text.decode("latin-1")
        return broken(codes, message, expected=f"one code (RFC 9112 §4){OR_ERROR}", observed=observed, span=line.span)
    return passed(outcomes((types, codes)))


@check(
    "cgi-error.bodyless-status-without-body",
    statement="If a program prints a body with status 204 or 304, the body is not sent.",
    why="Replies with these codes end at the empty line: what follows is taken for the beginning of the next reply.",
    hint="Drop the program's body if the status is 204 or 304.",
    example=(REQUEST, "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\nbody"),
    needs=("cgi",),
    requires=("cgi-output.status-used",),
    risk=Risk.UNUSUAL,
)
@of_printers
def bodyless(evidence: Evidence) -> Judgement:
    plain = evidence.request(evidence.site.document.target if evidence.site.document else "/")
    for line in ("Status: 204 No Content", "Status: 304 Not Modified"):
        request = evidence.request(prints(evidence, line, TYPE, body=MARK * 2))
        exchange = evidence.sequence(request, plain)
        at = exchange.received.find(MARK.encode() * 2)
        if exchange.status in (204, 304) and at >= 0:
            message = f"A body follows the head of a reply with status {exchange.status}."
            span = (at, at + 2 * len(MARK))
            return broken(
                exchange,
                message,
                expected=f"nothing after the empty line (RFC 9112 §6.3){OR_ERROR}",
                observed="the body",
                span=span,
            )
    return passed()
