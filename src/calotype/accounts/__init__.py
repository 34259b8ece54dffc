"""People: their accounts, names, passwords, sessions, tokens and invitations.

Guarantees: a username or e-mail address belongs to one account, whatever crashes in between; a
password, refresh token or invitation is stored only as a hash; a revoked session is refused at
once in this process and within a second in the others.
Refuses: an owner made by being the first to arrive.
"""
