"""Stores of blobs: a directory today."""
