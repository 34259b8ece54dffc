"""Connections to engines: connect, pool, health. Client libraries stay in here and in adapters."""
