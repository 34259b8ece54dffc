"""Ranking: in which order candidates deserve to be seen.

Guarantees: a score for every candidate, from the candidates alone, in bounded time. Refuses: to
read or write anything; what a ranker knows is in its arguments.
"""
