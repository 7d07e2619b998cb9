"""Hypothesis's table of all characters, which every text strategy needs, made without leaving a folder behind.

Hypothesis keeps the table in ``.hypothesis`` below the folder that a program was started in. Who judges a server there
has not asked for that; where the folder exists already, Hypothesis is used by whoever it belongs to, and is at home.
"""

from __future__ import annotations

import os
from functools import cache
from threading import Lock

from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.internal.charmap import charmap, charmap_file

_turn = Lock()


@cache
def prepare() -> None:
    """Make the table, which this process then has; a tenth of a second. Where Hypothesis is at home stays as it is."""
    with _turn:
        home = charmap_file().parents[2]
        if home.exists():
            return
        set_hypothesis_home_dir(os.devnull)  # no folder can be made in it, and Hypothesis does without
        try:
            charmap()
        finally:
            set_hypothesis_home_dir(home)
