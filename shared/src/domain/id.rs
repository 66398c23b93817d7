//! Ids: a prefix for the kind of resource and a lower-case ULID (contract section 2.1).

use super::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{cmp::Ordering, fmt, hash, marker::PhantomData};
use ulid::Ulid;

/// A kind of resource that has ids.
pub trait Kind {
    /// The first characters of the id, including the `_`.
    const PREFIX: &'static str;
}

/// The id of a `K`: 128 bits, the first 48 of which are the time in milliseconds.
pub struct Id<K>(Ulid, PhantomData<K>);

macro_rules! kinds {
    ($($(#[$doc:meta])* $id:ident = $kind:ident, $prefix:literal;)*) => {$(
        #[doc = concat!("Marks [`", stringify!($id), "`].")]
        pub struct $kind;
        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
        }
        $(#[$doc])*
        pub type $id = Id<$kind>;
    )*};
}

kinds! {
    /// Identifies a customer. Its root tenant has the same ULID.
    CustomerId = Customer, "cust_";
    /// Identifies a tenant.
    TenantId = Tenant, "tnt_";
    /// Identifies a repository.
    RepositoryId = Repository, "rep_";
    /// Identifies an API key.
    KeyId = Key, "key_";
    /// Identifies one logical write with all its attempts.
    WriteId = LogicalWrite, "w_";
    /// Identifies one request.
    RequestId = Request, "req_";
}

impl<K: Kind> Id<K> {
    /// The nil ULID: well-formed and never assigned.
    pub const NIL: Self = Self(Ulid::nil(), PhantomData);

    /// A new id of the time and 80 random bits.
    pub fn new(now: Timestamp, random: u128) -> Self {
        let milliseconds = u64::try_from(now.milliseconds()).unwrap_or_default();
        Self(Ulid::from_parts(milliseconds, random), PhantomData)
    }

    /// Parses `prefix_ulid`. Every id has exactly one spelling.
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_ulid(text.strip_prefix(K::PREFIX)?)
    }

    /// Parses the 26 characters after the prefix.
    pub fn parse_ulid(text: &str) -> Option<Self> {
        let id = Self(Ulid::from_string(text).ok()?, PhantomData);
        // The decoder also accepts upper case and values over 128 bits.
        (id.ulid() == text).then_some(id)
    }

    /// The 26 characters after the prefix.
    pub fn ulid(&self) -> String {
        let mut text = self.0.to_string();
        text.make_ascii_lowercase();
        text
    }

    /// The id of another kind with the same ULID.
    pub fn with_kind<L: Kind>(self) -> Id<L> {
        Id(self.0, PhantomData)
    }

    /// The first version of the resource with this id, derived from the random bits of the id. Resources that have the same external
    /// id one after the other therefore have different versions and entity tags, for up to a million versions each.
    pub fn first_version(&self) -> u64 {
        const LOW: u128 = u32::MAX as u128;
        u64::try_from(self.0.random() & LOW).unwrap_or_default() * 1_000_000 + 1
    }

    /// When the id was created.
    pub fn created_at(&self) -> Timestamp {
        Timestamp::from_milliseconds(i64::try_from(self.0.timestamp_ms()).unwrap_or(i64::MAX))
    }
}

// Derived implementations would require `K: Clone` and so on.
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> hash::Hash for Id<K> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", K::PREFIX, self.ulid())
    }
}
impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not an id of this kind"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_text_is_an_id() {
        assert!(TenantId::parse("tnt_01kaq7n0z2w4y6x8v0tqrstabc").is_some());
        for text in [
            "tnt_01KAQ7N0Z2W4Y6X8V0TQRSTABC",
            "cust_01kaq7n0z2w4y6x8v0tqrstabc",
            "tnt_01kaq7n0z2w4y6x8v0tqrstab",
            "tnt_01kaq7n0z2w4y6x8v0tqrstabcd",
            "tnt_zzzzzzzzzzzzzzzzzzzzzzzzzz",
            "tnt_01kaq7n0z2w4y6x8v0tqrstabi",
            "tnt_",
            "",
        ] {
            assert_eq!(TenantId::parse(text), None, "{text}");
        }
    }
}
