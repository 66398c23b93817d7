//! `PATCH /tenants/{tenant_id}`

use tests::checks::{check_at_rest, wrote};
use tests::history::{percent, random};
use tests::{App, Exchange, Value, json};

struct World {
    app: App,
    key: String,
    path: String,
    repositories: [String; 2],
}

impl World {
    /// A tenant with two repositories, none of them its default.
    async fn new() -> Self {
        let app = App::start().await;
        let key = app.new_integration("acme-corp").await;
        let tenant = app.new_tenant(&key, "one").await;
        let path = format!("/tenants/{}", tenant["id"].as_str().unwrap());
        let mut repositories = [String::new(), String::new()];
        for (n, repository) in repositories.iter_mut().enumerate() {
            *repository = app.new_repository(&key, &format!("r{n}")).await["id"].as_str().unwrap().to_owned();
            app.with_key(&key, "PUT", &format!("{path}/repositories/{repository}")).send().await.expect_status(201);
        }
        Self { app, key, path, repositories }
    }

    async fn patch(&self, body: Value) -> Exchange {
        self.app.with_key(&self.key, "PATCH", &self.path).json(body).send().await
    }

    async fn get(&self) -> Exchange {
        self.app.with_key(&self.key, "GET", &self.path).send().await.expect_status(200)
    }
}

/// What a body may say of one member besides nothing and `null`.
struct Member {
    name: &'static str,
    /// Whether `null` clears it.
    nullable: bool,
    /// What is sent, and what is shown then.
    right: Vec<(Value, Value)>,
    /// What is refused at the member's own pointer.
    wrong: Vec<Value>,
}

fn members(repositories: &[String; 2]) -> [Member; 5] {
    let same = |value: Value| (value.clone(), value);
    let settings = |given: Value| {
        let mut whole = json!({
            "filler_enabled": true, "default_agent_type": "claude-agent-sdk", "max_sticky_ttl_seconds": 3600, "max_concurrent_sticky": 5,
        });
        whole.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        (given, whole)
    };
    let [one, two] = repositories.clone().map(|id| same(json!(id)));
    [
        Member {
            name: "default_repository_id",
            nullable: true,
            right: vec![one, two, (json!(""), Value::Null)],
            wrong: vec![json!("rep_x"), json!(UNATTACHED), json!(1), json!([])],
        },
        Member {
            name: "metadata",
            nullable: false,
            right: [json!({}), json!({ "a": "1", "b": "2" }), json!({ "b": "3", "~/": "" })].map(same).to_vec(),
            wrong: vec![json!([]), json!("a")],
        },
        Member {
            name: "name",
            nullable: true,
            right: vec![same(json!("Acme")), same(json!("e\u{301}")), (json!(""), Value::Null)],
            wrong: vec![json!(1), json!("x".repeat(256)), json!("a\u{0}")],
        },
        Member {
            name: "settings",
            nullable: false,
            right: [
                json!({}),
                json!({ "filler_enabled": false }),
                json!({ "default_agent_type": "x", "max_concurrent_sticky": 0 }),
                json!({ "filler_enabled": false, "default_agent_type": "y", "max_sticky_ttl_seconds": 60, "max_concurrent_sticky": 9 }),
            ]
            .map(settings)
            .to_vec(),
            wrong: vec![json!([]), json!(true)],
        },
        Member {
            name: "status",
            nullable: false,
            right: [json!("active"), json!("suspended")].map(same).to_vec(),
            wrong: vec![json!("archived"), json!(""), json!(0)],
        },
    ]
}

/// Well-formed, and the id of nothing.
const UNATTACHED: &str = "rep_01arz3ndektsv4rrffq69g5fav";

/// A body and what the contract says of it: the tenant that comes of it, or the pointers of what is wrong.
///
/// Each of the 3^5 numbers is another combination of members that are absent, `null` or a value; one value in ten is wrong.
fn body(number: usize, upsert: bool, members: &[Member], before: &Value) -> (Value, Result<Value, Vec<String>>) {
    let mut rng = random(7, &[number]);
    let (mut body, mut after, mut wrong) = (json!({}), before.clone(), Vec::new());
    for (at, member) in members.iter().enumerate() {
        let (sent, shown) = match number / 3_usize.pow(at as u32) % 3 {
            0 => continue,
            1 => (Value::Null, member.nullable.then_some(Value::Null)),
            _ if percent(&mut rng, 10) => (member.wrong[rng.usize(..member.wrong.len())].clone(), None),
            _ => {
                let (sent, shown) = member.right[rng.usize(..member.right.len())].clone();
                (sent, Some(shown))
            }
        };
        body[member.name] = sent;
        match shown {
            Some(shown) if !upsert || member.name != "status" => after[member.name] = shown,
            _ => wrong.push(format!("/{}", member.name)),
        }
    }
    if body["default_repository_id"] == UNATTACHED && wrong.len() > 1 {
        // That a repository is not attached is known only when the rest is right.
        wrong.retain(|pointer| pointer != "/default_repository_id");
    }
    (body, if wrong.is_empty() { Ok(after) } else { Err(wrong) })
}

/// Every combination of absent, `null` and a value for all five members, against a model of the merge semantics.
#[tokio::test]
async fn absent_null_and_a_value_merge_as_the_contract_says() {
    let world = World::new().await;
    let members = members(&world.repositories);
    let mut before = world.get().await;
    let mut merged = 0;
    for number in 0..3_usize.pow(5) {
        let upsert = number % 4 == 3;
        let (body, expected) = body(number, upsert, &members, &before.json());
        let answer = if upsert {
            world.app.with_key(&world.key, "PUT", "/tenants/by-external-id/one").json(body.clone()).send().await
        } else {
            world.patch(body.clone()).await
        };
        let now = world.get().await;
        match expected {
            Err(pointers) => {
                assert_eq!(answer.pointers(), pointers, "{body}");
                assert_eq!((now.etag(), &now.body), (before.etag(), &before.body), "{body}");
            }
            Ok(mut expected) => {
                let writes = if upsert { expected != before.json() } else { body != json!({}) };
                if writes {
                    expected["updated_at"] = now.json()["updated_at"].clone();
                }
                assert_eq!(now.json(), expected, "{body}");
                assert_eq!(now.etag() != before.etag(), writes, "{body}");
                let answer = answer.expect_status(200);
                assert_eq!((answer.etag(), &answer.body), (now.etag(), &now.body), "{body}");
                merged += 1;
            }
        }
        before = now;
    }
    assert!(merged > 40, "only {merged} bodies were right");
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn settings_and_metadata_are_replaced_wholesale() {
    let world = World::new().await;
    world.patch(json!({ "settings": { "filler_enabled": false, "max_concurrent_sticky": 9 }, "metadata": { "a": "1", "b": "2" } })).await;
    let now = world
        .patch(json!({ "settings": { "max_sticky_ttl_seconds": 6e1 }, "metadata": { "b": "3" } }))
        .await
        .expect_status(200)
        .json();
    let settings = json!({
        "filler_enabled": true, "default_agent_type": "claude-agent-sdk", "max_sticky_ttl_seconds": 60, "max_concurrent_sticky": 5,
    });
    assert_eq!((&now["settings"], &now["metadata"]), (&settings, &json!({ "b": "3" })));
    let now = world.patch(json!({ "settings": {}, "metadata": {} })).await.expect_status(200).json();
    assert_eq!((&now["settings"]["max_sticky_ttl_seconds"], &now["metadata"]), (&json!(3600), &json!({})));
}

#[tokio::test]
async fn null_and_wrong_members_are_told_at_once_and_change_nothing() {
    let world = World::new().await;
    let before = world.get().await;
    let body = json!({
        "external_id": "other", "id": null, "object": "tenant", "created_at": null, "updated_at": null, "root": "x", "deleted_at": null,
        "status": null, "settings": null, "metadata": null, "name": [], "default_repository_id": 1,
    });
    let pointers = [
        "/created_at",
        "/default_repository_id",
        "/deleted_at",
        "/external_id",
        "/id",
        "/metadata",
        "/name",
        "/object",
        "/root",
        "/settings",
        "/status",
        "/updated_at",
    ];
    assert_eq!(world.patch(body).await.pointers(), pointers);
    for status in ["Active", "archived", "", " active"] {
        assert_eq!(world.patch(json!({ "status": status, "name": "x" })).await.pointers(), ["/status"]);
    }
    assert_eq!(world.get().await.body, before.body);
    let patch = || world.app.with_key(&world.key, "PATCH", &world.path);
    patch().send().await.expect_problem(400, "malformed-request");
    patch().body("application/json", "[]").send().await.expect_problem(400, "malformed-request");
    patch().body("application/merge-patch+json", r#"{"name":"merged"}"#).send().await.expect_status(200);
    patch().body("application/json-patch+json", "{}").send().await.expect_problem(415, "unsupported-media-type");
}

#[tokio::test]
async fn a_patch_without_members_writes_nothing_and_an_equal_one_is_a_write() {
    let world = World::new().await;
    let before = world.get().await;
    let (same, log) = world.app.requests_of(world.patch(json!({}))).await;
    assert_eq!((same.etag(), &same.body), (before.etag(), &before.body));
    assert!(!wrote(&log));
    let equal = world.patch(json!({ "name": null, "status": "active" })).await.expect_status(200);
    assert_ne!(equal.etag(), before.etag());
    assert!(equal.json()["updated_at"].as_str() >= before.json()["updated_at"].as_str());
    assert_eq!(equal.json()["created_at"], before.json()["created_at"]);
}

#[tokio::test]
async fn if_match_decides_which_version_may_change() {
    let world = World::new().await;
    let patch = |tag: &str, body: Value| {
        world.app.with_key(&world.key, "PATCH", &world.path).header("if-match", tag).json(body).send()
    };
    let body = || json!({ "name": "x" });
    let first = world.app.with_key(&world.key, "GET", &world.path).send().await;
    let second = patch(&first.etag(), body()).await.expect_status(200).etag();
    assert_eq!(second, first.etag_after(1));
    let (weak, later) = (format!("W/{second}"), format!("{}, \"x\"", first.etag_after(2)));
    for stale in [&first.etag(), &weak, &later, &second.replacen('"', "\"0", 1)] {
        patch(stale, body()).await.expect_problem(412, "precondition-failed");
        patch(stale, json!({})).await.expect_problem(412, "precondition-failed");
    }
    for right in [&format!(", \"9\",,{second}"), "*", &first.etag_after(3)] {
        patch(right, body()).await.expect_status(200);
    }
    for broken in ["2", "", ",", "\"2"] {
        assert_eq!(patch(broken, json!({ "name": 1 })).await.pointers(), ["/header/If-Match", "/name"]);
    }
    // A default that is not attached needs the stored state: it comes after 412, and after 404.
    let foreign = json!({ "default_repository_id": "rep_01arz3ndektsv4rrffq69g5fav" });
    patch(&first.etag(), foreign.clone()).await.expect_problem(412, "precondition-failed");
    let absent = world.app.with_key(&world.key, "PATCH", "/tenants/tnt_01arz3ndektsv4rrffq69g5fav");
    absent.clone().json(foreign).send().await.expect_problem(404, "not-found");
    absent.header("if-match", "*").json(body()).send().await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn a_default_must_be_attached() {
    let world = World::new().await;
    let unattached = world.app.new_repository(&world.key, "unattached").await["id"].as_str().unwrap().to_owned();
    let other = world.app.new_integration("other").await;
    let foreign = world.app.new_repository(&other, "foreign").await["id"].as_str().unwrap().to_owned();
    let before = world.get().await;
    let mut answers = Vec::new();
    for id in [unattached.as_str(), &foreign, UNATTACHED] {
        let body = json!({ "default_repository_id": id, "name": "x" });
        let answer = world.patch(body.clone()).await;
        assert_eq!(answer.pointers(), ["/default_repository_id"]);
        answers.push(tests::checks::shape(&answer, &[]));
        let upsert = world.app.with_key(&world.key, "PUT", "/tenants/by-external-id/one").json(body).send().await;
        assert_eq!(upsert.pointers(), ["/default_repository_id"]);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    // An ill-formed id needs no stored state: it comes with the other faults, and before 404 and 412.
    for id in ["rep_x", "x", &world.repositories[0].to_uppercase(), " "] {
        let body = json!({ "default_repository_id": id, "name": 1 });
        for path in [format!("/tenants/{}", before.json()["id"].as_str().unwrap()), "/tenants/absent".to_owned()] {
            let call = world.app.with_key(&world.key, "PATCH", &path).header("if-match", "\"0\"").json(body.clone());
            assert_eq!(call.send().await.pointers(), ["/default_repository_id", "/name"], "{id}");
        }
    }
    assert_eq!(world.get().await.body, before.body, "nothing changed");
    let right = world.patch(json!({ "default_repository_id": world.repositories[0] })).await.expect_status(200);
    assert_eq!(right.json()["default_repository_id"], world.repositories[0]);
    let cleared = world.patch(json!({ "default_repository_id": "" })).await.expect_status(200);
    assert_eq!(cleared.json()["default_repository_id"], Value::Null);
    check_at_rest(&world.app).await;
}
