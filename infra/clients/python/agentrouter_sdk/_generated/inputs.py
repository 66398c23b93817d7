# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""What is sent: the types of arguments that are objects."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from agentrouter_sdk._generated.values import (
    ConversationStatus,
    IntegrationScope,
    MessageRole,
    RepositoryProvider,
    RuntimeMode,
    TenantStatus,
    UserStatus,
)
from typing_extensions import NotRequired


class RequestLimitsInput(TypedDict):
    """
    The limits of a customer's requests, replaced as a whole; `null` for none.
    """

    requests_per_second: int
    """
    The tokens that a bucket gets in a second.
    """
    burst: NotRequired[int]
    """
    The tokens of a full bucket. As `requests_per_second`, if absent.
    """


class KeyRotation(TypedDict):
    """
    How to rotate a key.
    """

    overlap_seconds: NotRequired[int]
    """
    For how many seconds the old key stays good: 0 (where omitted) to 604,800, which is 7 days.
    """
    expires_at: NotRequired[datetime | None]
    """
    When the new key ends, in the future. RFC 3339 with any offset, but no leap second; shown in UTC, digits past the millisecond are cut. Never where `null`. Where omitted, the old key's lifetime as given at its creation, counted from now.
    """


class TenantSettingsInput(TypedDict):
    """
    Settings to store, as a whole. Members that are missing take their default, whatever they were before.
    """

    filler_enabled: NotRequired[bool]
    """
    Whether fillers are on. Default: true.
    """
    default_agent_type: NotRequired[str]
    """
    The kind of agent, an open set. 1 to 64 characters. Default: claude-agent-sdk.
    """
    max_sticky_ttl_seconds: NotRequired[int]
    """
    The longest sticky lease, 60 to 86,400 seconds. Default: 3600.
    """
    max_concurrent_sticky: NotRequired[int]
    """
    How many sticky leases at once, 0 to 1,000. Default: 5.
    """


class TenantCreation(TypedDict):
    """
    A tenant to create.
    """

    name: NotRequired[str | None]
    """
    For people. At most 255 characters.
    """
    external_id: NotRequired[str | None]
    """
    The integration's own id. White space around it is removed; then 1 to 255 characters without `?`, and not `.` or `..`. Not the empty text, but `null` is the same as omitted.
    """
    settings: NotRequired[TenantSettingsInput]
    metadata: NotRequired[dict[str, str]]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """


class TenantUpsert(TypedDict):
    """
    What the tenant shall have. Omitted members stay, or are unset on a new tenant; `null` clears.
    """

    name: NotRequired[str | None]
    """
    For people. At most 255 characters.
    """
    default_repository_id: NotRequired[str | None]
    """
    A repository that is attached to this tenant, or `null` (or empty) for none.
    """
    settings: NotRequired[TenantSettingsInput]
    metadata: NotRequired[dict[str, str]]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """


class RepositoryPatch(TypedDict):
    """
    What to change of a repository. Omitted members stay, `null` clears.
    """

    name: NotRequired[str]
    """
    Unique per customer. 1 to 255 characters.
    """
    branch: NotRequired[str]
    """
    1 to 255 characters.
    """
    credential_id: NotRequired[str | None]
    """
    What a scanner uses to sign in. Not looked up. Empty means `null`.
    """
    metadata: NotRequired[dict[str, str]]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """


class AttachmentOptions(TypedDict):
    """
    What the attachment shall be. Omitted members stay, or are `false` and `null` on a new one.
    """

    is_default: NotRequired[bool]
    """
    `true` makes it the tenant's default in place of another; `false` clears the default where it is this one.
    """
    branch_override: NotRequired[str | None]
    """
    The branch for this tenant, at most 255 characters; `null` for the repository's own.
    """


class UserUpsert(TypedDict):
    """
    What the user shall have. Omitted members stay, or are unset on a new user; `null` clears.
    """

    email: NotRequired[str | None]
    """
    At most 320 characters, with an `@` that is neither first nor last. Empty means `null`.
    """
    display_name: NotRequired[str | None]
    """
    For people. At most 255 characters.
    """
    role_ids: NotRequired[list[str]]
    """
    The user's roles, of its tenant. A set of at most 20, replaced as a whole.
    """
    default_repository_id: NotRequired[str | None]
    """
    A repository that is attached to the user's tenant, or `null` (or empty) for none.
    """
    metadata: NotRequired[dict[str, str]]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """


class RoleCreation(TypedDict):
    """
    A role to create.
    """

    name: str
    """
    Unique per tenant. 1 to 255 characters.
    """
    description: NotRequired[str | None]
    """
    For people. At most 2,000 characters.
    """
    repository_id: NotRequired[str | None]
    """
    A repository that is attached to the role's tenant, or `null` (or empty) for none.
    """
    metadata: NotRequired[dict[str, str]]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """


class RolePatch(TypedDict):
    """
    What to change of a role. Omitted members stay, `null` clears.
    """

    name: NotRequired[str]
    """
    Unique per tenant. 1 to 255 characters.
    """
    description: NotRequired[str | None]
    """
    For people. At most 2,000 characters.
    """
    repository_id: NotRequired[str | None]
    """
    A repository that is attached to the role's tenant, or `null` (or empty) for none.
    """
    metadata: NotRequired[dict[str, str]]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """


class TokenExchange(TypedDict):
    """
    The user to make a token for.
    """

    tenant_external_id: str
    """
    The integration's own id of the tenant. White space around it is removed; then 1 to 255 characters without `?`, and not `.` or `..`.
    """
    user_external_id: str
    """
    The integration's own id of the user within the tenant. White space around it is removed; then 1 to 255 characters without `?`, and not `.` or `..`.
    """
    ttl_seconds: NotRequired[int]
    """
    For how many seconds the token is good, 60 to 3,600. Default: 900.
    """


class FillerInput(TypedDict):
    """
    Whether fillers are on. No members is the same as omitted, and so is `null`.
    """

    enabled: NotRequired[bool]


class CustomerCreation(TypedDict):
    """
    A customer to create.
    """

    customer_id: str
    """
    The operator's own name for a customer. 1 to 63 characters, a lower-case letter first, then lower-case letters, digits and hyphens, not ending in a hyphen. Immutable.
    """
    display_name: NotRequired[str | None]
    """
    For people. At most 255 characters.
    """
    description: NotRequired[str | None]
    """
    For people. At most 2,000 characters.
    """
    labels: NotRequired[dict[str, str]]
    """
    At most 64 labels. Keys are a lower-case letter and up to 62 of `a-z 0-9 _ . -`, values at most 63 characters. Replaced as a whole.
    """
    limits: NotRequired[RequestLimitsInput | None]


class CustomerPatch(TypedDict):
    """
    What to change of a customer. Omitted members stay, `null` clears.
    """

    customer_id: NotRequired[str]
    """
    This customer's slug or `cust_` id, which is ignored; any other is 422.
    """
    display_name: NotRequired[str | None]
    """
    For people. At most 255 characters.
    """
    description: NotRequired[str | None]
    """
    For people. At most 2,000 characters.
    """
    labels: NotRequired[dict[str, str]]
    """
    At most 64 labels. Keys are a lower-case letter and up to 62 of `a-z 0-9 _ . -`, values at most 63 characters. Replaced as a whole.
    """
    limits: NotRequired[RequestLimitsInput | None]


class KeyCreation(TypedDict):
    """
    A key to create.
    """

    name: str
    """
    1 to 255 characters. Need not be unique.
    """
    scopes: NotRequired[list[IntegrationScope]]
    """
    A set, in any order; all scopes where omitted. `[]` makes a key that only reads.
    """
    expires_at: NotRequired[datetime | None]
    """
    When the key ends, in the future. RFC 3339 with any offset, but no leap second; shown in UTC, digits past the millisecond are cut. Never where omitted or `null`.
    """


class TenantPatch(TypedDict):
    """
    What to change of a tenant. Omitted members stay, `null` clears.
    """

    name: NotRequired[str | None]
    """
    For people. At most 255 characters.
    """
    status: NotRequired[TenantStatus]
    default_repository_id: NotRequired[str | None]
    """
    A repository that is attached to this tenant, or `null` (or empty) for none.
    """
    settings: NotRequired[TenantSettingsInput]
    metadata: NotRequired[dict[str, str]]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """


class RepositoryRegistration(TypedDict):
    """
    A repository to register.
    """

    name: str
    """
    Unique per customer. 1 to 255 characters.
    """
    repo_url: str
    """
    An absolute URI of at most 2,048 RFC 3986 characters. Scheme https, http, ssh or git; a host; a port up to 65,535 if any; no fragment; no user or password, but ssh may name a user.

    """
    branch: NotRequired[str]
    """
    1 to 255 characters. Default: main.
    """
    provider: NotRequired[RepositoryProvider]
    """
    Where the repository is hosted. Default: generic.
    """
    credential_id: NotRequired[str | None]
    """
    What a scanner uses to sign in. Not looked up. Empty means `null`.
    """
    metadata: NotRequired[dict[str, str]]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """


class UserPatch(TypedDict):
    """
    What to change of a user. Omitted members stay, `null` clears.
    """

    email: NotRequired[str | None]
    """
    At most 320 characters, with an `@` that is neither first nor last. Empty means `null`.
    """
    display_name: NotRequired[str | None]
    """
    For people. At most 255 characters.
    """
    status: NotRequired[UserStatus]
    role_ids: NotRequired[list[str]]
    """
    The user's roles, of its tenant. A set of at most 20, replaced as a whole.
    """
    default_repository_id: NotRequired[str | None]
    """
    A repository that is attached to the user's tenant, or `null` (or empty) for none.
    """
    metadata: NotRequired[dict[str, str]]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """


class RuntimeCreation(TypedDict):
    """
    How the agent shall run.
    """

    agent_type: NotRequired[str]
    """
    The kind of agent, an open set. 1 to 64 characters. Default: the tenant's.
    """
    mode: NotRequired[RuntimeMode]
    """
    Whether to lease a sandbox. Default: pooled.
    """
    sticky_ttl_seconds: NotRequired[int | None]
    """
    For how long, with `mode: "sticky"` only: 60 to the tenant's `max_sticky_ttl_seconds`, which is the default.
    """


class RuntimePatch(TypedDict):
    """
    What to change of how the agent runs. Omitted members stay.
    """

    agent_type: NotRequired[str]
    """
    The conversation's own; another one is 422.
    """
    mode: NotRequired[RuntimeMode]
    """
    `sticky` takes a lease where none is running, `pooled` releases it.
    """
    sticky_ttl_seconds: NotRequired[int | None]
    """
    Sets the lease anew from now: 60 to the tenant's `max_sticky_ttl_seconds`. Not for a pooled conversation without `mode: "sticky"`.
    """


class ConversationCreation(TypedDict):
    """
    A conversation to create.
    """

    user_id: NotRequired[str]
    """
    Whose it is. Required with an integration key; with a user's token its own, which may be left out.
    """
    role_id: NotRequired[str | None]
    """
    A role that the user has. `null` (or empty) is the same as omitted.
    """
    repository_id: NotRequired[str | None]
    """
    A repository that is attached to the tenant. `null` (or empty) is the same as omitted.
    """
    title: NotRequired[str | None]
    """
    For people. At most 255 characters.
    """
    runtime: NotRequired[RuntimeCreation]
    filler: NotRequired[FillerInput]
    metadata: NotRequired[dict[str, str]]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """


class ConversationPatch(TypedDict):
    """
    What to change of a conversation. Omitted members stay, `null` clears.
    """

    title: NotRequired[str | None]
    """
    For people. At most 255 characters.
    """
    status: NotRequired[ConversationStatus]
    runtime: NotRequired[RuntimePatch]
    filler: NotRequired[FillerInput]
    metadata: NotRequired[dict[str, str]]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """


class MessageCreation(TypedDict):
    """
    A message to add.
    """

    role: NotRequired[MessageRole]
    """
    Who speaks. With a user's token `user` only. Default: user.
    """
    content: str
    """
    What is said. 1 byte to 64 KiB (65,536 bytes) of UTF-8; control characters are allowed, but not NUL.
    """
    repository_id: NotRequired[str | None]
    """
    A repository that is attached to the tenant; the conversation's where omitted, `null` or empty.
    """
    filler: NotRequired[FillerInput]
    metadata: NotRequired[dict[str, str]]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """
