"""Posts: created, processed, published, withdrawn.

Guarantees: an acknowledged post and its originals are durable; a post is published whole or not
at all; every state it is in was reached by a legal move. Refuses: to lose a failure. The author
is told how it ended, with the reason.
"""
