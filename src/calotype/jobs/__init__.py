"""Jobs: work that must be done once it was promised.

Guarantees: a job enqueued in a committed transaction is tried until it is finished or, after its
last try, lies in the dead letters; at least once, so handlers are idempotent. Refuses: to forget.
"""
