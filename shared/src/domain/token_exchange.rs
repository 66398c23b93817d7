//! Token exchange: a token for a user, named by the ids that the integration gave (contract section 6.3).

use super::principal::CustomerRoot;
use super::tenant::{self, ExternalId};
use super::token::{Claims, SigningPrivateKey, Token};
use super::{Fields, Result, TenantId, Timestamp, TokenId, UserId};
use serde::Serialize;

/// The time that a token is valid if the request has none.
const DEFAULT_SECONDS: u32 = 900;

/// The body of exchangeToken.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenExchange {
    /// The external id of the tenant.
    pub tenant_external_id: ExternalId,
    /// The external id of the user.
    pub user_external_id: ExternalId,
    /// How long the token is valid: 60 to 3600 seconds.
    pub ttl_seconds: u32,
}

impl TokenExchange {
    /// Reads the body.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let tenant_external_id = fields.required("tenant_external_id", tenant::external_id);
        let user_external_id = fields.required("user_external_id", tenant::external_id);
        let ttl_seconds = fields.optional("ttl_seconds", |member| member.integer(60, 3600));
        Some(Self {
            tenant_external_id: tenant_external_id?,
            user_external_id: user_external_id?,
            ttl_seconds: ttl_seconds?.unwrap_or(DEFAULT_SECONDS),
        })
    }
}

/// The answer of exchangeToken.
#[derive(Debug, Serialize)]
pub struct IssuedToken {
    object: &'static str,
    token: Token,
    token_type: &'static str,
    expires_at: Timestamp,
    tenant_id: TenantId,
    user_id: UserId,
}

impl IssuedToken {
    /// A token for a user of a tenant.
    pub fn new(
        owner: (&CustomerRoot, TenantId, UserId),
        key: &SigningPrivateKey,
        issuer: &str,
        (now, ttl_seconds): (Timestamp, u32),
        token_id: TokenId,
    ) -> Result<Self> {
        let claims = Claims::new(owner, issuer, (now, ttl_seconds), token_id);
        Ok(Self {
            object: "token",
            token: key.sign(&claims)?,
            token_type: "Bearer",
            expires_at: claims.expires_at(),
            tenant_id: claims.tenant_id,
            user_id: claims.sub,
        })
    }
}
