"""Uploads: files on their way in, checked by their headers and stored while they arrive.

Guarantees: constant memory whatever a file's size, nothing is decoded, a refused request leaves
no blob behind, and what a killed one leaves the sweep removes.
"""
