"""What the HTTP edge asks of clients, and whom it believes."""

import msgspec


class RateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many requests are answered; 0 is any number. What was spent comes back evenly.

    A person who scrolls makes 30 to 60 requests a minute, one who uploads a carousel fewer. Many
    people may share an address, so an address may do more than an account. An IPv6 address is
    its /64, what one household gets.

    Attributes:
        account: requests a minute of one account.
        address: requests a minute of one address, whoever asks.
        media: media files a minute of one address: a page shows dozens of them.
        log_in_address: log-ins an hour from one address.
        log_in_name: log-ins an hour with one name, right or wrong, from everywhere. A stranger
            can use them up, and a person waits a minute then; guessing 60 passwords an hour
            finds none.
        registration_address: registrations an hour from one address.
        registration_name: tries an hour to register one name.
        refresh_address: refreshes an hour from one address.
        refresh_session: refreshes an hour of one session.
        remembered: how many addresses, accounts or names each of these remembers, about 150
            bytes each; beyond that the longest unseen are forgotten.
    """

    account: int = 3_000
    address: int = 6_000
    media: int = 30_000
    log_in_address: int = 1_200
    log_in_name: int = 60
    registration_address: int = 600
    registration_name: int = 30
    refresh_address: int = 3_600
    refresh_session: int = 120
    remembered: int = 20_000


class WebSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Defaults for a server that clients reach directly.

    Attributes:
        trusted_proxies: addresses and networks whose X-Forwarded-For and X-Forwarded-Proto are
            believed, such as 127.0.0.1 or 10.0.0.0/8; nobody's by default.
        origins: web origins that may read the API from other pages (CORS), such as
            https://app.example; none by default.
        metrics_token: who sends it as a Bearer token may read /metrics from anywhere; without it
            only this machine may.
        request_s: seconds a request may take in all, but for uploads, streams and media.
        stall_s: seconds that a client may take nothing of what it asked for.
        header_s: seconds until the head of a request is there; also what a client may take to
            finish sending what was answered already.
        keep_alive_s: seconds that a connection may idle between requests.
        max_connections: open connections at once; no more than the system's limit on files allows.
        streams_per_account: live streams of one account at once.
        hot_media_bytes: how much room public media that were just sent may take; 0: none.
    """

    trusted_proxies: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    metrics_token: str = ""
    request_s: float = 30
    stall_s: float = 60
    header_s: float = 15
    keep_alive_s: int = 30
    max_connections: int = 4_000
    streams_per_account: int = 8
    hot_media_bytes: int = 32 * 1024 * 1024
    rates: RateSettings = RateSettings()
