"""Events: what happened, told to every room that wants to know.

Guarantees: an event appended in a transaction is delivered to every group that subscribes to its
kind if and only if that transaction committed, at least once, in order per key. Refuses: to carry
state that a handler could read fresh, since events may come late and twice.
"""
