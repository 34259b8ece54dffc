"""The formats that photos come in, a module each.

A format is recognised by its content, never by a name. Opening reads the header alone; pixels are
decoded when the pipeline asks for them, smaller where the format can do that. What the libraries
know in ways of their own (a profile, an orientation, colour by numbers) leaves this room in one:
as an ICC profile and an EXIF orientation on a libvips image.
"""
