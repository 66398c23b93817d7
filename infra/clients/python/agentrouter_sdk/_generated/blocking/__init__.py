# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""The groups of methods."""
