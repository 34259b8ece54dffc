"""Cache: what may be lost at any moment, at the price of time alone.

Guarantees: bounded memory; what is put may be got until its time is over or room is needed.
Refuses: to be the only place where something is kept.
"""
