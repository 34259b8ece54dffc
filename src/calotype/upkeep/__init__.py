"""Upkeep: whether what is kept fits together, and how to mend it.

Guarantees: looking changes nothing, holds a page of rows in memory, and may be done while the
server runs: what is under way is looked at twice before it is called a flaw. Mending goes through
the same verbs as the server's own work. Refuses: to guess. What only a backup can bring back is named.
"""
