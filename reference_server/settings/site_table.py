"""The settings of each site, and of the redirects, caching rules and protected folders in it."""

from __future__ import annotations

from reference_server.config import CachingRule, ProtectedFolder, Redirect, Scheme, SiteSettings
from reference_server.settings import texts
from reference_server.settings.kinds import Choice, Flag, Folder, ListOf, Text, Users, UsersFile, Whole
from reference_server.settings.setting import Section, Setting

FLAG = Flag()
A_YEAR = 365 * 24 * 60 * 60

REDIRECTS = Section(
    "redirects",
    Redirect("", ""),
    "Paths that are answered with another address: of several that fit, the longest source counts. None by default.",
    (
        Setting(
            "source",
            Text(texts.source_path),
            "A path, not percent-encoded; a * at its end stands for anything.",
            "",
            None,
            '"/old/*"',
            True,
        ),
        Setting(
            "target",
            Text(texts.redirect_target),
            "A path or an http(s) URL; a * at its end repeats what that of the source stood for.",
            "",
            None,
            '"https://example.org/new/*"',
            True,
        ),
        Setting(
            "status",
            Choice({status: status for status in (301, 302, 303, 307, 308)}),
            "301 and 308 are for good, 302 and 307 for now; 303 is fetched by GET.",
            "what moved has mostly moved for good",
        ),
    ),
    many=True,
    within="sites",
)

CACHING = Section(
    "caching",
    CachingRule(""),
    "How long files may be kept by caches; the first rule whose pattern fits counts. None by default.",
    (
        Setting(
            "pattern",
            Text(texts.pattern),
            "A shell pattern for the file's whole path; * matches slashes too.",
            "",
            None,
            '"/images/*"',
            True,
        ),
        Setting(
            "control",
            Text(texts.cache_control),
            "The value of Cache-Control.",
            "none is sent: caches then judge by the age of the file",
            None,
            '"public, max-age=3600"',
        ),
        Setting(
            "expires",
            Whole(0, A_YEAR),
            "In how many seconds Expires lies ahead; a year at most (RFC 2616 14.21).",
            "none is sent, for the same reason",
            None,
            "3600",
        ),
    ),
    many=True,
    within="sites",
)

PROTECTED = Section(
    "protected",
    ProtectedFolder("", "", Scheme.DIGEST, ()),
    "Folders for users with a password; the innermost counts, and those of one realm share passwords. None by default.",
    (
        Setting(
            "path",
            Text(texts.folder_path),
            "The folder's path, with a slash at both ends and not percent-encoded.",
            "",
            None,
            '"/members/"',
            True,
        ),
        Setting(
            "realm", Text(texts.realm), "What clients show when they ask for the password.", "", None, '"Members"', True
        ),
        Setting(
            "scheme",
            Choice({each.value: each for each in Scheme}),
            '"digest" never sends the password; "basic" sends it readably, for connections that others encrypt.',
            "",
            None,
            '"digest"',
            True,
        ),
        Setting(
            "users",
            Users(),
            "Names and passwords. They are not shown.",
            "either this or a users_file is needed",
            None,
            '{ ann = "secret" }',
        ),
        Setting(
            "users_file",
            UsersFile(texts.place),
            "A file with a line name:password for each user, read again on reload.",
            "keeps passwords out of this file",
            None,
            '"members.txt"',
        ),
    ),
    many=True,
    within="sites",
)

SITES = Section(
    "sites",
    SiteSettings(""),
    "A folder to serve, and what is done with it; once for each site.",
    (
        Setting("root", Folder(texts.place), "The folder.", "", None, '"web"', True),
        Setting(
            "names",
            ListOf(Text(texts.host_name)),
            "Host names it answers to, in lower case and without port.",
            "the first site also answers to every name that no site has",
        ),
        Setting(
            "index",
            ListOf(Text(texts.file_name, "NAME")),
            "Files that are a folder's page, the first that exists.",
            "what everybody calls it",
            "--index",
        ),
        Setting(
            "listing",
            FLAG,
            "Show what is in folders that have no such file, but no names with a dot in front; if not, answer 403.",
            "whoever serves a folder mostly wants it seen",
            "--listing",
        ),
        Setting(
            "the_time",
            FLAG,
            "Answer /the_time with the time.",
            "a small page that is never the same: useful to try clients and caches",
            "--the-time",
        ),
        Setting(
            "programs",
            FLAG,
            "Run files whose names end in .py (CGI, RFC 3875); if not, answer 404.",
            "only who can write into the folder decides what runs",
            "--programs",
        ),
        Setting(
            "links",
            FLAG,
            "Follow symbolic links that stay below the root; others are never followed.",
            "they lead nowhere that is not served anyway",
            "--links",
        ),
        Setting(
            "compress",
            FLAG,
            "Send texts compressed by gzip to clients that accept it.",
            "fewer octets, and clients that do not ask see no difference",
            "--compress",
        ),
        Setting(
            "negotiate",
            FLAG,
            "Answer /page from page.html, or from page.en.html or page.de.html, whichever the client prefers.",
            "only where there is no file of the very name asked for",
            "--negotiate",
        ),
        Setting(
            "languages",
            ListOf(Text(texts.language, "TAG")),
            "Languages in the order in which they are offered to clients that have no preference.",
            "the server cannot know who reads",
            "--languages",
        ),
        Setting(
            "writable",
            ListOf(Text(texts.folder_path, "PATH")),
            "Folders (slash at both ends) where PUT and DELETE change files, for everybody unless protected.",
            "strangers change nothing",
            "--writable",
        ),
        Setting(
            "trace",
            FLAG,
            "Answer TRACE with the request as it arrived.",
            "shows requests to scripts that should not see them, and is needed by few",
            "--trace",
        ),
    ),
    (REDIRECTS, CACHING, PROTECTED),
    many=True,
)
