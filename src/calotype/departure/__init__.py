"""Departure: someone takes along what is theirs, or deletes their account.

Guarantees: from the moment of the answer the account is unusable and its posts are out of sight;
what it wrote is then removed from every room, whatever is killed meanwhile, and what is left is a
tombstone with the bare id and salted hashes of its usernames. Refuses: to know what a room keeps.
Each forgets by itself.
"""
