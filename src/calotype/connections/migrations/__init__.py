"""Schema migrations: a folder for each database, a numbered file for each step."""
