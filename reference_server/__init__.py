"""A small HTTP/1.1 origin server that keeps to RFC 9110, 9112 and 3875; standard library only.

How one request travels from octets to octets:

1. `drivers.server` accepts the connection and waits; `drivers.client` reads what comes and feeds it to
2. `http1.connection`, the pure state machine.  It takes lines off the buffer, has `http1.head` judge the
   request line and each field, `http1.target` the target, `http1.framing` decide where the body ends and
   `http1.body` read it. Out comes a `http1.messages.Request`, or a `Refusal` that says which error the
   client gets.
3. `resources.application.respond` finds what the path names: `semantics.targets` decodes it,
   `resources.paths` walks to the file without ever leaving the document root.  Then `resources.static`,
   `listing`, `the_time` or `cgi` decide on a `Response`, with `semantics.conditional` and
   `semantics.ranges` as judges.  Programs do this in a thread (`drivers.offload`), everything else in the
   loop.
4. `http1.connection.send` fixes the reply's framing and whether the connection stays, `http1.encode` writes
   the head, and `drivers.outbox` sends head and body; then the next request in line has its turn.

Imports point one way only: drivers -> resources -> semantics -> http1.

>>> import reference_server
>>> server = reference_server.serve("web")     # doctest: +SKIP
>>> server.port, server.run()                  # doctest: +SKIP
"""

from reference_server.config import Config, SiteSettings, Timeouts
from reference_server.drivers.server import Server, serve
from reference_server.http1.connection import Limits

__all__ = ["Config", "Limits", "Server", "SiteSettings", "Timeouts", "serve"]
