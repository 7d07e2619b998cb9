"""Reports: what is told of a run, in several forms, each a pure function of its record."""
