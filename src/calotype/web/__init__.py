"""The HTTP edge: requests into verbs, answers and errors into JSON.

Guarantees: every refusal is a problem document with a stable code. Refuses: unbounded requests,
and to decide anything that a room below should.
"""
