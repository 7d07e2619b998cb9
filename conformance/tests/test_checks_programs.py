"""The rules on programs and their text, on hand-made replies."""

from __future__ import annotations

from dataclasses import replace

from conformance.capabilities import programs_offered
from conformance.evidence import Evidence
from conformance.site import Page
from conformance.tests.gateway import CATALOGUE, PAGES, SITE, VARIABLES, Gateway, judge, reply
from conformance.verdict import Verdict

TEXT = b'#!/usr/bin/env python3\nprint("Content-Type: text/plain")\nprint()\nprint(6 * 7)\n'
PROGRAMS = tuple(Page(path, "program", TEXT) for path in ("top.py", "run/one.py", "run/two.py"))
RUN = {"GET /run/one.py": reply(200, b"42\n"), "GET /run/two.py": reply(200, b"42\n")}
SENT = reply(200, TEXT)


def verdict(rule: str, answers: dict[str, bytes]) -> Verdict:
    site = replace(SITE, pages=(*PROGRAMS, PAGES[-1]))
    return CATALOGUE[rule].judge(Evidence(site, Gateway(answers=answers).play)).verdict


def test_which_folders_hold_programs_is_the_choice_of_the_server() -> None:
    rule = "cgi-output.script-run-not-sent"
    assert verdict(rule, {**RUN, "GET /top.py": SENT}) is Verdict.PASS
    assert verdict(rule, {**RUN, "GET /run/two.py": SENT}) is Verdict.FAIL


def test_the_text_of_a_program_that_is_but_a_file_is_no_secret() -> None:
    rule = "security.script-source-protected"
    assert verdict(rule, {**RUN, "/top": SENT}) is Verdict.PASS
    assert verdict(rule, {"/run/one%2epy": SENT, **RUN, "/top": SENT}) is Verdict.FAIL


def test_only_a_path_that_is_cut_at_a_nul_is_a_fault() -> None:
    def told(rest: str) -> bytes:
        return Gateway().report(environment={**VARIABLES, "PATH_INFO": rest}, argv=[""], cwd="")

    trials = (
        (b"", Verdict.PASS),
        (reply(404, b""), Verdict.PASS),
        (told("/ab"), Verdict.PASS),
        (told("/a"), Verdict.FAIL),
    )
    for answer, wanted in trials:
        gateway = Gateway(answers={"environment.py/a/b": told("/a/b"), "environment.py/a%00b": answer})
        assert judge("cgi-env.no-nul-truncation", gateway).verdict is wanted


def test_a_length_of_nothing_is_no_more_than_a_warning() -> None:
    for value, wanted in (("0", Verdict.WARNING), ("None", Verdict.FAIL)):
        told = Gateway({**VARIABLES, "CONTENT_LENGTH": value})
        assert judge("cgi-env.content-length-iff-body", told).verdict is wanted


def test_where_every_name_has_a_page_no_file_is_known_by_its_name() -> None:
    guarded = {"/guarded/page.txt": reply(401, b""), ".htpasswd": reply(200, b"student:$apr1$r31.....$HqJZimcK\n")}
    rule = "security.internal-files-protected"
    assert judge(rule, Gateway(answers=guarded)).verdict is Verdict.FAIL
    everywhere = {**guarded, "surely-not": reply(200, b"<div id=app></div>")}
    assert judge(rule, Gateway(answers=everywhere)).verdict is Verdict.INCONCLUSIVE


def test_a_program_that_is_but_a_file_is_known_in_chunks_and_not_judged_in_a_coding() -> None:
    page = Page("cgi/long.py", "program", b"print('a line that is long enough')\n")
    cut = b"".join(b"1\r\n%c\r\n" % octet for octet in page.content) + b"0\r\n\r\n"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + cut
    for answer, reason in (
        (chunked, "gives the program's text"),
        (reply(200, b"\x1f\x8b\x08", "Content-Encoding: gzip"), "in a content coding"),
    ):
        gateway = Gateway(answers={"GET /cgi/long.py": answer})
        assert reason in programs_offered(Evidence(replace(SITE, pages=(page, *PAGES[-1:])), gateway.play))
