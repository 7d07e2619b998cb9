"""The rules on POST, HEAD and on requests that play on what lies behind the server, on hand-made replies."""

from __future__ import annotations

import pytest

from conformance.tests.gateway import Gateway, judge, reply
from conformance.verdict import Verdict

PASS, FAIL, ABSENT, UNCLEAR = Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INCONCLUSIVE
DATED = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"
DENIED = reply(401, b"", 'WWW-Authenticate: Basic realm="x"')


@pytest.mark.parametrize("rule", ["post.created-201-location", "post.created-describes"])
def test_who_makes_nothing_owes_nothing(rule: str) -> None:
    assert judge(rule, Gateway(answers={"POST": reply(405, b"", "Allow: GET")})).verdict is ABSENT
    assert judge(rule, Gateway(answers={"POST": reply(303, b"", "Location: /x")})).verdict is ABSENT


def test_what_was_made_has_an_address_and_a_page() -> None:
    made = Gateway(answers={"POST": reply(201, b"<a href=/7>made</a>", "Location: /7")})
    bare = Gateway(answers={"POST": reply(201, b"")})
    for rule in ("post.created-201-location", "post.created-describes"):
        assert judge(rule, made).verdict is PASS
        assert judge(rule, bare).verdict is FAIL


@pytest.mark.parametrize(
    ("status", "verdict"), [(200, PASS), (412, PASS), (400, PASS), (206, FAIL), (304, FAIL), (416, FAIL)]
)
def test_a_condition_on_a_post_may_fail_or_be_left_alone(status: int, verdict: Verdict) -> None:
    gateway = Gateway(answers={"If-None-Match": reply(status, b"")})
    assert judge("post.no-206-304-416", gateway).verdict is verdict


def test_a_post_that_is_refused_anyhow_shows_nothing() -> None:
    assert judge("post.no-206-304-416", Gateway(answers={"POST": reply(405, b"")})).verdict is ABSENT


@pytest.mark.parametrize(
    ("head", "verdict"),
    [
        (reply(200, b"", DATED).replace(b"Content-Length: 0\r\n", b""), PASS),
        (reply(200, b""), FAIL),
        (reply(200, b"", DATED.replace("1994", "1995")), FAIL),
        (reply(200, b"", DATED, 'ETag: "other"'), FAIL),
        (reply(405, b""), ABSENT),
    ],
)
def test_head_may_leave_out_what_takes_the_content(head: bytes, verdict: Verdict) -> None:
    get = reply(200, b"sample\n", DATED, 'ETag: "a"', "Vary: Accept")
    gateway = Gateway(answers={"HEAD /sample.txt": head, "GET /sample.txt": get})
    assert judge("head.same-fields", gateway).verdict is verdict


def test_a_server_without_dates_may_give_head_none() -> None:
    gateway = Gateway(answers={"HEAD /sample.txt": reply(200, b"")})
    assert judge("head.same-fields", gateway).verdict is ABSENT


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (DENIED, PASS),
        (reply(404, b"student:$apr1$r31.....$Hq"), PASS),
        (reply(200, b"<h1>Members: log in here</h1>", "Content-Type: text/html"), PASS),
        (reply(200, b"AuthType Basic\nRequire valid-user\n"), FAIL),
        (reply(200, b"student:$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/\n"), FAIL),
    ],
)
def test_a_page_of_any_name_may_say_who_may_enter(answer: bytes, verdict: Verdict) -> None:
    gateway = Gateway(answers={"/.ht": answer, "/guarded/": DENIED})
    assert judge("security.internal-files-protected", gateway).verdict is verdict


def test_names_of_devices_are_names() -> None:
    assert judge("security.device-names-not-opened", Gateway()).verdict is PASS
    assert judge("security.device-names-not-opened", Gateway(answers={"/nul": b""})).verdict is FAIL
    mute = Gateway(answers={"/surely-not": b"", "/nul": b""})
    assert judge("security.device-names-not-opened", mute).verdict is UNCLEAR


def test_a_redirect_to_the_right_spelling_is_no_leak() -> None:
    spelled = Gateway(answers={"/sample.txt.": reply(301, b"sample\n", "Location: /sample.txt")})
    assert judge("security.os-special-names", spelled).verdict is PASS
    stream = Gateway(answers={"/sample.txt::": reply(200, b"sample\n")})
    assert judge("security.os-special-names", stream).verdict is FAIL


def test_a_target_may_be_repeated_but_not_run() -> None:
    echoing = Gateway(answers={"/$(id)": reply(404, b"nothing at /$(id), try id=0(root)")})
    assert judge("security.no-command-injection", echoing).verdict is PASS
    running = Gateway(answers={"?a;id+$(id)": reply(200, b"uid=0(root) gid=0(root)\n")})
    assert judge("security.no-command-injection", running).verdict is FAIL


@pytest.mark.parametrize(
    ("fields", "body", "verdict"),
    [
        (("Content-Type: text/plain",), b"no /<script>mark-7f3a", PASS),
        (("Content-Type: text/html",), b"no /&lt;script&gt;mark-7f3a", PASS),
        (("Content-Type: text/html",), b"no /%3Cscript%3Emark-7f3a", PASS),
        (("Content-Type: Text/HTML; charset=utf-8",), b"no /<script>mark-7f3a", FAIL),
        ((), b"no /<script>mark-7f3a", FAIL),
    ],
)
def test_a_plain_text_needs_no_escapes(fields: tuple[str, ...], body: bytes, verdict: Verdict) -> None:
    gateway = Gateway(answers={"/%3Cscript": reply(404, body, *fields)})
    assert judge("security.no-input-as-markup", gateway).verdict is verdict
