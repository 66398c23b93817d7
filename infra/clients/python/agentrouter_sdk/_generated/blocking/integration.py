# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""The operations on integration."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from agentrouter_sdk._generated import inputs, models, operations as api, values
from agentrouter_sdk._generated.blocking.group import Group
from agentrouter_sdk.unset import UNSET, Unset


class Integration(Group):
    """Who the calling integration key is."""

    def get_self(
        self,
    ) -> models.IntegrationPrincipal:
        """Get the calling key's own identity.

        Needs no scope.
        """
        return self._call(api.GET_INTEGRATION_SELF)
