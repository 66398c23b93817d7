//! The merge semantics of PATCH bodies (contract section 2.6): every combination of absent, `null`, valid and invalid members.

use super::conversation::{ConversationPatch, ConversationStatus, Mode, RuntimePatch};
use super::customer::{CustomerName, CustomerPatch};
use super::json::Json;
use super::rate_limit::RateLimit;
use super::role::RolePatch;
use super::tenant::{TenantPatch, TenantSettings, TenantStatus};
use super::user::{UserPatch, UserStatus};
use super::{Fields, RepositoryId, RoleId};
use std::cell::RefCell;
use std::collections::BTreeMap;

#[derive(Clone, Copy, PartialEq, Debug)]
enum Given {
    Absent,
    Null,
    Valid,
    Invalid,
}

/// A member: its name, whether it may be cleared, a valid and an invalid value.
type Row = (&'static str, bool, &'static str, &'static str);

fn combinations<const MEMBERS: usize>() -> impl Iterator<Item = [Given; MEMBERS]> {
    let given = [Given::Absent, Given::Null, Given::Valid, Given::Invalid];
    (0..4usize.pow(MEMBERS as u32))
        .map(move |number| std::array::from_fn(|at| given[number / 4usize.pow(at as u32) % 4]))
}

/// Reads a body with these members. The error has the pointers of all invalid members.
fn read<T, const MEMBERS: usize>(
    rows: &[Row; MEMBERS],
    given: &[Given; MEMBERS],
    read: impl for<'a> FnOnce(&mut Fields<'a>) -> Option<T>,
) -> Result<T, Vec<String>> {
    let member = |((name, _, right, wrong), given_as): (&Row, &Given)| match given_as {
        Given::Absent => None,
        Given::Null => Some(format!("\"{name}\":null")),
        Given::Valid => Some(format!("\"{name}\":{right}")),
        Given::Invalid => Some(format!("\"{name}\":{wrong}")),
    };
    let body = format!("{{{}}}", rows.iter().zip(given).filter_map(member).collect::<Vec<_>>().join(","));
    read_body(&body, read)
}

/// Reads a body. The error has the pointers of all invalid members, sorted.
pub(super) fn read_body<T>(
    body: &str,
    read: impl for<'a> FnOnce(&mut Fields<'a>) -> Option<T>,
) -> Result<T, Vec<String>> {
    let Ok(Json::Object(object)) = Json::parse(body.as_bytes()) else { panic!("{body}") };
    let field_errors = RefCell::default();
    let whole = Fields::read(&object, "", &field_errors, read);
    let mut pointers: Vec<String> = field_errors.take().into_iter().map(|error| error.pointer).collect();
    pointers.sort_unstable();
    whole.filter(|_| pointers.is_empty()).ok_or(pointers)
}

/// The expected pointers of invalid members, if any.
fn wrong<const MEMBERS: usize>(rows: &[Row; MEMBERS], given: &[Given; MEMBERS]) -> Option<Vec<String>> {
    let is_wrong =
        |(row, given_as): &(&Row, &Given)| **given_as == Given::Invalid || **given_as == Given::Null && !row.1;
    let pointers: Vec<String> =
        rows.iter().zip(given).filter(is_wrong).map(|((name, ..), _)| format!("/{name}")).collect();
    Some(pointers).filter(|pointers| !pointers.is_empty())
}

/// A member that may be cleared.
fn nullable<T>(given_as: Given, value: T) -> Option<Option<T>> {
    match given_as {
        Given::Null => Some(None),
        given_as => plain(given_as, value).map(Some),
    }
}

/// A member that may not be cleared.
fn plain<T>(given_as: Given, value: T) -> Option<T> {
    (given_as == Given::Valid).then_some(value)
}

#[test]
fn each_member_of_a_tenant_is_read_by_itself() {
    let rows = [
        ("default_repository_id", true, "\"rep_01m6gg76aq27h6p3amkdqg6stt\"", "1"),
        ("metadata", false, "{\"a\":\"b\"}", "[]"),
        ("name", true, "\"new\"", "{}"),
        ("settings", false, "{\"filler_enabled\":false}", "true"),
        ("status", false, "\"suspended\"", "\"archived\""),
    ];
    for given in combinations() {
        let expected = TenantPatch {
            default_repository_id: nullable(given[0], RepositoryId::parse("rep_01m6gg76aq27h6p3amkdqg6stt").unwrap()),
            metadata: plain(given[1], BTreeMap::from([("a".to_owned(), "b".to_owned())])),
            name: nullable(given[2], "new".to_owned()),
            settings: plain(given[3], TenantSettings { filler_enabled: false, ..TenantSettings::default() }),
            status: plain(given[4], TenantStatus::Suspended),
        };
        let read = read(&rows, &given, TenantPatch::read);
        assert_eq!(read, wrong(&rows, &given).map_or(Ok(expected), Err), "{given:?}");
    }
}

#[test]
fn each_member_of_a_customer_is_read_by_itself() {
    let rows = [
        ("customer_id", false, "\"acme\"", "\"Acme\""),
        ("description", true, "\"new\"", "1"),
        ("display_name", true, "\"new\"", "[]"),
        ("labels", false, "{\"a\":\"b\"}", "\"a\""),
        ("limits", true, "{\"requests_per_second\":5}", "5"),
    ];
    for given in combinations() {
        let expected = CustomerPatch {
            customer_id: plain(given[0], CustomerName::parse("acme").unwrap()),
            description: nullable(given[1], "new".to_owned()),
            display_name: nullable(given[2], "new".to_owned()),
            labels: plain(given[3], BTreeMap::from([("a".to_owned(), "b".to_owned())])),
            limits: nullable(given[4], RateLimit { requests_per_second: 5, burst: 5 }),
        };
        let read = read(&rows, &given, CustomerPatch::read);
        assert_eq!(read, wrong(&rows, &given).map_or(Ok(expected), Err), "{given:?}");
    }
}

#[test]
fn each_member_of_a_user_is_read_by_itself() {
    let rows = [
        ("default_repository_id", true, "\"rep_01m6gg76aq27h6p3amkdqg6stt\"", "\"rep_\""),
        ("display_name", true, "\"new\"", "1"),
        ("email", true, "\"a@b\"", "\"@b\""),
        ("metadata", false, "{\"a\":\"b\"}", "[]"),
        ("role_ids", false, "[\"rol_01m6gg76aq27h6p3amkdqg6stt\"]", "{}"),
        ("status", false, "\"suspended\"", "\"archived\""),
    ];
    for given in combinations() {
        let expected = UserPatch {
            default_repository_id: nullable(given[0], RepositoryId::parse("rep_01m6gg76aq27h6p3amkdqg6stt").unwrap()),
            display_name: nullable(given[1], "new".to_owned()),
            email: nullable(given[2], "a@b".to_owned()),
            metadata: plain(given[3], BTreeMap::from([("a".to_owned(), "b".to_owned())])),
            role_ids: plain(given[4], vec![RoleId::parse("rol_01m6gg76aq27h6p3amkdqg6stt").unwrap()]),
            status: plain(given[5], UserStatus::Suspended),
        };
        assert_eq!(
            read(&rows, &given, UserPatch::read),
            wrong(&rows, &given).map_or(Ok(expected.clone()), Err),
            "{given:?}"
        );
        // An upsert takes all but the status.
        let mut pointers = wrong(&rows, &given).unwrap_or_default();
        pointers.retain(|pointer| pointer != "/status");
        pointers.extend((given[5] != Given::Absent).then(|| "/status".to_owned()));
        let upsert = if pointers.is_empty() { Ok(expected) } else { Err(pointers) };
        assert_eq!(read(&rows, &given, UserPatch::read_upsert), upsert, "{given:?}");
    }
}

#[test]
fn each_member_of_a_role_is_read_by_itself() {
    let rows = [
        ("description", true, "\"new\"", "1"),
        ("metadata", false, "{\"a\":\"b\"}", "[]"),
        ("name", false, "\"new\"", "\"\""),
        ("repository_id", true, "\"rep_01m6gg76aq27h6p3amkdqg6stt\"", "1"),
    ];
    for given in combinations() {
        let expected = RolePatch {
            description: nullable(given[0], "new".to_owned()),
            metadata: plain(given[1], BTreeMap::from([("a".to_owned(), "b".to_owned())])),
            name: plain(given[2], "new".to_owned()),
            repository_id: nullable(given[3], RepositoryId::parse("rep_01m6gg76aq27h6p3amkdqg6stt").unwrap()),
        };
        assert_eq!(read(&rows, &given, RolePatch::read), wrong(&rows, &given).map_or(Ok(expected), Err), "{given:?}");
    }
}

#[test]
fn each_member_of_a_conversation_is_read_by_itself() {
    let rows = [
        ("filler", true, "{\"enabled\":false}", "false"),
        ("metadata", false, "{\"a\":\"b\"}", "[]"),
        ("runtime", false, "{\"mode\":\"pooled\"}", "\"pooled\""),
        ("status", false, "\"archived\"", "\"suspended\""),
        ("title", true, "\"new\"", "1"),
    ];
    for given in combinations() {
        let members = |patch: ConversationPatch| {
            let is_empty = patch.is_empty();
            let ConversationPatch { title, status, runtime, filler_enabled, metadata, .. } = patch;
            (filler_enabled, metadata, runtime, status, title, is_empty)
        };
        let expected = (
            plain(given[0], false),
            plain(given[1], BTreeMap::from([("a".to_owned(), "b".to_owned())])),
            RuntimePatch { mode: plain(given[2], Mode::Pooled), ..RuntimePatch::default() },
            plain(given[3], ConversationStatus::Archived),
            nullable(given[4], "new".to_owned()),
            given == [Given::Absent; 5],
        );
        let read = read(&rows, &given, ConversationPatch::read).map(members);
        assert_eq!(read, wrong(&rows, &given).map_or(Ok(expected), Err), "{given:?}");
    }
}
