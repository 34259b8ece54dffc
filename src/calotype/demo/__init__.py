"""A believable community for an empty place, to look at and to try things on.

Guarantees: what the seed decides (people, texts, pictures, follows, the rhythm of posts) is the
same on every run; ids, keys and passwords are not. Everything goes through the use cases that
people's own requests go through. Refuses: a place that somebody lives in.
"""
