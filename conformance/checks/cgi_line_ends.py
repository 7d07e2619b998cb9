"""Line ends in the head of a program's output (RFC 3875 §6.3.4, §7.2): LF or CR LF there, CR LF on the wire."""

from __future__ import annotations

from conformance.check import check
from conformance.checks.cgi_printers import PRINTED, defects_of_all, of_printers, printed
from conformance.checks.cgi_programs import MARK, of_gateways, program
from conformance.evidence import Evidence
from conformance.predicates import absent, blocked, broken, passed
from conformance.response import DefectKind
from conformance.rule import Risk
from conformance.verdict import Judgement

REQUEST = "GET /cgi/reply.py?… HTTP/1.1\r\nHost: localhost:50000\r\n\r\n"
CRLF_HEAD = "crlf_head.py"


@check(
    "cgi-output.newline-translated",
    statement="The fields of a program go out with CR LF at the end of their lines, though it printed LF alone.",
    why="The lines of an HTTP head end in CR LF; print() writes LF.",
    hint='Take the program\'s head apart and write each field anew with "\\r\\n".',
    example=(REQUEST, "Content-Type: text/plain\\r\\n", "Content-Type: text/plain\\n"),
    dispute="Clients may take a lone LF (RFC 9112 §2.2), so passing the head on as printed (http.server) often goes "
    "unnoticed. RFC 3875 §6.3.4 still wants CR LF.",
    needs=("cgi",),
    requires=("cgi-output.header-fields-parsed",),
    risk=Risk.UNUSUAL,
)
@of_printers
def newline_translated(evidence: Evidence) -> Judgement:
    exchange = printed(evidence, *PRINTED, body=MARK)
    defect = exchange.response.defect(DefectKind.LINE_END) if exchange.response else None
    if defect is None:
        return passed()
    if DefectKind.LINE_END in defects_of_all(evidence):
        return blocked("field.line-crlf", "lines of other replies end in LF, too")
    message = "A line of the reply's head ends as the program printed it."
    return broken(exchange, message, expected="CR LF", observed="LF alone", span=defect.span)


@check(
    "cgi-output.crlf-accepted-as-newline",
    statement="A program may end the lines of its head with CR LF, as they end on the wire.",
    why="Programs that were written for the wire, or elsewhere, print CR LF; a CR left in a value breaks it.",
    hint='Strip "\\r" from the end of each line of the head, and find the empty line with it and without.',
    example=(
        "GET /cgi/crlf_head.py HTTP/1.1\r\nHost: localhost:50000\r\n\r\n",
        "X-Line-End: CRLF\\r\\n",
        "X-…: CRLF\\r\\r\\n",
    ),
    dispute="RFC 3875 §7.2 advises to take CR LF beside LF. It does not speak of both in one head, which webfs and "
    "CivetWeb refuse; so all lines of the program end alike.",
    needs=("cgi",),
    requires=("cgi-output.script-run-not-sent",),
)
@of_gateways
def crlf_accepted(evidence: Evidence) -> Judgement:
    target = program(evidence, CRLF_HEAD)
    if target is None:
        return absent(f"the document root holds no {CRLF_HEAD}")
    exchange = evidence.get(target)
    response = exchange.response
    defect = response.defect(DefectKind.BARE_CR) if response else None
    expected = "its lines as fields that end in CR LF"
    if defect is not None and DefectKind.BARE_CR not in defects_of_all(evidence):
        message = "A CR of the program's line ends is left in a field."
        return broken(exchange, message, expected=expected, observed="CR CR LF", span=defect.span)
    if response is None or response.value("x-line-end") != "CRLF" or b"X-Line-End" in response.body:
        return broken(exchange, "A head whose lines end in CR LF is not understood.", expected=expected)
    return passed()
