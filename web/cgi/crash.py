#!/usr/bin/env python3
"""Dies of an exception before it has printed anything."""

raise RuntimeError("this program dies before its first word, on purpose")
