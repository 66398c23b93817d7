//! Fuzzes the parsers of bodies with 104,000 random bodies: none panics, and every refusal has a reason.

use super::attachment::AttachmentPatch;
use super::conversation::{ConversationPatch, NewConversation};
use super::customer::{CustomerPatch, NewCustomer};
use super::json::{Json, Object};
use super::key::{NewKey, Rotation};
use super::message::NewMessage;
use super::repository::{NewRepository, RepositoryPatch};
use super::role::{NewRole, RolePatch};
use super::tenant::{NewTenant, TenantPatch};
use super::token_exchange::TokenExchange;
use super::user::UserPatch;
use super::{FieldError, Fields};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::cell::RefCell;

/// Whether a body was read, and its errors.
type Reader = fn(&Object) -> (bool, Vec<FieldError>);

/// All readers of bodies.
const READERS: [(&str, Reader); 19] = [
    ("NewCustomer", |object| read(object, NewCustomer::read)),
    ("CustomerPatch", |object| read(object, CustomerPatch::read)),
    ("NewKey", |object| read(object, NewKey::read)),
    ("Rotation", |object| read(object, Rotation::read)),
    ("NewTenant", |object| read(object, NewTenant::read)),
    ("TenantPatch", |object| read(object, TenantPatch::read)),
    ("upsert", |object| read(object, TenantPatch::read_upsert)),
    ("NewRepository", |object| read(object, NewRepository::read)),
    ("RepositoryPatch", |object| read(object, RepositoryPatch::read)),
    ("AttachmentPatch", |object| read(object, AttachmentPatch::read)),
    ("UserPatch", |object| read(object, UserPatch::read)),
    ("upsert of a user", |object| read(object, UserPatch::read_upsert)),
    ("NewRole", |object| read(object, NewRole::read)),
    ("RolePatch", |object| read(object, RolePatch::read)),
    ("NewConversation", |object| read(object, |fields| NewConversation::read(fields, true))),
    ("NewConversation of an end user", |object| read(object, |fields| NewConversation::read(fields, false))),
    ("ConversationPatch", |object| read(object, ConversationPatch::read)),
    ("NewMessage", |object| read(object, NewMessage::read)),
    ("TokenExchange", |object| read(object, TokenExchange::read)),
];

fn read<T>(object: &Object, read: impl for<'a> FnOnce(&mut Fields<'a>) -> Option<T>) -> (bool, Vec<FieldError>) {
    let field_errors = RefCell::default();
    let whole = Fields::read(object, "", &field_errors, read).is_some();
    (whole, field_errors.take())
}

/// Valid bodies, at least one per reader.
const BODIES: [&str; 19] = [
    r#"{"customer_id":"acme-robotics","display_name":"Acme","description":null,"labels":{"tier":"gold","a.b_c-1":""}}"#,
    r#"{"customer_id":"cust_01m6drk1by4tff59tdwh9edd1r","display_name":"","labels":{}}"#,
    r#"{"name":"adapter","scopes":["tenants:write","conversations:read_all"],"expires_at":"2027-11-02T00:00:00.123456Z"}"#,
    r#"{"overlap_seconds":6e1,"expires_at":null}"#,
    r#"{"external_id":" acme:tenant:1 ","name":"\u00e9\ud83d\ude00","settings":{"filler_enabled":true},"metadata":{"a":"b"}}"#,
    r#"{"status":"suspended","default_repository_id":"rep_01m6gg76aq27h6p3amkdqg6stt","metadata":{}}"#,
    r#"{"settings":{"default_agent_type":"x","max_sticky_ttl_seconds":60.0,"max_concurrent_sticky":1000}}"#,
    r#"{"name":"playbooks","repo_url":"ssh://git@[::1]:22/a%2Fb?c","branch":"main","provider":"github","credential_id":"crd_8Hk2mQ"}"#,
    r#"{"branch":"release/2026-11","credential_id":""}"#,
    r#"{"is_default":true,"branch_override":null}"#,
    r#"{"status":"active","role_ids":["rol_01m6gg76aq27h6p3amkdqg6stt"],"default_repository_id":null,"metadata":{}}"#,
    r#"{"email":"a@example.com","display_name":"A","role_ids":["rol_01m6gg76aq27h6p3amkdqg6stt","rol_01m6drk1by4tff59tdwh9edd1r"]}"#,
    r#"{"name":"support","description":"","repository_id":"rep_01m6gg76aq27h6p3amkdqg6stt","metadata":{"a":"b"}}"#,
    r#"{"description":null,"repository_id":null}"#,
    r#"{"user_id":"usr_01m6gg76aq27h6p3amkdqg6stt","role_id":"rol_01m6gg76aq27h6p3amkdqg6stt","runtime":{"agent_type":"x","mode":"sticky","sticky_ttl_seconds":6e2},"filler":{"enabled":true}}"#,
    r#"{"title":"t","repository_id":null,"runtime":{"mode":"pooled","sticky_ttl_seconds":null},"filler":{}}"#,
    r#"{"status":"archived","title":null,"runtime":{"sticky_ttl_seconds":60},"filler":{"enabled":false}}"#,
    r#"{"role":"assistant","content":"\u0001\u00e9\ud83d\ude00","repository_id":"rep_01m6gg76aq27h6p3amkdqg6stt","filler":null}"#,
    r#"{"tenant_external_id":"acme:tenant:1","user_external_id":" u/7 ","ttl_seconds":60}"#,
];

/// Fragments of JSON and of the grammars of members, valid and invalid.
const PIECES: [&str; 44] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    " ",
    "\n",
    "null",
    "true",
    "false",
    "0",
    "-",
    "-0.0",
    "1e308",
    "1e999",
    "6e1",
    "0.5",
    "18446744073709551616",
    "\"\"",
    "\\u0000",
    "\\ud800",
    "\\udc00",
    "\u{7f}",
    "\u{85}",
    "\u{3000}",
    "\u{feff}",
    "\u{10ffff}",
    "?",
    "%",
    "%2f",
    "@",
    "//",
    "#",
    "*",
    "~1",
    "\"name\":",
    "\"labels\":",
    "\"settings\":",
    "\"metadata\":",
    "9999-12-31T23:59:60Z",
    "[[[[[[[[",
];

const NAMES: [&str; 41] = [
    "customer_id",
    "display_name",
    "description",
    "labels",
    "name",
    "scopes",
    "expires_at",
    "overlap_seconds",
    "external_id",
    "settings",
    "metadata",
    "status",
    "default_repository_id",
    "filler_enabled",
    "default_agent_type",
    "max_sticky_ttl_seconds",
    "max_concurrent_sticky",
    "repo_url",
    "branch",
    "provider",
    "credential_id",
    "is_default",
    "branch_override",
    "email",
    "role_ids",
    "repository_id",
    "user_id",
    "role_id",
    "title",
    "runtime",
    "agent_type",
    "mode",
    "sticky_ttl_seconds",
    "filler",
    "enabled",
    "role",
    "content",
    "tenant_external_id",
    "user_external_id",
    "ttl_seconds",
    "a/b~c",
];

/// Reads a body with every reader. Panics if a reader fails without an error or with an invalid pointer.
fn judge(body: &[u8]) {
    let Ok(json) = Json::parse(body) else { return };
    let mut length = 0;
    json.canonical(&mut |part| length += part.len());
    assert!(length > 0);
    let Json::Object(object) = json else { return };
    for (name, reader) in READERS {
        let (whole, field_errors) = reader(&object);
        assert!(whole || !field_errors.is_empty(), "{name} refuses without a reason");
        for FieldError { pointer, message } in field_errors {
            let escapes = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
            assert!((pointer.is_empty() || pointer.starts_with('/')) && escapes, "{name}: no pointer: {pointer}");
            assert!(!message.is_empty(), "{name}: no message at {pointer}");
        }
    }
}

/// A body with one random change.
fn mutated(mut body: Vec<u8>, (what, at, to, piece): (u8, Index, Index, &str)) -> Vec<u8> {
    let (at, to) = (at.index(body.len() + 1), to.index(body.len() + 1));
    let (from, to) = (at.min(to), at.max(to));
    match what {
        0 => body.truncate(from),
        1 => drop(body.drain(from..to.min(from + 8))),
        2 => body.extend_from_within(from..to),
        3 => drop(body.splice(from..from, piece.bytes())),
        4 => drop(body.splice(from..to.min(from + 4), piece.bytes())),
        _ => body.iter_mut().skip(from).take(1).for_each(|byte| *byte ^= what),
    }
    body
}

/// Any JSON text of moderate depth.
fn any_json() -> impl Strategy<Value = String> {
    let text = |text: String| serde_json::to_string(&text).unwrap();
    let leaf = prop_oneof![
        select(
            &["null", "true", "false", "0", "60.0", "1e3", "-1", "1e308", "\"\"", "\"active\"", "\"a\"", "{}", "[]"][..]
        )
        .prop_map(str::to_owned),
        ".{0,6}".prop_map(text),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(|number| number.to_string()),
        prop::collection::vec(select(&PIECES[..]), 0..6).prop_map(move |pieces| text(pieces.concat())),
    ];
    leaf.prop_recursive(3, 8, 3, move |inner| {
        let member = (prop_oneof![select(&NAMES[..]).prop_map(str::to_owned), ".{0,3}"], inner.clone());
        let member = member.prop_map(move |(name, value)| format!("{}:{value}", text(name)));
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(member, 0..3).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(26_000))]

    #[test]
    fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..48)) {
        judge(&body);
    }

    #[test]
    fn any_pieces_of_json(pieces in prop::collection::vec(select(&PIECES[..]), 0..24), bare: bool) {
        let text = pieces.concat();
        judge(if bare { text } else { format!("{{{text}}}") }.as_bytes());
    }

    #[test]
    fn right_bodies_gone_wrong(
        body in select(&BODIES[..]),
        mutations in prop::collection::vec((0u8..12, any::<Index>(), any::<Index>(), select(&PIECES[..])), 0..4),
    ) {
        judge(&mutations.into_iter().fold(body.as_bytes().to_vec(), mutated));
    }

    #[test]
    fn any_values_of_known_members(members in prop::collection::btree_map(select(&NAMES[..]), any_json(), 0..5)) {
        let members: Vec<String> = members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        judge(format!("{{{}}}", members.join(",")).as_bytes());
    }
}

#[test]
fn right_bodies_are_read() {
    for body in BODIES {
        let Ok(Json::Object(object)) = Json::parse(body.as_bytes()) else { panic!("{body}") };
        assert!(READERS.iter().any(|(_, reader)| reader(&object) == (true, Vec::new())), "{body}");
    }
}
