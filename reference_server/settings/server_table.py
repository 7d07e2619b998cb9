"""The settings of the server as a whole, and of each of its workers."""

from __future__ import annotations

from reference_server.config import Config, Rates, Service, Timeouts
from reference_server.http1.connection import Limits
from reference_server.settings import texts
from reference_server.settings.kinds import ListenAddress, ListOf, LogFile, Seconds, Whole
from reference_server.settings.setting import Section, Setting

SIZE = Whole(1, 2**40)
COUNT = Whole(1, 1_000_000)
SECONDS = Seconds()

SERVER = Section(
    "",
    Service(sites=()),
    "The server as a whole.",
    (
        Setting(
            "listen",
            ListOf(ListenAddress(), least=1),
            "Where to listen: host:port, IPv6 addresses in brackets; port 0 takes a free one.",
            "only this machine, until somebody decides otherwise",
        ),
        Setting(
            "workers",
            Whole(1, 256),
            "Processes that serve; a worker fills one core at most.",
            "one is enough for most, and all limits below count for each worker",
            "--workers",
        ),
        Setting(
            "access_log",
            LogFile(texts.place, "FILE"),
            'File for one line per reply in the combined format; "-" is standard output.',
            "who asked for what is not kept until somebody decides to",
            "--access-log",
            '"access.log"',
        ),
        Setting(
            "error_log",
            LogFile(texts.place, "FILE"),
            'File for what goes wrong; "-" is standard error, as if not set.',
            "standard error is seen by whoever started the server",
            "--error-log",
            '"error.log"',
        ),
    ),
)

WORKER = Section(
    "worker",
    Config(),
    "What each worker holds at once.",
    (
        Setting(
            "connections",
            COUNT,
            "Open connections; more have to wait.",
            "far more than a busy site sees at once, and a flood has an end",
            "--max-connections",
        ),
        Setting(
            "programs",
            Whole(1, 256),
            "Programs that run at once; more have to wait.",
            "a program is a process: many more would crowd a small machine",
            "--max-programs",
        ),
        Setting(
            "backlog",
            Whole(1, 65535),
            "Connections that the system holds ready before they are accepted.",
            "a burst of a thousand is not refused; Linux allows no more than net.core.somaxconn",
        ),
        Setting(
            "cached_files",
            Whole(0, 1_000_000),
            "Small files kept in memory, each checked for changes before it is used.",
            "most sites have fewer pages that are asked for often",
        ),
        Setting(
            "cached_file_size",
            Whole(0, 2**30),
            "Octets of the largest file that is kept in memory.",
            "larger ones are sent from disk without copying; 512 such files are 32 MiB at most",
        ),
        Setting(
            "cached_replies",
            Whole(0, 1_000_000),
            "Complete replies remembered for equal requests within a second; 0 remembers none.",
            "a second sees few different requests, and an entry is small",
        ),
        Setting(
            "bodies",
            Whole(1, 2**40),
            "Octets of content that all requests together may hold; more is answered 503.",
            "many uploads at once fit, and a crowd of them does not use up the memory",
        ),
    ),
)

LIMITS = Section(
    "limits",
    Limits(),
    "How much of a request is taken in, in octets where not said otherwise.",
    (
        Setting(
            "request_line",
            SIZE,
            "A longer request line is answered 414.",
            "twice what RFC 9112 3 asks every server to take",
            "--max-request-line",
        ),
        Setting(
            "head",
            SIZE,
            "A longer head is answered 431.",
            "cookies and credentials fit many times over, and a worker full of heads still fits in memory",
            "--max-head",
        ),
        Setting(
            "fields",
            COUNT,
            "More fields than so many are answered 431.",
            "browsers send some twenty; a flood of tiny fields costs time",
            "--max-fields",
        ),
        Setting(
            "body",
            SIZE,
            "A longer body is answered 413.",
            "forms and pictures fit, and bodies are held in memory",
            "--max-body",
        ),
        Setting(
            "empty_lines",
            Whole(0, 1000),
            "Empty lines overlooked before a request line; more are answered 400.",
            "RFC 9112 2.2 asks for one at least; old clients sent one after a body, and who sends many is no client",
        ),
    ),
)

TIMEOUTS = Section(
    "timeouts",
    Timeouts(),
    "How long is waited for what, in seconds.",
    (
        Setting(
            "idle",
            SECONDS,
            "A connection on which no request begins is closed.",
            "readers follow a link within it; idle connections cost memory",
            "--idle-timeout",
        ),
        Setting(
            "head",
            SECONDS,
            "A head that is not complete so long after its first octet is answered 408.",
            "slow networks deliver one within seconds; who drips octets is stopped",
            "--head-timeout",
        ),
        Setting(
            "body",
            SECONDS,
            "A body of which nothing arrives for so long is answered 408.",
            "long enough for a network's hiccup",
            "--body-timeout",
        ),
        Setting(
            "write",
            SECONDS,
            "A client that takes nothing of its reply for so long is dropped.",
            "as above, and a phone may change networks meanwhile",
            "--write-timeout",
        ),
        Setting(
            "linger",
            SECONDS,
            "After a last reply, the client gets so long to close first.",
            "closing at once may destroy a reply under way, RFC 9112 9.6; a few round trips are enough",
            "--linger-timeout",
        ),
        Setting(
            "program",
            SECONDS,
            "A program that writes nothing for so long is killed.",
            "nobody waits longer for a page",
            "--program-timeout",
        ),
        Setting(
            "grace",
            SECONDS,
            "At the end, replies under way may go on for so long.",
            "most replies take far less, and whoever stops a server does not like to wait",
            "--grace-timeout",
        ),
    ),
)

RATES = Section(
    "rates",
    Rates(),
    "Octets per second that a client must reach on the average, once the timeout of the same name has passed.",
    (
        Setting("body", Whole(0, 2**30), "Slower bodies are answered 408; 0 bears any.", "slower than old modems"),
        Setting("write", Whole(0, 2**30), "Slower readers are dropped; 0 bears any.", "slower than old modems"),
    ),
)
