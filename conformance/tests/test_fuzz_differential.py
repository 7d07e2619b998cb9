"""The comparison of two servers: what counts as a difference, twins, the search, and the report; servers by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st

from conformance.exchange import Chunk, Ending, Exchange
from conformance.fuzz.difference import Blame, Difference, Kind, difference, ranked
from conformance.fuzz.differential import Comparison
from conformance.fuzz.example import Example, Fate, Ground, Mutation
from conformance.fuzz.message import Chunked, FieldLine, Request
from conformance.fuzz.outcomes import Answer, Outcome, Step
from conformance.fuzz.player import Budget
from conformance.fuzz.twins import NothingInCommon, common, followers, twin
from conformance.probe import Pause, Probe
from conformance.report.differences import report
from conformance.report.record import Compared
from conformance.rule import Level, Rule
from conformance.tests.canned import make_rule

ONE = Ground(b"localhost:5000", (b"/page", b"/"))
OTHER = Ground(b"localhost:50001", (b"/", b"/page"))
URLS = ("http://localhost:5000", "http://localhost:50001")
NOBODY = ("", "")
PLAIN = Request(b"GET", b"/page", (FieldLine(b"Host", ONE.authority),))

Serve = Callable[[bytes], bytes]


def reply(status: str = "200 OK", content: bytes = b"a page") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


class Player:
    """A server that answers every head by ``serve``, until one asks for the end or draws a 400."""

    def __init__(self, serve: Serve) -> None:
        self.serve = serve

    def strike(self, probe: Probe, _: object = None) -> Exchange:
        received, ending = b"", Ending.OURS
        for head in probe.sent.split(b"\r\n\r\n")[:-1]:
            received += (answer := self.serve(head))
            if b"close" in head or b" 400 " in answer:
                ending = Ending.CLOSED
                break
        return Exchange(probe, (Chunk(0.0, received),) if received else (), ending, 0.0, 0.0)

    confirm = strike

    def alive(self) -> bool:
        return True

    def revive(self) -> bool:
        return False


def sound(head: bytes) -> bytes:
    return reply("400 Bad Request", b"no") if b"Odd" in head else reply()


def odd(name: str, fate: Fate, *lines: FieldLine) -> Mutation:
    """A mutation that adds a line, and something that is not needed."""

    def make(plain: Request, _: Ground) -> st.SearchStrategy[Request]:
        more = st.lists(st.sampled_from((FieldLine(b"X-A", b"1"), FieldLine(b"X-B", b"2"))), max_size=4)
        return st.tuples(st.sampled_from(lines), more).map(lambda drawn: plain.adding(drawn[0], *drawn[1]))

    return Mutation(name, "some.rule", fate, make)


ODD = odd("odd", Fate.REFUSED, FieldLine(b"Odd", b"1"))


def compared(one: Serve, other: Serve, *mutations: Mutation, examples: int = 60) -> list[Difference]:
    comparison = Comparison(Player(one), Player(other), ONE, OTHER, Budget(examples))
    found = list(comparison.run(mutations))
    assert comparison.note == ""
    assert comparison.played > 0
    return found


# -- what counts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ((Answer.PLAIN, Step.IN_STEP), (Answer.PLAIN, Step.CLOSED), None),
        ((Answer.PLAIN, Step.IN_STEP), (Answer.PLAIN, Step.LOST), Kind.FRAMING),
        ((Answer.PLAIN, Step.IN_STEP), (Answer.SILENT, Step.WAITING), Kind.FRAMING),
        ((Answer.PLAIN, Step.LOST), (Answer.REFUSED, Step.CLOSED), Kind.FRAMING),
        ((Answer.REFUSED, Step.LOST), (Answer.REFUSED, Step.CLOSED), None),
        ((Answer.REFUSED, Step.LOST), (Answer.REFUSED, Step.IN_STEP), Kind.FRAMING),
        ((Answer.PLAIN, Step.IN_STEP), (Answer.PLAIN, Step.BROKEN), Kind.FRAMING),
        ((Answer.PLAIN, Step.CLOSED), (Answer.PLAIN, Step.BROKEN), None),
        ((Answer.PLAIN, Step.UNTOLD), (Answer.PLAIN, Step.LOST), None),
        ((Answer.PLAIN, Step.ALONE), (Answer.PLAIN, Step.LOST), Kind.FRAMING),
        ((Answer.PLAIN, Step.ALONE), (Answer.PLAIN, Step.BROKEN), None),
        ((Answer.UNTOLD, Step.CLOSED), (Answer.SILENT, Step.WAITING), None),
        ((Answer.PLAIN, Step.CLOSED), (Answer.SILENT, Step.WAITING), Kind.SILENCE),
        ((Answer.PLAIN, Step.IN_STEP), (Answer.REFUSED, Step.IN_STEP), Kind.ACCEPTANCE),
        ((Answer.PLAIN, Step.UNTOLD), (Answer.REFUSED, Step.CLOSED), Kind.ACCEPTANCE),
        ((Answer.PLAIN, Step.IN_STEP), (Answer.OTHER, Step.IN_STEP), Kind.MEANING),
        ((Answer.PLAIN, Step.IN_STEP), (Answer.PARTIAL, Step.IN_STEP), Kind.HANDLING),
        ((Answer.REFUSED, Step.CLOSED), (Answer.REDIRECTED, Step.IN_STEP), Kind.HANDLING),
        ((Answer.REFUSED, Step.CLOSED), (Answer.FAILED, Step.CLOSED), Kind.FAILURE),
        ((Answer.PLAIN, Step.CLOSED), (Answer.DIED, Step.UNTOLD), Kind.FAILURE),
        ((Answer.UNTOLD, Step.IN_STEP), (Answer.PLAIN, Step.IN_STEP), None),
    ],
)
def test_in_what_two_outcomes_differ(one: tuple[Answer, Step], other: tuple[Answer, Step], kind: Kind | None) -> None:
    assert difference(Outcome(*one), Outcome(*other), finished=True) is kind
    assert difference(Outcome(*other), Outcome(*one), finished=True) is kind


def test_an_unfinished_request_may_be_waited_for() -> None:
    waiting, done = Outcome(Answer.SILENT, Step.UNTOLD), Outcome(Answer.PLAIN, Step.UNTOLD)
    assert difference(waiting, done, finished=True) is Kind.SILENCE
    assert difference(waiting, done, finished=False) is None


# -- twins -------------------------------------------------------------------------------------------------------------


def test_the_common_ground_is_what_both_serve() -> None:
    one = replace(ONE, taker=(b"POST", b"/a"), capabilities=frozenset({"ranges", "cgi"}))
    other = Ground(b"b:2", (b"/",), (b"POST", b"/b"), frozenset({"cgi"}))
    assert common(one, other) == Ground(ONE.authority, (b"/",), (b"POST", b"/"), frozenset({"cgi"}))


def test_without_a_page_in_common_nothing_can_be_compared() -> None:
    with pytest.raises(NothingInCommon):
        common(ONE, Ground(b"b:2", (b"/elsewhere",)))


def test_a_twin_has_the_other_address_everywhere_in_its_head() -> None:
    request = replace(PLAIN, target=b"http://LOCALHOST:5000/localhost:5000x", body=b"localhost:5000")
    made = twin(Example(ODD, request, PLAIN, after=(PLAIN,)), ONE.authority, OTHER.authority)
    assert made.request.target == b"http://localhost:50001/localhost:5000x"
    assert made.request.body == request.body
    assert [list(each.values(b"host")) for each in (made.plain, *made.requests)] == [[OTHER.authority]] * 3


def test_a_twin_without_its_port_has_the_other_host() -> None:
    request = PLAIN.instead(b"Host", FieldLine(b"Host", b"localhost"))
    made = twin(Example(ODD, request, PLAIN), ONE.authority, b"other.example:80")
    assert made.request.fields[0].value == b"other.example"


def test_bodies_change_where_their_length_stays() -> None:
    request = replace(PLAIN, body=b"localhost:5000")
    assert twin(Example(ODD, request, PLAIN), ONE.authority, b"localhost:6000").request.body == b"localhost:6000"


def test_cuts_fall_between_the_same_octets() -> None:
    request = replace(PLAIN, body=Chunked(last=b"0;localhost:5000"))
    example = Example(ODD, request, PLAIN, after=(PLAIN,))
    size = len(request.data)
    for cut in (4, len(request.head), size - 3, size, size + 4, size + len(PLAIN.data)):
        made = twin(replace(example, cuts=(cut,)), ONE.authority, OTHER.authority)
        rest = example.data[cut:]
        assert made.data[made.cuts[0] :] == rest.replace(b"Host: localhost:5000\r", b"Host: localhost:50001\r")


def test_followers_ask_for_several_pages_and_then_for_the_end() -> None:
    assert followers(ONE, 0) == ()
    assert [request.target for request in followers(ONE, 2)] == [b"/", b"/page"]
    assert list(followers(ONE, 1)[0].values(b"connection")) == [b"close"]


# -- the search --------------------------------------------------------------------------------------------------------


def test_a_server_does_not_differ_from_itself() -> None:
    assert compared(sound, sound, ODD) == []


def test_who_serves_what_must_be_refused_is_found_by_the_smallest_request() -> None:
    (found,) = compared(sound, lambda _: reply(), ODD)
    assert found.kind is Kind.ACCEPTANCE
    assert found.one.example.data == PLAIN.adding(FieldLine(b"Odd", b"1")).data
    assert found.sentence == "The first refuses it; the second serves it like the plain request."


def test_two_refusals_do_not_differ() -> None:
    assert compared(sound, lambda head: reply("403 Forbidden") if b"Odd" in head else reply(), ODD) == []


def test_one_answer_too_many_is_framing() -> None:
    (found,) = compared(lambda _: reply(), lambda head: reply() * (2 if b"Odd" in head else 1), ODD)
    assert found.kind is Kind.FRAMING


def test_another_content_is_meaning_unless_the_page_changes_anyway() -> None:
    plain = odd("harmless", Fate.SERVED, FieldLine(b"Odd", b"1"))
    (found,) = compared(lambda _: reply(), lambda head: reply(content=b"odd" if b"Odd" in head else b"page"), plain)
    assert found.kind is Kind.MEANING
    assert compared(lambda _: reply(), lambda head: reply(content=head), plain) == []


def test_a_page_that_is_refused_anyway_tells_nothing() -> None:
    assert compared(sound, lambda _: reply("403 Forbidden"), ODD) == []


def test_one_kind_is_told_once_for_a_mutation_and_several_are_told() -> None:
    both = odd("both", Fate.EITHER, FieldLine(b"Odd", b"1"), FieldLine(b"Bad", b"1"))
    told = compared(sound, lambda head: reply("500 Oops") if b"Bad" in head else reply(), both)
    assert {found.kind for found in told} == {Kind.ACCEPTANCE, Kind.FAILURE}


def test_what_does_not_show_again_is_not_told() -> None:
    count = 0

    def moody(head: bytes) -> bytes:
        nonlocal count
        count += b"Odd" in head
        return reply("400 Bad Request") if count == 1 else reply()

    assert compared(lambda _: reply(), moody, ODD) == []


def test_the_run_ends_where_a_server_is_gone() -> None:
    class Dead(Player):
        def strike(self, probe: Probe, _: object = None) -> Exchange:
            return Exchange(probe, (), Ending.REFUSED, 0.0, 0.0)

    comparison = Comparison(Player(sound), Dead(sound), ONE, OTHER, Budget(5))
    assert list(comparison.run([ODD])) == []
    assert "dead" in comparison.note


def test_the_run_ends_where_a_server_has_changed_its_ways() -> None:
    """What is seen then is not put down to the request by which it is seen."""
    for broken in (reply("500 Oops"), b"garbage", reply() * 9):
        count = 0

        def failing(_: bytes, broken: bytes = broken) -> bytes:
            nonlocal count
            count += 1
            return broken if count > 200 else reply()

        comparison = Comparison(Player(lambda _: reply()), Player(failing), ONE, OTHER, Budget(300))
        assert list(comparison.run([odd("harmless", Fate.SERVED, FieldLine(b"Odd", b"1"))])) == []
        assert comparison.note == "the second server does not answer each plain GET of /page as it did at first"
        assert 0 < comparison.played < 300


def test_a_server_that_answers_now_so_and_now_so_is_not_compared() -> None:
    count = 0

    def moody(_: bytes) -> bytes:
        nonlocal count
        count += 1
        return reply() if count % 7 else reply("301 Moved")

    comparison = Comparison(Player(moody), Player(sound), ONE, OTHER, Budget(60))
    assert list(comparison.run([ODD])) == []
    assert comparison.note.startswith("the first server does not answer each plain GET")
    assert comparison.played == 0


def test_who_does_not_owe_it_is_not_wrong() -> None:
    def wrong(*owes: bool) -> Blame:
        first, second = (lambda _, owed=owed: owed for owed in owes)
        comparison = Comparison(Player(sound), Player(lambda _: reply()), ONE, OTHER, Budget(60), (first, second))
        (found,) = comparison.run([ODD])
        return found.blame

    assert wrong(True, True) is Blame.SECOND
    assert wrong(True, False) is Blame.NOBODY
    assert wrong(False, True) is Blame.SECOND


def test_a_run_that_is_broken_off_says_so() -> None:
    comparison = Comparison(Player(sound), Player(lambda _: reply()), ONE, OTHER, Budget(60))
    assert next(comparison.run([ODD])).mutation is ODD
    assert comparison.note == "the run was broken off"


def test_what_only_one_server_offers_is_left_out() -> None:
    needing = replace(ODD, needs=("ranges",))
    comparison = Comparison(
        Player(sound), Player(lambda _: reply()), replace(ONE, capabilities=frozenset({"ranges"})), OTHER, Budget(9)
    )
    assert list(comparison.run([needing])) == []


# -- the report --------------------------------------------------------------------------------------------------------


def view(difference: Difference, **changes: Any) -> list[str]:
    rule = replace(make_rule("some.rule"), **changes)
    return told([difference], {"some.rule": rule})


def told(
    found: Sequence[Difference], rules: Mapping[str, Rule] | None = None, played: int = 60, note: str = ""
) -> list[str]:
    return list(report(Compared(URLS[1], played, 1.0, tuple(found), note), URLS[0], rules or {}, 100))


def test_the_whole_report() -> None:
    (found,) = compared(sound, lambda _: reply(), ODD)
    assert view(replace(found, wrong=("", "some.rule"))) == [
        "the first   http://localhost:5000",
        "the second  http://localhost:50001",
        "",
        "--- difference 1 of 1: one serves what the other refuses -------------------------------------------",
        "  The first refuses it; the second serves it like the plain request.",
        "  change    odd",
        "  sent      GET /page HTTP/1.1\\r\\n",
        "            Host: localhost:5000\\r\\n",
        "            Odd: 1\\r\\n",
        "            \\r\\n",
        "  first     one answer: 400, then the server closes",
        "            HTTP/1.1 400 Bad Request  (2 octets of content): no",
        "  second    one answer: 200",
        "            HTTP/1.1 200 OK  (6 octets of content): a page",
        "  the RFCs  Such a request must be refused: The statement of some.rule. (some.rule, MUST, RFC 2616",
        "            §6.1, RFC 9112 §4)",
        "  so        The second is wrong. If one of them stands before the other to hold such requests off,",
        "            it may not.",
        r"  try 1st   { printf 'GET /page HTTP/1.1\r\nHost: localhost:5000\r\nOdd: 1\r\n\r\n'; sleep 1; }"
        " | nc localhost 5000",
        r"  try 2nd   { printf 'GET /page HTTP/1.1\r\nHost: localhost:50001\r\nOdd: 1\r\n\r\n'; sleep 1; }"
        " | nc localhost 50001",
        "",
        "1 difference: 1 in whether the request is good",
    ]


def test_the_report_accuses_nobody_where_several_outcomes_are_lawful() -> None:
    (found,) = compared(sound, lambda _: reply(), replace(ODD, fate=Fate.EITHER))
    text = "\n".join(view(replace(found, wrong=NOBODY), dispute="Some say so."))
    assert "Several outcomes are lawful. If one of them" in text
    assert "  disputed  Some say so." in text
    assert "wrong" not in text


def test_the_report_shows_pieces_and_pauses() -> None:
    (found,) = compared(sound, lambda _: reply(), ODD)
    probe = replace(found.one.example, cuts=(5,), pauses=True).probe
    one = replace(found.one, exchange=replace(found.one.exchange, probe=probe))
    text = view(replace(found, one=one))
    assert "            (nothing for 0.01 s)" in text
    assert "            (and in another piece)" in text
    assert any(isinstance(action, Pause) for action in probe.actions)


def test_many_differences_are_told_in_short() -> None:
    (found,) = compared(sound, lambda _: reply(), ODD)
    lines = told([found] * 25)
    assert sum(line.startswith("--- difference") for line in lines) == 20
    assert sum(line.startswith("  odd: The first refuses it; the second serves it") for line in lines) == 5
    assert lines[-1] == "25 differences: 25 in whether the request is good"


def test_no_difference_is_told_too() -> None:
    assert told([])[-1] == "The two servers do not differ in anything that matters."


def test_a_comparison_that_was_cut_short_says_no_more_than_it_knows() -> None:
    assert told([], note="time was up")[-2:] == [
        "No difference was found before the end.",
        "  not all were played: time was up",
    ]
    assert told([], played=0, note="the second is mute")[-2:] == ["Nothing was compared.", "  the second is mute"]


def test_of_an_endless_row_of_answers_the_first_are_shown() -> None:
    (found,) = compared(lambda _: reply(), lambda head: reply() * (900 if b"Odd" in head else 1), ODD)
    text = view(found)
    assert "  second    901 answers: 200, 200, 200, 200, 200, ..., then the server closes" in text
    assert "            ... and 896 more" in text
    assert len(text) < 40


def test_octets_that_are_no_response_are_shown() -> None:
    (found,) = compared(lambda _: reply(), lambda head: reply() + (b"Th" if b"Odd" in head else b""), ODD)
    assert found.kind is Kind.FRAMING
    text = view(found)
    first = text.index("            and behind that, what is no response:")
    assert text[first + 1].startswith("            Th")


def test_a_rule_that_is_not_the_mutations_own_is_quoted() -> None:
    (found,) = compared(sound, lambda _: reply(), ODD)
    rules = {"other.rule": make_rule("other.rule", Level.SHOULD)}
    text = " ".join(line.strip() for line in told([replace(found, wrong=("", "other.rule"))], rules))
    assert "The second does not follow this advice. The statement of other.rule. (other.rule, SHOULD" in text


def test_the_dangerous_comes_first() -> None:
    (found,) = compared(sound, lambda _: reply(), ODD)
    framing, blamed = replace(found, kind=Kind.FRAMING), replace(found, wrong=("some.rule", "some.rule"))
    harmless = replace(found, wrong=NOBODY)
    assert ranked([harmless, blamed, framing]) == [framing, blamed, harmless]
