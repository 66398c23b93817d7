//! How bodies of conversations are read, and what a patch does to a conversation and its lease.

use super::*;
use crate::domain::RequestId;
use crate::domain::tests::read_body;

fn now() -> Timestamp {
    Timestamp::from_milliseconds(1_795_403_655_123)
}

fn later(seconds: i64) -> Timestamp {
    now().plus_milliseconds(seconds * 1000)
}

/// An active conversation without a lease, made at [`now`].
fn conversation() -> Conversation {
    let id = ConversationId::parse("con_01m6gg76aq27h6p3amkdqg6stt").unwrap();
    Conversation {
        id,
        tenant_id: TenantId::NIL,
        user_id: UserId::NIL,
        title: Some("title".to_owned()),
        status: ConversationStatus::Active,
        context: Context::default(),
        agent_type: "agent".to_owned(),
        lease: None,
        filler: Filler { enabled: true },
        metadata: [("a".to_owned(), "b".to_owned())].into(),
        message_count: 3,
        last_message_at: None,
        created_at: now(),
        updated_at: now(),
        version: 7,
    }
}

/// One that has a lease of ten minutes since [`now`].
fn leased() -> Conversation {
    Conversation { lease: Some(Lease::new(now(), 600)), ..conversation() }
}

fn archived() -> Conversation {
    Conversation { status: ConversationStatus::Archived, ..conversation() }
}

fn patch(body: &str) -> ConversationPatch {
    read_body(body, ConversationPatch::read).unwrap()
}

fn settings() -> TenantSettings {
    TenantSettings { max_sticky_ttl_seconds: 1000, max_concurrent_sticky: 1, ..TenantSettings::default() }
}

/// Applies a patch at a time. There are no leases but that of the conversation.
fn patched(before: &Conversation, body: &str, at: Timestamp) -> Result<Change<Conversation>> {
    let own = before.lease.map(|lease| (before.id, lease.expires_at));
    let leases = Leases::new(own.into_iter().collect());
    before.patched(&patch(body), &IfMatch::default(), (&settings(), &leases), at)
}

/// The pointer of the only field error, or the name of another error.
fn refusal<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(Error::Invalid(errors)) if errors.len() == 1 => errors[0].pointer.clone(),
        Err(Error::ConversationArchived) => "archived".to_owned(),
        Err(Error::PreconditionFailed) => "precondition".to_owned(),
        Err(Error::CapacityExhausted { retry_after_seconds }) => format!("capacity {retry_after_seconds}"),
        other => panic!("{other:?}"),
    }
}

fn changed(change: Result<Change<Conversation>>) -> Conversation {
    match change {
        Ok(Change::To(changed)) => changed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lease_is_shown_until_it_ends() {
    let shown = |at| serde_json::to_string(&leased().into_view(at)).unwrap();
    let start = r#"{"object":"conversation","id":"con_01m6gg76aq27h6p3amkdqg6stt","tenant_id":"tnt_00000000000000000000000000","user_id":"usr_00000000000000000000000000","title":"title","status":"active","context":{"role_id":null,"repository_id":null},"runtime":{"agent_type":"agent","#;
    let end = format!(
        r#"}},"filler":{{"enabled":true}},"metadata":{{"a":"b"}},"message_count":3,"last_message_at":null,"created_at":"{0}","updated_at":"{0}"}}"#,
        now()
    );
    let expires_at = later(600);
    let sticky = format!(r#""mode":"sticky","sticky_ttl_seconds":600,"lease_expires_at":"{expires_at}""#);
    let pooled = r#""mode":"pooled","sticky_ttl_seconds":null,"lease_expires_at":null"#;
    assert_eq!(shown(later(600).plus_milliseconds(-1)), format!("{start}{sticky}{end}"));
    assert_eq!(shown(later(600)), format!("{start}{pooled}{end}"));
}

#[test]
fn the_end_of_a_lease_changes_the_version_of_the_representation() {
    let (before, running, ended) = (leased(), later(1), later(600));
    assert_eq!(before.version_at(running), before.version);
    assert_ne!(before.version_at(ended), before.version);
    assert_eq!(before.clone().into_view(ended).version, before.version_at(ended));
    assert_eq!(conversation().version_at(ended), conversation().version);
    let title = patch(r#"{"title":"t"}"#);
    let patched = |if_match: &IfMatch, at| before.patched(&title, if_match, (&settings(), &Leases::default()), at);
    let as_running = IfMatch::version(before.version);
    assert_eq!(changed(patched(&as_running, running)).version, before.version + 1);
    assert_eq!(refusal(patched(&as_running, ended)), "precondition");
    assert!(patched(&IfMatch::version(before.version_at(ended)), ended).is_ok());
    assert_eq!(refusal(before.archived(&as_running, ended)), "precondition");
}

#[test]
fn the_last_activity_is_a_message_or_the_creation() {
    assert_eq!(conversation().last_activity(), now());
    assert_eq!(Conversation { last_message_at: Some(later(9)), ..conversation() }.last_activity(), later(9));
}

#[test]
fn a_patch_changes_what_it_names() {
    let next = Conversation { updated_at: later(5), version: 8, ..conversation() };
    let cases = [
        (r#"{"title":null}"#, Conversation { title: None, ..next.clone() }),
        (r#"{"title":""}"#, Conversation { title: None, ..next.clone() }),
        (r#"{"metadata":{}}"#, Conversation { metadata: Metadata::new(), ..next.clone() }),
        (r#"{"filler":{"enabled":false}}"#, Conversation { filler: Filler { enabled: false }, ..next.clone() }),
        // A member that says nothing, or what is so already, is a write.
        (r#"{"filler":{}}"#, next.clone()),
        (r#"{"filler":null}"#, next.clone()),
        (r#"{"runtime":{}}"#, next.clone()),
        (r#"{"runtime":{"agent_type":"agent"}}"#, next.clone()),
        (r#"{"runtime":{"mode":"pooled","sticky_ttl_seconds":null}}"#, next.clone()),
        (r#"{"runtime":{"sticky_ttl_seconds":null}}"#, next.clone()),
        (r#"{"title":"title","status":"active"}"#, next.clone()),
        (r#"{"status":"archived"}"#, Conversation { status: ConversationStatus::Archived, ..next.clone() }),
    ];
    for (body, expected) in cases {
        assert_eq!(changed(patched(&conversation(), body, later(5))), expected, "{body}");
    }
    assert_eq!(patched(&conversation(), "{}", later(5)).unwrap(), Change::Unchanged);
    assert_eq!(refusal(patched(&conversation(), r#"{"runtime":{"agent_type":"b"}}"#, now())), "/runtime/agent_type");
}

#[test]
fn an_archived_conversation_only_becomes_active() {
    for body in ["{}", r#"{"title":"t"}"#, r#"{"status":"archived"}"#, r#"{"runtime":{"agent_type":"b"}}"#] {
        assert_eq!(refusal(patched(&archived(), body, now())), "archived", "{body}");
    }
    // The version is checked first.
    let stale = archived().patched(&patch("{}"), &IfMatch::version(0), (&settings(), &Leases::default()), now());
    assert_eq!(refusal(stale), "precondition");
    let active = changed(patched(&archived(), r#"{"status":"active","title":null}"#, now()));
    assert_eq!((active.status, active.title, active.lease), (ConversationStatus::Active, None, None));
    let sticky = changed(patched(&archived(), r#"{"status":"active","runtime":{"mode":"sticky"}}"#, now()));
    assert_eq!(sticky.lease, Some(Lease::new(now(), 1000)));
    let other_agent = r#"{"status":"active","runtime":{"agent_type":"b"}}"#;
    assert_eq!(refusal(patched(&archived(), other_agent, now())), "/runtime/agent_type");
}

#[test]
fn only_an_active_conversation_takes_messages() {
    assert!(conversation().check_active().is_ok());
    assert_eq!(refusal(archived().check_active()), "archived");
}

#[test]
fn archiving_ends_the_lease_and_again_changes_nothing() {
    let any = IfMatch::default();
    let expected = Conversation { lease: None, updated_at: later(5), version: 8, ..archived() };
    assert_eq!(leased().archived(&any, later(5)).unwrap(), Change::To(expected.clone()));
    assert_eq!(changed(patched(&leased(), r#"{"status":"archived"}"#, later(5))), expected);
    assert_eq!(expected.archived(&any, later(6)).unwrap(), Change::Unchanged);
    assert_eq!(refusal(expected.archived(&IfMatch::version(7), later(6))), "precondition");
}

#[test]
fn a_patch_takes_renews_keeps_or_gives_up_a_lease() {
    const TTL: &str = "/runtime/sticky_ttl_seconds";
    let (running, ended) = (later(10), later(600));
    let old = Some(Lease::new(now(), 600));
    let new = |at, seconds| Ok(Some(Lease::new(at, seconds)));
    let cases = [
        // Without a lease.
        (conversation(), running, r#"{"mode":"sticky"}"#, new(running, 1000)),
        (conversation(), running, r#"{"mode":"sticky","sticky_ttl_seconds":null}"#, new(running, 1000)),
        (conversation(), running, r#"{"mode":"sticky","sticky_ttl_seconds":60}"#, new(running, 60)),
        (conversation(), running, r#"{"mode":"sticky","sticky_ttl_seconds":1000}"#, new(running, 1000)),
        (conversation(), running, r#"{"mode":"sticky","sticky_ttl_seconds":1001}"#, Err(TTL)),
        (conversation(), running, r#"{"sticky_ttl_seconds":60}"#, Err(TTL)),
        (conversation(), running, r#"{"mode":"pooled"}"#, Ok(None)),
        // With a running one.
        (leased(), running, "{}", Ok(old)),
        (leased(), running, r#"{"sticky_ttl_seconds":null}"#, Ok(old)),
        (leased(), running, r#"{"mode":"sticky"}"#, Ok(old)),
        (leased(), running, r#"{"mode":"sticky","sticky_ttl_seconds":60}"#, new(running, 60)),
        (leased(), running, r#"{"sticky_ttl_seconds":60}"#, new(running, 60)),
        (leased(), running, r#"{"sticky_ttl_seconds":1001}"#, Err(TTL)),
        (leased(), running, r#"{"mode":"pooled"}"#, Ok(None)),
        // With one that has ended.
        (leased(), ended, "{}", Ok(old)),
        (leased(), ended, r#"{"mode":"sticky"}"#, new(ended, 1000)),
        (leased(), ended, r#"{"mode":"sticky","sticky_ttl_seconds":60}"#, new(ended, 60)),
        (leased(), ended, r#"{"sticky_ttl_seconds":60}"#, Err(TTL)),
        (leased(), ended, r#"{"mode":"pooled"}"#, Ok(None)),
    ];
    for (before, at, runtime, expected) in cases {
        let body = format!(r#"{{"runtime":{runtime}}}"#);
        let after = patched(&before, &body, at);
        match expected {
            Ok(lease) => assert_eq!(changed(after).lease, lease, "{body}"),
            Err(pointer) => assert_eq!(refusal(after), pointer, "{body}"),
        }
        // A patch that also archives ends the lease. It is refused for the same members.
        let body = format!(r#"{{"status":"archived","runtime":{runtime}}}"#);
        let after = patched(&before, &body, at);
        match expected {
            Ok(_) => assert_eq!(changed(after).lease, None, "{body}"),
            Err(pointer) => assert_eq!(refusal(after), pointer, "{body}"),
        }
    }
}

#[test]
fn a_patch_is_refused_where_others_have_all_leases() {
    let other = ConversationId::new(now(), 1);
    let (before, leases) = (leased(), Leases::new([(other, later(30)), (leased().id, later(600))].into()));
    let patched = |before: &Conversation, body: &str, at| {
        before.patched(&patch(body), &IfMatch::default(), (&settings(), &leases), at)
    };
    let sticky = r#"{"runtime":{"mode":"sticky"}}"#;
    let without = Conversation { id: ConversationId::new(now(), 2), ..conversation() };
    assert_eq!(refusal(patched(&without, sticky, later(10))), "capacity 20");
    assert!(patched(&without, r#"{"title":"t"}"#, later(10)).is_ok());
    // Neither a renewal nor an archived conversation needs a place.
    assert!(patched(&before, r#"{"runtime":{"sticky_ttl_seconds":60}}"#, later(10)).is_ok());
    assert!(patched(&without, r#"{"status":"archived","runtime":{"mode":"sticky"}}"#, later(10)).is_ok());
    // A 422 is found before the 429.
    let too_long = r#"{"runtime":{"mode":"sticky","sticky_ttl_seconds":1001}}"#;
    assert_eq!(refusal(patched(&without, too_long, later(10))), "/runtime/sticky_ttl_seconds");
    // Nothing is left over for one that became active again.
    let back = Conversation { status: ConversationStatus::Archived, ..without };
    assert!(patched(&back, r#"{"status":"active"}"#, later(10)).is_ok());
    assert_eq!(refusal(patched(&back, r#"{"status":"active","runtime":{"mode":"sticky"}}"#, later(10))), "capacity 20");
}

#[test]
fn a_patch_needs_leases_only_where_it_may_take_one() {
    for (runtime, takes) in [
        ("{}", false),
        (r#"{"mode":"pooled"}"#, false),
        (r#"{"agent_type":"a"}"#, false),
        (r#"{"sticky_ttl_seconds":null}"#, false),
        (r#"{"mode":"sticky"}"#, true),
        (r#"{"sticky_ttl_seconds":60}"#, true),
    ] {
        assert_eq!(patch(&format!(r#"{{"runtime":{runtime}}}"#)).takes_lease(), takes, "{runtime}");
    }
}

#[test]
fn a_duration_needs_the_mode_sticky() {
    let long_type = format!(r#"{{"agent_type":"{}"}}"#, "x".repeat(65));
    // A runtime, and the pointers below it that a new conversation and a patch refuse.
    let cases: [(&str, &[&str], &[&str]); 18] = [
        ("{}", &[], &[]),
        (r#"{"mode":"sticky"}"#, &[], &[]),
        (r#"{"mode":"pooled"}"#, &[], &[]),
        (r#"{"mode":"sticky","sticky_ttl_seconds":60}"#, &[], &[]),
        (r#"{"mode":"sticky","sticky_ttl_seconds":86400}"#, &[], &[]),
        (r#"{"mode":"pooled","sticky_ttl_seconds":null}"#, &[], &[]),
        (r#"{"mode":"sticky","sticky_ttl_seconds":null}"#, &[], &[]),
        (r#"{"sticky_ttl_seconds":null}"#, &[], &[]),
        (r#"{"mode":"pooled","sticky_ttl_seconds":60}"#, &["sticky_ttl_seconds"], &["sticky_ttl_seconds"]),
        (r#"{"sticky_ttl_seconds":60}"#, &["sticky_ttl_seconds"], &[]),
        (r#"{"mode":"sticky","sticky_ttl_seconds":59}"#, &["sticky_ttl_seconds"], &["sticky_ttl_seconds"]),
        (r#"{"mode":"sticky","sticky_ttl_seconds":86401}"#, &["sticky_ttl_seconds"], &["sticky_ttl_seconds"]),
        (r#"{"mode":"other","sticky_ttl_seconds":60}"#, &["mode"], &["mode"]),
        (r#"{"mode":null,"sticky_ttl_seconds":"1"}"#, &["mode", "sticky_ttl_seconds"], &["mode", "sticky_ttl_seconds"]),
        (r#"{"agent_type":null}"#, &["agent_type"], &["agent_type"]),
        (r#"{"agent_type":""}"#, &["agent_type"], &["agent_type"]),
        (&long_type, &["agent_type"], &["agent_type"]),
        (r#"{"lease_expires_at":null}"#, &["lease_expires_at"], &["lease_expires_at"]),
    ];
    for (runtime, in_new, in_patch) in cases {
        let body = format!(r#"{{"runtime":{runtime}}}"#);
        let pointers =
            |names: &[&str]| -> Vec<String> { names.iter().map(|name| format!("/runtime/{name}")).collect() };
        let new = read_body(&body, |fields| NewConversation::read(fields, false));
        assert_eq!(new.err().unwrap_or_default(), pointers(in_new), "{body}");
        let patch = read_body(&body, ConversationPatch::read);
        assert_eq!(patch.err().unwrap_or_default(), pointers(in_patch), "{body}");
    }
}

#[test]
fn a_new_conversation_is_read_with_all_faults() {
    let read = |body: &str, needs_user| read_body(body, |fields| NewConversation::read(fields, needs_user));
    assert_eq!(read("{}", false), Ok(NewConversation::default()));
    assert_eq!(read("{}", true), Err(vec!["/user_id".to_owned()]));
    let nulls = r#"{"role_id":null,"repository_id":null,"title":null,"filler":null}"#;
    assert_eq!(read(nulls, false), Ok(NewConversation::default()));
    assert_eq!(read(r#"{"filler":{},"runtime":{},"title":"","metadata":{}}"#, false), Ok(NewConversation::default()));
    let other_kind = RequestId::NIL.to_string();
    let wrong = format!(
        r#"{{"user_id":"{other_kind}","role_id":"{other_kind}","repository_id":1,"title":1,"filler":{{"enabled":null,"x":1}},"runtime":null,"metadata":null,"status":"active"}}"#
    );
    let pointers = [
        "/filler/enabled",
        "/filler/x",
        "/metadata",
        "/repository_id",
        "/role_id",
        "/runtime",
        "/status",
        "/title",
        "/user_id",
    ];
    for needs_user in [false, true] {
        assert_eq!(read(&wrong, needs_user).unwrap_err(), pointers);
        assert_eq!(read(r#"{"user_id":null}"#, needs_user).unwrap_err(), ["/user_id"]);
    }
}

#[test]
fn fixed_members_are_not_changed() {
    for name in ["id", "user_id", "role_id", "repository_id", "context", "message_count", "updated_at"] {
        let read = read_body(&format!(r#"{{"{name}":null}}"#), ConversationPatch::read);
        assert_eq!(read.unwrap_err(), [format!("/{name}")]);
    }
}

#[test]
fn a_status_is_parsed_from_its_text() {
    for status in [ConversationStatus::Active, ConversationStatus::Archived] {
        assert_eq!(ConversationStatus::parse(status.as_str()), Some(status));
    }
    assert_eq!(ConversationStatus::parse("Active"), None);
}
