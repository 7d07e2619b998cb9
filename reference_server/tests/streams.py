"""Streams of requests for property tests: realistic heads and bodies, then faults anywhere (Hypothesis strategies)."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st

METHODS = st.sampled_from([b"GET", b"GET", b"HEAD", b"POST", b"OPTIONS", b"get", b"M-X", b"CONNECT"])
TARGETS = st.sampled_from(
    [b"/", b"/a/b.html?c=d&e", b"*", b"http://h/a", b"http://h", b"/%41", b"h:80", b"/" + b"a" * 40, b"/a#b", b"a"]
)
VERSIONS = st.sampled_from([b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1"])
LINES = st.sampled_from(
    [
        *(b"Host: h", b"Host: h", b"Host:h:80", b"Host:", b"Host: a b", b"HOST: [::1]"),
        *(b"X: y", b"X:", b"X: \t y \t", b"x:y", b"X: \xe9", b"X: " + b"y" * 40, b"Accept: text/html, */*;q=0.5"),
        *(
            b"Connection: close",
            b"Connection: keep-alive",
            b"Connection: Keep-Alive, x",
            b"Expect: 100-continue",
            b"Expect: x",
        ),
        *(
            b"Content-Length: 5",
            b"Content-Length: 0",
            b"Content-Length: 05",
            b"Content-Length: x",
            b"Content-Length: 500",
        ),
        *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: Chunked", b"Transfer-Encoding: gzip, chunked"),
        *(
            b"X : y",
            b" folded",
            b"\tfolded",
            b": y",
            b"X",
            b"X: a\x00b",
            b"X: a\rb",
            b"X: a\nb",
            b"",
            b"\r",
            b"X\xe9: y",
        ),
    ]
)
BODIES = st.sampled_from(
    [
        *(
            b"",
            b"",
            b"hello",
            b"\r\n",
            b"0\r\n\r\n",
            b"5\r\nhello\r\n0\r\n\r\n",
            b"5;a=b\r\nhello\r\n0\r\nT: u\r\n\r\n",
        ),
        *(
            b"2\r\nhe\r\n3\r\nllo\r\n00\r\n\r\n",
            b"5\nhello\n0\n\n",
            b"5\r\nhelloX",
            b"ffffffffffffffffff\r\n",
            b"g\r\n",
        ),
    ]
)
ENDS = st.sampled_from([b"\r\n"] * 12 + [b"\n", b"\r", b"\r\r\n", b"\n\r\n", b""])
FAULTS = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b" ", b"\t", b":", b"\xff", b"a" * 70, b"\x7f", b"%"]
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Most are whole; any line end may be a wrong one."""
    lines = [b" ".join([draw(METHODS), draw(TARGETS), draw(VERSIONS)])]
    if draw(st.integers(0, 9)):
        lines.append(b"Host: h")
    lines += draw(st.lists(LINES, max_size=4))
    return b"".join([line + draw(ENDS) for line in lines]) + draw(ENDS) + draw(BODIES)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Some requests, then perhaps octets put in, left out or doubled."""
    octets = draw(st.sampled_from([b"", b"", b"", b"\r\n", b"\r\n\r\n", b"\n"])) + b"".join(
        draw(st.lists(requests(), min_size=1, max_size=3))
    )
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(octets)))
        until = min(len(octets), at + draw(st.sampled_from([0, 0, 1, 2, 4])))
        octets = octets[:at] + draw(FAULTS) + octets[until:]
    return octets


@st.composite
def pieces_of(draw: st.DrawFn, octets: bytes) -> list[bytes]:
    cuts = draw(st.lists(st.integers(0, len(octets)), max_size=6))
    return [octets[first:last] for first, last in pairwise([0, *sorted(cuts), len(octets)])]
