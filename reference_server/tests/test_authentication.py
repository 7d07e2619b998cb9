"""Credentials, challenges and nonces, as functions."""

from __future__ import annotations

import pytest

from reference_server.resources import nonces
from reference_server.resources.nonces import Nonces
from reference_server.semantics import authentication
from reference_server.semantics.authentication import DigestAnswer


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        (b"MD5", b"8ca523f5e9506fed4657c9700eebdbec"),
        (b"SHA-256", b"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_the_digest_rfc(algorithm: bytes, response: bytes) -> None:
    field = (
        b'username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=%s, '
        b'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, '
        b'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="%s", '
        b'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    ) % (algorithm, response)
    answer = authentication.parse_digest(field)
    assert answer is not None
    assert (answer.user, answer.count, answer.response) == (b"Mufasa", 1, response)
    assert authentication.digest_response(answer, b"Circle of Life", b"GET") == response
    assert authentication.digest_response(answer, b"Circle of life", b"GET") != response


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (b"QWxhZGRpbjpvcGVuIHNlc2FtZQ==", (b"Aladdin", b"open sesame")),
        (b"dGVzdDoxMjPCow==", (b"test", "123\u00a3".encode())),
        (b"YTpiOmM=", (b"a", b"b:c")),
        (b"Og==", (b"", b"")),
        (b"YQ==", None),
        (b"YTpi!", None),
        (b"YTpiOmM", None),
        (b"YToKYg==", None),
        (b"", None),
        (b"\xff", None),
    ],
)
def test_basic_tokens(token: bytes, expected: tuple[bytes, bytes] | None) -> None:
    assert authentication.parse_basic(token) == expected


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"a=b", {b"a": b"b"}),
        (b'A="b"', {b"a": b"b"}),
        (b'a = "b\\"c\\\\" ,, b=c ,', {b"a": b'b"c\\', b"b": b"c"}),
        (b"", {}),
        (b"a=b, a=c", None),
        (b"a=b, A=c", None),
        (b"a", None),
        (b"a=", None),
        (b'a="b', None),
        (b"a=b c", None),
        (b"a=b;c=d", None),
    ],
)
def test_authentication_parameters(octets: bytes, expected: dict[bytes, bytes] | None) -> None:
    assert authentication.parse_parameters(octets) == expected


def test_hostile_parameters_take_no_time() -> None:
    assert authentication.parse_parameters(b"a=" * 20_000) is None
    assert authentication.parse_parameters(b'a="' + b"\\" * 60_001) is None
    assert authentication.parse_parameters(b" \t" * 30_000 + b"a") is None


@pytest.mark.parametrize(
    ("fields", "user"),
    [
        (b'username="ann"', b"ann"),
        (b"username*=UTF-8''bj%C3%B6rn", "bj\u00f6rn".encode()),
        (b"username*=utf-8'de'ann", b"ann"),
        (b"username*=UTF-8''ann, username=ann", None),
        (b"username*=ISO-8859-1''ann", None),
        (b"username*=ann", None),
        (b"nobody=ann", None),
    ],
)
def test_names_of_users(fields: bytes, user: bytes | None) -> None:
    parameters = authentication.parse_parameters(fields)
    assert parameters is not None
    assert authentication.user_of(parameters) == user


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/a?b", b"/a?b"),
        (b"http://host/a?b", b"/a?b"),
        (b"http://host", b"/"),
        (b"*", b"*"),
        (b"/a?b=http://c/d", b"/a?b=http://c/d"),
    ],
)
def test_targets_are_compared_without_the_authority(target: bytes, expected: bytes) -> None:
    assert authentication.origin_form(target) == expected


# -- nonces


def test_a_nonce_is_good_for_its_realm_and_its_time() -> None:
    table, realm, now = Nonces(), b"realm", 1_700_000_000
    nonce = table.issue(realm, now)
    assert nonce != table.issue(realm, now)
    assert table.is_fresh(nonce, realm, now)
    assert table.is_fresh(nonce, realm, now + nonces.LIFETIME)
    assert Nonces().is_fresh(nonce, realm, now), "every worker knows the nonces of the others"
    assert not table.is_fresh(nonce, realm, now + nonces.LIFETIME + 1)
    assert not table.is_fresh(nonce, b"other", now)
    later = b"%010x" % (now + 1) + nonce[10:]
    for forged in (b"", b"x", later, nonce[:-1], nonce.upper(), b"\xff" * 58, nonce + b"\n"):
        assert not table.is_fresh(forged, realm, now)


def test_each_count_is_good_once() -> None:
    table = Nonces()
    nonce, other = table.issue(b"realm", 5), table.issue(b"realm", 5)
    assert [table.use(nonce, count) for count in (1, 1, 3, 2, 3, 2, 4)] == [True, False, True, True, False, False, True]
    assert table.use(other, 1)
    assert not table.use(nonce, 0)
    assert table.use(nonce, 0xFFFFFFFF)
    assert not table.use(nonce, 0xFFFFFFFF)
    assert not table.use(nonce, 5), "too far behind to be remembered"
    assert table.use(nonce, 0xFFFFFFFE)


def test_what_is_forgotten_counts_as_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nonces, "KEPT", 2)
    table = Nonces()
    first, second, third, late = (table.issue(b"realm", now) for now in (5, 6, 7, 5))
    assert all(table.use(nonce, 1) for nonce in (first, second, third))
    assert not table.use(first, 2)
    assert not table.use(late, 1)
    assert table.use(second, 2)
    assert table.use(third, 2)
    assert table.use(table.issue(b"realm", 8), 1)


def test_an_answer_knows_its_count() -> None:
    answer = DigestAnswer(b"", b"", b"", b"MD5", b"", b"0000001f", b"", b"")
    assert answer.count == 31
