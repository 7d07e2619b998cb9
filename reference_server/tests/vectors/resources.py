"""What is asked for: escapes and dots in paths, ranges and conditions, sensible and not (RFC 3986; RFC 9110 13, 14).

The document root holds `file.txt` (ten octets), `folder/inner.txt`, `a b.txt`, `%41.txt`, `back\\slash.txt` and
`empty.txt`; beside it lie `secret.txt` and a folder `site-secret`, which nobody may see.
"""

from __future__ import annotations

from reference_server.tests.vectors import Vector, with_fields, with_target


def _paths(section: str, outcomes: str, *paths: bytes) -> tuple[Vector, ...]:
    return tuple(Vector(f"{path[:60]!r}", section, outcomes, with_target(path)) for path in paths)


_OUT = b"secret.txt"

PATHS = (
    *_paths(
        "3986 2.3", "200+", b"/%66ile.txt", b"/file%2etxt", b"/file%2Etxt", b"/%66%69%6c%65%2e%74%78%74", b"/a%20b.txt"
    ),
    *_paths("3986 2.4", "200+", b"/%2541.txt", b"/back%5cslash.txt", b"/back%5Cslash.txt", b"/folder/%69nner.txt"),
    *_paths(
        "3986 2.4", "404+", b"/%41.txt", b"/A.txt", b"/%2566ile.txt", b"/file%252etxt", b"/%46ile.txt", b"/FILE.TXT"
    ),
    *_paths("3986 2.1", "400", b"/%", b"/%6", b"/%6g", b"/%g6", b"/%%41", b"/%u0041", b"/file.txt%", b"/%-1", b"/% 41"),
    *_paths("3986 2.1", "400", b"/%\xc3\xa9"),
    *_paths("3986 3.4", "400", b"/file.txt?%", b"/file.txt?%zz", b"/file.txt?a=%4", b"/file.txt?\\", b"/file.txt?a|b"),
    *_paths("3986 3.4", "400", b'/file.txt?"'),
    *_paths(
        "3986 2", "400", b"/back\\slash.txt", b"/<a>", b'/"a"', b"/{a}", b"/a|b", b"/a^b", b"/`a`", b"/[a]", b"/a]"
    ),
    *_paths("9110 17.1", "404+ | 400 | 400+", b"/file.txt%00", b"/file.txt%00.html", b"/%00", b"/%00/file.txt"),
    *_paths("9110 17.1", "404+ | 400 | 400+", b"/fi%00le.txt"),
    *_paths("3986 3.3", "404+", b"//file.txt", b"/folder//inner.txt", b"/file.txt/", b"/file.txt/x"),
    *_paths("3986 3.3", "404+", b"/folder/file.txt", b"/none/"),
    *_paths("3986 3.3", "404+", b"/file.txt%20", b"/file.txt.", b"/file.txt~", b"/file.txt;x", b"/;/file.txt"),
    *_paths("3986 3.3", "404+", b"/file.txt%0a", b"/%20"),
    *_paths("3986 5.2.4", "200+ | 301+", b"/./file.txt", b"/folder/../file.txt", b"/folder/./inner.txt"),
    *_paths("3986 5.2.4", "200+ | 301+", b"/%2e/file.txt", b"/a/../file.txt"),
    *_paths(
        "3986 5.2.4", "200+ | 301+ | 400 | 400+ | 404+", b"/../file.txt", b"/%2e%2e/file.txt", b"/a/b/../../file.txt"
    ),
    *_paths("9110 4.2.3", "301+", b"/folder", b"/folder?a", b"/%66older"),
    *_paths(
        "9110 9.3.1", "200+", b"/", b"/folder/", b"/.", b"/folder/.", b"/folder/..", b"/empty.txt", b"/file.txt?/../x"
    ),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/../" + _OUT, b"/../../" + _OUT, b"/..//" + _OUT),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/.../" + _OUT, b"/./../" + _OUT),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/%2e%2e/" + _OUT, b"/%2e./" + _OUT, b"/.%2E/" + _OUT),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/folder/../../" + _OUT),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/..%2f" + _OUT, b"/..%2F" + _OUT, b"/%2e%2e%2f" + _OUT),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/folder/..%2f..%2f" + _OUT),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/..%5c" + _OUT, b"/..%5C..%5c" + _OUT, b"/..%c0%af" + _OUT),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/..%252f" + _OUT),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/%252e%252e/" + _OUT, b"/%c0%ae%c0%ae/" + _OUT),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/%e0%80%ae%e0%80%ae/" + _OUT),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/..;/" + _OUT, b"/..%00/" + _OUT, b"/%2e%2e;/" + _OUT),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/..%20/" + _OUT, b"/..%0d/" + _OUT),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/../site-secret/" + _OUT, b"/%2e%2e/site-secret/" + _OUT),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/..-secret/" + _OUT),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"//etc/passwd", b"/%2fetc/passwd", b"/etc/passwd"),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/" + b"../" * 100 + b"etc/passwd"),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/proc/self/environ", b"/~root/", b"/C:/", b"/c%3a%5cboot.ini"),
    *_paths("9110 17.1", "404+ | 400+ | 403+ | 400", b"/file:///etc/passwd"),
    *_paths("9110 17.1", "404+ | 400+", b"/" + b"a/" * 4000, b"/" + b"a" * 300, b"/" + b"../" * 2000 + b"none"),
    *_paths("9110 17.1", "404+ | 400+", b"/" + b"%41" * 2000),
    *_paths(
        "9110 17.1", "404+ | 403+ | 400 | 400+", b"/.git/config", b"/.htaccess", b"/folder/.hidden", b"/%2egit/config"
    ),
    *_paths("9110 17.1", "404+ | 400+", b"/echo.py%00.txt"),
    *_paths("9110 17.1", "404+ | 400+", b"/secret.txt", b"/..a/" + _OUT),
)


def _ranges(outcomes: str, *values: bytes, section: str = "9110 14.2") -> tuple[Vector, ...]:
    return tuple(
        Vector(f"Range: {value[:60]!r}", section, outcomes, with_fields(b"Range: " + value)) for value in values
    )


RANGES = (
    *_ranges("206+ | 200+", b"bytes=0-", b"bytes=0-0", b"bytes=9-9", b"bytes=9-", b"bytes=-1", b"bytes=-10"),
    *_ranges("206+ | 200+", b"bytes=-11", b"bytes=0-9"),
    *_ranges(
        "206+ | 200+", b"bytes=0-99", b"BYTES=0-1", b"bytes=00-01", b"bytes=0-" + b"9" * 400, b"bytes=-" + b"9" * 400
    ),
    *_ranges("206+ | 200+", b"bytes=0-1,8-9", b"bytes=0-0, -1", b"bytes=8-9,0-1", b"bytes=0-1,99-", b"bytes=0-5,5-9"),
    *_ranges("206+ | 200+", b"bytes=0-0,,2-2,"),
    *_ranges(
        "416+ | 200+", b"bytes=10-", b"bytes=10-20", b"bytes=99-100,200-", b"bytes=-0", b"bytes=" + b"9" * 400 + b"-"
    ),
    *_ranges("200+ | 400 | 400+ | 416+", b"bytes", b"bytes=", b"bytes=-", b"bytes=--1", b"bytes=a-b", b"bytes=0"),
    *_ranges("200+ | 400 | 400+ | 416+", b"bytes=5-2", b"bytes=0-1-2"),
    *_ranges("200+ | 400 | 400+ | 416+", b"bytes= 0 - 1", b"bytes:0-1", b"bytes 0-1", b"=0-1", b"0-1"),
    *_ranges("200+ | 400 | 400+ | 416+", b"bytes=0x0-0x1", b"bytes=+0-1"),
    *_ranges("200+ | 400 | 400+ | 416+", b"bytes=0-1;2-3", b"bytes=\xd9\xa0-", b"bytes=1.0-2.0", b"", b",", b"bytes=,"),
    *_ranges("200+ | 400 | 400+ | 416+", b'bytes="0-1"'),
    *_ranges("200+ | 416+", b"items=0-1", b"lines=1-2", b"none=0-0", b"seconds=0-1", b"byte=0-1", section="9110 14.1"),
    *_ranges("200+ | 206+ | 400 | 400+ | 416+", b"bytes=0-," + b"0-," * 1000 + b"0-"),
    *_ranges(
        "200+ | 206+ | 400 | 400+ | 416+", b"bytes=" + b",".join([b"%d-%d" % (i % 10, i % 10) for i in range(1000)])
    ),
    *_ranges("200+ | 206+ | 400 | 400+ | 416+", b"bytes=5-2,0-1", b"bytes=0-1,x", b"bytes=0-9,0-9,0-9"),
    *_ranges("200+ | 206+ | 400 | 400+ | 416+", b"bytes=" + b"," * 5000 + b"0-1"),
    Vector(
        "two Range lines",
        "9110 14.2",
        "200+ | 206+ | 400 | 400+",
        with_fields(b"Range: bytes=0-1", b"Range: bytes=4-5"),
    ),
    Vector(
        "Range of an empty file",
        "9110 14.1.2",
        "200+ | 206+ | 416+",
        with_target(b"/empty.txt").replace(b"\r\n\r\n", b"\r\nRange: bytes=-1\r\n\r\n"),
    ),
    Vector(
        "Range of a folder",
        "9110 14.2",
        "200+ | 206+",
        with_target(b"/folder/").replace(b"\r\n\r\n", b"\r\nRange: bytes=0-0\r\n\r\n"),
    ),
    Vector(
        "Range of nothing",
        "9110 14.2",
        "404+",
        with_target(b"/none").replace(b"\r\n\r\n", b"\r\nRange: bytes=0-0\r\n\r\n"),
    ),
    Vector("Content-Range in a request", "9110 14.5", "200+ | 400 | 400+", with_fields(b"Content-Range: bytes 0-1/10")),
)


def _conditions(outcomes: str, *lines: bytes, section: str = "9110 13.1") -> tuple[Vector, ...]:
    """A value with a line feed in it stands for several field lines."""
    return tuple(Vector(f"{line[:60]!r}", section, outcomes, with_fields(*line.split(b"\n"))) for line in lines)


_PAST, _FUTURE = b"Sun, 06 Nov 1994 08:49:37 GMT", b"Fri, 31 Dec 9999 23:59:59 GMT"

CONDITIONS = (
    *_conditions("304+", b"If-None-Match: *", b"If-None-Match:*", b"If-None-Match: *\nIf-Modified-Since: " + _PAST),
    *_conditions("304+ | 200+", b"If-Modified-Since: " + _FUTURE),
    *_conditions("200+", b'If-None-Match: "x"', b'If-None-Match: W/"x"', b'If-None-Match: "a", W/"b", "c"'),
    *_conditions("200+", b'If-None-Match: ""', b"If-Match: *"),
    *_conditions("200+", b"If-Modified-Since: " + _PAST, b"If-Unmodified-Since: " + _FUTURE),
    *_conditions("200+", b'If-None-Match: "x"\nIf-Modified-Since: ' + _FUTURE),
    *_conditions("200+", b"If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT", section="9110 5.6.7"),
    *_conditions("200+", b"If-Modified-Since: Sun Nov  6 08:49:37 1994", section="9110 5.6.7"),
    *_conditions("200+", b"If-Modified-Since: x", b"If-Modified-Since:", b"If-Modified-Since: 0"),
    *_conditions("200+", b"If-Modified-Since: 2999-01-01T00:00:00Z"),
    *_conditions("200+", b"If-Modified-Since: Fri, 31 Feb 2094 00:00:00 GMT"),
    *_conditions("200+", b"If-Modified-Since: Sun, 06 Nov 2994 08:49:37 +0000"),
    *_conditions("200+", b"If-Modified-Since: Sun, 99 Nov 1994 99:99:99 GMT", b"If-Modified-Since: " + b"9" * 4000),
    *_conditions("200+", b"If-Unmodified-Since: x"),
    *_conditions("200+", b"If-Unmodified-Since:", b"If-Unmodified-Since: Thu, 32 Dec 1970 00:00:00 GMT"),
    *_conditions("200+", b"If-Modified-Since: \xff\xfe"),
    *_conditions("412+", b'If-Match: "x"', b'If-Match: W/"x"', b'If-Match: "a", "b"', b"If-Unmodified-Since: " + _PAST),
    *_conditions("412+", b'If-Match: ""'),
    *_conditions("412+ | 200+", b'If-Match: "x"\nIf-Unmodified-Since: ' + _FUTURE),
    *_conditions("200+ | 400 | 400+", b"If-None-Match: x", b'If-None-Match: "x', b'If-None-Match: w/"x"'),
    *_conditions("200+ | 400 | 400+", b"If-None-Match: W/x", b"If-None-Match:"),
    *_conditions("200+ | 304+ | 400 | 400+", b'If-None-Match: *, "x"', b'If-None-Match: "x", *'),
    *_conditions("200+ | 304+ | 400 | 400+", b"If-None-Match: *\nIf-None-Match: *", b"If-None-Match: **"),
    *_conditions(
        "200+ | 412+ | 400 | 400+", b"If-Match: x", b"If-Match:", b'If-Match: "x', b"If-Match: 'x'", b'If-Match: *, "x"'
    ),
    *_conditions("200+", b'If-Range: "x"\nRange: bytes=0-0', b'If-Range: W/"x"\nRange: bytes=0-0'),
    *_conditions("200+", b"If-Range: " + _PAST + b"\nRange: bytes=0-0"),
    *_conditions("200+ | 400 | 400+", b"If-Range: x\nRange: bytes=0-0", b"If-Range:\nRange: bytes=0-0"),
    *_conditions("200+ | 400 | 400+", b'If-Range: "x' + b"\nRange: bytes=0-0"),
    *_conditions("200+", b'If-Range: "x"', b"If-Range: " + _FUTURE, section="9110 13.1.5"),
    *_conditions("200+ | 304+", b"If-None-Match: " + b", ".join([b'"%d"' % number for number in range(1000)])),
    *_conditions(
        "200+", b"If-None-Match: " + b'"' + b"a" * 8000 + b'"', b'If-None-Match: "\xff\xfe"', b'If-None-Match: ,,"x",,'
    ),
)

WISHES = (
    *_conditions("200+ | 406+", b"Accept: application/none", b"Accept: */*;q=0", section="9110 12.5"),
    *_conditions("200+ | 406+", b"Accept: text/html;q=0", b"Accept-Language: x-none", section="9110 12.5"),
    *_conditions("200+", b"Accept:", b"Accept: ,", b"Accept: nonsense", b"Accept: */*;q=2", section="9110 12.5.1"),
    *_conditions("200+", b"Accept: " + b"*/*," * 1500, b"Accept: ///;;;q", section="9110 12.5.1"),
    *_conditions("200+", b"Accept-Encoding:", b"Accept-Encoding: none", section="9110 12.5.3"),
    *_conditions("200+", b"Accept-Encoding: gzip;q=x", b"Accept-Encoding: *;q=0.5", section="9110 12.5.3"),
    *_conditions("200+", b"Accept-Encoding: ;;", section="9110 12.5.3"),
    *_conditions("200+ | 406+", b"Accept-Encoding: identity;q=0", b"Accept-Encoding: *;q=0", section="9110 12.5"),
    *_conditions("200+ | 406+", b"Accept-Charset: none;q=1", section="9110 12.5"),
    *_conditions("200+", b"Cache-Control: no-store", b"Cache-Control: only-if-cached", section="9111 5.2.1"),
    *_conditions("200+", b"Cache-Control: =,;", b"Pragma: x", b"Max-Forwards: 0", section="9111 5.2.1"),
    *_conditions("200+", b"Authorization: Basic x", b"Authorization:", b"Authorization: \xff", section="9110 11.6.2"),
    *_conditions("200+", b"Proxy-Authorization: Basic x", b"Cookie: ;;=", section="9110 11.6.2"),
    *_conditions("200+", b"From: x", b"Referer: //\xff", b"User-Agent: ((((", b"Via: 1.1 x", section="9110 10.1"),
    *_conditions("200+", b"Date: x", b"Trailer: Content-Length", section="9110 10.1"),
)

VECTORS = (*PATHS, *RANGES, *CONDITIONS, *WISHES)
