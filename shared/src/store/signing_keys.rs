//! The keys that sign the tokens of end users. They are created and retired by the operator-key command, not by an endpoint.
//!
//! A key has a public part, which verifies tokens, and a private part in a partition of its own, which only exchange-token may read.
//! Retiring a key deletes its private part. A request that read the public part before checks a gate of the key in its transaction: the
//! gates only exist once the key is retired.

use super::client::{Store, random};
use super::commit::Decision;
use super::gates;
use super::item::{Item, get_text, new_item, read_row, text};
use super::keys::{self, Partition};
use super::read::PageQuery;
use super::snapshot::Entity;
use super::write::Write;
use crate::domain::token::{ALGORITHM, Jwks, SigningPrivateKey, SigningPublicKey};
use crate::domain::{Error, Result, SigningKeyId, Timestamp};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use serde::{Deserialize, Serialize};

/// The time between the creation of a key and its first signature: clients may cache the public keys for so long (`max-age`).
const PUBLICATION_MILLISECONDS: i64 = 300_000;

/// More keys than are ever made.
const MAX_KEYS: usize = 1000;

/// A signing key without its private part.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// The public part.
    pub public: SigningPublicKey,
    /// When it signs its first token.
    pub signs_from: Timestamp,
    /// When it was retired, if it was.
    pub retired_at: Option<Timestamp>,
}

impl SigningKey {
    /// The id of the key.
    pub fn kid(&self) -> SigningKeyId {
        self.public.kid()
    }

    /// Whether its signatures are valid.
    pub fn is_live(&self) -> bool {
        self.retired_at.is_none()
    }
}

/// The item of a public part.
#[derive(Serialize, Deserialize)]
struct PublicRow {
    kid: SigningKeyId,
    alg: String,
    x: String,
    signs_from: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    retired_at: Option<Timestamp>,
}

impl Entity for SigningKey {
    const ATTRIBUTES: Option<&'static [&'static str]> = Some(&["kid", "alg", "x", "signs_from", "retired_at"]);

    fn from_item(item: Item) -> Result<Self> {
        let PublicRow { kid, alg, x, signs_from, retired_at } = read_row(item)?;
        let public = SigningPublicKey::parse(kid, &alg, &x);
        let public = public.ok_or_else(|| Error::internal("a signing key has another algorithm"))?;
        Ok(Self { public, signs_from, retired_at })
    }
}

/// The item of a private part. Its content is `d`, the seed (RFC 8037).
#[derive(Serialize)]
struct PrivateRow {
    kid: SigningKeyId,
    signs_from: Timestamp,
}

fn read_private(item: &Item) -> Option<(Timestamp, SigningPrivateKey)> {
    let kid = SigningKeyId::parse(get_text(item, "kid")?)?;
    let seed = item.get("d")?.as_b().ok()?.as_ref().try_into().ok()?;
    Some((Timestamp::parse(get_text(item, "signs_from")?)?, SigningPrivateKey::from_seed(kid, seed)))
}

/// The public key of an item, unless the key is retired.
pub(super) fn public_key(item: &Item) -> Option<SigningPublicKey> {
    let kid = SigningKeyId::parse(get_text(item, "kid")?)?;
    SigningPublicKey::parse(kid, get_text(item, "alg")?, get_text(item, "x")?)
        .filter(|_| !item.contains_key("retired_at"))
}

impl Store {
    /// Creates a key. It signs at once if no other key does, otherwise when clients know it.
    pub async fn create_signing_key(&self) -> Result<SigningKey> {
        let signs_now = |key: &SigningKey| key.is_live() && key.signs_from <= self.now;
        let has_other = self.signing_keys().await?.iter().any(signs_now);
        let signs_from = self.now.plus_milliseconds(if has_other { PUBLICATION_MILLISECONDS } else { 0 });
        let (kid, seed) = (self.new_id()?, random()?);
        let public = SigningPrivateKey::from_seed(kid, &seed).public();
        let public = public.ok_or_else(|| Error::internal("a seed has no public key"))?;
        let row = PublicRow { kid, alg: ALGORITHM.to_owned(), x: public.x(), signs_from, retired_at: None };
        let mut private = new_item("private_signing_key", &PrivateRow { kid, signs_from })?;
        private.insert("d".to_owned(), AttributeValue::B(Blob::new(seed)));
        self.apply(vec![
            Write::put_new(keys::signing_key(kid), new_item("signing_key", &row)?).with_history(),
            Write::put_new(keys::private_signing_key(kid), private),
        ])
        .await?;
        Ok(SigningKey { public, signs_from, retired_at: None })
    }

    /// All keys, newest first.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>> {
        self.newest_first(&keys::signing_keys()).await?.into_iter().map(SigningKey::from_item).collect()
    }

    /// Retires a key: its tokens are refused from the next request on. Retiring it again changes nothing.
    pub async fn retire_signing_key(&self, kid: SigningKeyId) -> Result<()> {
        let read = self.snapshot::<SigningKey>(&keys::signing_key(kid)).await?;
        self.change(read, |read| {
            if !read.entity.is_live() {
                return Ok(Decision { writes: Vec::new(), answer: () });
            }
            // An operator may have deleted the private part by hand.
            let private = Write::delete_item(keys::private_signing_key(kid))
                .with_condition("attribute_not_exists({pk}) OR {kid} = ?", [text(kid.to_string())]);
            let mut writes = vec![
                Write::update_item(read.key.clone())
                    .unchanged_since(read)
                    .set("retired_at", text(self.now.to_string()))
                    .new_version(),
                private,
            ];
            writes.extend(gates::put_all(|number| keys::signing_key_gate(kid, number))?);
            Ok(Decision { writes, answer: () })
        })
        .await
    }

    /// The public keys that verify tokens.
    pub async fn jwks(&self) -> Result<Jwks> {
        let keys = self.signing_keys().await?;
        Ok(Jwks { keys: keys.iter().rev().filter(|key| key.is_live()).map(|key| key.public.jwk()).collect() })
    }

    /// The key that signs now: the newest that clients know, or else the oldest.
    pub async fn current_signing_key(&self) -> Result<SigningPrivateKey> {
        let read = |item: &Item| read_private(item).ok_or_else(|| Error::internal("a signing key cannot be read"));
        let items = self.newest_first(&keys::private_signing_keys()).await?;
        let mut keys = items.iter().map(read).collect::<Result<Vec<_>>>()?;
        let at = keys.iter().position(|(signs_from, _)| *signs_from <= self.now);
        let at = at.or(keys.len().checked_sub(1)).ok_or_else(|| Error::unavailable("there is no signing key"))?;
        Ok(keys.swap_remove(at).1)
    }

    async fn newest_first(&self, partition: &Partition) -> Result<Vec<Item>> {
        let query = PageQuery { descending: true, after: None, limit: MAX_KEYS, has_filter: false };
        Ok(self.query_items(partition, query).await?.rows)
    }
}
