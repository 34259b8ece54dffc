"""The graph: who follows whom.

Guarantees: an edge exists once; following and unfollowing are idempotent; counts equal edges.
Refuses: following oneself or nobody.
"""
