"""Calotype: a photo and video sharing platform."""
