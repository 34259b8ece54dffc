"""The command line: run Calotype, look after it, use it by hand."""
