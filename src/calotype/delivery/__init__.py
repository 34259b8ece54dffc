"""Delivery: media URLs, and the bytes behind them.

Guarantees: a URL of public media never changes and may be cached for a year; one for followers is
signed and ends. Refuses: to answer for what the asker may not see, or to say whether it exists.
"""
