# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""The operations on integration."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from agentrouter_sdk._generated import inputs, models, operations as api, values
from agentrouter_sdk.asynchronous.group import Group
from agentrouter_sdk.unset import UNSET, Unset


class Integration(Group):
    """Who the calling integration key is."""

    async def get_self(
        self,
    ) -> models.IntegrationPrincipal:
        """Get the calling key's own identity.

        Needs no scope.
        """
        return await self._call(api.GET_INTEGRATION_SELF)
