//! What a conversation takes from the request, the user, the role and the tenant. It is decided in the transaction that creates it.

use tests::{Exchange, Members, Value, id_of, json};

const ABSENT_ROLE: &str = "rol_00000000000000000000000000";

fn context(answer: Exchange) -> Value {
    answer.expect_status(201).json()["context"].clone()
}

#[tokio::test]
async fn the_role_is_the_one_given_the_only_one_or_none() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let begin = async |role: Value| world.begin(json!({ "user_id": user, "role_id": role })).await;
    let (first, second) = (world.role("first").await, world.role("second").await);
    assert_eq!(context(begin(Value::Null).await)["role_id"], Value::Null);
    for role in [&*first, ABSENT_ROLE] {
        assert_eq!(begin(json!(role)).await.pointers(), ["/role_id"]);
    }
    world.assign("PUT", &user, &first).await.expect_status(204);
    for role in [Value::Null, json!(first)] {
        assert_eq!(context(begin(role).await)["role_id"], json!(first));
    }
    assert_eq!(context(world.begin(json!({ "user_id": user })).await)["role_id"], json!(first));
    assert_eq!(begin(json!(second)).await.pointers(), ["/role_id"]);
    world.assign("PUT", &user, &second).await.expect_status(204);
    for role in [&first, &second] {
        assert_eq!(context(begin(json!(role)).await)["role_id"], json!(role));
    }
    for body in [json!({ "user_id": user }), json!({ "user_id": user, "role_id": null })] {
        let refused = world.begin(body).await.expect_problem(422, "role-required").json();
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains('2'), "{detail}");
    }
    assert_eq!(begin(json!(ABSENT_ROLE)).await.pointers(), ["/role_id"]);
    world.assign("DELETE", &user, &first).await.expect_status(204);
    assert_eq!(context(begin(Value::Null).await)["role_id"], json!(second));
    // A role of another tenant of the customer is one that the user does not have.
    let other = id_of(&world.app.new_tenant(&world.key, "two").await);
    let foreign = id_of(&world.app.new_role(&world.key, &other, "first").await);
    assert_eq!(begin(json!(foreign)).await.pointers(), ["/role_id"]);
}

#[tokio::test]
async fn the_repository_is_the_first_that_the_request_the_user_the_role_or_the_tenant_names() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let role = world.role("r").await;
    world.assign("PUT", &user, &role).await.expect_status(204);
    let mut repositories = Vec::new();
    for name in ["request", "user", "role", "tenant"] {
        repositories.push(json!(world.attached(name).await));
    }
    let [request, of_user, of_role, of_tenant] = &repositories[..] else { unreachable!() };
    let patch = async |path: String, member: &str, value: &Value| {
        world.send("PATCH", &path, json!({ member: value })).await.expect_status(200);
    };
    // Every combination of what is set, by the bits of a number.
    for set in 0..16 {
        let given = |bit: usize, value: &Value| if set >> bit & 1 == 1 { value.clone() } else { Value::Null };
        patch(format!("/tenants/{}", world.tenant), "default_repository_id", &given(0, of_tenant)).await;
        patch(format!("/roles/{role}"), "repository_id", &given(1, of_role)).await;
        patch(format!("/users/{user}"), "default_repository_id", &given(2, of_user)).await;
        let body = json!({ "user_id": user, "repository_id": given(3, request) });
        let expected = [(3, request), (2, of_user), (1, of_role), (0, of_tenant)];
        let expected = expected.into_iter().find(|(bit, _)| set >> bit & 1 == 1).map(|(_, value)| value.clone());
        let expected = json!({ "role_id": role, "repository_id": expected });
        assert_eq!(context(world.begin(body).await), expected, "{set:04b}");
    }
}

#[tokio::test]
async fn a_repository_that_is_given_must_be_attached() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let attached = world.attached("one").await;
    let registered = id_of(&world.app.new_repository(&world.key, "two").await);
    let begin = async |repository: &str| world.begin(json!({ "user_id": user, "repository_id": repository })).await;
    for repository in ["rep_00000000000000000000000000", &*registered] {
        assert_eq!(begin(repository).await.pointers(), ["/repository_id"]);
    }
    let made = begin(&attached).await.expect_status(201).json();
    world.call("DELETE", &world.attachment(&attached)).send().await.expect_status(204);
    assert_eq!(begin(&attached).await.pointers(), ["/repository_id"]);
    // A conversation keeps what it has.
    assert_eq!(world.shown(&id_of(&made)).await.json()["context"]["repository_id"], json!(attached));
}

#[tokio::test]
async fn the_agent_type_and_fillers_are_those_given_or_the_tenants() {
    let world = Members::new().await;
    let user = world.user("u").await;
    world.tenant(json!({ "settings": { "default_agent_type": "of-the-tenant", "filler_enabled": false } })).await;
    for (body, agent_type, filler) in [
        (json!({}), "of-the-tenant", false),
        (json!({ "runtime": { "agent_type": "x" } }), "x", false),
        (json!({ "filler": { "enabled": true } }), "of-the-tenant", true),
        (json!({ "runtime": { "agent_type": "y" }, "filler": { "enabled": false } }), "y", false),
    ] {
        let mut body = body;
        body["user_id"] = json!(user);
        let made = world.begin(body).await.expect_status(201).json();
        assert_eq!((&made["runtime"]["agent_type"], &made["filler"]["enabled"]), (&json!(agent_type), &json!(filler)));
    }
}

#[tokio::test]
async fn what_it_has_taken_is_never_rewritten() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let role = world.role("r").await;
    let (one, two) = (world.attached("one").await, world.attached("two").await);
    world.assign("PUT", &user, &role).await.expect_status(204);
    world.send("PATCH", &format!("/roles/{role}"), json!({ "repository_id": one })).await.expect_status(200);
    let made = world.conversation(&user).await;
    assert_eq!(made["context"], json!({ "role_id": role, "repository_id": one }));
    let id = id_of(&made);
    let before = world.shown(&id).await;
    // Everything that it came from changes, and goes where it can.
    world.send("PATCH", &format!("/roles/{role}"), json!({ "repository_id": two })).await.expect_status(200);
    let settings = json!({ "default_agent_type": "other", "filler_enabled": false });
    world.tenant(json!({ "settings": settings, "default_repository_id": two })).await;
    world.send("PATCH", &format!("/users/{user}"), json!({ "default_repository_id": two })).await.expect_status(200);
    world.assign("DELETE", &user, &role).await.expect_status(204);
    world.call("DELETE", &format!("/roles/{role}")).send().await.expect_status(204);
    world.call("DELETE", &world.attachment(&one)).send().await.expect_status(204);
    let after = world.shown(&id).await;
    assert_eq!((after.body.clone(), after.etag()), (before.body.clone(), before.etag()));
    // Its own members are changed as ever, and messages take the repository that it has.
    world.change(&id, json!({ "title": "T" })).await.expect_status(200);
    let message = world.say(&id, json!({ "content": "c" })).await.expect_status(201).json();
    assert_eq!((&message["repository_id"], &message["filler"]), (&json!(one), &json!({ "enabled": true })));
}

/// Changes that are committed between what a creation read and its transaction, and what it is answered.
struct Race<'a> {
    body: Value,
    changes: Vec<(&'a str, &'a str, Value)>,
    check: &'a dyn Fn(Exchange),
}

#[tokio::test]
async fn a_creation_is_decided_by_what_holds_when_it_is_committed() {
    let world = Members::new().await;
    world.app.lambda.warm("create-conversation", 1).await.unwrap();
    let user = world.user("u").await;
    let (one, two) = (world.attached("one").await, world.attached("two").await);
    let (first, second) = (world.role("first").await, world.role("second").await);
    let (tenant, path) = (format!("/tenants/{}", world.tenant), format!("/users/{user}"));
    let (role, attachment) = (format!("/roles/{first}"), world.attachment(&two));
    let (held, held_too) = (format!("{path}/roles/{first}"), format!("{path}/roles/{second}"));
    let race = async |Race { mut body, changes, check }: Race<'_>| {
        body["user_id"] = json!(user);
        let others = async {
            for (method, path, body) in changes {
                let call = world.call(method, path);
                let answer = if body.is_null() { call } else { call.json(body) }.send().await;
                assert!(answer.status < 300, "{answer}");
            }
        };
        let call = world.call("POST", "/conversations").json(body);
        check(world.while_held(call, "CreateConversationFunction", others).await);
    };
    let has = |role: Option<&str>, repository: Option<&str>| {
        let expected = json!({ "role_id": role, "repository_id": repository });
        move |answer: Exchange| assert_eq!(context(answer), expected)
    };
    race(Race {
        body: json!({}),
        changes: vec![("PATCH", &tenant, json!({ "settings": { "default_agent_type": "new" } }))],
        check: &|answer| assert_eq!(answer.expect_status(201).json()["runtime"]["agent_type"], json!("new")),
    })
    .await;
    race(Race {
        body: json!({}),
        changes: vec![("PATCH", &tenant, json!({ "default_repository_id": one }))],
        check: &has(None, Some(&one)),
    })
    .await;
    race(Race {
        body: json!({ "repository_id": two }),
        changes: vec![("DELETE", &attachment, Value::Null)],
        check: &|answer| assert_eq!(answer.pointers(), ["/repository_id"]),
    })
    .await;
    race(Race {
        body: json!({}),
        changes: vec![("PUT", &attachment, Value::Null), ("PATCH", &path, json!({ "default_repository_id": two }))],
        check: &has(None, Some(&two)),
    })
    .await;
    race(Race {
        body: json!({}),
        changes: vec![("PATCH", &path, json!({ "default_repository_id": null }))],
        check: &has(None, Some(&one)),
    })
    .await;
    race(Race { body: json!({}), changes: vec![("PUT", &held, Value::Null)], check: &has(Some(&first), Some(&one)) })
        .await;
    race(Race {
        body: json!({}),
        changes: vec![("PATCH", &role, json!({ "repository_id": two }))],
        check: &has(Some(&first), Some(&two)),
    })
    .await;
    race(Race {
        body: json!({}),
        changes: vec![("PUT", &held_too, Value::Null)],
        check: &|answer| drop(answer.expect_problem(422, "role-required")),
    })
    .await;
    race(Race {
        body: json!({ "role_id": first }),
        changes: vec![("DELETE", &held, Value::Null)],
        check: &|answer| assert_eq!(answer.pointers(), ["/role_id"]),
    })
    .await;
    race(Race {
        body: json!({}),
        changes: vec![("DELETE", &path, Value::Null)],
        check: &|answer| drop(answer.expect_problem(403, "insufficient-scope")),
    })
    .await;
}
