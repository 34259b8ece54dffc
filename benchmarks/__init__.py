"""Benchmarks as code: `make bench NAME=...`."""
