# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""The operations on service."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from agentrouter_sdk._generated import inputs, models, operations as api, values
from agentrouter_sdk._generated.blocking.group import Group
from agentrouter_sdk.unset import UNSET, Unset


class Service(Group):
    """Public. Credentials and unknown query parameters are ignored here."""

    def get_health(
        self,
    ) -> models.Health:
        """Whether this deployment answers.

        Touches no store.
        """
        return self._call(api.GET_HEALTH)

    def get_jwks(
        self,
    ) -> models.JwkSet:
        """Get the keys that verify tokens.

        The public keys of the tokens that token exchange makes, as a JWK Set (RFC 7517). A new key is here before it signs; a
        retired one is gone, and its tokens are 401.
        """
        return self._call(api.GET_JWKS)

    def get_openapi(
        self,
    ) -> models.ApiDescription:
        """Get this description.

        This document as JSON.
        """
        return self._call(api.GET_OPENAPI)

    def list_problems(
        self,
    ) -> models.ProblemTypeList:
        """List the kinds of problems.

        Every kind of problem that this API knows, all at once. JSON, or a readable page where `Accept` prefers `text/html`.
        """
        return self._call(api.LIST_PROBLEMS)

    def get_problem(
        self,
        slug: str,
    ) -> models.ProblemType:
        """Get one kind of problem.

        What the `type` of a problem resolves to. JSON, or a readable page where `Accept` prefers `text/html`.

        Args:
            slug: The last segment of a problem's `type`.
        """
        return self._call(api.GET_PROBLEM, slug)
