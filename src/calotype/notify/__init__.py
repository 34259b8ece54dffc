"""Notices: what a person is told, kept for a while and streamed live.

Guarantees: a notice is kept once for each cause, and a stream that reconnects with the last id it
saw misses none of the last 30 days. Refuses: to be asked by anyone but the person.
"""
