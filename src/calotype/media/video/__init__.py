"""Video: from an original as it was uploaded to H.264 and AAC in an MP4 that any browser plays.

Guarantees: renditions are upright, with square pixels, in BT.709, never larger than the original,
free of all metadata, ready to play from their first bytes, and verified before they are reported;
what fits already is copied and not encoded again. Whatever reads an original is a process with
limits on memory, time and what it may open; its end costs one try of one job.
Refuses: what is too long, encrypted, damaged or of an unknown kind, with words for its author.

The children import this package at every start: nothing may be imported here.
"""
