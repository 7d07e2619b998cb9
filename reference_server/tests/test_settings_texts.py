"""What may stand in the texts of a site, so that no setting can get a field, a line or another host into a reply."""

from __future__ import annotations

from pathlib import Path

import pytest

from reference_server.config import ConfigError
from reference_server.tests.configuration import ROOT, errors, read


def complaint(tmp_path: Path, key: str, value: str) -> str | None:
    """What is said about a value, as TOML writes it, of that setting of a site; None if it is good."""
    rest = {
        "source": '[[sites.redirects]]\ntarget = "/t"\nsource = ',
        "target": '[[sites.redirects]]\nsource = "/s/*"\ntarget = ',
        "status": '[[sites.redirects]]\nsource = "/s"\ntarget = "/t"\nstatus = ',
        "pattern": "[[sites.caching]]\nexpires = 1\npattern = ",
        "control": '[[sites.caching]]\npattern = "/x"\ncontrol = ',
        "expires": '[[sites.caching]]\npattern = "/x"\nexpires = ',
        "path": '[[sites.protected]]\nrealm = "r"\nscheme = "basic"\nusers = { a = "b" }\npath = ',
        "realm": '[[sites.protected]]\npath = "/"\nscheme = "basic"\nusers = { a = "b" }\nrealm = ',
        "scheme": '[[sites.protected]]\npath = "/"\nrealm = "r"\nusers = { a = "b" }\nscheme = ',
        "users": '[[sites.protected]]\npath = "/"\nrealm = "r"\nscheme = "digest"\nusers = ',
    }.get(key, f"{key} = ")
    text = f"{ROOT}{rest}{value}\n"
    try:
        read(tmp_path, text)
    except ConfigError:
        (told,) = errors(tmp_path, text)
        return told.partition(f"{key}")[2] or told
    return None


GOOD = [
    ("names", '["a", "xn--bcher-kva.example", "a_b", "127.0.0.1", "[2001:db8::1]"]'),
    ("index", '["index.html", "Startseite \u00fc.htm", "index.py"]'),
    ("languages", '["en", "de-CH-1996", "x-klingon"]'),
    ("writable", '["/", "/a b/%41/\u00fc/"]'),
    ("source", '"/"'),
    ("source", '"/a b/\u00fc*"'),
    ("target", '"/"'),
    ("target", '"/a%20b/*"'),
    ("target", '"https://user.example:8443/a;b?c=d&e#f"'),
    ("target", '"http://[::1]/*"'),
    ("status", "307"),
    ("pattern", '"*"'),
    ("pattern", '"/[a-z]/[!x].t?t"'),
    ("control", '"no-cache"'),
    ("control", '"public,max-age=1, x=\\"a, \\\\\\" b\\""'),
    ("control", '"max-age=0, s-maxage=600, no-cache=\\"Set-Cookie, X-A\\", private, must-understand, no-store"'),
    ("control", '"x=\\"max-age=no number, must-understand\\""'),
    ("expires", "31536000"),
    ("path", '"/"'),
    ("realm", '"The Staff\'s Room (1)"'),
    ("scheme", '"basic"'),
    ("users", '{ "\u00fc" = ":" }'),
]

BAD = [
    ("names", '["A"]'),
    ("names", '["a:80"]'),
    ("names", '["a."]'),
    ("names", '["*.a"]'),
    ("names", '["b\u00fccher.example"]'),
    ("names", '["-a"]'),
    ("names", '[""]'),
    ("names", '["::1"]'),
    ("names", '["[a]"]'),
    ("names", '["a\\nb"]'),
    ("index", '["a/b"]'),
    ("index", '[".."]'),
    ("index", '[".hidden"]'),
    ("index", '["a\\u0000"]'),
    ("languages", '["e n"]'),
    ("languages", '["en\\r\\nX: y"]'),
    ("languages", '["*"]'),
    ("writable", '["in/"]'),
    ("writable", '["/in"]'),
    ("writable", '["//"]'),
    ("writable", '["/a/../b/"]'),
    ("writable", '["/a/./b/"]'),
    ("writable", '["/a\\n/"]'),
    ("source", '"old"'),
    ("source", '"/*/a"'),
    ("source", '"/a\\r\\nb"'),
    ("target", '"new"'),
    ("target", '"//evil.example/"'),
    ("target", '"/\\\\evil.example/"'),
    ("target", '"/a b"'),
    ("target", '"/\u00fc"'),
    ("target", '"/%4"'),
    ("target", '"/a\\r\\nSet-Cookie: x"'),
    ("target", '"/a*/b"'),
    ("target", '"https:///a"'),
    ("target", '"https://"'),
    ("target", '"https://a:x/"'),
    ("target", '"https://a:99999/"'),
    ("target", '"https://user@a/"'),
    ("target", '"https://[::1/"'),
    ("target", '"https://a*"'),
    ("target", '"https://a:8*"'),
    ("target", '"javascript:alert(1)"'),
    ("target", '""'),
    ("status", "304"),
    ("status", "true"),
    ("status", '"301"'),
    ("pattern", '"images/*"'),
    ("pattern", '"/[a-z"'),
    ("pattern", '"/a\\n"'),
    ("pattern", '""'),
    ("control", '""'),
    ("control", '"a b"'),
    ("control", '"a,,b"'),
    ("control", '"a\\r\\nX: y"'),
    ("control", '"a\\n"'),
    ("control", '"max-age=\\"1"'),
    ("control", '"\u00fc"'),
    ("control", '"max-age"'),
    ("control", '"public, Max-Age=-1"'),
    ("control", '"max-age=\\"60\\""'),
    ("control", '"s-maxage=\\"60\\""'),
    ("control", '"max-age=1.5"'),
    ("control", '"no-cache=Set-Cookie"'),
    ("control", '"private=\\"\\""'),
    ("control", '"private=\\"a b\\""'),
    ("control", '"must-understand, max-age=60"'),
    ("expires", "-1"),
    ("expires", "31536001"),
    ("path", '"members"'),
    ("realm", '""'),
    ("realm", '"a\\"b"'),
    ("realm", '"a\\\\b"'),
    ("realm", '"a\\nb"'),
    ("realm", '"\u00fc"'),
    ("scheme", '"Basic"'),
    ("scheme", "1"),
    ("users", '{ "a:b" = "c" }'),
    ("users", '{ "" = "c" }'),
    ("users", '{ "a\\n" = "c" }'),
    ("users", '{ a = "" }'),
    ("users", "{ a = 1 }"),
    ("users", '{ a = "\u2026" }'),
    ("users", '[["a", "b"]]'),
    ("users", "{}"),
]


@pytest.mark.parametrize(("key", "value"), GOOD)
def test_good_values(tmp_path: Path, key: str, value: str) -> None:
    assert complaint(tmp_path, key, value) is None


@pytest.mark.parametrize(("key", "value"), BAD)
def test_bad_values(tmp_path: Path, key: str, value: str) -> None:
    told = complaint(tmp_path, key, value)
    assert told
    assert told.isprintable()


def test_a_choice_names_what_there_is(tmp_path: Path) -> None:
    assert complaint(tmp_path, "status", "304") == ": must be 301 or 302 or 303 or 307 or 308, not 304"
    assert complaint(tmp_path, "scheme", '"x"') == ': must be "basic" or "digest", not "x"'


def test_no_message_holds_a_password(tmp_path: Path) -> None:
    for value in ['"hunter2"', '{ "a:b" = "hunter2" }', '{ a = "hunter2\\n" }', '{ a = ["hunter2"] }', '["hunter2"]']:
        assert "hunter2" not in (complaint(tmp_path, "users", value) or "hunter2")
