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
    /// Identifies a user. It begins with the tag of its tenant, its own tag follows.
    UserId = User, "usr_";
    /// Identifies a role. It begins with the tag of its tenant.
    RoleId = Role, "rol_";
    /// Identifies a conversation. It begins with the tags of its tenant and its user.
    ConversationId = Conversation, "con_";
    /// Identifies a message.
    MessageId = Message, "msg_";
    /// Identifies a signing key: the `kid` of a token, without a prefix.
    SigningKeyId = SigningKey, "";
    /// Identifies a token: its `jti`, without a prefix.
    TokenId = Token, "";
    /// Identifies one logical write with all its attempts.
    WriteId = LogicalWrite, "w_";
    /// Identifies one request.
    RequestId = Request, "req_";
}

/// Thirty of the 80 bits of an id after its time, which ids of resources below a tenant have in common. A tenant's tag is unique within
/// its customer, so that the id of a user, a role or a conversation is enough to find what belongs to its tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TenantTag(u32);

/// Thirty bits that the ids of a user and of its conversations have in common, after the tag of the tenant. Two users of a tenant have the
/// same one in a billion, so an item that is found by it is compared with the id of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserTag(u32);

const TAG_BITS: u32 = 30;
const TAG_MASK: u128 = (1 << TAG_BITS) - 1;
/// The bits after a tenant's tag, and after a user's.
const AFTER_TENANT_TAG: u32 = 80 - TAG_BITS;
const AFTER_USER_TAG: u32 = AFTER_TENANT_TAG - TAG_BITS;

fn tag_bits(bits: u128, shift: u32) -> u32 {
    u32::try_from(bits >> shift & TAG_MASK).unwrap_or_default()
}

impl TenantTag {
    /// A tag of 30 of these bits.
    pub fn new(random: u32) -> Self {
        Self(tag_bits(random.into(), 0))
    }

    /// Parses its six characters.
    pub fn parse(text: &str) -> Option<Self> {
        let id = RoleId::parse_ulid(&format!("0000000000{text}0000000000")).filter(|_| text.len() == 6)?;
        Some(id.tenant_tag())
    }

    /// A new id below the tenant.
    pub fn new_id<K: BelowTenant>(self, now: Timestamp, random: u128) -> Id<K> {
        Id::new(now, u128::from(self.0) << AFTER_TENANT_TAG | random & ((1 << AFTER_TENANT_TAG) - 1))
    }
}

impl UserTag {
    /// A new conversation of the user, who belongs to the tenant with this tag.
    pub fn new_conversation(self, tenant: TenantTag, now: Timestamp, random: u128) -> ConversationId {
        let random = u128::from(self.0) << AFTER_USER_TAG | random & ((1 << AFTER_USER_TAG) - 1);
        tenant.new_id(now, random)
    }
}

/// The six characters of the tag in an id.
impl fmt::Display for TenantTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id: RoleId = self.new_id(Timestamp::from_milliseconds(0), 0);
        formatter.write_str(id.ulid().get(10..16).unwrap_or_default())
    }
}

/// The six characters of the tag in an id.
impl fmt::Display for UserTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.new_conversation(TenantTag(0), Timestamp::from_milliseconds(0), 0);
        formatter.write_str(id.ulid().get(16..22).unwrap_or_default())
    }
}

/// A kind of resource that belongs to a tenant and has its tag in its id.
pub trait BelowTenant: Kind {}
impl BelowTenant for User {}
impl BelowTenant for Role {}
impl BelowTenant for Conversation {}

/// A kind of resource that has the tag of a user in its id.
pub trait BelowUser: BelowTenant {}
impl BelowUser for User {}
impl BelowUser for Conversation {}

impl<K: BelowTenant> Id<K> {
    /// The tag of its tenant.
    pub fn tenant_tag(&self) -> TenantTag {
        TenantTag(tag_bits(self.0.random(), AFTER_TENANT_TAG))
    }
}

impl<K: BelowUser> Id<K> {
    /// The tag of its user.
    pub fn user_tag(&self) -> UserTag {
        UserTag(tag_bits(self.0.random(), AFTER_USER_TAG))
    }
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

    /// The last four of its random bits, which spread resources evenly.
    pub fn last_bits(&self) -> u8 {
        u8::try_from(self.0.random() & 0xf).unwrap_or_default()
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
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_has_the_tags_of_its_tenant_and_its_user(tenant: u32, user: u128, other: u128, at in 0..1i64 << 47) {
            let (tag, now) = (TenantTag::new(tenant), Timestamp::from_milliseconds(at));
            let user: UserId = tag.new_id(now, user);
            let role: RoleId = tag.new_id(now, other);
            let conversation = user.user_tag().new_conversation(tag, now, other);
            prop_assert_eq!((user.tenant_tag(), role.tenant_tag(), conversation.tenant_tag()), (tag, tag, tag));
            prop_assert_eq!(conversation.user_tag(), user.user_tag());
            let ulids = (user.ulid(), conversation.ulid());
            prop_assert_eq!(&ulids.0[10..22], &ulids.1[10..22]);
            prop_assert_eq!(tag.to_string(), &ulids.0[10..16]);
            prop_assert_eq!(user.user_tag().to_string(), &ulids.0[16..22]);
            prop_assert_eq!(TenantTag::parse(&tag.to_string()), Some(tag));
            prop_assert_eq!(conversation.created_at(), now);
            prop_assert_eq!(u128::from(role.last_bits()), other % 16);
        }
    }

    #[test]
    fn only_six_characters_are_a_tag() {
        for text in ["", "abcde", "abcdefg", "abcdeU", "abcdeu", "a-bcde"] {
            assert_eq!(TenantTag::parse(text), None, "{text}");
        }
        assert!(TenantTag::parse("zzzzzz").is_some());
    }

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
