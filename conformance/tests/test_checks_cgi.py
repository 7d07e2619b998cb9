"""The CGI rules on hand-made replies: what is lawful and easily taken for a fault, and what is not."""

from __future__ import annotations

import pytest

from conformance.tests.gateway import VARIABLES, Gateway, judge, reply
from conformance.verdict import Verdict


def variable(name: str, value: str) -> Gateway:
    return Gateway({**VARIABLES, name: value})


def field_variable(name: str, value: str) -> Gateway:
    return Gateway(more=lambda request: {name: value} if "X-Probe-Name" in request else {})


def test_a_runner_of_programs_that_sets_two_variables_claims_no_cgi() -> None:
    for rule in ("cgi-env.gateway-interface-set", "cgi-env.remote-addr-set", "cgi-output.status-used"):
        assert judge(rule, Gateway({})).verdict is Verdict.NOT_APPLICABLE


def test_another_dialect_is_another_document() -> None:
    assert judge("cgi-env.server-port-set", variable("GATEWAY_INTERFACE", "CGI/1.0")).verdict is Verdict.NOT_APPLICABLE


def test_most_of_the_variables_are_a_claim_even_without_the_one_that_says_so() -> None:
    most = {name: value for name, value in VARIABLES.items() if name != "GATEWAY_INTERFACE"}
    assert judge("cgi-env.gateway-interface-set", Gateway(most)).verdict is Verdict.FAIL


def test_a_silent_program_proves_nothing() -> None:
    silent = Gateway(answers={"/cgi/environment.py": b""})
    assert judge("cgi-env.gateway-interface-set", silent).verdict is Verdict.INCONCLUSIVE


def test_variables_are_read_even_where_the_program_head_is_left_in_the_page() -> None:
    report = Gateway().answer("GET /cgi/environment.py HTTP/1.1").partition(b"\r\n\r\n")[2]
    raw = reply(200, b"Content-Type: application/json\n\n" + report)
    assert judge("cgi-env.remote-addr-set", Gateway(answers={"/environment.py ": raw})).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("rule", "name", "value", "verdict"),
    [
        ("cgi-env.gateway-interface-set", "GATEWAY_INTERFACE", "1.1", Verdict.FAIL),
        ("cgi-env.remote-addr-set", "REMOTE_ADDR", "::ffff:127.0.0.1", Verdict.PASS),
        ("cgi-env.remote-addr-set", "REMOTE_ADDR", "fe80::1%eth0", Verdict.FAIL),
        ("cgi-env.remote-host-syntax", "REMOTE_HOST", "7up_host.example.", Verdict.PASS),
        ("cgi-env.remote-host-syntax", "REMOTE_HOST", "[::1]", Verdict.FAIL),
        ("cgi-env.server-name-set", "SERVER_NAME", "[::1]", Verdict.PASS),
        ("cgi-env.server-name-set", "SERVER_NAME", "my_domain.example", Verdict.PASS),
        ("cgi-env.server-name-set", "SERVER_NAME", "::1", Verdict.FAIL),
        ("cgi-env.server-port-set", "SERVER_PORT", "80", Verdict.INCONCLUSIVE),
        ("cgi-env.server-port-set", "SERVER_PORT", "65536", Verdict.FAIL),
        ("cgi-env.server-protocol-set", "SERVER_PROTOCOL", "INCLUDED", Verdict.PASS),
        ("cgi-env.server-protocol-set", "SERVER_PROTOCOL", "HTTP/1", Verdict.FAIL),
        ("cgi-env.server-software-set", "SERVER_SOFTWARE", "A/1 (b (c)) D/2", Verdict.PASS),
        ("cgi-env.variable-names-exact", "http_proxy", "http://proxy.example/", Verdict.PASS),
        ("cgi-env.auth-type-only-if-authenticated", "AUTH_TYPE", "", Verdict.PASS),
        ("cgi-env.content-length-iff-body", "CONTENT_LENGTH", "", Verdict.PASS),
        ("cgi-env.path-translated-null-without-rest", "PATH_TRANSLATED", "/srv/web", Verdict.FAIL),
    ],
)
def test_values_of_a_variable(rule: str, name: str, value: str, verdict: Verdict) -> None:
    assert judge(rule, variable(name, value)).verdict is verdict


def test_a_query_may_be_normalised_but_not_decoded() -> None:
    def normalised(request: str) -> dict[str, str]:
        query = request.split(" ")[1].partition("?")[2]
        return {"QUERY_STRING": query.replace("%C3%A9", "%c3%a9")}

    def decoded(request: str) -> dict[str, str]:
        return {"QUERY_STRING": normalised(request)["QUERY_STRING"].replace("%26", "&")}

    assert judge("cgi-env.query-string-set", Gateway(more=normalised)).verdict is Verdict.PASS
    assert judge("cgi-env.query-string-set", Gateway(more=decoded)).verdict is Verdict.FAIL


def test_extra_path_may_be_refused() -> None:
    for rule in ("cgi-env.path-info-is-rest", "cgi-env.path-info-decoded", "cgi-env.no-nul-truncation"):
        assert judge(rule, Gateway()).verdict is Verdict.NOT_APPLICABLE
    assert judge("cgi-env.script-name-identifies-script", Gateway()).verdict is Verdict.PASS


def test_credentials_may_be_refused() -> None:
    refusing = Gateway(answers={"Authorization": reply(401, b"")})
    assert judge("cgi-env.auth-type-only-if-authenticated", refusing).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("rule", "name", "value", "verdict"),
    [
        ("cgi-env.http-variable-names", "NOTHING", "", Verdict.NOT_APPLICABLE),
        ("cgi-env.http-variable-names", "HTTP_X_PROBE_NAME", "mixed-7f3a", Verdict.FAIL),
        ("cgi-env.http-variable-names", "HTTP_X_Probe_Name", "MiXed-7F3a", Verdict.FAIL),
        ("cgi-env.http-repeated-fields-merged", "NOTHING", "", Verdict.NOT_APPLICABLE),
        ("cgi-env.http-repeated-fields-merged", "HTTP_X_PROBE_TWICE", "1,2", Verdict.PASS),
        ("cgi-env.http-repeated-fields-merged", "HTTP_ACCEPT", "text/x-one", Verdict.FAIL),
    ],
)
def test_fields_may_be_withheld_but_not_changed(rule: str, name: str, value: str, verdict: Verdict) -> None:
    assert judge(rule, field_variable(name, value)).verdict is verdict


def test_post_may_be_refused() -> None:
    refusing = Gateway(answers={"POST": reply(405, b"", "Allow: GET")})
    assert judge("cgi-env.content-length-iff-body", refusing).verdict is Verdict.PASS
    for rule in ("cgi-env.content-type-from-field", "cgi-input.body-on-stdin", "cgi-input.whole-body-available"):
        assert judge(rule, refusing).verdict is Verdict.NOT_APPLICABLE
        assert judge(rule, Gateway()).verdict in (Verdict.PASS, Verdict.FAIL)


def test_a_body_may_be_too_large() -> None:
    refusing = Gateway(answers={"Content-Length: 135168": reply(413, b"")})
    assert judge("cgi-input.whole-body-available", refusing).verdict is Verdict.NOT_APPLICABLE


def test_a_local_redirect_sent_to_the_client_is_one_fault_and_not_three() -> None:
    sent = Gateway(answers={"Location%3A": reply(302, b"", "Location: /sample.txt")})
    judgement = judge("cgi-output.local-redirect-internal", sent)
    assert judgement.finding is not None
    assert "clients follow" in judgement.finding.message
    for rule in ("cgi-output.local-redirect-query-used", "cgi-security.local-redirect-checked"):
        assert judge(rule, sent).verdict is Verdict.NOT_APPLICABLE


def test_a_redirect_may_be_spelled_anew() -> None:
    spelled = {
        "Location%3A%20http": reply(302, b"", "Location: HTTP://Other.Example:80/x?a=1#f"),
        "Location%3A%20ftp": reply(302, b"", "Location: ftp://other.example/x"),
        "Location%3A%20urn": reply(302, b"", "Location: urn:probe:b"),
    }
    assert judge("cgi-output.client-redirect-location-kept", Gateway(answers=spelled)).verdict is Verdict.PASS


@pytest.mark.parametrize("status", [200, 500, 502])
def test_any_valid_status_may_stand_for_a_bad_one(status: int) -> None:
    gateway = Gateway(answers={"Status%3A": reply(status, b"")})
    for rule in ("cgi-error.bad-status-not-passed", "cgi-output.empty-status-not-used"):
        assert judge(rule, gateway).verdict is Verdict.PASS
    assert judge("cgi-error.bodyless-status-without-body", gateway).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (reply(500, b"It failed."), Verdict.PASS),
        (reply(200, b"This program prints no head at all,\n"), Verdict.PASS),
        (b"HTTP/1.0 200 OK\r\nThis program prints no head at all,\nonly text\n\nand more\n", Verdict.FAIL),
        (b"", Verdict.FAIL),
    ],
)
def test_output_without_a_head(answer: bytes, verdict: Verdict) -> None:
    gateway = Gateway(answers={"no_head.py": answer, "crash.py": reply(502, b"")})
    assert judge("cgi-error.reply-valid-despite-script", gateway).verdict is verdict
