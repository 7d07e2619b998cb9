"""From a configuration file and the command line to a `config.Service`, and back to a file that explains itself.

    table       every setting once: its kind, its meaning, the reason of its default, its option
    kinds       what kinds of values there are: read from TOML, parsed from an option, shown as TOML
    texts       what a host name, a path, a Cache-Control value … has to look like
    positions   on which line of a TOML document each key stands
    users       files of names and passwords
    problems    what is wrong, and where; all of it at once
    reading     file and options to `Service`
    conflicts   what fits by itself but not together
    showing     `Service` to TOML

No part of the server that serves imports any of this.

>>> from reference_server.settings import load, show
>>> service = load("server.toml")    # doctest: +SKIP
>>> print(show(service))             # doctest: +SKIP
"""

from reference_server.settings.overrides import Overrides
from reference_server.settings.reading import load
from reference_server.settings.showing import show

__all__ = ["Overrides", "load", "show"]
