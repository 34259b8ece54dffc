"""Blobs: immutable bytes under a key, durable once acknowledged, whole or absent.

Guarantees: create-only writes, a reader never sees half a blob. Refuses: overwriting, keys that
leave the store, and holding a blob in memory.
"""
