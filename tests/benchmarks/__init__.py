"""Speed and memory, beside other tools that do the same: `python -m tests.benchmarks`.

Absolute times say little about another machine. So all that are compared take turns in one run,
and what counts is the ratio of their medians.
"""
