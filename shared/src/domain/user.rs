//! Users of a tenant (contract section 6.1).

use super::precondition::IfMatch;
use super::tenant::{ExternalId, Metadata};
use super::{Change, Error, Fields, Member, RepositoryId, Result, RoleId, TenantId, Timestamp, UserId, text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The maximum number of roles that a user holds.
pub const MAX_ROLES: usize = 20;

/// Whether a user is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// In use.
    Active,
    /// Token exchange, new conversations and everything with a token are refused.
    Suspended,
}

impl UserStatus {
    /// The text of the status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }

    /// Parses the text of a status.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Suspended].into_iter().find(|status| status.as_str() == text)
    }
}

/// A user. The fields are in the order of the representation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct User {
    /// Always `user`.
    pub object: &'static str,
    /// The id that this service assigned.
    pub id: UserId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// The id that the integration gave it, unique within the tenant.
    pub external_id: ExternalId,
    /// At most 320 characters, with an `@` that is neither first nor last.
    pub email: Option<String>,
    /// At most 255 characters.
    pub display_name: Option<String>,
    /// Whether it is in use.
    pub status: UserStatus,
    /// At most [`MAX_ROLES`], ascending.
    pub role_ids: BTreeSet<RoleId>,
    /// Always one of the attached repositories.
    pub default_repository_id: Option<RepositoryId>,
    /// At most 50 pairs.
    pub metadata: Metadata,
    /// When it was created: the time in `id`.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// The version, from which the ETag is made.
    #[serde(skip)]
    pub version: u64,
}

impl User {
    fn next_version(self, now: Timestamp) -> Change<Self> {
        Change::To(Self { updated_at: now, version: self.version + 1, ..self })
    }

    /// The user after a patch.
    pub fn patched(&self, patch: &UserPatch, if_match: &IfMatch, now: Timestamp) -> Result<Change<Self>> {
        if_match.check(self.version)?;
        if patch.is_empty() {
            return Ok(Change::Unchanged);
        }
        Ok(patch.applied_to(self).next_version(now))
    }

    /// The user after an upsert. It does not change if every given member already has the given value.
    pub fn upserted(
        &self,
        patch: &UserPatch,
        if_match: &IfMatch,
        must_be_new: bool,
        now: Timestamp,
    ) -> Result<Change<Self>> {
        if must_be_new {
            return Err(Error::PreconditionFailed);
        }
        if_match.check(self.version)?;
        let changed = patch.applied_to(self);
        Ok(if changed == *self { Change::Unchanged } else { changed.next_version(now) })
    }

    /// The suspended user. One that is suspended does not change.
    pub fn deactivated(&self, if_match: &IfMatch, now: Timestamp) -> Result<Change<Self>> {
        if_match.check(self.version)?;
        Ok(match self.status {
            UserStatus::Suspended => Change::Unchanged,
            UserStatus::Active => Self { status: UserStatus::Suspended, ..self.clone() }.next_version(now),
        })
    }

    /// The user with a role.
    pub fn assigned(&self, role: RoleId, now: Timestamp) -> Result<Change<Self>> {
        let mut changed = self.clone();
        if !changed.role_ids.insert(role) {
            return Ok(Change::Unchanged);
        }
        if changed.role_ids.len() > MAX_ROLES {
            return Err(Error::invalid("", format!("the user holds {MAX_ROLES} roles")));
        }
        Ok(changed.next_version(now))
    }

    /// The user without a role.
    pub fn unassigned(&self, role: RoleId, now: Timestamp) -> Change<Self> {
        let mut changed = self.clone();
        if changed.role_ids.remove(&role) { changed.next_version(now) } else { Change::Unchanged }
    }
}

/// The body of updateUser and of the upsert. Absent members do not change; `Some(None)` clears.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserPatch {
    /// At most 320 characters, with an `@` that is neither first nor last.
    pub email: Option<Option<String>>,
    /// At most 255 characters.
    pub display_name: Option<Option<String>>,
    /// Not a member of an upsert.
    pub status: Option<UserStatus>,
    /// Replaces all roles. In the order of the request, each once.
    pub role_ids: Option<Vec<RoleId>>,
    /// Must be attached when the write is committed.
    pub default_repository_id: Option<Option<RepositoryId>>,
    /// Replaces all metadata.
    pub metadata: Option<Metadata>,
}

impl UserPatch {
    /// Reads the body of updateUser.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let status = fields.optional("status", status);
        let rest = Self::read_upsert(fields);
        Some(Self { status: status?, ..rest? })
    }

    /// Reads the body of the upsert, which cannot change the status.
    pub fn read_upsert(fields: &mut Fields) -> Option<Self> {
        let email = fields.nullable("email", email);
        let display_name = fields.nullable("display_name", |member| text::nullable_text(member, 255));
        let role_ids = fields.optional("role_ids", role_ids);
        let default_repository_id = fields.nullable("default_repository_id", |member| member.nullable_id());
        let metadata = fields.optional("metadata", text::metadata);
        Some(Self {
            email: email?,
            display_name: display_name?,
            status: None,
            role_ids: role_ids?,
            default_repository_id: default_repository_id?,
            metadata: metadata?,
        })
    }

    /// Whether no member is given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn applied_to(&self, user: &User) -> User {
        let mut changed = user.clone();
        let Self { email, display_name, status, role_ids, default_repository_id, metadata } = self.clone();
        changed.email = email.unwrap_or(changed.email);
        changed.display_name = display_name.unwrap_or(changed.display_name);
        changed.status = status.unwrap_or(changed.status);
        changed.role_ids = role_ids.map_or(changed.role_ids, |roles| roles.into_iter().collect());
        changed.default_repository_id = default_repository_id.unwrap_or(changed.default_repository_id);
        changed.metadata = metadata.unwrap_or(changed.metadata);
        changed
    }

    /// The new user of an upsert.
    pub fn into_new(self, id: UserId, tenant_id: TenantId, external_id: ExternalId) -> User {
        User {
            object: "user",
            id,
            tenant_id,
            external_id,
            email: self.email.flatten(),
            display_name: self.display_name.flatten(),
            status: UserStatus::Active,
            role_ids: self.role_ids.unwrap_or_default().into_iter().collect(),
            default_repository_id: self.default_repository_id.flatten(),
            metadata: self.metadata.unwrap_or_default(),
            created_at: id.created_at(),
            updated_at: id.created_at(),
            version: id.first_version(),
        }
    }
}

/// The maximum number of characters of an email.
const MAX_EMAIL: usize = 320;

fn email(member: Member) -> Option<Option<String>> {
    let email = text::nullable_text(member.clone(), MAX_EMAIL)?;
    if email.as_deref().is_some_and(|email| !has_inner_at(email)) {
        member.refuse("must have an @ that is neither first nor last");
        return None;
    }
    Some(email)
}

/// An email as a query parameter. The error is a message.
pub fn parse_email(text: &str) -> std::result::Result<String, String> {
    let right = text.chars().count() <= MAX_EMAIL && !text::has_control(text) && has_inner_at(text);
    right.then(|| text.to_owned()).ok_or_else(|| {
        format!(
            "must have at most {MAX_EMAIL} characters, no control characters, and an @ that is neither first nor last"
        )
    })
}

/// Whether an `@` is neither the first nor the last character.
fn has_inner_at(email: &str) -> bool {
    email.match_indices('@').any(|(at, _)| at > 0 && at + 1 < email.len())
}

fn status(member: Member) -> Option<UserStatus> {
    let status = UserStatus::parse(member.string()?);
    if status.is_none() {
        member.refuse("must be active or suspended");
    }
    status
}

fn role_ids(member: Member) -> Option<Vec<RoleId>> {
    let items = member.items()?;
    let mut right = items.len() <= MAX_ROLES;
    if !right {
        member.refuse(format!("must have at most {MAX_ROLES} items"));
    }
    let mut roles = Vec::new();
    for item in items {
        match item.id() {
            Some(role) if roles.contains(&role) => {
                item.refuse("is given twice");
                right = false;
            }
            Some(role) => roles.push(role),
            None => right = false,
        }
    }
    right.then_some(roles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::read_body;

    fn now() -> Timestamp {
        Timestamp::from_milliseconds(1_795_403_655_123)
    }

    fn later() -> Timestamp {
        now().plus_milliseconds(5)
    }

    fn role(random: u128) -> RoleId {
        RoleId::new(now(), random)
    }

    fn user(roles: u128) -> User {
        let patch = UserPatch { role_ids: Some((0..roles).map(role).collect()), ..UserPatch::default() };
        patch.into_new(UserId::new(now(), 7), TenantId::NIL, ExternalId::parse("a").unwrap())
    }

    #[test]
    fn an_email_has_an_inner_at() {
        for right in ["a@b", "@a@b", "a@b@", "é@é"] {
            assert!(has_inner_at(right), "{right}");
        }
        for wrong in ["", "a", "@", "@a", "a@", "@@"] {
            assert!(!has_inner_at(wrong), "{wrong}");
        }
    }

    #[test]
    fn an_upsert_writes_only_a_difference_and_never_activates() {
        let before = User { status: UserStatus::Suspended, ..user(2) };
        let upserted = |patch: &UserPatch, new| before.upserted(patch, &IfMatch::default(), new, now());
        let same = UserPatch { role_ids: Some(vec![role(1), role(0)]), email: Some(None), ..UserPatch::default() };
        assert_eq!(upserted(&same, false).unwrap(), Change::Unchanged);
        assert!(matches!(upserted(&same, true), Err(Error::PreconditionFailed)));
        let other = UserPatch { role_ids: Some(vec![role(1)]), ..same };
        let expected = User { role_ids: [role(1)].into(), version: before.version + 1, ..before.clone() };
        assert_eq!(upserted(&other, false).unwrap(), Change::To(expected));
    }

    #[test]
    fn a_user_holds_twenty_roles_at_most() {
        let full = user(20);
        assert!(matches!(full.assigned(role(20), now()), Err(Error::Invalid(errors)) if errors[0].pointer.is_empty()));
        assert_eq!(full.assigned(role(19), now()).unwrap(), Change::Unchanged);
        assert!(matches!(user(19).assigned(role(19), now()).unwrap(), Change::To(user) if user.role_ids.len() == 20));
        assert_eq!(full.unassigned(role(20), now()), Change::Unchanged);
        assert!(matches!(full.unassigned(role(0), now()), Change::To(user) if user.role_ids.len() == 19));
    }

    #[test]
    fn deactivating_again_changes_nothing() {
        let before = user(0);
        let Change::To(suspended) = before.deactivated(&IfMatch::default(), now()).unwrap() else { panic!() };
        assert_eq!(suspended.deactivated(&IfMatch::default(), now()).unwrap(), Change::Unchanged);
        assert!(matches!(suspended.deactivated(&IfMatch::version(0), now()), Err(Error::PreconditionFailed)));
    }

    #[test]
    fn a_patch_is_a_write_unless_it_has_no_member() {
        let before = user(2);
        let patched = |patch: &UserPatch, if_match: &IfMatch| before.patched(patch, if_match, later());
        let any = IfMatch::default();
        assert_eq!(patched(&UserPatch::default(), &any).unwrap(), Change::Unchanged);
        let next = User { updated_at: later(), version: before.version + 1, ..before.clone() };
        let same = UserPatch { status: Some(UserStatus::Active), ..UserPatch::default() };
        assert_eq!(patched(&same, &any).unwrap(), Change::To(next.clone()));
        let patch = UserPatch {
            email: Some(Some("a@b".to_owned())),
            display_name: Some(Some("n".to_owned())),
            status: Some(UserStatus::Suspended),
            role_ids: Some(vec![role(9), role(1)]),
            default_repository_id: Some(Some(RepositoryId::NIL)),
            metadata: Some([("a".to_owned(), "b".to_owned())].into()),
        };
        let expected = User {
            email: Some("a@b".to_owned()),
            display_name: Some("n".to_owned()),
            status: UserStatus::Suspended,
            role_ids: [role(1), role(9)].into(),
            default_repository_id: Some(RepositoryId::NIL),
            metadata: [("a".to_owned(), "b".to_owned())].into(),
            ..next
        };
        assert_eq!(patched(&patch, &IfMatch::version(before.version)).unwrap(), Change::To(expected));
        for patch in [patch, UserPatch::default()] {
            assert!(matches!(patched(&patch, &IfMatch::version(0)), Err(Error::PreconditionFailed)));
        }
    }

    #[test]
    fn assigning_and_unassigning_move_the_version_where_they_change_something() {
        let before = user(1);
        let next = User { updated_at: later(), version: before.version + 1, ..before.clone() };
        let with = User { role_ids: [role(0), role(5)].into(), ..next.clone() };
        assert_eq!(before.assigned(role(5), later()).unwrap(), Change::To(with));
        assert_eq!(before.unassigned(role(0), later()), Change::To(User { role_ids: BTreeSet::new(), ..next }));
        assert_eq!(before.assigned(role(0), later()).unwrap(), Change::Unchanged);
        assert_eq!(before.unassigned(role(5), later()), Change::Unchanged);
    }

    #[test]
    fn every_fault_of_role_ids_has_its_place() {
        let id = |number: u128| format!("\"{}\"", role(number));
        let read = |items: &[String]| {
            let body = format!("{{\"role_ids\":[{}]}}", items.join(","));
            read_body(&body, UserPatch::read_upsert).map(|patch| patch.role_ids.unwrap())
        };
        let many = |number: u128| (0..number).map(id).collect::<Vec<_>>();
        assert_eq!(read(&[]), Ok(Vec::new()));
        assert_eq!(read(&[id(2), id(1)]), Ok(vec![role(2), role(1)]));
        assert_eq!(read(&many(20)).map(|roles| roles.len()), Ok(20));
        assert_eq!(read(&many(21)).unwrap_err(), ["/role_ids"]);
        let items = [id(1), "1".to_owned(), id(2), id(1), "\"usr_\"".to_owned(), id(1), "null".to_owned()];
        let places = ["/role_ids/1", "/role_ids/3", "/role_ids/4", "/role_ids/5", "/role_ids/6"];
        assert_eq!(read(&items).unwrap_err(), places);
    }

    #[test]
    fn an_email_has_320_characters_at_most() {
        let read = |email: &str| {
            let body = format!("{{\"email\":{}}}", serde_json::to_string(email).unwrap());
            read_body(&body, UserPatch::read_upsert).map(|patch| patch.email)
        };
        let long = |length: usize| format!("{}@b", "é".repeat(length - 2));
        assert_eq!(read(""), Ok(Some(None)));
        assert_eq!(read(" A@b "), Ok(Some(Some(" A@b ".to_owned()))));
        assert!(read(&long(320)).is_ok() && parse_email(&long(320)).is_ok());
        for wrong in [&long(321), "a", "a@", "@b", "a\u{1}@b"] {
            assert_eq!(read(wrong).unwrap_err(), ["/email"], "{wrong}");
            assert!(parse_email(wrong).is_err(), "{wrong}");
        }
    }
}
