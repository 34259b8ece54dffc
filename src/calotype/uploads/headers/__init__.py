"""How each format's header is read, byte by byte, without decoding a pixel."""
