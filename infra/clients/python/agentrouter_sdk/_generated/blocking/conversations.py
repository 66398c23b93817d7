# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""The operations on conversations."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from agentrouter_sdk._generated import inputs, models, operations as api, values
from agentrouter_sdk._generated.blocking.group import Group
from agentrouter_sdk.unset import UNSET, Unset


class Conversations(Group):
    """The conversations of users. For integrations and end users."""

    def create(
        self,
        user_id: str | Unset = UNSET,
        *,
        role_id: str | None | Unset = UNSET,
        repository_id: str | None | Unset = UNSET,
        title: str | None | Unset = UNSET,
        runtime: inputs.RuntimeCreation | Unset = UNSET,
        filler: inputs.FillerInput | Unset = UNSET,
        metadata: Mapping[str, str] | Unset = UNSET,
        idempotency_key: str | None = None,
    ) -> models.Conversation:
        """Create a conversation.

        Needs scope `conversations:write` with an integration key; a user's token needs none. An integration key names the user in
        `user_id` (required, else 422; an unknown one is 404); with a token it is the token's own, and another one is 403.
        The role is the one given, else the user's only one, else none; a user with several and none given is 422 `role-required`.
        The repository is the one given, else the user's, the role's, the tenant's default, or none.
        `agent_type` and `filler.enabled` come from the tenant's settings where they are not given. All this is decided once and
        never changes with what it came from.
        `mode: "sticky"` takes one of the tenant's leases: 429 `capacity-exhausted` where `max_concurrent_sticky` are running. A
        suspended tenant is 403 `tenant-suspended`, a suspended user 403 `insufficient-scope`.

        Args:
            user_id: Whose it is. Required with an integration key; with a user's token its own, which may be left out.
            role_id: A role that the user has. `null` (or empty) is the same as omitted.
            repository_id: A repository that is attached to the tenant. `null` (or empty) is the same as omitted.
            title: For people. At most 255 characters.
            runtime: How the agent shall run.
            filler: Whether fillers are on. No members is the same as omitted, and so is `null`.
            metadata: At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
            idempotency_key: Makes the call safe to repeat for 24 hours. 1 to 255 printable ASCII characters without a comma; a
                UUID will do. Another payload under the same key is 409 `idempotency-key-conflict`.
        """
        return self._call(api.CREATE_CONVERSATION, body={"user_id": user_id, "role_id": role_id, "repository_id": repository_id, "title": title, "runtime": runtime, "filler": filler, "metadata": metadata}, idempotency_key=idempotency_key)

    def list(
        self,
        *,
        limit: int | None = None,
        starting_after: str | None = None,
        ending_before: str | None = None,
        user_id: str | None = None,
        tenant_id: str | None = None,
        status: values.ConversationStatus | None = None,
    ) -> models.ConversationPage:
        """List conversations.

        Needs scope `conversations:read_all` with an integration key; a user's token needs none. Exactly one of `user_id` and
        `tenant_id`, else 400 `malformed-request`; a token takes its own `user_id` only, and anything else is 403.
        Last activity first: by `last_message_at`, or `created_at` while there is no message. The order may be up to a second old.
        An unknown user or tenant gives an empty list.
        Give `starting_after` or `ending_before`; both are 400. Under the `status` filter a page may be short or even empty with
        `has_more` true. A page ends early at 4 MiB or when the store is slow.

        Args:
            limit: At most this many rows, 1 to 100; 20 where absent.
            starting_after: Rows after this position. An id of a conversation, which marks the place that it has now; an unknown
                one gives an empty page. Empty is the same as absent.
            ending_before: Rows before this position, in list order; `has_more` and `next_cursor` then speak of the rows before
                them. An id of a conversation, which marks the place that it has now; an unknown one gives an empty page. Empty is
                the same as absent.
            user_id: The conversations of this user. With a user's token, its own user.
            tenant_id: The conversations of this tenant. With an integration key only.
            status: Only conversations with this status.
        """
        return self._call(api.LIST_CONVERSATIONS, query={"limit": limit, "starting_after": starting_after, "ending_before": ending_before, "user_id": user_id, "tenant_id": tenant_id, "status": status})

    def list_all(
        self,
        *,
        limit: int | None = None,
        user_id: str | None = None,
        tenant_id: str | None = None,
        status: values.ConversationStatus | None = None,
    ) -> Iterator[models.Conversation]:
        """List conversations, all of them: iterates over the pages.

        Needs scope `conversations:read_all` with an integration key; a user's token needs none. Exactly one of `user_id` and
        `tenant_id`, else 400 `malformed-request`; a token takes its own `user_id` only, and anything else is 403.
        Last activity first: by `last_message_at`, or `created_at` while there is no message. The order may be up to a second old.
        An unknown user or tenant gives an empty list.
        Give `starting_after` or `ending_before`; both are 400. Under the `status` filter a page may be short or even empty with
        `has_more` true. A page ends early at 4 MiB or when the store is slow.

        Args:
            limit: At most this many rows, 1 to 100; 20 where absent.
            user_id: The conversations of this user. With a user's token, its own user.
            tenant_id: The conversations of this tenant. With an integration key only.
            status: Only conversations with this status.
        """
        return self._rows(api.LIST_CONVERSATIONS, models.Conversation, query={"limit": limit, "user_id": user_id, "tenant_id": tenant_id, "status": status})

    def get(
        self,
        conversation_id: str,
        *,
        if_none_match: str | None = None,
    ) -> models.Conversation:
        """Get a conversation.

        Needs scope `conversations:read_all` with an integration key; a user's token needs none. A conversation of another user
        than the token's is 404. The ETag also changes when a lease ends.

        Args:
            conversation_id: The conversation's id.
            if_none_match: Answer 304 where the current ETag is one of these. A list of entity tags, or `*`.
        """
        return self._call(api.GET_CONVERSATION, conversation_id, if_none_match=if_none_match)

    def update(
        self,
        conversation_id: str,
        *,
        title: str | None | Unset = UNSET,
        status: values.ConversationStatus | Unset = UNSET,
        runtime: inputs.RuntimePatch | Unset = UNSET,
        filler: inputs.FillerInput | Unset = UNSET,
        metadata: Mapping[str, str] | Unset = UNSET,
        if_match: str | None = None,
    ) -> models.Conversation:
        """Change a conversation.

        Needs scope `conversations:write` with an integration key; a user's token needs none. `runtime` and `filler` merge member
        by member. `runtime.sticky_ttl_seconds` sets a lease anew from now, under the settings of now; `mode: "pooled"` releases
        it, `mode: "sticky"` takes one,
        or is 429 `capacity-exhausted`. Another `agent_type` than the conversation's own is 422. An archived conversation takes
        only a body with `status: "active"`, else it is 409 `conversation-archived`; that takes no lease.
        A suspended tenant is 403 `tenant-suspended`. A body without members writes nothing.

        Args:
            conversation_id: The conversation's id.
            title: For people. At most 255 characters.
            status: An archived conversation takes no messages. Later versions may add values.
            runtime: What to change of how the agent runs. Omitted members stay.
            filler: Whether fillers are on. No members is the same as omitted, and so is `null`.
            metadata: At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
            if_match: Write only where the current ETag is one of these; else 412. A list of entity tags, or `*` for any version.
                Weak tags never match.
        """
        return self._call(api.UPDATE_CONVERSATION, conversation_id, body={"title": title, "status": status, "runtime": runtime, "filler": filler, "metadata": metadata}, if_match=if_match)

    def archive(
        self,
        conversation_id: str,
        *,
        if_match: str | None = None,
    ) -> None:
        """Archive a conversation.

        Needs scope `conversations:write` with an integration key; a user's token needs none. It releases the lease and ends
        writing; reading goes on. Archiving it again is 204 again. A suspended tenant is 403 `tenant-suspended`. A body is
        ignored.

        Args:
            conversation_id: The conversation's id.
            if_match: Write only where the current ETag is one of these; else 412. A list of entity tags, or `*` for any version.
                Weak tags never match.
        """
        return self._call(api.ARCHIVE_CONVERSATION, conversation_id, if_match=if_match)
