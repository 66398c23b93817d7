//! Secrets of API keys (contract section 3.4). A secret contains the key of its item, so that authentication needs one read, and a
//! checksum, so that a mistyped secret is refused without a read.
//!
//! `sk_int_` + root ULID + key ULID + 43 base-62 characters (256 random bits) + CRC-32 in 6 of them;
//! `sk_ops_` + operator + `_` + key ULID + the same. Only the SHA-256 of the whole is stored.

use super::principal::{CustomerRoot, KeyKind, OperatorRoot};
use super::{CustomerId, KeyId, customer::Slug};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

const RANDOM_LENGTH: usize = 43;
const CHECKSUM_LENGTH: usize = 6;
const ULID_LENGTH: usize = 26;
const OPERATOR_PREFIX: &str = "sk_ops_";
const INTEGRATION_PREFIX: &str = "sk_int_";

/// The SHA-256 hash of a secret. Only the hash is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash as it is stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A stored hash.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Compares in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretHash(…)")
    }
}

/// The subtree that a key gives access to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// An operator's.
    Operator(OperatorRoot),
    /// A customer's.
    Customer(CustomerRoot),
}

impl Root {
    /// The kind of key that gives access to it.
    pub fn kind(&self) -> KeyKind {
        match self {
            Self::Operator(_) => KeyKind::Operator,
            Self::Customer(_) => KeyKind::Integration,
        }
    }
}

/// The content of a bearer token. It proves nothing until its hash is compared with the stored one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The subtree that the token names.
    pub root: Root,
    /// The key that the token names.
    pub key_id: KeyId,
    /// The hash, to compare with the stored one.
    pub hash: SecretHash,
}

/// A new secret, which is shown once. `Debug` omits the random part.
pub struct Secret {
    text: String,
    prefix_length: usize,
}

impl Secret {
    /// A secret with 256 random bits.
    pub fn new(root: &Root, key_id: KeyId, random: [u8; 32]) -> Self {
        let mut text = match root {
            Root::Operator(root) => format!("{OPERATOR_PREFIX}{}_", root.operator()),
            Root::Customer(root) => format!("{INTEGRATION_PREFIX}{}", root.customer_id().ulid()),
        };
        text.push_str(&key_id.ulid());
        let prefix_length = text.len();
        text.push_str(&base62(&random, RANDOM_LENGTH));
        text.push_str(&checksum(&text));
        Self { text, prefix_length }
    }

    /// The text of the secret.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The hash that is stored.
    pub fn hash(&self) -> SecretHash {
        hash(&self.text)
    }

    /// The public part of the secret.
    pub fn prefix(&self) -> &str {
        self.text.get(..self.prefix_length).unwrap_or_default()
    }

    /// The last 4 characters.
    pub fn suffix(&self) -> &str {
        self.text.get(self.text.len().saturating_sub(4)..).unwrap_or_default()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Secret({}…)", self.prefix())
    }
}

/// The public part of an integration key's secret.
pub fn integration_prefix(root: &CustomerRoot, key_id: KeyId) -> String {
    format!("{INTEGRATION_PREFIX}{}{}", root.customer_id().ulid(), key_id.ulid())
}

impl Claim {
    /// Parses a bearer token. Malformed tokens are refused before any look-up.
    pub fn parse(token: &str) -> Option<Self> {
        let (signed, sum) = token.split_at_checked(token.len().checked_sub(CHECKSUM_LENGTH)?)?;
        if checksum(signed) != sum {
            return None;
        }
        let (public, random) = signed.split_at_checked(signed.len().checked_sub(RANDOM_LENGTH)?)?;
        if !random.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let (root, key_id) = public.split_at_checked(public.len().checked_sub(ULID_LENGTH)?)?;
        let root = if let Some(root) = root.strip_prefix(INTEGRATION_PREFIX) {
            Root::Customer(CustomerRoot::new(CustomerId::parse_ulid(root)?))
        } else {
            let operator = root.strip_prefix(OPERATOR_PREFIX)?.strip_suffix('_')?;
            Root::Operator(OperatorRoot::new(Slug::parse(operator)?))
        };
        Some(Self { root, key_id: KeyId::parse_ulid(key_id)?, hash: hash(token) })
    }
}

fn hash(secret: &str) -> SecretHash {
    SecretHash(Sha256::digest(secret).into())
}

fn checksum(text: &str) -> String {
    base62(&crc32fast::hash(text.as_bytes()).to_be_bytes(), CHECKSUM_LENGTH)
}

/// A big-endian number in `length` base-62 digits.
fn base62(bytes: &[u8], length: usize) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut number = bytes.to_vec();
    let mut digits = vec![b'0'; length];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0u32;
        for byte in &mut number {
            let value = remainder << 8 | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or_default();
            remainder = value % 62;
        }
        *digit = DIGITS.get(remainder as usize).copied().unwrap_or_default();
    }
    String::from_utf8(digits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use proptest::prelude::*;

    fn roots() -> [Root; 2] {
        let id = CustomerId::new(Timestamp::from_milliseconds(1_795_403_655_123), 7);
        [Root::Customer(CustomerRoot::new(id)), Root::Operator(OperatorRoot::new(Slug::parse("agent-router").unwrap()))]
    }

    proptest! {
        #[test]
        fn a_secret_names_its_item_and_no_other_text_does(random: [u8; 32], at in 0usize..200, with in 0u8..128) {
            for root in roots() {
                let key_id = KeyId::new(Timestamp::from_milliseconds(1_795_403_655_123), 9);
                let secret = Secret::new(&root, key_id, random);
                let claim = Claim::parse(secret.reveal()).unwrap();
                prop_assert_eq!(&claim.root, &root);
                prop_assert_eq!(claim.key_id, key_id);
                prop_assert!(claim.hash.matches(&secret.hash()));
                let shown = format!("{secret:?} {claim:?}");
                prop_assert!(!shown.contains(&secret.reveal()[secret.prefix().len()..]));

                let mut bytes = secret.reveal().as_bytes().to_vec();
                let at = at % bytes.len();
                if bytes[at] != with {
                    bytes[at] = with;
                    prop_assert_eq!(Claim::parse(std::str::from_utf8(&bytes).unwrap()), None);
                }
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,200}") {
            Claim::parse(&text);
        }
    }
}
