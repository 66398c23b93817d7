//! Idempotency keys (contract section 2): what makes two requests the same one.

use super::json::Json;
use sha2::{Digest, Sha256};

/// How long a key is kept, by the clock: 24 hours.
pub const KEPT_MILLISECONDS: i64 = 24 * 60 * 60 * 1000;

/// The value of `Idempotency-Key`. Its text never leaves this type but as a hash.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// 1 to 255 printable ASCII characters without a comma (gateways join repeated headers by one).
    pub fn parse(text: &str) -> Option<Self> {
        let right =
            (1..=255).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b',');
        right.then(|| Self(text.to_owned()))
    }

    /// What the key of a record is made of: the operation and this key.
    pub fn digest(&self, operation: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(operation.len().to_be_bytes());
        hash.update(operation);
        hash.update(&self.0);
        hash.finalize().into()
    }
}

/// What a request asks for, boiled down: its path ids and the JSON value of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// Equal where the values are; no body is `{}`.
    pub fn new(body: Option<&Json>) -> Self {
        let mut hash = Sha256::new();
        body.unwrap_or(&Json::Object(Default::default())).canonical(&mut |part| hash.update(part));
        Self(hash.finalize().into())
    }

    /// The same request, about what its path names.
    #[must_use]
    pub fn about(&self, named: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(named);
        Self(hash.finalize().into())
    }
}
