"""Workers: they do what was promised.

Guarantees: work is finished only behind its effect; a failure is tried again, then buried where
an operator finds it; stopping waits for what is under way. Refuses: to log and go on.
"""
