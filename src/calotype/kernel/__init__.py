"""The pure core: ids, clock, paging, errors and state graphs.

Guarantees: no input or output, no client library, nothing imported from another room.
"""
