"""Request lines: their grammar, methods, versions, and the four forms of a target (RFC 9112 2.2, 2.3, 3; RFC 3986)."""

from __future__ import annotations

from reference_server.tests.vectors import Vector, with_line, with_target

GRAMMAR = (
    Vector("plain", "3", "200+", with_line(b"GET /file.txt HTTP/1.1")),
    Vector("two blanks after the method", "3", "400", with_line(b"GET  /file.txt HTTP/1.1")),
    Vector("two blanks after the target", "3", "400", with_line(b"GET /file.txt  HTTP/1.1")),
    Vector("tab after the method", "3", "400", with_line(b"GET\t/file.txt HTTP/1.1")),
    Vector("tab after the target", "3", "400", with_line(b"GET /file.txt\tHTTP/1.1")),
    Vector("vertical tab as separator", "3", "400", with_line(b"GET\x0b/file.txt HTTP/1.1")),
    Vector("form feed as separator", "3", "400", with_line(b"GET /file.txt\x0cHTTP/1.1")),
    Vector("carriage return as separator", "2.2", "400", with_line(b"GET\r/file.txt HTTP/1.1")),
    Vector("line feed as separator", "3", "400", with_line(b"GET /file.txt\nHTTP/1.1")),
    Vector("blank before the method", "3", "400", with_line(b" GET /file.txt HTTP/1.1")),
    Vector("tab before the method", "3", "400", with_line(b"\tGET /file.txt HTTP/1.1")),
    Vector("blank after the version", "3", "400", with_line(b"GET /file.txt HTTP/1.1 ")),
    Vector("tab after the version", "3", "400", with_line(b"GET /file.txt HTTP/1.1\t")),
    Vector("fourth word", "3", "400", with_line(b"GET /file.txt HTTP/1.1 x")),
    Vector("blank in the target", "3.2", "301 | 400", with_line(b"GET /a b.txt HTTP/1.1")),
    Vector("no target", "3", "400", with_line(b"GET HTTP/1.1")),
    Vector("empty target", "3", "400", with_line(b"GET  HTTP/1.1")),
    Vector("one word", "3", "400", with_line(b"GET")),
    Vector("the simple request of 0.9", "2.2", "400", b"GET /file.txt\r\n"),
    Vector("the simple request and a blank", "2.2", "400", b"GET /file.txt \r\n\r\n"),
    Vector("blanks only", "2.2", "400", b"   \r\n\r\n"),
    Vector("a reply", "2.2", "400 | 501 | 505", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    Vector("a greeting of TLS", "2.2", "400", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\xfc\x03\x03\r\n\r\n"),
    Vector("binary octets", "2.2", "400", bytes(range(128, 256)) + b"\r\n\r\n"),
    Vector("NULs", "2.2", "400", b"\0\0\0\0\r\n\r\n"),
    Vector("a proxy's greeting", "2.2", "400", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + with_line(b"GET / HTTP/1.1")),
    Vector("the preface of HTTP/2", "2.3", "400 | 501 | 505", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    Vector("one empty line first", "2.2", "200+", b"\r\n" + with_line(b"GET /file.txt HTTP/1.1")),
    Vector("two empty lines first", "2.2", "200+ | 400", b"\r\n\r\n" + with_line(b"GET /file.txt HTTP/1.1")),
    Vector("a hundred empty lines first", "2.2", "200+ | 400", b"\r\n" * 100 + with_line(b"GET /file.txt HTTP/1.1")),
    Vector("lone LF first", "2.2", "200+ | 400", b"\n" + with_line(b"GET /file.txt HTTP/1.1")),
    Vector("lone CR first", "2.2", "400", b"\r" + with_line(b"GET /file.txt HTTP/1.1")),
    Vector("lone CR in the line", "2.2", "400", with_line(b"GET /file\r.txt HTTP/1.1")),
    Vector("two CR at its end", "2.2", "400", b"GET /file.txt HTTP/1.1\r\r\nHost: h\r\n\r\n"),
    Vector("CR alone at its end", "2.2", "400", b"GET /file.txt HTTP/1.1\rHost: h\r\n\r\n"),
    Vector("LF alone at its end", "2.2", "200+ | 400", b"GET /file.txt HTTP/1.1\nHost: h\r\n\r\n"),
    Vector("LF alone everywhere", "2.2", "200+ | 400", b"GET /file.txt HTTP/1.1\nHost: h\n\n"),
    Vector("LF CR at its end", "2.2", "400", b"GET /file.txt HTTP/1.1\n\rHost: h\n\r\n\r"),
    Vector("escaped CR LF", "3.2", "404+ | 400", with_target(b"/%0d%0aX-Injected:%20yes")),
)

METHODS = (
    Vector("unknown method", "3.1", "501+ | 501", with_target(b"/file.txt", b"BREW")),
    Vector("all kinds of token characters", "3.1", "501+ | 501", with_target(b"/file.txt", b"!#$%&'*+-.^_`|~09az")),
    Vector("lower case", "3.1", "501+ | 501", with_target(b"/file.txt", b"get")),
    Vector("mixed case", "3.1", "501+ | 501", with_target(b"/file.txt", b"Get")),
    Vector("a known method as prefix", "3.1", "501+ | 501", with_target(b"/file.txt", b"GETX")),
    Vector("a prefix of a known method", "3.1", "501+ | 501", with_target(b"/file.txt", b"GE")),
    Vector("empty", "3.1", "400", with_line(b" /file.txt HTTP/1.1")),
    Vector("long", "3", "501 | 501+", with_target(b"/file.txt", b"A" * 1000)),
    Vector("longer than any line", "3", "400 | 501", with_target(b"/file.txt", b"A" * 100_000)),
    Vector("quoted", "3.1", "400", with_target(b"/file.txt", b'"GET"')),
    Vector("with a colon", "3.1", "400", with_target(b"/file.txt", b"GET:")),
    Vector("with delimiters", "3.1", "400", with_target(b"/file.txt", b'G=":<>(e),[T];?"')),
    Vector("not ASCII", "3.1", "400", with_target(b"/file.txt", b"G\xc3\x89T")),
    Vector("HEAD", "9110 9.3.2", "200+", with_target(b"/file.txt", b"HEAD"), ("HEAD",)),
    Vector("HEAD of nothing", "9110 9.3.2", "404+", with_target(b"/none", b"HEAD"), ("HEAD",)),
    Vector("OPTIONS", "9110 9.3.7", "200+ | 204+", with_target(b"/file.txt", b"OPTIONS")),
    Vector("POST to a file", "9110 9.3.3", "405+ | 405", with_target(b"/file.txt", b"POST")),
    Vector("PUT", "9110 9.3.4", "405+ | 405", with_target(b"/file.txt", b"PUT")),
    Vector("DELETE", "9110 9.3.5", "405+ | 405", with_target(b"/file.txt", b"DELETE")),
    Vector("PATCH", "9110 15.5.6", "405+ | 501+ | 405 | 501", with_target(b"/file.txt", b"PATCH")),
    Vector("TRACE", "9110 9.3.8", "405+ | 501+ | 405 | 501", with_target(b"/file.txt", b"TRACE")),
    Vector("MKCOL", "9110 15.6.2", "501+ | 501", with_target(b"/file.txt", b"MKCOL")),
    Vector("CONNECT", "9110 9.3.6", "400 | 405 | 501 | 405+ | 501+", with_target(b"h:80", b"CONNECT")),
    Vector("CONNECT without port", "3.2.3", "400", with_target(b"h", b"CONNECT")),
    Vector("CONNECT with an empty port", "3.2.3", "400", with_target(b"h:", b"CONNECT")),
    Vector("CONNECT to port 99999", "3.2.3", "400", with_target(b"h:99999", b"CONNECT")),
    Vector("CONNECT to a path", "3.2.3", "400", with_target(b"/file.txt", b"CONNECT")),
    Vector("CONNECT with user information", "3.2.3", "400", with_target(b"u@h:80", b"CONNECT")),
)

VERSIONS = (
    Vector("1.0", "2.3", "200", with_line(b"GET /file.txt HTTP/1.0")),
    Vector("1.0 without Host", "3.2", "200", b"GET /file.txt HTTP/1.0\r\n\r\n"),
    Vector("1.2", "9110 2.5", "200+", with_line(b"GET /file.txt HTTP/1.2")),
    Vector("1.9", "9110 2.5", "200+", with_line(b"GET /file.txt HTTP/1.9")),
    *(
        Vector(f"{version!r}", "2.3", "400 | 505", with_line(b"GET /file.txt " + version))
        for version in (b"HTTP/0.9", b"HTTP/2.0", b"HTTP/3.0", b"HTTP/9.9", b"HTTP/0.0")
    ),
    *(
        Vector(f"{version!r}", "2.3", "400", with_line(b"GET /file.txt " + version))
        for version in (
            *(b"http/1.1", b"Http/1.1", b"HTTP", b"HTTP/", b"HTTP/1", b"HTTP/1.", b"HTTP/.1", b"HTTP/11", b"HTTP/1.10"),
            *(b"HTTP/01.1", b"HTTP/1.01", b"HTTP/1.1.1", b"HTTP/1,1", b"HTTP/-1.1", b"HTTP/+1.1", b"HTTP/1.x"),
            *(b"HTTP/x.1", b"HTTPS/1.1", b"HTP/1.1", b"HTTP\\1.1", b"HTTP 1.1", b"HTTP/ 1.1", b"HTTP/1. 1"),
            *(b"HTTP/1.1\0", b"\0HTTP/1.1", b"HTTP/1.1;x", b"ICY/1.1", b"RTSP/1.0", b"FTP/1.1", b"1.1", b"HTTP/1\r.1"),
            *(
                b"HTTP/\xd9\xa1.1",
                b"HTTP/1.4294967297",
                b"HTTP/4294967297.1",
                b"HTTP/1.1HTTP/1.1",
                b"\xef\xbc\xa8TTP/1.1",
            ),
        )
    ),
)

TARGETS = (
    Vector("root", "3.2.1", "200+", with_target(b"/")),
    Vector("empty query", "3.2.1", "200+", with_target(b"/file.txt?")),
    Vector("query of all it may hold", "3986 3.4", "200+", with_target(b"/file.txt?a=b&c=/d?e:@!$'()*+,;~-._%00%ff")),
    Vector("all a path may hold", "3986 3.3", "404+", with_target(b"/a:@!$&'()*+,;=~-._%41")),
    Vector("fragment", "3.2.1", "400", with_target(b"/file.txt#part")),
    Vector("empty fragment", "3.2.1", "400", with_target(b"/file.txt#")),
    Vector("fragment after the query", "3.2.1", "400", with_target(b"/file.txt?a#b")),
    Vector("no slash", "3.2", "400", with_target(b"file.txt")),
    Vector("query alone", "3.2", "400", with_target(b"?a")),
    Vector("backslash first", "3.2", "400", with_target(b"\\file.txt")),
    Vector("not ASCII", "3986 2", "400", with_target("/café.txt".encode())),
    Vector("not ASCII in the query", "3986 2", "400", with_target("/file.txt?café".encode())),
    Vector("NUL", "3986 2", "400", with_target(b"/file.txt\0")),
    Vector("DEL", "3986 2", "400", with_target(b"/file\x7f.txt")),
    Vector("exclamation mark", "3.2", "400", with_target(b"!")),
    Vector("8000 octets of line", "3", "404+", with_line(b"GET /" + b"a" * 7985 + b" HTTP/1.1")),
    Vector("100000 octets of target", "3", "414", with_target(b"/" + b"a" * 100_000)),
    Vector("100000 octets of query", "3", "414", with_target(b"/file.txt?" + b"a" * 100_000)),
    Vector("asterisk with OPTIONS", "3.2.4", "200+ | 204+", with_target(b"*", b"OPTIONS")),
    Vector("asterisk with GET", "3.2.4", "400", with_target(b"*")),
    Vector("asterisk with an unknown method", "3.2.4", "400 | 501 | 501+", with_target(b"*", b"BREW")),
    Vector("asterisk and more", "3.2.4", "400", with_target(b"*/file.txt", b"OPTIONS")),
    Vector("asterisk and query", "3.2.4", "400", with_target(b"*?a", b"OPTIONS")),
    Vector("two asterisks", "3.2.4", "400", with_target(b"**", b"OPTIONS")),
    Vector("absolute OPTIONS without path", "3.2.4", "200+ | 204+", with_target(b"http://h", b"OPTIONS")),
    Vector("authority form with GET", "3.2.3", "400", with_target(b"127.0.0.1:80")),
)


def _absolute(*targets: bytes, outcomes: str, section: str = "3.2.2") -> tuple[Vector, ...]:
    return tuple(Vector(f"{target!r}", section, outcomes, with_target(target)) for target in targets)


ABSOLUTE = (
    *_absolute(b"http://h/file.txt", b"HTTP://h/file.txt", b"hTtP://H/file.txt", outcomes="200+"),
    *_absolute(b"http://h:80/file.txt", b"http://h:/file.txt", b"http://other:81/file.txt?a", outcomes="200+"),
    *_absolute(b"http://h", b"http://h?a", b"http://h/", b"http://h:80", b"http://h:80?", outcomes="200+"),
    *_absolute(b"http://[::1]/file.txt", b"http://[::1]:80/file.txt", b"http://1.2.3.4/file.txt", outcomes="200+"),
    *_absolute(
        b"http://h/file.txt#a", b"http://h#a", b"http://h/a b", b"http://h/%zz", b"http://h/\xe9", outcomes="400"
    ),
    *_absolute(
        b"http:", b"http:/", b"http://", b"http:///file.txt", b"http://:80/file.txt", b"http://?a", outcomes="400"
    ),
    *_absolute(
        b"http:/file.txt", b"http:file.txt", b"://h/file.txt", b"h/file.txt", b"1http://h/file.txt", outcomes="400"
    ),
    *_absolute(b"http//h/file.txt", b"http:\\\\h\\file.txt", b"http://h\\file.txt", b"ht tp://h/", outcomes="400"),
    *_absolute(b"http://[::1/file.txt", b"http://::1/file.txt", b"http://[]/file.txt", b"http://[h]/", outcomes="400"),
    *_absolute(
        b"http://h:x/file.txt", b"http://h:99999/file.txt", b"http://h:-1/file.txt", b"http://h:1:2/", outcomes="400"
    ),
    *_absolute(b"http://u@h/file.txt", b"http://u:p@h/file.txt", b"http://@h/", outcomes="400", section="9110 4.2.4"),
    *_absolute(b"https://h/file.txt", b"HTTPS://h/file.txt", outcomes="400 | 421 | 421+", section="9110 7.4"),
    *_absolute(
        b"ftp://h/file.txt", b"file:///file.txt", b"urn:a:b", b"mailto:a@b", b"data:,x", outcomes="400 | 421 | 421+"
    ),
    *_absolute(b"javascript:alert(1)", outcomes="400 | 421 | 421+"),
    Vector("absolute without Host", "3.2.2", "400", b"GET http://h/file.txt HTTP/1.1\r\n\r\n"),
    Vector("absolute and an invalid Host", "3.2", "400", b"GET http://h/file.txt HTTP/1.1\r\nHost: a b\r\n\r\n"),
    Vector("absolute and an empty Host", "3.2.2", "200+", b"GET http://h/file.txt HTTP/1.1\r\nHost:\r\n\r\n"),
    Vector("absolute and another Host", "3.2.2", "200+", b"GET http://h/file.txt HTTP/1.1\r\nHost: other\r\n\r\n"),
    Vector("absolute in 1.0", "3.2.2", "200", b"GET http://h/file.txt HTTP/1.0\r\n\r\n"),
)

VECTORS = (*GRAMMAR, *METHODS, *VERSIONS, *TARGETS, *ABSOLUTE)
