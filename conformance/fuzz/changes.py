"""The changes: each makes good requests into others by one named change, and says what may become of those.

Grammar: RFC 9112 §2.3, §3 and §5; RFC 9110 §5.6.2 (token); RFC 3986 §3 (what a target may hold).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

from conformance.fuzz.strategies import Change, Fate, Good, Make, pick, word

ALPHA = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
TOKEN = ALPHA + b"0123456789!#$%&'*+-.^_`|~"
QUERY = ALPHA + b"0123456789-._~!$&'()*+,;=:@/?"
DELIMITERS = b'(),/:;<=>?@[\\]{}"'
CONTROLS = bytes(range(1, 9)) + bytes(range(14, 32)) + b"\0\x7f"
HIGH = bytes(range(128, 256))
NOT_URI = b'"<>\\^`{|}'
NOT_LINE_ENDS = bytes(octet for octet in range(256) if octet not in b"\r\n")
BROKEN_VERSIONS = (
    *(b"HTTP/1", b"HTTP/1.", b"HTTP/.1", b"HTTP/1.1.1", b"HTTP/11", b"HTTP/1,1", b"HTTP/x.1", b"HTTP/1.x"),
    *(b"HTTP/-1.1", b"HTTP1.1", b"HTTP-1.1", b"HTP/1.1", b"FTP/1.1", b"1.1", b"HTTP/1.1;x", b"HTTP/"),
)
BLANKS = (b"", b" ", b"\t", b"  ", b" \t ", b"\t\t")

_table: list[Change] = []


def _change(name: str, fate: Fate) -> Callable[[Make], Make]:
    def register(make: Make) -> Make:
        _table.append(Change(name, fate, make))
        return make

    return register


@_change("nothing", Fate.ACCEPTED)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return st.just(good.request())


@_change("a query", Fate.ACCEPTED)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return word(QUERY).map(lambda query: good.request(target=good.target + b"?" + query))


@_change("a whole URL as target", Fate.ACCEPTED)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return word(QUERY).map(lambda query: good.request(target=b"http://" + good.authority + good.target + b"?" + query))


@_change("blanks round a value", Fate.ACCEPTED)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return st.tuples(pick(BLANKS), pick(BLANKS)).map(
        lambda blanks: good.request(host=b"Host:" + blanks[0] + good.authority + blanks[1])
    )


@_change("capitals in a field name", Fate.ACCEPTED)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return pick((b"host", b"HOST", b"hOsT")).map(lambda name: good.request(host=name + b": " + good.authority))


@_change("an unknown field", Fate.ACCEPTED)
def _(good: Good) -> st.SearchStrategy[bytes]:
    line = st.tuples(word(ALPHA), word(QUERY)).map(lambda parts: b"X-" + parts[0] + b": " + parts[1])
    return st.lists(line, min_size=1, max_size=6).map(lambda lines: good.request(fields=lines))


@_change("octets beyond ASCII in a value", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return word(HIGH).map(lambda value: good.request(fields=[b"X-A: " + value]))


@_change("an empty line before", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return pick((1, 2, 3)).map(lambda count: b"\r\n" * count + good.request())


@_change("another version", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return pick((b"HTTP/1.2", b"HTTP/1.9", b"HTTP/2.0", b"HTTP/3.0", b"HTTP/9.9", b"http/1.1")).map(
        lambda version: good.request(version=version)
    )


@_change("a broken version", Fate.REFUSED)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return pick(BROKEN_VERSIONS).map(lambda version: good.request(version=version))


@_change("a fourth word", Fate.REFUSED)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return word(ALPHA).map(lambda extra: good.request(version=b"HTTP/1.1 " + extra))


@_change("a blank in the target", Fate.REFUSED)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return word(ALPHA).map(lambda rest: good.request(target=good.target + b" " + rest))


@_change("one word only", Fate.REFUSED)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return word(ALPHA).map(good.with_line)


@_change("more blanks between the words", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return st.tuples(pick((b" ", b"  ", b"\t", b" \t")), pick((b"  ", b" ", b"\t"))).map(
        lambda gaps: good.with_line(b"GET" + gaps[0] + good.target + gaps[1] + b"HTTP/1.1")
    )


@_change("blanks at the ends of the line", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return st.tuples(pick(BLANKS), pick(BLANKS)).map(
        lambda ends: good.with_line(ends[0] + b"GET " + good.target + b" HTTP/1.1" + ends[1])
    )


@_change("a delimiter in the method", Fate.REFUSED)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return word(DELIMITERS, 2).map(lambda octets: good.request(method=b"G" + octets + b"T"))


@_change("control octets in the method", Fate.REFUSED)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return word(CONTROLS, 2).map(lambda octets: good.request(method=b"G" + octets + b"T"))


@_change("octets beyond ASCII in the method", Fate.REFUSED)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return word(HIGH, 2).map(lambda octets: good.request(method=b"G" + octets + b"T"))


@_change("an unknown method", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return word(TOKEN).map(lambda name: good.request(method=b"X" + name))


@_change("a long method", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return pick((100, 1000, 5000, 20_000)).map(lambda length: good.request(method=b"M" * length))


@_change("a target without its slash", Fate.REFUSED)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return word(ALPHA).map(lambda start: good.request(target=start + good.target.replace(b":", b"")))


@_change("octets outside the grammar of URIs", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return word(NOT_URI + HIGH).map(lambda octets: good.request(target=b"/" + octets))


@_change("broken percent-escapes", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return pick((b"%", b"%2", b"%zz", b"%%", b"%u0041", b"%-1", b"%2\xe9")).map(
        lambda escape: good.request(target=good.target + escape)
    )


@_change("escapes that are no UTF-8", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return pick((b"%FF", b"%C3", b"%C0%AF", b"%ED%A0%80", b"%00")).map(
        lambda escape: good.request(target=b"/" + escape)
    )


@_change("control octets in the target", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return word(CONTROLS, 3).map(lambda octets: good.request(target=good.target + octets))


@_change("a CR inside the line", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return pick((good.target + b"\r", b"\r" + good.target, good.target + b"\rx")).map(
        lambda target: good.request(target=target)
    )


@_change("a lone LF after the request line", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return st.just(good.request().replace(b"\r\n", b"\n", 1))


@_change("a long target", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return pick((300, 5000, 20_000, 70_000)).map(lambda length: good.request(target=b"/" + b"x" * length))


@_change("many slashes and dots", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return word(b"/.", 12).map(lambda path: good.request(target=b"/" + path))


@_change("many fields", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return pick((50, 150, 1000)).map(lambda count: good.request(fields=[b"X-A: b"] * count))


@_change("a field line without sense", Fate.EITHER)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return word(NOT_LINE_ENDS).map(lambda line: good.request(fields=[line]))


@_change("octets at random", Fate.REFUSED)
def _(good: Good) -> st.SearchStrategy[bytes]:
    return word(NOT_LINE_ENDS, 12).map(lambda line: good.with_line(b"\x01" + line))


CHANGES: Sequence[Change] = tuple(_table)
