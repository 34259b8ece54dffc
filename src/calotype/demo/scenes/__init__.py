"""Painted scenes: a picture for a kind and a seed, on libvips and Pillow, without any file."""
