//! Customers. Each is the root of one integration (contract section 3.1).

use super::precondition::IfMatch;
use super::rate_limit::RateLimit;
use super::{Change, CustomerId, Error, Fields, Member, Result, Timestamp, text};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// The labels of a customer: at most 64 pairs.
pub type Labels = BTreeMap<String, String>;

/// The short name of a customer or an operator: `^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$` (AIP-122).
///
/// ```compile_fail,E0423
/// // It cannot be built from an unchecked string.
/// fn slug(text: String) -> tenancy::domain::customer::Slug { tenancy::domain::customer::Slug(text) }
/// ```
/// ```
/// fn slug(text: String) -> Option<tenancy::domain::customer::Slug> { tenancy::domain::customer::Slug::parse(&text) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Slug(String);

impl Slug {
    /// Parses a slug.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let lower_or_digit = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let grammar = bytes.len() <= 63
            && bytes.first().is_some_and(u8::is_ascii_lowercase)
            && bytes.last().is_some_and(lower_or_digit)
            && bytes.iter().all(|byte| lower_or_digit(byte) || *byte == b'-');
        grammar.then(|| Self(text.to_owned()))
    }

    /// The text of the slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = &'static str;

    fn try_from(text: String) -> std::result::Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a slug")
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A customer as paths name it: by its slug or by its `cust_` id. A slug has no `_`, so no text is both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomerName {
    /// The slug that the operator chose.
    Slug(Slug),
    /// The id that this service assigned.
    Id(CustomerId),
}

impl CustomerName {
    /// Well-formed and never assigned.
    pub const NIL: Self = Self::Id(CustomerId::NIL);

    /// Parses either form.
    pub fn parse(text: &str) -> Option<Self> {
        Slug::parse(text).map(Self::Slug).or_else(|| CustomerId::parse(text).map(Self::Id))
    }
}

/// Whether a customer is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerState {
    /// In use.
    Active,
    /// Soft-deleted: treated as missing until it is restored.
    Archived,
}

/// A customer. The fields are in the order of the representation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Customer {
    /// The id that this service assigned.
    pub id: CustomerId,
    /// The slug that the operator chose. It is never reused.
    pub customer_id: Slug,
    /// At most 255 characters.
    pub display_name: Option<String>,
    /// At most 2,000 characters.
    pub description: Option<String>,
    /// Whether it is in use.
    pub state: CustomerState,
    /// At most 64 pairs.
    pub labels: Labels,
    /// The limits of its requests; `None` for no limits.
    pub limits: Option<RateLimit>,
    /// When it was created: the time in `id`.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// When it was archived, if it is archived now.
    pub archived_at: Option<Timestamp>,
    /// The version, from which the ETag is made.
    #[serde(skip)]
    pub version: u64,
}

impl Customer {
    /// The customer after a patch. An archived customer is not found.
    pub fn patched(&self, patch: &CustomerPatch, if_match: &IfMatch, now: Timestamp) -> Result<Change<Self>> {
        self.check_active()?;
        if_match.check(self.version)?;
        let is_itself = match &patch.customer_id {
            Some(CustomerName::Slug(slug)) => *slug == self.customer_id,
            Some(CustomerName::Id(id)) => *id == self.id,
            None => true,
        };
        if !is_itself {
            return Err(Error::invalid("/customer_id", "is not this customer's customer_id or id"));
        }
        if patch.is_empty() {
            return Ok(Change::Unchanged);
        }
        let mut changed = self.next_version(now);
        let CustomerPatch { customer_id: _, display_name, description, labels, limits } = patch.clone();
        changed.display_name = display_name.unwrap_or(changed.display_name);
        changed.description = description.unwrap_or(changed.description);
        changed.labels = labels.unwrap_or(changed.labels);
        changed.limits = limits.unwrap_or(changed.limits);
        Ok(Change::To(changed))
    }

    /// The customer after it is archived.
    pub fn archived(&self, if_match: &IfMatch, now: Timestamp) -> Result<Self> {
        self.check_active()?;
        if_match.check(self.version)?;
        Ok(Self { state: CustomerState::Archived, archived_at: Some(now), ..self.next_version(now) })
    }

    /// The customer as before it was archived. An active customer does not change.
    pub fn restored(&self, now: Timestamp) -> Change<Self> {
        match self.state {
            CustomerState::Active => Change::Unchanged,
            CustomerState::Archived => {
                Change::To(Self { state: CustomerState::Active, archived_at: None, ..self.next_version(now) })
            }
        }
    }

    /// Fails for an archived customer, which is not found.
    pub fn check_active(&self) -> Result<()> {
        if self.state == CustomerState::Active { Ok(()) } else { Err(Error::NotFound) }
    }

    fn next_version(&self, now: Timestamp) -> Self {
        Self { updated_at: now, version: self.version + 1, ..self.clone() }
    }
}

/// The body of createCustomer.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCustomer {
    /// Unique among the operator's customers, archived ones included.
    pub customer_id: Slug,
    /// At most 255 characters.
    pub display_name: Option<String>,
    /// At most 2,000 characters.
    pub description: Option<String>,
    /// At most 64 pairs.
    pub labels: Labels,
    /// The limits of its requests.
    pub limits: Option<RateLimit>,
}

impl NewCustomer {
    /// Reads the body.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let customer_id = fields.required("customer_id", slug);
        let display_name = fields.nullable("display_name", display_name);
        let description = fields.nullable("description", description);
        let labels = fields.optional("labels", text::labels);
        let limits = fields.nullable("limits", limits);
        Some(Self {
            customer_id: customer_id?,
            display_name: display_name?.flatten(),
            description: description?.flatten(),
            labels: labels?.unwrap_or_default(),
            limits: limits?.flatten(),
        })
    }

    /// The new customer.
    pub fn into_customer(self, id: CustomerId) -> Customer {
        Customer {
            id,
            customer_id: self.customer_id,
            display_name: self.display_name,
            description: self.description,
            state: CustomerState::Active,
            labels: self.labels,
            limits: self.limits,
            created_at: id.created_at(),
            updated_at: id.created_at(),
            archived_at: None,
            version: 1,
        }
    }
}

/// The body of updateCustomer. Absent members do not change; `Some(None)` clears.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CustomerPatch {
    /// Must name the customer itself, and is otherwise ignored.
    pub customer_id: Option<CustomerName>,
    /// At most 255 characters.
    pub display_name: Option<Option<String>>,
    /// At most 2,000 characters.
    pub description: Option<Option<String>>,
    /// Replaces all labels.
    pub labels: Option<Labels>,
    /// Replaces the limits.
    pub limits: Option<Option<RateLimit>>,
}

impl CustomerPatch {
    /// Reads the body.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let customer_id = fields.optional("customer_id", customer_name);
        let display_name = fields.nullable("display_name", display_name);
        let description = fields.nullable("description", description);
        let labels = fields.optional("labels", text::labels);
        let limits = fields.nullable("limits", limits);
        Some(Self {
            customer_id: customer_id?,
            display_name: display_name?,
            description: description?,
            labels: labels?,
            limits: limits?,
        })
    }

    /// Whether the patch changes nothing. A `customer_id` is ignored.
    pub fn is_empty(&self) -> bool {
        self.display_name.is_none() && self.description.is_none() && self.labels.is_none() && self.limits.is_none()
    }
}

const SLUG_RULE: &str = "must be 1 to 63 characters: a lower-case letter, then lower-case letters, digits and hyphens, not ending in a hyphen";

fn slug(member: Member) -> Option<Slug> {
    let text = member.string()?;
    let slug = Slug::parse(text);
    if slug.is_none() {
        member.refuse(SLUG_RULE);
    }
    slug
}

fn customer_name(member: Member) -> Option<CustomerName> {
    let name = CustomerName::parse(member.string()?);
    if name.is_none() {
        member.refuse("must be this customer's customer_id or id");
    }
    name
}

fn display_name(member: Member) -> Option<Option<String>> {
    text::nullable_text(member, 255)
}

fn limits(member: Member) -> Option<Option<RateLimit>> {
    RateLimit::read(&member).map(Some)
}

fn description(member: Member) -> Option<Option<String>> {
    text::nullable_text(member, 2000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer() -> Customer {
        let id = CustomerId::new(Timestamp::from_milliseconds(1_795_403_655_123), 7);
        let new = NewCustomer {
            customer_id: Slug::parse("acme").unwrap(),
            display_name: Some("Acme".to_owned()),
            description: None,
            labels: Labels::new(),
            limits: None,
        };
        new.into_customer(id)
    }

    #[test]
    fn a_stored_slug_is_checked() {
        let slug: Slug = serde_json::from_str("\"acme\"").unwrap();
        assert_eq!(serde_json::to_string(&slug).unwrap(), "\"acme\"");
        for text in ["\"Acme\"", "\"\"", "\"a#b\"", "1"] {
            assert!(serde_json::from_str::<Slug>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_patch_may_name_the_customer_itself_and_no_other() {
        let (customer, now) = (customer(), Timestamp::from_milliseconds(1_795_403_655_124));
        let patched = |name: &str, display_name: Option<Option<String>>| {
            let patch =
                CustomerPatch { customer_id: CustomerName::parse(name), display_name, ..CustomerPatch::default() };
            customer.patched(&patch, &IfMatch::default(), now)
        };
        assert_eq!(patched("acme", None).unwrap(), Change::Unchanged);
        for name in ["acme", &customer.id.to_string()] {
            let Ok(Change::To(changed)) = patched(name, Some(None)) else { panic!("{name}") };
            assert_eq!((changed.display_name, changed.version, changed.updated_at), (None, 2, now));
        }
        for name in ["other", "cust_01jd0000000000000000000000"] {
            assert!(matches!(patched(name, Some(None)), Err(Error::Invalid(_))), "{name}");
        }
    }

    #[test]
    fn an_archived_customer_is_missing_until_it_is_restored() {
        let (customer, now) = (customer(), Timestamp::from_milliseconds(1_795_403_655_124));
        let any = IfMatch::default();
        assert_eq!(customer.restored(now), Change::Unchanged);
        let archived = customer.archived(&any, now).unwrap();
        assert_eq!((archived.archived_at, archived.version), (Some(now), 2));
        assert!(matches!(archived.archived(&any, now), Err(Error::NotFound)));
        assert!(matches!(archived.patched(&CustomerPatch::default(), &any, now), Err(Error::NotFound)));
        let restored = Customer { version: 3, updated_at: now, ..customer.clone() };
        assert_eq!(archived.restored(now), Change::To(restored));
        let stale = IfMatch::version(9);
        assert!(matches!(customer.archived(&stale, now), Err(Error::PreconditionFailed)));
    }
}
