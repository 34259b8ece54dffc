"""Who may be shown which posts: the audience rule as tests state it, and by what each operation.

An operation that is not declared in `OPERATIONS` fails test_audience_walk.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from calotype.posts.post import Post
from tests.inprocess import Visitor


class Role(StrEnum):
    STRANGER = "stranger"
    OTHER = "other"  # logged in, no follower
    FORMER = "former follower"
    FOLLOWER = "follower"
    OWNER = "owner"


class Kind(StrEnum):
    PUBLIC = "public"
    FOLLOWERS = "followers-only"
    PROCESSING = "processing"  # its first photo is ready, its second is not
    ARCHIVED = "archived"


EVERYONE = frozenset(Role)
FOLLOWERS = frozenset({Role.FOLLOWER, Role.OWNER})
OWNER = frozenset({Role.OWNER})
NOBODY: frozenset[Role] = frozenset()

Cast = Mapping[Role, Visitor]
Shown = Mapping[Kind, frozenset[Role]]
# The audience rule.
MAY_SEE: Shown = {
    Kind.PUBLIC: EVERYONE,
    Kind.FOLLOWERS: FOLLOWERS,
    Kind.PROCESSING: OWNER,
    Kind.ARCHIVED: OWNER,
}


@dataclass(frozen=True)
class Reads:
    """Shows a post to these; `hidden` is the status that others are answered with."""

    shown: Shown
    hidden: int
    needs_login: bool = False
    query: Callable[[Post], dict[str, str]] = lambda _post: {}
    bodiless: bool = False
    status: int = 200
    json: Any = None


@dataclass(frozen=True)
class Changes:
    """Changes a post for its owner, who is answered with a status by kind; 404 for all others."""

    owner: Mapping[Kind, int]
    json: Any = None


@dataclass(frozen=True)
class Silent:
    """Says nothing about any post to anyone."""

    needs_login: bool = False
    json: Any = None
    endless: bool = False


def _owner(public: int, followers: int, processing: int, archived: int) -> dict[Kind, int]:
    return dict(zip(Kind, (public, followers, processing, archived), strict=True))


_TOKEN = {"refreshToken": "none"}
_PROFILE: Shown = {**MAY_SEE, Kind.ARCHIVED: NOBODY}
_NONE: Shown = dict.fromkeys(Kind, NOBODY)
_FEED: Shown = {**_PROFILE, Kind.PUBLIC: FOLLOWERS}

OPERATIONS: dict[str, Reads | Changes | Silent] = {
    "getPost": Reads(MAY_SEE, hidden=404),
    "getPosts": Reads(MAY_SEE, hidden=200, query=lambda post: {"ids": str(post.post_id)}),
    "getProfile": Reads(_PROFILE, hidden=200),
    "readFeed": Reads(_FEED, hidden=200, needs_login=True),
    "explore": Reads({**_NONE, Kind.PUBLIC: EVERYONE}, hidden=200),
    "exportMe": Reads(dict.fromkeys(Kind, OWNER), hidden=200, needs_login=True),
    "getMedia": Reads(MAY_SEE, hidden=404),
    "headMedia": Reads(MAY_SEE, hidden=404, bodiless=True),
    "editPost": Changes(_owner(200, 200, 200, 200), json={"tags": ["edited"]}),
    "withdrawPost": Changes(_owner(200, 200, 200, 200)),
    "restorePost": Changes(_owner(200, 200, 409, 200)),
    "purgePost": Changes(_owner(409, 409, 409, 200)),
    "retryPost": Changes(_owner(409, 409, 200, 409)),
    "dropMedium": Changes(_owner(409, 409, 200, 409)),
    "likePost": Reads(MAY_SEE, hidden=404, needs_login=True, bodiless=True),
    "unlikePost": Reads(MAY_SEE, hidden=404, needs_login=True, bodiless=True),
    "savePost": Reads(MAY_SEE, hidden=404, needs_login=True, bodiless=True),
    "unsavePost": Reads(MAY_SEE, hidden=404, needs_login=True, bodiless=True),
    "listLikes": Reads(MAY_SEE, hidden=404, bodiless=True),
    "listComments": Reads(MAY_SEE, hidden=404),
    "addComment": Reads(
        MAY_SEE, hidden=404, needs_login=True, bodiless=True, status=201, json={"text": "x"}
    ),
    "likeComment": Reads(MAY_SEE, hidden=404, needs_login=True, bodiless=True),
    "unlikeComment": Reads(MAY_SEE, hidden=404, needs_login=True, bodiless=True),
    "editComment": Changes(_owner(200, 200, 200, 200), json={"text": "x"}),
    "deleteComment": Changes(_owner(204, 204, 204, 204)),
    # What they list is the matter of tests/web/test_engagement.py.
    "listLiked": Silent(needs_login=True),
    "listSaved": Silent(needs_login=True),
    "listNotifications": Silent(needs_login=True),
    "countNotifications": Silent(needs_login=True),
    "readNotifications": Silent(needs_login=True, json={"upTo": "1"}),
    "reportImpressions": Silent(needs_login=True, json={"impressions": []}),
    "createPost": Silent(needs_login=True),
    "listFilters": Silent(),
    "countNewer": Silent(needs_login=True),
    "createUpload": Silent(needs_login=True, json={"bytes": 1}),
    "getUpload": Silent(needs_login=True),
    "deleteUpload": Silent(needs_login=True),
    "sendUpload": Silent(),
    "stream": Silent(needs_login=True, endless=True),
    "listSessions": Silent(needs_login=True),
    "endSession": Silent(needs_login=True),
    "follow": Silent(needs_login=True),
    "unfollow": Silent(needs_login=True),
    "findPeople": Silent(needs_login=True),
    "suggestPeople": Silent(needs_login=True),
    "listFollowers": Silent(),
    "listFollowing": Silent(),
    "getMe": Silent(needs_login=True),
    "editMe": Silent(needs_login=True, json={}),
    "deleteMe": Silent(needs_login=True, json={"password": "x"}),
    "changePassword": Silent(needs_login=True, json={"old": "x", "new": "x"}),
    "replaceAvatar": Silent(needs_login=True),
    "removeAvatar": Silent(needs_login=True),
    "viewPlace": Silent(needs_login=True),
    "listDeadLetters": Silent(needs_login=True),
    "replayDeadLetter": Silent(needs_login=True),
    "register": Silent(json={"username": "x", "password": "x"}),
    "logIn": Silent(json={"username": "x", "password": "x"}),
    "refresh": Silent(json=_TOKEN),
    "logOut": Silent(json=_TOKEN),
    "live": Silent(),
    "ready": Silent(),
}
# Pages and documents outside the API's own document; they know of no post.
_PAGES = {"/", "/metrics", "/setup", "/schema", "/schema/openapi.json", "/schema/{path}"}
# The web client's own, which test_site.py walks; and what tus answers to whom is in test_tus.py.
_CLIENT = {"/{path}", "/p/{post_id}"}
_TUS = {"/api/v1/uploads/tus", "/api/v1/uploads/tus/{upload_id}"}
UNDOCUMENTED = _PAGES | _CLIENT | _TUS
