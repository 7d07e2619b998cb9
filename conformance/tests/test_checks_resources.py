"""The lawful alternatives of the rules on resources that are easy to get wrong, on exchanges made by hand."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from conformance import checks
from conformance.evidence import Evidence
from conformance.exchange import Chunk, Ending, Exchange
from conformance.probe import Probe
from conformance.site import MISSING, Outside, Page, Site
from conformance.verdict import Judgement, Verdict

CATALOGUE = checks.load()
TEXT = b"This is the text of the sample, all of it.\n"
PICTURE = b"\x89PNG\r\n\x1a\n\x00\xff\xfe"
SOURCE = b'import time\nprint("Content-Type: text/plain")\nprint("The time is", time.strftime("%H:%M"))\n'
MARK = b"mark-of-a-file-beside-the-root"
FILES = {
    "sample.txt": TEXT,
    "my file.txt": b"This name has blanks.\n",
    "Readme.MD": b"This name has capitals.\n",
    "a+b.txt": b"This name has a plus.\n",
    "a?b.txt": b"This name has a question mark.\n",
    "a:b.txt": b"This name has a colon.\n",
    "images/logo.png": PICTURE,
}
KINDS = {"txt": "text", "png": "png", "py": "program"}
PAGES = tuple(Page(path, KINDS.get(path.rpartition(".")[2], "other"), content) for path, content in FILES.items())
PROGRAM = Page("clock.py", "program", SOURCE)
FOLDER = "images"
CLOSED = b""


def reply(status: int = 200, body: bytes = b"", *lines: str) -> bytes:
    head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


NOT_FOUND = reply(404, b"There is nothing here.\n")


def judged(id: str, replies: Mapping[str, bytes], otherwise: bytes = NOT_FOUND, *, program: bool = False) -> Judgement:
    """Let the check of ``id`` judge a server that answers each target like this; files are served as they are."""
    site = Site(
        "localhost",
        50000,
        "web",
        (*PAGES, PROGRAM) if program else PAGES,
        (FOLDER,),
        (Outside("outside.txt", MARK), Outside("other.txt", b"mark-of-another-file-there")),
    )
    served = {page.target: reply(200, page.content) for page in PAGES}

    def player(probe: Probe) -> Exchange:
        target = probe.sent.split(b" ")[1].decode("latin-1")
        received = {**served, **replies}.get(target, otherwise)
        chunks = (Chunk(0.01, received),) if received else ()
        return Exchange(probe, chunks, Ending.OURS if received else Ending.CLOSED, 0.0, 0.1, waited=1.0)

    return CATALOGUE[id].judge(Evidence(site, player))


def verdict(id: str, replies: Mapping[str, bytes], otherwise: bytes = NOT_FOUND, *, program: bool = False) -> Verdict:
    return judged(id, replies, otherwise, program=program).verdict


def moved(location: str, status: int = 301) -> bytes:
    return reply(status, b"", f"Location: {location}")


def test_a_file_may_be_reached_by_a_redirect() -> None:
    assert verdict("target.percent-decoded", {"/my%20file.txt": moved("/my-file.txt")}) is Verdict.FAIL
    kept = {"/my%20file.txt": moved("/my-file.txt"), "/my-file.txt": reply(200, FILES["my file.txt"])}
    assert verdict("target.percent-decoded", kept) is Verdict.PASS


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_a_refusal_by_policy_or_overload_proves_nothing(status: int) -> None:
    assert verdict("target.percent-decoded", {"/my%20file.txt": reply(status)}) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("answer", [NOT_FOUND, CLOSED, reply(500), reply(200, b"another page")])
def test_a_name_that_is_not_decoded_is_found_out(answer: bytes) -> None:
    assert verdict("target.percent-decoded", {"/my%20file.txt": answer}) is Verdict.FAIL


def test_an_odd_name_proves_nothing_if_its_plain_neighbour_is_not_served_either() -> None:
    gone = dict.fromkeys(("/my%20file.txt", "/sample.txt"), NOT_FOUND)
    assert verdict("target.percent-decoded", gone) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("announced", [3, len(TEXT) - 1, len(TEXT) + 5])
def test_a_wrong_length_is_not_held_against_the_content(announced: int) -> None:
    wrong = f"HTTP/1.1 200 OK\r\nContent-Length: {announced}\r\n\r\n".encode() + TEXT
    assert verdict("get.returns-target-representation", {"/sample.txt": wrong}) is Verdict.PASS


def test_a_reply_that_is_cut_short_is_left_to_the_rules_on_framing() -> None:
    cut = f"HTTP/1.1 200 OK\r\nContent-Length: {len(TEXT)}\r\n\r\n".encode() + TEXT[:9]
    assert verdict("get.returns-target-representation", {"/sample.txt": cut}) is Verdict.INCONCLUSIVE


def test_a_missing_empty_line_is_not_held_against_the_content() -> None:
    run_on = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n" + TEXT
    assert verdict("get.returns-target-representation", {"/sample.txt": run_on}) is Verdict.PASS


def test_the_first_wrong_octet_is_shown() -> None:
    wrong = reply(200, TEXT.replace(b"sample", b"simple"))
    finding = judged("get.returns-target-representation", {"/sample.txt": wrong}).finding
    assert finding is not None
    assert finding.span is not None
    assert wrong[slice(*finding.span)] == b"i"


def test_a_compressed_file_is_not_judged_by_its_octets() -> None:
    packed = reply(200, b"\x1f\x8b", "Content-Encoding: gzip")
    assert verdict("message.body-octets-unchanged", {"/images/logo.png": packed}) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("status", "expected"), [(404, "pass"), (400, "fail"), (501, "fail"), (403, "pass")])
def test_get_is_supported_unless_every_get_is_refused_as_wrong(status: int, expected: str) -> None:
    all_alike = {page.target: reply(status) for page in PAGES}
    assert verdict("get.supported", all_alike, reply(status)).value == expected


def test_a_server_that_decodes_nothing_treats_hex_digits_alike() -> None:
    assert verdict("target.hex-digit-case", {}) is Verdict.PASS
    echo = {"/sa%6Dple.txt": reply(404, b"no /sa%6Dple.txt"), "/sa%6dple.txt": reply(404, b"no /sa%6dple.txt")}
    assert verdict("target.hex-digit-case", echo) is Verdict.PASS
    assert verdict("target.hex-digit-case", {"/sa%6Dple.txt": reply(200, TEXT)}) is Verdict.FAIL


def test_a_plus_is_not_asked_for_by_escape_where_nothing_is_decoded() -> None:
    raw = {"/a+b.txt": reply(200, FILES["a+b.txt"])}
    plain = {"/a%2Bb.txt": NOT_FOUND, "/my%20file.txt": NOT_FOUND}
    assert verdict("target.plus-is-data-in-path", raw | plain) is Verdict.PASS
    assert verdict("target.plus-is-data-in-path", raw | {"/a%2Bb.txt": NOT_FOUND}) is Verdict.FAIL


def test_an_encoded_question_mark_may_not_cut_the_name() -> None:
    assert verdict("target.split-before-decode", {}) is Verdict.PASS
    assert verdict("target.split-before-decode", {"/sample.txt%3Fx": reply(200, TEXT)}) is Verdict.FAIL
    assert verdict("target.split-before-decode", {"/a?b.txt": reply(200, FILES["a?b.txt"])}) is Verdict.FAIL


def queries(**answers: bytes) -> dict[str, bytes]:
    names = {"a": "?a=b", "two": "?x?y", "mixed": "?a=b?c/d", "slash": "?a=/b/c.html", "dots": "?a=/../../b?c"}
    return {f"/sample.txt{query}": answers.get(name, reply(200, TEXT)) for name, query in names.items()}


def test_a_query_that_makes_the_file_unknown_is_only_a_warning() -> None:
    assert verdict("target.query-split-at-first-question", queries()) is Verdict.PASS
    assert verdict("target.query-split-at-first-question", {}) is Verdict.WARNING
    assert verdict("target.query-split-at-first-question", queries(two=NOT_FOUND)) is Verdict.FAIL


@pytest.mark.parametrize(("status", "expected"), [(400, "pass"), (403, "pass"), (404, "fail")])
def test_a_query_that_looks_like_an_attack_may_be_refused(status: int, expected: str) -> None:
    assert verdict("target.query-split-at-first-question", queries(dots=reply(status))).value == expected


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 421, 301])
def test_other_refusals_of_a_missing_file_are_lawful(status: int) -> None:
    assert verdict("error.missing-resource-404", {MISSING: reply(status)}) is Verdict.PASS


@pytest.mark.parametrize(
    ("answer", "expected"), [(reply(503), "inconclusive"), (CLOSED, "inconclusive"), (reply(500), "fail")]
)
def test_overload_and_a_close_show_nothing_of_a_missing_file(answer: bytes, expected: str) -> None:
    assert verdict("error.missing-resource-404", {MISSING: answer}).value == expected


def test_an_explanation_with_a_wrong_length_is_still_there() -> None:
    wrong = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\nsorry\n"
    assert verdict("error.reply-has-explanation", {}, wrong) is Verdict.PASS
    assert verdict("error.reply-has-explanation", {}, reply(404)) is Verdict.FAIL


@pytest.mark.parametrize(
    "location", ["/images/", "images/", "http://localhost:50000/images/", "http://mirror.example/images/"]
)
def test_lawful_locations(location: str) -> None:
    site = {"/images": moved(location), "/images/": reply(200, b"<ul></ul>")}
    assert verdict("redirect.location-leads-to-target", site) is Verdict.PASS
    assert verdict("redirect.location-uri-syntax", site) is Verdict.PASS


def test_a_folder_that_is_not_shown_excuses_its_redirect() -> None:
    assert verdict("redirect.location-leads-to-target", {"/images": moved("/images/")}) is Verdict.PASS
    assert verdict("redirect.location-leads-to-target", {"/images": moved("/images/x")}) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("location", ["/my images/", "/caf\u00e9/", "/100%/"])
def test_locations_that_are_no_uri(location: str) -> None:
    assert verdict("redirect.location-uri-syntax", {"/images": moved(location)}) is Verdict.FAIL


def listing(*links: str) -> dict[str, bytes]:
    return {"/": reply(200, ("<ul>" + "".join(f"<li>{link}</li>" for link in links) + "</ul>").encode())}


@pytest.mark.parametrize("link", ["my%20file.txt", "./my%20file.txt", "/my%20file.txt", "http://host/my%20file.txt"])
def test_lawful_links_to_a_name_with_a_blank(link: str) -> None:
    assert verdict("listing.href-space-encoded", listing(f'<a href="{link}">my file.txt</a>')) is Verdict.PASS


@pytest.mark.parametrize("link", ["my file.txt", "my+file.txt", "my%2520file.txt", "file/my%20file.txt"])
def test_links_that_miss_a_name_with_a_blank(link: str) -> None:
    assert verdict("listing.href-space-encoded", listing(f'<a href="{link}">my file.txt</a>')) is Verdict.FAIL


@pytest.mark.parametrize("link", ["./a:b.txt", "a%3Ab.txt", "/a:b.txt", "http://host/a:b.txt"])
def test_lawful_links_to_a_name_with_a_colon(link: str) -> None:
    assert verdict("listing.href-colon-first-segment", listing(f'<a href="{link}">a:b.txt</a>')) is Verdict.PASS
    assert verdict("listing.href-colon-first-segment", listing('<a href="a:b.txt">a:b.txt</a>')) is Verdict.FAIL


def test_a_name_that_is_not_listed_asks_for_no_link() -> None:
    assert (
        verdict("listing.href-reserved-encoded", listing('<a href="sample.txt">sample.txt</a>'))
        is Verdict.NOT_APPLICABLE
    )


def test_only_lower_case_digits_of_an_escape_are_found() -> None:
    assert verdict("listing.href-percent-uppercase", listing('<a href="my%20file.txt">x</a>')) is Verdict.PASS
    assert verdict("listing.href-percent-uppercase", listing('<a href="a%3fb.txt">x</a>')) is Verdict.FAIL


@pytest.mark.parametrize("answer", [reply(200, TEXT), moved("/"), reply(400), CLOSED])
def test_what_shows_nothing_from_outside_is_lawful(answer: bytes) -> None:
    for id in ("security.dotdot-confined", "security.dotdot-encoded-confined", "security.absolute-path-confined"):
        assert verdict(id, {}, answer) is Verdict.PASS


def test_a_mark_from_outside_is_found_out() -> None:
    assert verdict("security.dotdot-confined", {"/../outside.txt": reply(200, MARK)}) is Verdict.FAIL
    assert verdict("security.dotdot-encoded-confined", {"/..%2foutside.txt": reply(200, MARK)}) is Verdict.FAIL
    accounts = reply(200, b"root:x:0:0:root:/root:/bin/sh\n")
    assert verdict("security.absolute-path-confined", {"//etc/passwd": accounts}) is Verdict.FAIL


def test_only_all_names_together_show_the_folder_above() -> None:
    one = reply(404, b"outside.txt is not here")
    assert verdict("security.dotdot-in-listing-confined", {"/../": one}) is Verdict.PASS
    both = reply(200, b"outside.txt\nother.txt\nweb\n")
    assert verdict("security.dotdot-in-listing-confined", {"/../": both}) is Verdict.FAIL
    assert verdict("security.dotdot-in-listing-confined", {"/../": both, "/": both}) is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(("answer", "expected"), [(NOT_FOUND, "pass"), (reply(500), "pass"), (CLOSED, "fail")])
def test_any_answer_to_a_nul_will_do(answer: bytes, expected: str) -> None:
    assert verdict("security.nul-in-target-rejected", {}, answer).value == expected
    assert verdict("robustness.undecodable-percent-octets", {}, answer).value == expected


def test_the_text_of_a_program_is_known_in_any_reply() -> None:
    run = {"/clock.py": reply(200, b"The time is 12:00\n")}
    assert verdict("security.script-source-protected", run, program=True) is Verdict.PASS
    leak = run | {"/clock%2epy": reply(200, SOURCE)}
    assert verdict("security.script-source-protected", leak, program=True) is Verdict.FAIL


@pytest.mark.parametrize("rule", ["status.2xx-only-on-success", "error.missing-resource-404"])
def test_where_every_path_has_a_page_nothing_is_missing(rule: str) -> None:
    app = reply(200, b"<div id=app></div>")
    assert verdict(rule, {"/": app, MISSING: app}) is Verdict.NOT_APPLICABLE
    assert verdict(rule, {MISSING: reply(200, TEXT)}) is Verdict.NOT_APPLICABLE


def test_success_with_an_error_page_is_no_fall_back() -> None:
    replies = {"/": reply(200, b"Welcome"), MISSING: reply(200, b"Not found")}
    assert verdict("status.2xx-only-on-success", replies) is Verdict.FAIL


def test_a_location_that_is_no_url_is_no_fault_of_the_suite() -> None:
    replies = {"/images": moved("http://[/"), "/images/": reply(200, b"logo.png")}
    assert verdict("redirect.location-leads-to-target", replies) is Verdict.INCONCLUSIVE
