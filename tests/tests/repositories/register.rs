//! `POST /repositories`

use tests::checks::check_at_rest;
use tests::transcript::no_writes;
use tests::{App, Exchange, Value, json};
use tokio::net::{TcpListener, TcpStream};

const URL: &str = "https://example.com/one.git";

async fn register(app: &App, key: &str, body: Value) -> Exchange {
    app.with_key(key, "POST", "/repositories").json(body).send().await
}

#[tokio::test]
async fn a_repository_shows_every_member_in_order() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let created =
        register(&app, &key, json!({ "name": "one", "repo_url": URL, "credential_id": "" })).await.expect_status(201);
    let repository = created.json();
    let (id, time) = (repository["id"].as_str().unwrap(), repository["created_at"].as_str().unwrap());
    let shown = format!(
        r#"{{"object":"repository","id":"{id}","name":"one","repo_url":"{URL}","branch":"main","provider":"generic","credential_id":null,"sync":{{"state":"pending","last_synced_at":null,"error":null,"skill_count":0}},"metadata":{{}},"created_at":"{time}","updated_at":"{time}"}}"#
    );
    assert_eq!(created.body, shown);
    assert_eq!((created.header("location"), created.etag().as_str()), (Some(&*format!("/repositories/{id}")), "\"1\""));
    let body = json!({
        "name": "😀".repeat(255), "repo_url": "ssh://git@host/x", "branch": "é".repeat(255), "provider": "azure_devops",
        "credential_id": format!("crd_{}", "aZ09".repeat(16)), "metadata": { "a": "😀".repeat(500) },
    });
    let full = register(&app, &key, body.clone()).await.expect_status(201).json();
    assert!(body.as_object().unwrap().iter().all(|(name, value)| full[name] == *value), "{full}");
    for provider in ["github", "gitlab", "bitbucket", "generic"] {
        let body = json!({ "name": provider, "repo_url": URL, "provider": provider });
        assert_eq!(register(&app, &key, body).await.expect_status(201).json()["provider"], provider);
    }
    check_at_rest(&app).await;
}

#[tokio::test]
async fn every_wrong_member_is_told_at_once() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let members = |names: &[&str]| names.iter().map(|name| format!("/{name}")).collect::<Vec<_>>();
    assert_eq!(register(&app, &key, json!({})).await.pointers(), ["/name", "/repo_url"]);
    let body = json!({
        "name": null, "repo_url": null, "branch": null, "provider": null, "metadata": null, "credential_id": 1, "id": 1, "sync": {}, "n": 1, "object": "x",
    });
    let expected = ["branch", "credential_id", "id", "metadata", "n", "name", "object", "provider", "repo_url", "sync"];
    assert_eq!(register(&app, &key, body).await.pointers(), members(&expected));
    let body = json!({ "name": "", "repo_url": "", "branch": "", "provider": "", "metadata": { "": "" } });
    assert_eq!(
        register(&app, &key, body).await.pointers(),
        ["/branch", "/metadata/", "/name", "/provider", "/repo_url"]
    );
    let body = json!({ "name": "x".repeat(256), "repo_url": URL, "branch": "x".repeat(256), "provider": "GitHub" });
    assert_eq!(register(&app, &key, body).await.pointers(), members(&["branch", "name", "provider"]));
    let body = json!({ "name": "a\u{0}", "repo_url": URL, "branch": "\u{1b}" });
    assert_eq!(register(&app, &key, body).await.pointers(), members(&["branch", "name"]));
    for credential in ["crd_", "crd_a-b", "crd_é", "x", "CRD_a", " crd_a", &format!("crd_{}", "a".repeat(65))] {
        let body = json!({ "name": "one", "repo_url": URL, "credential_id": credential });
        assert_eq!(register(&app, &key, body).await.pointers(), ["/credential_id"], "{credential}");
    }
    let nothing = app.with_key(&key, "POST", "/repositories").send().await;
    nothing.expect_problem(400, "malformed-request");
    assert!(app.items_of("repository").await.is_empty());
}

#[tokio::test]
async fn urls_are_judged_by_their_form_and_stored_as_sent() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let longest = format!("https://h/{}", "x".repeat(2038));
    for (n, url) in [
        "http://169.254.169.254/",
        "HTTPS://Example.COM:443",
        "ssh://git@host:22/path",
        "ssh://host/~x",
        "git://host:9418/p%20q?x=y@z",
        "https://[::1]:8080/a",
        "https://[v1.x]/",
        "https://host:/a",
        "https://host:65535/",
        "https://host/@scope",
        "https://host?query",
        "https://%41/",
        "https://user.name/",
        longest.as_str(),
    ]
    .into_iter()
    .enumerate()
    {
        let created =
            register(&app, &key, json!({ "name": format!("r{n}"), "repo_url": url })).await.expect_status(201);
        assert_eq!(created.json()["repo_url"], url);
    }
    let too_long = format!("{longest}x");
    for url in [
        "github.com/acme",
        "//host/a",
        "file:///etc/passwd",
        "ftp://host/",
        "javascript:alert(1)",
        "https:host",
        "https:///path",
        "https://",
        "https://:80/",
        "https://host#f",
        "https://host#",
        "https://user@host/",
        "https://@host/",
        "https://user:pw@host/",
        "http://:@host",
        "ssh://user:pw@host/",
        "ssh://user:@host/",
        "ssh://@host/",
        "git://user@host/",
        "https://host:65536/",
        "https://host:-1/",
        "https://host:8a/",
        "https://ho st/",
        "https://host/é",
        "https://host/%zz",
        "https://host/%4",
        "https://host/a[b]",
        "https://[::1/",
        "https://[x]/",
        "https://a:1:2/",
        "git@github.com:acme/tools.git",
        " https://host/",
        "https://host/\n",
        "https://host/\\",
        "https://host/{x}",
        "https://host/^",
        too_long.as_str(),
    ] {
        assert_eq!(
            register(&app, &key, json!({ "name": "x", "repo_url": url })).await.pointers(),
            ["/repo_url"],
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_url_is_never_fetched() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tenant = app.new_tenant(&key, "one").await["id"].as_str().unwrap().to_owned();
    for scheme in ["http", "https", "git", "ssh"] {
        let body = json!({ "name": scheme, "repo_url": format!("{scheme}://{address}/one.git") });
        let id = register(&app, &key, body).await.expect_status(201).json()["id"].as_str().unwrap().to_owned();
        let (path, attachment) = (format!("/repositories/{id}"), format!("/tenants/{tenant}/repositories/{id}"));
        let patch = app.with_key(&key, "PATCH", &path).json(json!({ "branch": "other" }));
        patch.send().await.expect_status(200);
        app.with_key(&key, "GET", &path).send().await.expect_status(200);
        app.with_key(&key, "PUT", &attachment).json(json!({ "is_default": true })).send().await.expect_status(201);
    }
    for path in ["/repositories".to_owned(), format!("/tenants/{tenant}/repositories")] {
        app.with_key(&key, "GET", &path).send().await.expect_status(200);
    }
    // The first that ever connects is this test.
    let own = TcpStream::connect(address).await.unwrap();
    let (_, first) = listener.accept().await.unwrap();
    assert_eq!(first, own.local_addr().unwrap());
}

#[tokio::test]
async fn a_taken_name_names_its_holder() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let holder = app.new_repository(&key, "é#/ one").await["id"].clone();
    let refused =
        register(&app, &key, json!({ "name": "é#/ one", "repo_url": URL })).await.expect_problem(409, "name-conflict");
    assert_eq!(refused.json()["conflicting_resource_id"], holder);
    for other in ["É#/ one", "e\u{301}#/ one", "é#/ one ", " é#/ one"] {
        assert_eq!(app.new_repository(&key, other).await["name"], other);
    }
    let neighbour = app.new_integration("neighbour").await;
    app.new_repository(&neighbour, "é#/ one").await;
    check_at_rest(&app).await;
}

#[tokio::test]
async fn an_idempotency_key_registers_once() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let once = |body: Value| app.with_key(&key, "POST", "/repositories").once("k").json(body).send();
    let body = || json!({ "name": "one", "repo_url": URL });
    let first = once(body()).await.expect_status(201);
    let path = format!("/repositories/{}", first.json()["id"].as_str().unwrap());
    app.with_key(&key, "PATCH", &path).json(json!({ "name": "two" })).send().await.expect_status(200);
    let again = once(body()).await.expect_status(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(
        (&again.body, again.etag(), again.header("location")),
        (&first.body, first.etag(), first.header("location"))
    );
    once(json!({ "name": "other", "repo_url": URL })).await.expect_problem(409, "idempotency-key-conflict");
    // The same key is another one in another operation.
    app.with_key(&key, "POST", "/tenants").once("k").send().await.expect_status(201);
    assert_eq!(app.items_of("repository").await.len(), 1);
    check_at_rest(&app).await;
}

#[tokio::test]
async fn the_stored_items_are_the_repository_its_name_and_what_hangs_on_them() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let body = json!({ "name": "a#b", "repo_url": URL, "credential_id": "crd_1" });
    let repository = register(&app, &key, body).await.expect_status(201).json();
    let tenant = app.new_tenant(&key, "one").await["id"].as_str().unwrap()[4..].to_owned();
    let id = repository["id"].as_str().unwrap();
    let stored = app.items_of("repository").await.remove(0);
    let root = stored["pk"]["S"].as_str().unwrap().trim_end_matches("#R").to_owned();
    let time = &repository["created_at"];
    let expected = json!({
        "type": { "S": "repository" }, "v": { "N": "1" }, "ver": { "N": "1" }, "w": stored["w"], "ws": no_writes(), "n": { "N": "0" },
        "pk": { "S": format!("{root}#R") }, "sk": { "S": &id[4..] }, "id": { "S": id }, "name": { "S": "a#b" }, "repo_url": { "S": URL },
        "branch": { "S": "main" }, "provider": { "S": "generic" }, "credential_id": { "S": "crd_1" }, "metadata": { "M": {} },
        "sync": { "M": { "state": { "S": "pending" }, "last_synced_at": { "NULL": true }, "error": { "NULL": true }, "skill_count": { "N": "0" } } },
        "created_at": { "S": time }, "updated_at": { "S": time },
    });
    assert_eq!(stored, expected);
    let marker = json!({
        "type": { "S": "repository_name" }, "v": { "N": "1" }, "ver": { "N": "1" }, "w": stored["w"],
        "pk": { "S": format!("{root}#N#a#b") }, "sk": { "S": "#" }, "id": { "S": id },
    });
    assert_eq!(app.items_of("repository_name").await, [marker]);
    app.with_key(&key, "PUT", &format!("/tenants/tnt_{tenant}/repositories/{id}")).send().await.expect_status(201);
    let back = app.items_of("attachment").await.remove(0);
    let expected = json!({
        "type": { "S": "attachment" }, "v": { "N": "1" }, "ver": { "N": "1" }, "w": back["w"],
        "pk": { "S": format!("{root}#A#{}", &id[4..]) }, "sk": { "S": tenant },
    });
    assert_eq!(back, expected);
    assert_eq!(app.items_of("repository").await[0]["n"]["N"], "1");
}
