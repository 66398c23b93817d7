# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""The enumerations. An answer may have values that are not named here."""

from typing import Annotated, Literal

from agentrouter_sdk.answer import OPEN

CustomerState = Annotated[Literal["active", "archived"], OPEN]
"""An archived customer is treated as missing until it is restored. Later versions may add values."""
TenantStatus = Annotated[Literal["active", "suspended"], OPEN]
"""A suspended tenant takes no writes of conversations and messages, and gets no tokens. Later versions may add values."""
RepositoryProvider = Annotated[Literal["github", "gitlab", "bitbucket", "azure_devops", "generic"], OPEN]
"""Where the repository is hosted. Later versions may add values."""
SyncState = Annotated[Literal["pending", "syncing", "ready", "error"], OPEN]
"""How far the last scan of the repository is. `pending` until a scanner reports. Later versions may add values."""
UserStatus = Annotated[Literal["active", "suspended"], OPEN]
"""A suspended user gets no token, and no conversation is created for it. Later versions may add values."""
ConversationStatus = Annotated[Literal["active", "archived"], OPEN]
"""An archived conversation takes no messages. Later versions may add values."""
RuntimeMode = Annotated[Literal["pooled", "sticky"], OPEN]
"""`sticky`: a sandbox is leased to the conversation; `pooled`: none is. Later versions may add values."""
MessageRole = Annotated[Literal["user", "assistant", "system"], OPEN]
"""Who speaks. Later versions may add values."""
SortOrder = Annotated[Literal["asc", "desc"], OPEN]
"""The order of a list."""
IntegrationScope = Annotated[Literal["tenants:write", "repositories:write", "users:write", "roles:write", "conversations:read_all", "conversations:write", "tokens:write"], OPEN]
"""What an integration key may do beyond plain reads. Later versions may add values."""
ProblemSlug = Annotated[Literal["validation-error", "role-required", "malformed-request", "insufficient-scope", "tenant-suspended", "not-found", "method-not-allowed", "external-id-conflict", "name-conflict", "resource-in-use", "idempotency-key-conflict", "cross-tenant", "conversation-archived", "precondition-failed", "payload-too-large", "unsupported-media-type", "capacity-exhausted", "rate-limited", "internal-error", "unavailable"], OPEN]
"""A kind of problem. Later versions may add values."""
ProblemRetry = Annotated[Literal["never", "later"], OPEN]
"""`never`: the same request fails again. `later`: it may succeed. Later versions may add values."""
