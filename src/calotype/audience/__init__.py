"""The audience: who may see what. One rule, in batches, used by every read.

Guarantees: a stranger sees what is public, a follower what is for followers, an author their own.
Refuses: to say whether something exists that the viewer may not see.
"""
