"""The whole tree of errors that rooms raise to each other.

No HTTP status here (web/problems.py maps classes to statuses) and no client-library exception
crosses a port. `code` is stable: clients may branch on it. The message is for people: what was
wrong, what was expected, what to do.
"""

from typing import Any, ClassVar


class CalotypeError(Exception):
    """The root. `details` are facts that a client may show or act on; never secrets."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


def loggable(error: BaseException) -> str:
    """What a log may say of an error: its kind, and its words where they are ours or the system's.

    A library's words may quote people's: a caption that could not be encoded, a name that was taken.
    """
    kind = type(error).__name__
    if isinstance(error, CalotypeError):
        return f"{kind}: {error.message}"
    if isinstance(error, OSError) and error.strerror:
        return f"{kind}: {error.strerror}"
    return kind


class Invalid(CalotypeError):
    """The input breaks a rule; `details["field"]` names the part, where one is to blame."""

    code = "invalid"


class Malformed(Invalid):
    """The request cannot be read at all: broken JSON, multipart or cursor."""

    code = "malformed"


class TooLarge(CalotypeError):
    """More bytes than the limit; `details["limit"]` in bytes."""

    code = "too_large"


class TooSlow(CalotypeError):
    """The client sent its body too slowly to keep the connection open."""

    code = "too_slow"


class RateLimited(CalotypeError):
    """Too many requests; `details["retry_after"]` in seconds, `limit` and `remaining` in requests."""

    code = "rate_limited"


class TooManyUploads(RateLimited):
    """An account has as many unused uploads, or bytes in them, as it may."""

    code = "too_many_uploads"


class TooManyStreams(RateLimited):
    """An account has as many live streams open as it may."""

    code = "too_many_streams"


class Unsupported(CalotypeError):
    """A kind of content that is not accepted here."""

    code = "unsupported_media"


class BadMedia(Invalid):
    """A media file that cannot become a post; its subclasses say why in words for the author."""

    code = "bad_media"


class NotAnImage(BadMedia):
    code = "not_an_image"


class TruncatedImage(BadMedia):
    code = "truncated_image"


class TooManyPixels(BadMedia):
    code = "too_many_pixels"


class BrokenImage(BadMedia):
    code = "broken_image"


class ImpossibleShape(BadMedia):
    """So long and narrow that no rendition can hold it."""

    code = "impossible_shape"


class TooLong(BadMedia):
    """A video or an animation that lasts longer than one may; `details["limit"]` in seconds."""

    code = "too_long"


class NoPictures(BadMedia):
    """A video file without a track of pictures: a sound, or nothing at all."""

    code = "no_pictures"


class BrokenVideo(BadMedia):
    code = "broken_video"


class TruncatedVideo(BadMedia):
    code = "truncated_video"


class ProtectedVideo(BadMedia):
    """Encrypted, so that only the player it was sold for can show it."""

    code = "protected_video"


class UnknownCodec(BadMedia):
    """A container that is known, with pictures in it that cannot be read here."""

    code = "unknown_codec"


class WrongContent(BadMedia):
    """A whole file is not the one that was announced: its SHA-256 is another."""

    code = "checksum_mismatch"


class DamagedChunk(Invalid):
    """A piece of a resumable upload does not have the checksum that came with it."""

    code = "damaged_chunk"


class WrongVersion(CalotypeError):
    """A protocol in a version that is not spoken here."""

    code = "wrong_version"


class Unauthenticated(CalotypeError):
    """No valid credentials came with the request."""

    code = "unauthenticated"


class InvalidCredentials(Unauthenticated):
    """No such person, or not their password; it never says which."""

    code = "invalid_credentials"


class TokenExpired(Unauthenticated):
    """The token was good and its time is over: refresh it, or log in again."""

    code = "token_expired"


class TokenReused(Unauthenticated):
    """A refresh token came back long after its use; its whole session is revoked."""

    code = "token_reused"


class Forbidden(CalotypeError):
    """The credentials are good, the act is not allowed."""

    code = "forbidden"


class CsrfHeaderMissing(Forbidden):
    """A request that would act on a browser's cookie, and may come from another site's page."""

    code = "csrf"


class InvitationRequired(Forbidden):
    """This place is open by invitation only, and none came."""

    code = "invitation_required"


class InvitationRefused(Forbidden):
    """The invitation is unknown, used or expired; it never says which."""

    code = "invitation_refused"


class NotFound(CalotypeError):
    """No such thing, or none that this viewer may know of."""

    code = "not_found"


class Gone(NotFound):
    """It was there and its time is over: begin anew."""

    code = "gone"


class NotReady(NotFound):
    """It will be there soon; `details["retry_after"]` in seconds."""

    code = "not_ready"


class Conflict(CalotypeError):
    """The request does not fit the current state."""

    code = "conflict"


class IllegalMove(Conflict):
    """A state graph has no such edge; `details["state"]` is the current one."""

    code = "illegal_move"


class Busy(Conflict):
    """Somebody else is at it just now."""

    code = "busy"


class WrongOffset(Conflict):
    """A piece does not begin where the upload ends; `details["offset"]` is where it does."""

    code = "wrong_offset"


class NameTaken(Conflict):
    """A unique name belongs to someone else."""

    code = "name_taken"


class AlreadyExists(Conflict):
    """A create-only write met an existing thing."""

    code = "already_exists"


class LastMedium(Conflict):
    """A post without any photo would be none: withdraw the post instead."""

    code = "last_medium"


class InFlight(Conflict):
    """A twin of this request is still being answered; retry after `details["retry_after"]` s."""

    code = "in_flight"


class Damaged(CalotypeError):
    """What is kept is not what it was recorded to be; whoever runs the place has to look."""

    code = "damaged"


class OutOfRange(Invalid):
    """A range that begins behind the end; `details["size"]` is the whole's size in bytes."""

    code = "out_of_range"


class KeyReused(Invalid):
    """An Idempotency-Key came back with another body."""

    code = "idempotency_key_reused"


class Unavailable(CalotypeError):
    """An engine is away or full; `details["retry_after"]` in seconds where a retry may help."""

    code = "unavailable"


class TimedOut(Unavailable):
    """We took longer over the request than one may take; it may or may not have had its effect."""

    code = "timed_out"


class DecoderCrashed(Unavailable):
    """A decoder died, overran its memory or its time; the media may be fine, so a retry may help."""

    code = "decoder_crashed"


class StorageFull(Unavailable):
    """No room to write; nothing was acknowledged."""

    code = "storage_full"


class ReadOnly(Unavailable):
    """What is kept can be read and not written; nothing was acknowledged."""

    code = "read_only"


class Misconfigured(CalotypeError):
    """A setting is wrong; the message names the setting and the fix."""

    code = "misconfigured"


class MigrationFailed(Misconfigured):
    """A schema could not be brought up to date; the database is as it was."""

    code = "migration_failed"
