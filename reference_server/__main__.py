"""`python -m reference_server FOLDER` starts a server; see `cli`."""

from __future__ import annotations

import sys

from reference_server.cli import main

if __name__ == "__main__":
    sys.exit(main())
