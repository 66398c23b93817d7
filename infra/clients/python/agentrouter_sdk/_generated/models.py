# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""What is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agentrouter_sdk._generated.values import (
    ConversationStatus,
    CustomerState,
    IntegrationScope,
    MessageRole,
    ProblemRetry,
    ProblemSlug,
    RepositoryProvider,
    RuntimeMode,
    SyncState,
    TenantStatus,
    UserStatus,
)
from agentrouter_sdk.answer import Answer


class RequestLimits(Answer):
    """
    The limits of a customer's requests; `null` for none. Each API key has a bucket of tokens of its own; the tokens of its users share one.
    """

    requests_per_second: int
    """
    The tokens that a bucket gets in a second.
    """
    burst: int
    """
    The tokens of a full bucket.
    """


class PageInfo(Answer):
    """
    How to go on.
    """

    next_page_token: str
    """
    Send it as `page.page_token`; empty at the end.
    """


class TenantSettings(Answer):
    """
    How the tenant's agents run. They hold for what is created or leased afterwards.
    """

    filler_enabled: bool
    """
    Whether fillers are on in new conversations.
    """
    default_agent_type: str
    """
    The kind of agent of new conversations. 1 to 64 characters.
    """
    max_sticky_ttl_seconds: int
    """
    The longest sticky lease, in seconds: 60 to 86,400.
    """
    max_concurrent_sticky: int
    """
    How many sticky leases at once: 0 to 1,000.
    """


class Role(Answer):
    """
    What a tenant's users have conversations as.
    """

    object: str
    id: str
    """
    `rol_` and a lower-case ULID.
    """
    tenant_id: str
    """
    `tnt_` and a lower-case ULID.
    """
    name: str
    """
    Unique per tenant. 1 to 255 characters.
    """
    description: str | None
    """
    At most 2,000 characters.
    """
    repository_id: str | None
    """
    The repository of conversations in this role, where neither they nor their user name one.
    """
    metadata: dict[str, str]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """
    created_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """
    updated_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """


class RolePage(Answer):
    """
    One page of roles.
    """

    object: str
    data: list[Role]
    has_more: bool
    """
    Whether there are more rows in the direction of the page.
    """
    next_cursor: str | None
    """
    Send it as the same cursor parameter again; `null` unless `has_more`.
    """


class Token(Answer):
    """
    A token for one user.
    """

    object: str
    token: str
    """
    A JWT (RFC 7519), signed with `EdDSA`. Header: `alg`, `kid`. Claims: `iss` (the base URL of this API), `aud` (`conversations`), `sub` (the user's id), `tenant_id`, `root_tenant_id` (as in `/integration/self`),
    `iat`, `exp` (`expires_at` to the second), `jti`.

    """
    token_type: str
    expires_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """
    tenant_id: str
    """
    `tnt_` and a lower-case ULID.
    """
    user_id: str
    """
    `usr_` and a lower-case ULID.
    """


class Jwk(Answer):
    """
    The public part of a signing key (RFC 7517, RFC 8037).
    """

    kty: str
    """
    The key's type: `OKP`.
    """
    crv: str
    """
    The curve: `Ed25519`.
    """
    x: str
    """
    The public key, base64url.
    """
    kid: str
    """
    The key's id; a token's header has the same.
    """
    alg: str
    """
    The algorithm: `EdDSA`.
    """
    use: str
    """
    What the key is for: `sig`.
    """


class ConversationContext(Answer):
    """
    What was decided when the conversation was created. It never changes.
    """

    role_id: str | None
    """
    The role.
    """
    repository_id: str | None
    """
    The repository. It may have been detached since.
    """


class Filler(Answer):
    """
    Whether fillers are on.
    """

    enabled: bool


class Health(Answer):
    """
    That the deployment answers.
    """

    object: str
    status: str
    version: str
    """
    The deployed version of this service.
    """
    time: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """


class ApiDescription(Answer):
    """
    An OpenAPI 3.1 document.
    """

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]


class ProblemTypeStatus(Answer):
    """
    A status of a kind of problem, and its title there.
    """

    status: int
    title: str


class Fault(Answer):
    """
    One thing that is wrong with a request.
    """

    pointer: str
    """
    An RFC 6901 pointer: a member (`/name`), an item (`/scopes/0`), a map's key (`/labels/KEY`), `/query/NAME`, `/header/NAME`, `/path/NAME`, or empty for the whole.
    """
    message: str
    """
    For people.
    """


class Customer(Answer):
    """
    The root of one integration.
    """

    id: str
    """
    `cust_` and a lower-case ULID.
    """
    customer_id: str
    """
    The operator's own name for a customer. 1 to 63 characters, a lower-case letter first, then lower-case letters, digits and hyphens, not ending in a hyphen. Immutable.
    """
    display_name: str | None
    """
    At most 255 characters.
    """
    description: str | None
    """
    At most 2,000 characters.
    """
    state: CustomerState
    labels: dict[str, str]
    """
    At most 64 labels. Keys are a lower-case letter and up to 62 of `a-z 0-9 _ . -`, values at most 63 characters. Replaced as a whole.
    """
    limits: RequestLimits | None
    created_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """
    updated_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """
    archived_at: datetime | None
    """
    When it was archived; `null` while it is active.
    """


class ListCustomersResponse(Answer):
    """
    One page of customers.
    """

    customers: list[Customer]
    page: PageInfo


class Key(Answer):
    """
    An API key as it is listed, without its secret.
    """

    key_id: str
    """
    `key_` and a lower-case ULID.
    """
    name: str
    """
    What its maker called it.
    """
    scopes: list[IntegrationScope]
    """
    In the order of the enumeration.
    """
    prefix: str
    """
    The public part of the secret, which is before the random part.
    """
    suffix: str
    """
    The last 4 characters of the secret.
    """
    created_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """
    expires_at: datetime | None
    """
    When the key ends; after a rotation, when the overlap does. `null` for never.
    """
    revoked_at: datetime | None
    """
    When it was revoked.
    """


class IssuedKey(Answer):
    """
    An API key in the answer that made it.
    """

    key_id: str
    """
    `key_` and a lower-case ULID.
    """
    name: str
    """
    What its maker called it.
    """
    scopes: list[IntegrationScope]
    """
    In the order of the enumeration.
    """
    prefix: str
    """
    The public part of the secret, which is before the random part.
    """
    suffix: str
    """
    The last 4 characters of the secret.
    """
    created_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """
    expires_at: datetime | None
    """
    When the key ends; after a rotation, when the overlap does. `null` for never.
    """
    revoked_at: datetime | None
    """
    When it was revoked.
    """
    api_key_once: str | None
    """
    The secret, shown this once. `null` in a replay; who lost it revokes the key and makes another.
    """


class KeyList(Answer):
    """
    All keys of a customer that are kept, newest first.
    """

    keys: list[Key]


class IntegrationPrincipal(Answer):
    """
    The calling integration key.
    """

    object: str
    key_id: str
    """
    `key_` and a lower-case ULID.
    """
    name: str
    """
    The key's name.
    """
    root_tenant_id: str
    """
    `tnt_` and the ULID of the customer's `cust_` id. Not itself a tenant that can be read.
    """
    customer_id: str
    """
    The operator's own name for a customer. 1 to 63 characters, a lower-case letter first, then lower-case letters, digits and hyphens, not ending in a hyphen. Immutable.
    """
    scopes: list[IntegrationScope]
    """
    In the order of the enumeration.
    """
    approver_keys: list[str]
    """
    Always empty in this version.
    """


class Tenant(Answer):
    """
    One tenant of a customer.
    """

    object: str
    id: str
    """
    `tnt_` and a lower-case ULID.
    """
    external_id: str | None
    """
    The integration's own id, trimmed; compared byte for byte. Unique per customer, immutable.
    """
    name: str | None
    """
    At most 255 characters.
    """
    status: TenantStatus
    default_repository_id: str | None
    """
    The attached repository that is the default.
    """
    settings: TenantSettings
    metadata: dict[str, str]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """
    created_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """
    updated_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """


class TenantPage(Answer):
    """
    One page of tenants.
    """

    object: str
    data: list[Tenant]
    has_more: bool
    """
    Whether there are more rows in the direction of the page.
    """
    next_cursor: str | None
    """
    Send it as the same cursor parameter again; `null` unless `has_more`.
    """


class RepositorySync(Answer):
    """
    What the last scan found. This service runs no scan itself.
    """

    state: SyncState
    last_synced_at: datetime | None
    """
    When a scan last succeeded.
    """
    error: str | None
    """
    What the last scan failed of.
    """
    skill_count: int
    """
    How many skills the last scan found.
    """


class User(Answer):
    """
    A person or program that a tenant's conversations are with.
    """

    object: str
    id: str
    """
    `usr_` and a lower-case ULID.
    """
    tenant_id: str
    """
    `tnt_` and a lower-case ULID.
    """
    external_id: str
    """
    The integration's own id, trimmed; compared byte for byte. Unique per tenant, immutable.
    """
    email: str | None
    """
    As it was sent. Need not be unique.
    """
    display_name: str | None
    """
    At most 255 characters.
    """
    status: UserStatus
    role_ids: list[str]
    """
    In ascending order.
    """
    default_repository_id: str | None
    """
    The repository of conversations that name none.
    """
    metadata: dict[str, str]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """
    created_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """
    updated_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """


class UserPage(Answer):
    """
    One page of users.
    """

    object: str
    data: list[User]
    has_more: bool
    """
    Whether there are more rows in the direction of the page.
    """
    next_cursor: str | None
    """
    Send it as the same cursor parameter again; `null` unless `has_more`.
    """


class JwkSet(Answer):
    """
    A JWK Set (RFC 7517).
    """

    keys: list[Jwk]


class ConversationRuntime(Answer):
    """
    How the agent runs.
    """

    agent_type: str
    """
    The kind of agent. It never changes.
    """
    mode: RuntimeMode
    sticky_ttl_seconds: int | None
    """
    For how long the lease was taken; `null` while there is none.
    """
    lease_expires_at: datetime | None
    """
    When the lease ends; `null` while there is none.
    """


class Message(Answer):
    """
    A message of a conversation. It never changes.
    """

    object: str
    id: str
    """
    `msg_` and a lower-case ULID.
    """
    conversation_id: str
    """
    `con_` and a lower-case ULID.
    """
    role: MessageRole
    content: str
    """
    What is said.
    """
    repository_id: str | None
    """
    The repository that it is about. It may have been detached since.
    """
    filler: Filler
    metadata: dict[str, str]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """
    created_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """


class MessagePage(Answer):
    """
    One page of messages.
    """

    object: str
    data: list[Message]
    has_more: bool
    """
    Whether there are more rows in the direction of the page.
    """
    next_cursor: str | None
    """
    Send it as the same cursor parameter again; `null` unless `has_more`.
    """


class ProblemType(Answer):
    """
    A kind of problem.
    """

    object: str
    slug: ProblemSlug
    type: str
    """
    The URL that a problem's `type` has here.
    """
    statuses: list[ProblemTypeStatus]
    """
    The statuses that it comes with.
    """
    when: str
    """
    When it is answered.
    """
    retry: ProblemRetry
    action: str
    """
    What to do about it.
    """


class ProblemTypeList(Answer):
    """
    Every kind of problem.
    """

    object: str
    data: list[ProblemType]


class Problem(Answer):
    """
    An RFC 9457 problem.
    """

    type: str
    """
    The deployment's base URL, `/problems/` and the slug. It resolves.
    """
    slug: ProblemSlug
    title: str
    """
    The name of the kind of problem at this status.
    """
    status: int
    """
    The HTTP status.
    """
    detail: str
    """
    For people; not for programs.
    """
    instance: str
    """
    The path of the request, percent-encoded, without its query.
    """
    request_id: str
    """
    `req_` and a lower-case ULID.
    """
    conflicting_resource_id: str | None = None
    """
    The holder of a taken name or external id, or one dependent.
    """
    errors: list[Fault] | None = None
    """
    Every fault that was found, with `validation-error`.
    """


class Repository(Answer):
    """
    A Git repository that the customer registered.
    """

    object: str
    id: str
    """
    `rep_` and a lower-case ULID.
    """
    name: str
    """
    Unique per customer. 1 to 255 characters.
    """
    repo_url: str
    """
    The URL as it was sent.
    """
    branch: str
    """
    1 to 255 characters.
    """
    provider: RepositoryProvider
    credential_id: str | None
    """
    What a scanner uses to sign in.
    """
    sync: RepositorySync
    metadata: dict[str, str]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """
    created_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """
    updated_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """


class RepositoryPage(Answer):
    """
    One page of repositories.
    """

    object: str
    data: list[Repository]
    has_more: bool
    """
    Whether there are more rows in the direction of the page.
    """
    next_cursor: str | None
    """
    Send it as the same cursor parameter again; `null` unless `has_more`.
    """


class Attachment(Answer):
    """
    A repository that a tenant uses.
    """

    object: str
    tenant_id: str
    """
    `tnt_` and a lower-case ULID.
    """
    repository_id: str
    """
    `rep_` and a lower-case ULID.
    """
    is_default: bool
    """
    Whether it is the tenant's `default_repository_id`.
    """
    branch_override: str | None
    """
    The branch for this tenant; the repository's own where `null`.
    """
    repository: Repository
    created_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """
    updated_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """


class AttachmentPage(Answer):
    """
    One page of attachments.
    """

    object: str
    data: list[Attachment]
    has_more: bool
    """
    Whether there are more rows in the direction of the page.
    """
    next_cursor: str | None
    """
    Send it as the same cursor parameter again; `null` unless `has_more`.
    """


class Conversation(Answer):
    """
    A conversation of one user.
    """

    object: str
    id: str
    """
    `con_` and a lower-case ULID.
    """
    tenant_id: str
    """
    `tnt_` and a lower-case ULID.
    """
    user_id: str
    """
    `usr_` and a lower-case ULID.
    """
    title: str | None
    """
    At most 255 characters.
    """
    status: ConversationStatus
    context: ConversationContext
    runtime: ConversationRuntime
    filler: Filler
    metadata: dict[str, str]
    """
    At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
    """
    message_count: int
    """
    How many messages it has.
    """
    last_message_at: datetime | None
    """
    The `created_at` of its last message; `null` while it has none.
    """
    created_at: datetime
    """
    RFC 3339 in UTC with milliseconds.
    """
    updated_at: datetime
    """
    Moved by changes of the conversation, not by messages and not by the end of a lease.
    """


class ConversationPage(Answer):
    """
    One page of conversations.
    """

    object: str
    data: list[Conversation]
    has_more: bool
    """
    Whether there are more rows in the direction of the page.
    """
    next_cursor: str | None
    """
    Send it as the same cursor parameter again; `null` unless `has_more`.
    """
