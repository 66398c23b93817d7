//! Idempotency keys, and fingerprints that identify the same request (contract section 2.8).

use super::json::Json;
use super::text::hex;
use sha2::{Digest, Sha256};

/// How long a key is valid: 24 hours.
pub const RETENTION_MILLISECONDS: i64 = 24 * 60 * 60 * 1000;

/// The value of `Idempotency-Key`. Only its hash can be read.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Parses 1 to 255 printable ASCII characters without a comma: the gateway joins repeated headers with commas.
    pub fn parse(text: &str) -> Option<Self> {
        let right =
            (1..=255).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b',');
        right.then(|| Self(text.to_owned()))
    }

    /// The hash of the operation and this key. It identifies the stored record. `operation` is the name of the operation's binary.
    pub fn digest(&self, operation: &str) -> [u8; 32] {
        let operation = operation_id(operation);
        let mut hash = Sha256::new();
        hash.update(operation.len().to_be_bytes());
        hash.update(&operation);
        hash.update(&self.0);
        hash.finalize().into()
    }
}

/// The hash that identifies the record of an end user: of the digest of [`IdempotencyKey::digest`] and the user's id.
pub fn digest_of_user(digest: &[u8; 32], user: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(digest);
    hash.update(user);
    hash.finalize().into()
}

/// The `operationId` of a binary: `createTenant` of `create-tenant`.
fn operation_id(binary: &str) -> String {
    let mut words = binary.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |id, word| {
        let mut characters = word.chars();
        id + &characters
            .next()
            .map(|first| first.to_ascii_uppercase())
            .into_iter()
            .chain(characters)
            .collect::<String>()
    })
}

/// A hash of what a request asks for: its path ids and the JSON value of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a body. Equal JSON values have equal fingerprints; no body is `{}`.
    pub fn new(body: Option<&Json>) -> Self {
        let mut hash = Sha256::new();
        body.unwrap_or(&Json::Object(Default::default())).canonical(&mut |part| hash.update(part));
        Self(hash.finalize().into())
    }

    /// The fingerprint in hexadecimal, as it is stored.
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// The fingerprint of the same request for a resource of the path.
    #[must_use]
    pub fn about(&self, named: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(named);
        Self(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(text: &str) -> String {
        Fingerprint::new(Some(&Json::parse(text.as_bytes()).unwrap())).to_hex()
    }

    /// Stored records may be of an earlier build, so fingerprints must not change between builds. `cargo xtask test unit` runs
    /// this also with serde_json's `preserve_order`.
    #[test]
    fn a_fingerprint_is_the_same_in_every_build() {
        for (text, golden) in [
            ("{}", "cf12b9aa38445e4bbff7e768dd4c1513951792683a39fde4bcbdb20ce9d7c1f9"),
            (r#"{"name":"n","external_id":"e"}"#, "c1c5385fbb8b5a34b7e454012ff803d9d71e5cf7f5fba1e511e32009028cfd49"),
            (
                r#"{"z":{"b":[1,{"y":null,"x":true}],"a":"\u00e9"},"m":-0.5,"a":false}"#,
                "5212cde1b91706c639a09ce9975b08bd2acc37b2aace0d276bbe00b0d2edfc27",
            ),
        ] {
            assert_eq!(fingerprint(text), golden, "{text}");
        }
    }

    /// Also the digest of a key must not change between builds.
    #[test]
    fn a_key_is_hashed_with_the_operation_id_of_the_binary() {
        let digest = |operation| hex(&IdempotencyKey::parse("a key").unwrap().digest(operation));
        for (binary, id, golden) in [
            ("create-tenant", "createTenant", "4635192b64a0b6f8f6f529445b9dce929b7c27ea97058fa5ed7fca0900107513"),
            ("restore-customer", "restoreCustomer", "c0309cc671eb4644213adbf1a26e01bd19e43f4f64594322c448c1cd56f9375c"),
        ] {
            assert_eq!((digest(binary), digest(id)), (golden.to_owned(), golden.to_owned()), "{binary}");
        }
        assert_ne!(digest("create-tenant"), digest("create-key"));
    }

    #[test]
    fn the_order_of_members_does_not_matter_at_any_depth() {
        let one = fingerprint(r#"{"a":false,"m":1,"z":{"a":"x","b":[{"x":true,"y":null}]}}"#);
        assert_eq!(fingerprint(r#"{"z":{"b":[{"y":null,"x":true}],"a":"x"},"m":1,"a":false}"#), one);
        // The order of array items does.
        assert_ne!(fingerprint(r#"{"a":[1,2]}"#), fingerprint(r#"{"a":[2,1]}"#));
    }

    #[test]
    fn no_body_is_an_empty_one_and_what_the_path_names_counts() {
        let none = Fingerprint::new(None);
        assert_eq!(none, Fingerprint::new(Some(&Json::parse(b" { } ").unwrap())));
        assert_ne!(none.about("a"), none);
        assert_ne!(none.about("a"), none.about("b"));
    }
}
