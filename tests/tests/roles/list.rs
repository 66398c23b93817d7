//! `GET /tenants/{tenant_id}/roles`

use tests::checks::{check_walk, escaped, ids};
use tests::{Members, Value, id_of, json};

async fn list(world: &Members, query: &str) -> Value {
    world.get(&format!("/tenants/{}/roles?{query}", world.tenant)).await.json()
}

fn empty() -> Value {
    json!({ "object": "list", "data": [], "has_more": false, "next_cursor": null })
}

#[tokio::test]
async fn pages_hold_each_role_once_in_both_directions() {
    let world = Members::new().await;
    let other = id_of(&world.app.new_tenant(&world.key, "two").await);
    world.app.new_role(&world.key, &other, "not of this tenant").await;
    let path = format!("/tenants/{}/roles", world.tenant);
    let mut expected: Vec<String> = Vec::new();
    for n in 0..=9 {
        check_walk(&world.app, &world.key, &path, 4, &expected).await;
        expected.push(world.role(&format!("r{n}")).await);
        expected.sort_by(|a, b| b.cmp(a));
    }
    check_walk(&world.app, &world.key, &path, 1, &expected).await;
    check_walk(&world.app, &world.key, &path, 100, &expected).await;
    let row = list(&world, "limit=1").await["data"][0].clone();
    assert_eq!(row, world.get(&format!("/roles/{}", expected[0])).await.json());
    for (query, pointers) in [
        ("limit=101", vec!["/query/limit"]),
        ("status=active", vec!["/query/status"]),
        ("name=&starting_after=usr_01arz3ndektsv4rrffq69g5fav", vec!["/query/name", "/query/starting_after"]),
        ("name=a%00b", vec!["/query/name"]),
        ("name=a&name=b", vec!["/query/name"]),
    ] {
        let answer = world.call("GET", &format!("{path}?{query}")).send().await;
        assert_eq!(answer.pointers(), pointers, "{query}");
    }
    let both = format!("{path}?starting_after={0}&ending_before={0}", expected[0]);
    world.call("GET", &both).send().await.expect_problem(400, "malformed-request");
}

#[tokio::test]
async fn a_name_is_found_exactly_and_cursors_apply_to_it() {
    let world = Members::new().await;
    let older = world.role("older").await;
    let id = world.role("A+b é&=%41").await;
    let newer = world.role("newer").await;
    let other = id_of(&world.app.new_tenant(&world.key, "two").await);
    world.app.new_role(&world.key, &other, "elsewhere").await;
    let name = escaped("A+b é&=%41");
    for query in [format!("name={name}"), format!("name={name}&limit=1"), "name=A%2Bb+%C3%A9%26%3D%2541".to_owned()] {
        let found = list(&world, &query).await;
        assert_eq!(
            (ids(&found), &found["has_more"], &found["next_cursor"]),
            (vec![id.clone()], &json!(false), &Value::Null)
        );
    }
    for other in ["a%2Bb+%C3%A9%26%3D%2541", "A", "%20", "elsewhere"] {
        assert_eq!(list(&world, &format!("name={other}")).await, empty());
    }
    let with = async |cursor: &str, id: &str| ids(&list(&world, &format!("name={name}&{cursor}={id}")).await).len();
    assert_eq!(with("starting_after", &newer).await, usize::from(id < newer));
    assert_eq!(with("ending_before", &older).await, usize::from(id > older));
    assert_eq!((with("starting_after", &id).await, with("ending_before", &id).await), (0, 0));
    world.send("PATCH", &format!("/roles/{id}"), json!({ "name": "renamed" })).await.expect_status(200);
    assert_eq!(list(&world, &format!("name={name}")).await, empty());
    assert_eq!(ids(&list(&world, "name=renamed").await), [id.as_str()]);
    world.call("DELETE", &format!("/roles/{id}")).send().await.expect_status(204);
    assert_eq!(list(&world, "name=renamed").await, empty());
}

#[tokio::test]
async fn a_tenant_without_roles_has_an_empty_list_and_an_absent_one_none() {
    let world = Members::new().await;
    for query in ["", "name=one"] {
        assert_eq!(list(&world, query).await, empty());
    }
    world.user("one").await;
    for query in ["", "name=one"] {
        assert_eq!(list(&world, query).await, empty());
    }
    world.role("one").await;
    let foreign = world.app.new_integration("foreign").await;
    for query in ["", "?name=one"] {
        for tenant in ["tnt_01arz3ndektsv4rrffq69g5fav", "x"] {
            let path = format!("/tenants/{tenant}/roles{query}");
            world.call("GET", &path).send().await.expect_problem(404, "not-found");
        }
        let path = format!("/tenants/{}/roles{query}", world.tenant);
        world.app.with_key(&foreign, "GET", &path).send().await.expect_problem(404, "not-found");
    }
    world.deprovision().await;
    for query in ["", "?name=one"] {
        let path = format!("/tenants/{}/roles{query}", world.tenant);
        world.call("GET", &path).send().await.expect_problem(404, "not-found");
    }
}
