"""The mutations of request lines and fields: what they say of themselves, by a strict reader that is written anew."""

from __future__ import annotations

import ipaddress
import re
from functools import cache, partial
from itertools import islice

import pytest
from hypothesis import find, settings

from conformance import checks
from conformance.fuzz import valid
from conformance.fuzz.deck import Deck
from conformance.fuzz.example import Example, Fate, Ground, Mutation
from conformance.fuzz.mutations import load
from conformance.grammar import PCHAR, TOKEN

AREAS = ("request_lines", "versions", "methods", "targets", "field_lines", "field_values", "hosts")
MUTATIONS = [each for each in load().values() if each.make.__module__.rpartition(".")[2] in AREAS]
CATALOGUE = checks.load()
AUTHORITY = "localhost:8080"
GROUND = Ground(AUTHORITY.encode(), (b"/page.txt", b"/"))
EXAMPLES = 20

PATH = rf"/(?:{PCHAR}|/)*"
QUERY = rf"(?:\?(?:{PCHAR}|[/?])*)?"
REG_NAME = r"(?:[-A-Za-z0-9._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*"
LINE = re.compile(rf"({TOKEN}) (\S+) HTTP/\d\.\d", re.ASCII)
ABSOLUTE = re.compile(rf"[A-Za-z][-+.A-Za-z0-9]*://([^/?#@]+)(?:{PATH})?{QUERY}")
FIELD = re.compile(rf"({TOKEN}):[ \t]*((?:[^\x00-\x1f\x7f]|\t)*?)[ \t]*")


@cache
def examples(mutation: Mutation) -> list[Example]:
    """Always the same ones."""
    deck = Deck((mutation,), partial(valid.examples, ground=GROUND), mutation.name)
    return [example for _, example in islice(deck.examples(), EXAMPLES)]


def fault(data: bytes) -> str:
    """What a strict reader objects to in the head of a GET; "" if nothing."""
    head, end, _ = data.decode("latin-1").partition("\r\n\r\n")
    line, *fields = head.split("\r\n")
    words = LINE.fullmatch(line)
    if not end or words is None:
        return "request line"
    if words[1] != "GET" or not _good_target(words[2]):
        return "method or target"
    parsed = [FIELD.fullmatch(field) for field in fields]
    if not all(parsed):
        return "field"
    hosts = [field[2] for field in parsed if field is not None and field[1].lower() == "host"]
    return "" if len(hosts) == 1 and _good_authority(hosts[0]) else "host"


def _good_target(target: str) -> bool:
    whole = ABSOLUTE.fullmatch(target)
    if whole is not None:
        return not whole[1].startswith(":") and _good_authority(whole[1])
    return re.fullmatch(PATH + QUERY, target) is not None


def _good_authority(value: str) -> bool:
    parts = re.fullmatch(rf"(?:\[([^\]]*)\]|{REG_NAME})(?::[0-9]*)?", value)
    if parts is None:
        return False
    try:
        return parts[1] is None or bool(re.match("v", parts[1]) or ipaddress.IPv6Address(parts[1]))
    except ValueError:
        return False


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_what_must_be_refused_breaks_the_grammar_and_what_it_was_made_of_does_not(mutation: Mutation) -> None:
    assert mutation.rule in CATALOGUE
    for example in examples(mutation):
        assert not fault(example.plain.data), example.plain
        if mutation.fate is Fate.REFUSED:
            assert fault(example.request.data), example.request
        if mutation.fate is Fate.SERVED:
            assert not fault(example.request.data), example.request


def test_what_is_not_finished_is_said_not_to_be() -> None:
    for example in (example for mutation in MUTATIONS for example in examples(mutation)):
        assert example.finished <= (b"\r\n\r\n" in example.request.data)
        assert b"\n" in example.request.data


def test_only_the_matter_of_bare_answers_has_a_line_of_two_words() -> None:
    """Who speaks HTTP/0.9 may answer such a line without a status line."""
    for mutation in MUTATIONS:
        lines = [example.request.data.lstrip(b"\r\n").partition(b"\n")[0] for example in examples(mutation)]
        two = any(len(line.split()) == 2 for line in lines)
        assert two == (mutation.name == "a line of two words"), mutation.name


SMALLEST = {
    "a blank in the target": b"GET /page.txt a HTTP/1.1|Host: localhost:8080||",
    "a fourth word": b"GET /page.txt HTTP/1.1 a|Host: localhost:8080||",
    "one word only": b"a|Host: localhost:8080||",
    "an octet too many in the version": b"GET /page.txt aHTTP/1.1|Host: localhost:8080||",
    "an octet missing in the version": b"GET /page.txt TTP/1.1|Host: localhost:8080||",
    "control octets in the method": b"G\0T /page.txt HTTP/1.1|Host: localhost:8080||",
    "a target without its slash": b"GET a/page.txt HTTP/1.1|Host: localhost:8080||",
    "a fragment": b"GET /page.txt# HTTP/1.1|Host: localhost:8080||",
    "a line without a colon": b"GET /page.txt HTTP/1.1|Host: localhost:8080|x||",
    "an empty field name": b"GET /page.txt HTTP/1.1|Host: localhost:8080|:||",
    "a delimiter in a field name": b"GET /page.txt HTTP/1.1|Host: localhost:8080|X(A: 1||",
    "a blank before the colon": b"GET /page.txt HTTP/1.1|Host: localhost:8080|X-A : 1||",
    "a Host behind a lone CR in a field": b"GET /page.txt HTTP/1.1|X-A: a\rHost: localhost:8080||",
    "a Host in the second line of a folded field": b"GET /page.txt HTTP/1.1|X-A: one| Host: localhost:8080||",
    "no Host": b"GET /page.txt HTTP/1.1||",
    "the same Host twice": b"GET /page.txt HTTP/1.1|Host: localhost:8080|Host: localhost:8080||",
    "a bad name as Host": b"GET /page.txt HTTP/1.1|Host: a b||",
    "octets beyond ASCII in a value": b"GET /page.txt HTTP/1.1|Host: localhost:8080|X-A: \x80||",
}


@pytest.mark.parametrize("name", SMALLEST)
def test_the_smallest_example_is_one_that_a_human_would_write(name: str) -> None:
    strategy = valid.examples(load()[name], GROUND)
    smallest = find(strategy, lambda _: True, settings=settings(database=None, deadline=None, max_examples=20))
    assert smallest.data.replace(b"\r\n", b"|") == SMALLEST[name]


def test_names_are_those_that_the_checks_call() -> None:
    known = load()
    for name in ("a broken version", "a fourth word", "one word only", "octets at random", "a blank in the target"):
        assert known[name].fate is Fate.REFUSED
