# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""What ids in paths look like."""

PATTERNS = {
    "customer_id": r"^([a-z]([a-z0-9-]{0,61}[a-z0-9])?|cust_[0-7][0-9a-hjkmnp-tv-z]{25})$",
    "key_id": r"^key_[0-7][0-9a-hjkmnp-tv-z]{25}$",
    "tenant_id": r"^tnt_[0-7][0-9a-hjkmnp-tv-z]{25}$",
    "repository_id": r"^rep_[0-7][0-9a-hjkmnp-tv-z]{25}$",
    "user_id": r"^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$",
    "role_id": r"^rol_[0-7][0-9a-hjkmnp-tv-z]{25}$",
    "conversation_id": r"^con_[0-7][0-9a-hjkmnp-tv-z]{25}$",
}
