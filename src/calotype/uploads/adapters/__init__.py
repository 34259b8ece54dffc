"""Uploads on engines."""
