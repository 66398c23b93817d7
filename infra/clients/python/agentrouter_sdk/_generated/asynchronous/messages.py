# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""The operations on messages."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from agentrouter_sdk._generated import inputs, models, operations as api, values
from agentrouter_sdk.asynchronous.group import Group
from agentrouter_sdk.unset import UNSET, Unset


class Messages(Group):
    """The messages of conversations. For integrations and end users."""

    async def create(
        self,
        conversation_id: str,
        content: str,
        *,
        role: values.MessageRole | Unset = UNSET,
        repository_id: str | None | Unset = UNSET,
        filler: inputs.FillerInput | Unset = UNSET,
        metadata: Mapping[str, str] | Unset = UNSET,
        idempotency_key: str | None = None,
    ) -> models.Message:
        """Add a message.

        Needs scope `conversations:write` with an integration key; a user's token needs none, but writes messages of `role:
        "user"` only (else 403). `message_count` and `last_message_at` of the conversation move with it, at once.
        An archived conversation is 409 `conversation-archived`, a suspended tenant 403 `tenant-suspended`. A `repository_id` that
        is not attached to the tenant is 422 at that member. Messages do not change.

        Args:
            conversation_id: The conversation's id.
            content: What is said. 1 byte to 64 KiB (65,536 bytes) of UTF-8; control characters are allowed, but not NUL.
            role: Who speaks. With a user's token `user` only. Default: user.
            repository_id: A repository that is attached to the tenant; the conversation's where omitted, `null` or empty.
            filler: Whether fillers are on. No members is the same as omitted, and so is `null`.
            metadata: At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
            idempotency_key: Makes the call safe to repeat for 24 hours. 1 to 255 printable ASCII characters without a comma; a
                UUID will do. Another payload under the same key is 409 `idempotency-key-conflict`.
        """
        return await self._call(api.CREATE_MESSAGE, conversation_id, body={"content": content, "role": role, "repository_id": repository_id, "filler": filler, "metadata": metadata}, idempotency_key=idempotency_key)

    async def list(
        self,
        conversation_id: str,
        *,
        limit: int | None = None,
        starting_after: str | None = None,
        ending_before: str | None = None,
        order: values.SortOrder | None = None,
    ) -> models.MessagePage:
        """List the messages of a conversation.

        Needs scope `conversations:read_all` with an integration key; a user's token needs none. Oldest first, or newest first
        with `order=desc`. Give `starting_after` or `ending_before`; both are 400 `malformed-request`. A page ends early at 4 MiB
        or when the store is slow.

        Args:
            conversation_id: The conversation's id.
            limit: At most this many rows, 1 to 100; 20 where absent.
            starting_after: Rows after this position. Any well-formed message id will do, whether or not it exists; empty is the
                same as absent.
            ending_before: Rows before this position, in list order; `has_more` and `next_cursor` then speak of the rows before
                them. Any well-formed message id will do; empty is the same as absent.
            order: `asc` (where absent): oldest first; `desc`: newest first.
        """
        return await self._call(api.LIST_MESSAGES, conversation_id, query={"limit": limit, "starting_after": starting_after, "ending_before": ending_before, "order": order})

    def list_all(
        self,
        conversation_id: str,
        *,
        limit: int | None = None,
        order: values.SortOrder | None = None,
    ) -> AsyncIterator[models.Message]:
        """List the messages of a conversation, all of them: iterates over the pages.

        Needs scope `conversations:read_all` with an integration key; a user's token needs none. Oldest first, or newest first
        with `order=desc`. Give `starting_after` or `ending_before`; both are 400 `malformed-request`. A page ends early at 4 MiB
        or when the store is slow.

        Args:
            conversation_id: The conversation's id.
            limit: At most this many rows, 1 to 100; 20 where absent.
            order: `asc` (where absent): oldest first; `desc`: newest first.
        """
        return self._rows(api.LIST_MESSAGES, models.Message, conversation_id, query={"limit": limit, "order": order})
