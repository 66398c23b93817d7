//! Tokens of end users: JWTs that are signed with Ed25519 (contract section 6). A token names the customer, the tenant and the user, so
//! that the first read of a request has all that is needed to check it. Nothing that it says counts before the signature is verified
//! with the public key that was read.

mod crypto;
#[cfg(test)]
mod tests;

use super::id::{SigningKeyId, TokenId};
use super::principal::CustomerRoot;
use super::{Error, Result, TenantId, Timestamp, UserId};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The algorithm of all signing keys, as in the header of a token and in a JWK.
pub const ALGORITHM: &str = "EdDSA";

/// Longer texts are no tokens. A token has about 600 characters, and the base URL is a part of it.
const MAX_LENGTH: usize = 2048;

const AUDIENCE: &str = "conversations";

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The base URL of the API that made the token.
    pub iss: String,
    aud: String,
    /// The user.
    pub sub: UserId,
    /// The tenant of the user.
    pub tenant_id: TenantId,
    /// The root tenant of the customer, which has the ULID of the customer.
    root_tenant_id: TenantId,
    /// When the token was made, in seconds since 1970.
    iat: i64,
    /// When it expires, in seconds since 1970.
    exp: i64,
    /// The id of the token.
    pub jti: TokenId,
}

impl Claims {
    /// The claims of a new token. It expires at a whole second, at most so many seconds from `now`.
    pub fn new(
        (root, tenant_id, user_id): (&CustomerRoot, TenantId, UserId),
        issuer: &str,
        (now, lifetime_seconds): (Timestamp, u32),
        token_id: TokenId,
    ) -> Self {
        let iat = now.milliseconds().div_euclid(1000);
        Self {
            iss: issuer.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user_id,
            tenant_id,
            root_tenant_id: root.customer_id().with_kind(),
            iat,
            exp: iat.saturating_add(lifetime_seconds.into()),
            jti: token_id,
        }
    }

    /// When the token expires.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.exp.saturating_mul(1000))
    }

    /// The customer of the user.
    pub(crate) fn root(&self) -> CustomerRoot {
        CustomerRoot::new(self.root_tenant_id.with_kind())
    }
}

/// A signed token, which is shown once. `Debug` omits it.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// The text of the token.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

/// The private part of a signing key. `Debug` omits its content.
pub struct SigningPrivateKey {
    kid: SigningKeyId,
    key: EncodingKey,
}

impl SigningPrivateKey {
    /// The key of a seed of 256 random bits.
    pub fn from_seed(kid: SigningKeyId, seed: &[u8; 32]) -> Self {
        Self { kid, key: EncodingKey::from_ed_der(seed) }
    }

    /// The id of the key.
    pub fn kid(&self) -> SigningKeyId {
        self.kid
    }

    /// The public part of the key.
    pub fn public(&self) -> Option<SigningPublicKey> {
        let seed = self.key.as_bytes().try_into().ok()?;
        Some(SigningPublicKey { kid: self.kid, x: crypto::public_key(seed)? })
    }

    /// Signs a token.
    pub fn sign(&self, claims: &Claims) -> Result<Token> {
        crypto::install();
        let header = Header { kid: Some(self.kid.to_string()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &self.key).map(Token).map_err(Error::internal)
    }
}

impl fmt::Debug for SigningPrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningPrivateKey({}, …)", self.kid)
    }
}

/// The public part of a signing key, which verifies Ed25519 signatures only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningPublicKey {
    kid: SigningKeyId,
    x: [u8; 32],
}

impl SigningPublicKey {
    /// A stored key. There is none of another algorithm.
    pub fn parse(kid: SigningKeyId, algorithm: &str, x: &str) -> Option<Self> {
        let x = URL_SAFE_NO_PAD.decode(x).ok()?.try_into().ok()?;
        (algorithm == ALGORITHM).then_some(Self { kid, x })
    }

    /// The id of the key.
    pub fn kid(&self) -> SigningKeyId {
        self.kid
    }

    /// The key itself, as in a JWK.
    pub fn x(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.x)
    }

    /// The key as a JWK (RFC 8037).
    pub fn jwk(&self) -> Jwk {
        Jwk { kty: "OKP", crv: "Ed25519", r#use: "sig", alg: ALGORITHM, kid: self.kid, x: self.x() }
    }
}

/// The public part of a signing key, for clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwk {
    kty: &'static str,
    crv: &'static str,
    r#use: &'static str,
    alg: &'static str,
    kid: SigningKeyId,
    x: String,
}

/// The keys that verify tokens (RFC 7517 section 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwks {
    /// The keys, oldest first.
    pub keys: Vec<Jwk>,
}

/// A token whose signature is not verified yet. What it says only chooses what is read. `Debug` omits it.
#[derive(Clone)]
pub struct UnverifiedToken {
    text: String,
    kid: SigningKeyId,
    claims: Claims,
}

/// The parameters of the header that choose what is read. The algorithm is not one of them.
#[derive(Deserialize)]
struct KeyOf {
    kid: SigningKeyId,
}

impl UnverifiedToken {
    /// Parses a bearer token. Malformed tokens are refused before any look-up.
    pub fn parse(token: &str) -> Option<Self> {
        let parts: Vec<&str> = token.split('.').collect();
        let &[header, claims, _signature] = parts.as_slice() else { return None };
        if token.len() > MAX_LENGTH {
            return None;
        }
        let KeyOf { kid } = read_part(header)?;
        Some(Self { kid, claims: read_part(claims)?, text: token.to_owned() })
    }

    /// The signing key that the token names.
    pub fn kid(&self) -> SigningKeyId {
        self.kid
    }

    /// The customer that the token names. It is for reading what verifies the token, and nothing else.
    pub(crate) fn root(&self) -> CustomerRoot {
        self.claims.root()
    }

    /// The tenant that the token names.
    pub fn tenant(&self) -> TenantId {
        self.claims.tenant_id
    }

    /// The user that the token names.
    pub fn user(&self) -> UserId {
        self.claims.sub
    }

    /// The claims, if `key` has signed them and they are valid at `now` for the API at the base URL `issuer`.
    pub fn verify(&self, key: &SigningPublicKey, issuer: &str, now: Timestamp) -> Option<Claims> {
        crypto::install();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[issuer]);
        // The library compares with the system's clock.
        validation.validate_exp = false;
        let public = DecodingKey::from_ed_der(&key.x);
        let claims: Claims = jsonwebtoken::decode(&self.text, &public, &validation).ok()?.claims;
        let is_valid = self.kid == key.kid && claims == self.claims && claims.expires_at() > now;
        is_valid.then_some(claims)
    }
}

impl fmt::Debug for UnverifiedToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("UnverifiedToken(…)")
    }
}

/// A part of a token: JSON in base64url.
fn read_part<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
