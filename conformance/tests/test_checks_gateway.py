"""The rules on what programs are told and by whom they are run, on hand-made replies."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest

from conformance.tests.gateway import VARIABLES, Gateway, judge, reply
from conformance.verdict import Verdict

PASS, FAIL, ABSENT, UNCLEAR = Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INCONCLUSIVE
SHELL = "?a;id+$(id) "
ENCODED = "?a%2Bb+c%3Dd "
FILE = "environment.py/sample.txt "
REFUSED = reply(400, b"no")
BROKEN = reply(500, b"UnicodeDecodeError")


def told(
    variables: Mapping[str, str] = VARIABLES, argv: tuple[str, ...] = ("",), folder: str = "/srv/web/cgi"
) -> bytes:
    """The report of environment.py."""
    return Gateway().report(environment=dict(variables), argv=[*argv], cwd=folder)


def with_variable(part: str, name: str, value: str) -> Gateway:
    """A server that sets a variable if a request holds ``part``."""
    return Gateway(more=lambda request: {name: value} if part in request else {})


def with_arguments(first: tuple[str, ...], second: tuple[str, ...] = ()) -> Gateway:
    """A server that makes these arguments of the two queries."""
    return Gateway(answers={SHELL: told(argv=("x", *first)), ENCODED: told(argv=("x", *second))})


@pytest.mark.parametrize(
    ("words", "verdict"),
    [((), ABSENT), (("a;id", "$(id)"), PASS), (("a\\;id", "\\$\\(id\\)"), PASS), (("a;id $(id)",), FAIL)],
)
def test_arguments_may_be_escaped_or_left_out(words: tuple[str, ...], verdict: Verdict) -> None:
    assert judge("cgi-env.indexed-query-words-as-argv", with_arguments(words)).verdict is verdict


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        (("a+b", "c=d"), PASS),
        (("a\\+b", "c=d"), PASS),
        ((), FAIL),
        (("a%2Bb", "c%3Dd"), FAIL),
        (("a", "b", "c=d"), FAIL),
    ],
)
def test_words_are_decoded_where_there_are_words(words: tuple[str, ...], verdict: Verdict) -> None:
    gateway = with_arguments(("a;id", "$(id)"), words)
    assert judge("cgi-env.indexed-query-words-decoded", gateway).verdict is verdict
    assert judge("cgi-env.indexed-query-words-decoded", with_arguments((), words)).verdict is ABSENT


@pytest.mark.parametrize(
    ("name", "value", "verdict"),
    [
        ("REQUEST_URI", "/cgi/environment.py?x=1", FAIL),
        ("X_REQUEST_URI", "/cgi/environment.py?x=1", PASS),
        ("HTTP_REFERER", "/?x=1", PASS),
        ("SSL_SESSION", "x=1", PASS),
        ("UNIQUE_ID", "7f3a", PASS),
    ],
)
def test_only_what_follows_the_request_is_an_extension(name: str, value: str, verdict: Verdict) -> None:
    assert judge("cgi-env.extension-variables-named-x", with_variable("?x=1", name, value)).verdict is verdict


@pytest.mark.parametrize(
    ("called", "folder", "verdict"),
    [
        ("environment.py", "/srv/web/cgi", PASS),
        ("/cgi/environment.py", "/cgi", PASS),
        ("/usr/lib/programs/environment.py", "/usr/lib/programs", PASS),
        ("/srv/web/cgi/environment.py", "/srv/web", FAIL),
        ("environment.py", "C:\\web\\cgi", ABSENT),
    ],
)
def test_a_program_may_lie_elsewhere_but_runs_where_it_lies(called: str, folder: str, verdict: Verdict) -> None:
    assert judge("cgi-env.cwd-is-script-folder", Gateway(argv=(called,), folder=folder)).verdict is verdict


def untyped(value: str | None) -> Gateway:
    """A server that shows this type for a body without one."""
    body = base64.b64encode(b"x").decode()
    report = Gateway().report(method="POST", content_length="135168", content_type=value, body_base64=body)
    return Gateway(answers={"Content-Length: 135168": report})


@pytest.mark.parametrize("value", [None, "", "image/png", "Application/Octet-Stream; x=y"])
def test_a_type_may_be_found_in_the_body(value: str | None) -> None:
    assert judge("cgi-env.content-type-not-invented", untyped(value)).verdict is PASS


def test_a_type_is_not_made_up() -> None:
    assert judge("cgi-env.content-type-not-invented", untyped("text/plain")).verdict is FAIL
    invented = Gateway({**VARIABLES, "CONTENT_TYPE": "text/plain"})
    assert judge("cgi-env.content-type-not-invented", invented).verdict is FAIL
    refusing = Gateway(answers={"POST": reply(405, b"", "Allow: GET")})
    assert judge("cgi-env.content-type-not-invented", refusing).verdict is PASS


def test_a_variable_that_is_the_only_one_is_no_copy() -> None:
    rule = "cgi-env.no-http-copies-of-other-variables"
    assert judge(rule, with_variable("POST", "HTTP_CONTENT_TYPE", "text/x-probe")).verdict is PASS
    both = {"HTTP_CONTENT_TYPE": "text/x-probe", "CONTENT_TYPE": "text/x-probe"}
    assert judge(rule, Gateway(more=lambda request: both if "POST" in request else {})).verdict is FAIL
    assert judge(rule, Gateway(answers={"POST": reply(501, b"")})).verdict is ABSENT


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (told({**VARIABLES, "HTTP_X_PROBE_KEPT": "hyphen"}), PASS),
        (told({**VARIABLES, "HTTP_X_PROBE_KEPT": "hyphen, underscore"}), PASS),
        (told({**VARIABLES, "HTTP_X_PROBE_KEPT": "underscore"}), FAIL),
        (told(), ABSENT),
        (REFUSED, PASS),
        (BROKEN, FAIL),
        (b"", FAIL),
    ],
)
def test_underscores_may_be_dropped_merged_or_refused(answer: bytes, verdict: Verdict) -> None:
    gateway = Gateway(answers={"X_Probe_Kept": answer})
    assert judge("cgi-env.field-name-mapping-unambiguous", gateway).verdict is verdict


@pytest.mark.parametrize(("answer", "verdict"), [(REFUSED, PASS), (told(), PASS), (BROKEN, FAIL), (b"", FAIL)])
def test_an_octet_beyond_ascii_may_be_refused(answer: bytes, verdict: Verdict) -> None:
    gateway = Gateway(answers={"X-Probe-Beyond": answer})
    assert judge("cgi-env.values-in-system-charset", gateway).verdict is verdict


def test_where_the_query_alone_is_too_much_nothing_is_said_of_the_octet() -> None:
    assert judge("cgi-env.values-in-system-charset", Gateway(answers={ENCODED: BROKEN})).verdict is UNCLEAR


@pytest.mark.parametrize(
    ("place", "called", "verdict"),
    [
        ("/srv/web/sample.txt", "/srv/web/cgi/environment.py", PASS),
        ("/sample.txt", "/cgi/environment.py", PASS),
        ("/srv/web/sample.txt", "environment.py", PASS),
        ("/home/files/sample.txt", "/srv/web/cgi/environment.py", UNCLEAR),
        ("/srv/web/cgi/sample.txt", "/srv/web/cgi/environment.py", FAIL),
        ("/srv/web/cgi/sample.txt", "environment.py", FAIL),
        ("/srv/web/cgi/environment.py/sample.txt", "environment.py", FAIL),
    ],
)
def test_names_inside_the_server_are_its_own(place: str, called: str, verdict: Verdict) -> None:
    variables = {**VARIABLES, "PATH_INFO": "/sample.txt", "PATH_TRANSLATED": place}
    gateway = Gateway(answers={FILE: told(variables, (called,))})
    assert judge("cgi-env.path-translated-from-root", gateway).verdict is verdict


@pytest.mark.parametrize(
    ("climbing", "verdict"),
    [
        (reply(404, b""), PASS),
        (told(), PASS),
        (told({**VARIABLES, "PATH_TRANSLATED": "/srv/web/../web/etc/passwd"}), PASS),
        (told({**VARIABLES, "PATH_TRANSLATED": "/srv/web/../../../etc/passwd"}), FAIL),
        (told({**VARIABLES, "PATH_TRANSLATED": "/srv/web-secret/passwd"}), FAIL),
    ],
)
def test_dots_may_be_resolved_or_refused(climbing: bytes, verdict: Verdict) -> None:
    plain = told({**VARIABLES, "PATH_INFO": "/sample.txt", "PATH_TRANSLATED": "/srv/web/sample.txt"})
    gateway = Gateway(answers={FILE: plain, "environment.py/": climbing})
    assert judge("cgi-security.path-translated-inside-tree", gateway).verdict is verdict


class TestGuarded:
    DENIED = reply(401, b"who is it?", 'WWW-Authenticate: Basic realm="x"')

    def test_a_refusal_that_shows_the_output_comes_too_late(self) -> None:
        late = told().replace(b"200 X", b"401 X")
        gateway = Gateway(answers={"guarded/environment.py": late})
        assert judge("cgi-security.no-run-before-access-control", gateway).verdict is FAIL

    def test_methods_that_nobody_guards_are_a_warning(self) -> None:
        gateway = Gateway(answers={"POST /guarded/": told(), "/guarded/": self.DENIED})
        assert judge("cgi-security.no-run-before-access-control", gateway).verdict is Verdict.WARNING

    def test_all_spellings_refused(self) -> None:
        gateway = Gateway(answers={"uarded/": self.DENIED})
        assert judge("cgi-security.no-run-before-access-control", gateway).verdict is PASS

    def test_the_user_is_told_without_the_password(self) -> None:
        inside = told({**VARIABLES, "AUTH_TYPE": "basic", "REMOTE_USER": "ann"})
        gateway = Gateway(answers={"Authorization: Basic YW5uOnBhc3M=": inside, "/guarded/": self.DENIED})
        assert judge("cgi-env.auth-type-set", gateway).verdict is PASS
        assert judge("cgi-env.remote-user-set", gateway).verdict is PASS

    def test_other_ways_in_are_not_judged(self) -> None:
        closed = Gateway(answers={"/guarded/": self.DENIED})
        assert judge("cgi-env.auth-type-set", closed).verdict is UNCLEAR
        assert judge("cgi-env.remote-user-set", Gateway()).verdict is ABSENT
