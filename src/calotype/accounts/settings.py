"""What an operator may choose about accounts."""

from typing import Literal

import msgspec


class AccountSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Defaults that suit one laptop and a fleet alike.

    Attributes:
        registration: `open` to everyone, by `invitation` only, or `auto`: open where the server
            listens on a loopback address, by invitation everywhere else.
        argon2_memory_kib: KiB of memory for one password hash. OWASP's list of equal strengths: 46 MiB
            and one pass, 19 MiB and two, 12 MiB and three. At most two hashes run at once. Blocks
            above 32 MiB go back to the system after each hash (measured: +0 MiB), smaller ones
            stay with the process (19 MiB: +38).
        argon2_passes: passes of a password hash over its memory.
        argon2_lanes: lanes of one hash; one, since two hashes already share the cores.
        access_token_s: life of an access token, in seconds.
        refresh_token_s: disuse after which a refresh token expires, in seconds.
        refresh_grace_s: how long a used refresh token is honoured again, in seconds: two tabs of
            one browser refresh at the same moment.
        invitation_s: life of an invitation, in seconds.
        held_name_s: how long a username that was given up, by a change or with the account, is
            kept from others, in seconds; 30 days.
        cached_tokens: how many verified access tokens a process remembers (about 1 KB each).
    """

    registration: Literal["auto", "open", "invitation"] = "auto"
    argon2_memory_kib: int = 47_104
    argon2_passes: int = 1
    argon2_lanes: int = 1
    access_token_s: int = 900
    refresh_token_s: int = 30 * 86_400
    refresh_grace_s: int = 30
    invitation_s: int = 7 * 86_400
    held_name_s: int = 30 * 86_400
    cached_tokens: int = 10_000
