"""The fuzz: generated requests, each of which knows whether it is well formed; Hypothesis finds and shrinks.

Examples are the same in every run and on every machine, and are played as probes like all others, so that a recorded
run holds them and can be judged again.
"""
