"""Speed and memory, compared with other tools for the same tasks: `python -m tests.benchmarks`.

Absolute times say little about another machine. Therefore the compared commands take turns in one
run, and the ratio of their medians counts.
"""
