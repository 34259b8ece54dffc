"""The feed: everyone's own page of what the people they follow have published.

Guarantees: paged without gap or repeat while posts arrive; what may not be seen any more is left
out at the next read; the round trips of a read do not grow with anything. Refuses: to be the only
place where a post is known. Timelines can be rebuilt.
"""
