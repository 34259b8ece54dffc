"""Media: from an original as it was uploaded to the renditions that are served.

Guarantees: renditions are upright, in sRGB, free of all metadata, never larger than the original,
and verified before they are reported; a decoder that dies takes one try of one job with it.
Refuses: what is not a photo, what is damaged, and what is too large to decode safely, each with
words that the author can act on.

Decoders import this package at every start: nothing may be imported here.
"""
