"""Ranking: in which order candidates deserve to be seen.

Guarantees: a score for every candidate, from its features alone, in bounded time; gathering the
features costs two statements a ranking, and a sample of them is logged as served. Refuses: to let
a ranker read anything; what it knows is in its arguments.
"""
