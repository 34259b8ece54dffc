"""Benchmarks as code: `make bench` lists them, `make bench NAME=photo` runs one.

A benchmark is a module here with a `DESCRIPTION` (one line) and `run(report)`. It makes its own
data from fixed seeds, measures its ceiling in the same run, since machines differ, and reports
each figure as one line of JSON. Heavy imports belong into `run`.
"""
