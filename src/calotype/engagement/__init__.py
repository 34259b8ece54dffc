"""Engagement: likes, saves and comments, how many there are, and what they say about people.

Guarantees: what is marked stands on the acting person's shard with its event in one transaction;
what a post shows of it is a projection that any redelivery or reordering leaves right; a storm on
one post costs its row one write a batch (decision 019). Refuses: to show or to take anything about
a post that the one who acts may not see.
"""
