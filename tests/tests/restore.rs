//! The rehearsal of a restore (`cargo xtask restore-drill`): that it passes, what it writes, and that it can fail.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use local::proxy::{Action, FaultProxy, Rule};
use local::store::Endpoint;
use restore_drill::stack::{Place, Stack};
use restore_drill::walk::{Report, equal, walk};
use restore_drill::{export, seed};
use tests::{Value, endpoint, functions_folder, json, repository_root, template};

/// A new folder.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("tenancy-restore-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The output of a program that succeeds.
fn output(program: &str, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The export is read by gzip and openssl, which know nothing of our reader.
#[test]
fn the_drill_passes_and_leaves_an_export_as_dynamodb_writes_it() {
    let folder = folder("drill");
    let program = functions_folder().join("restore-drill");
    let (template, programs) = (repository_root().join("template.yaml"), functions_folder());
    let store = endpoint();
    let mut arguments = vec!["--endpoint", store.url(), "--items", "0", "--folder", folder.to_str().unwrap()];
    arguments.extend(["--template", template.to_str().unwrap(), "--programs", programs.to_str().unwrap()]);
    let said = output(program.to_str().unwrap(), &arguments, &folder);
    let count = |line: &str| -> usize {
        let line = said.lines().find(|said| said.starts_with(line)).unwrap_or_else(|| panic!("no {line} in {said}"));
        line.split(" s  ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok()).expect("a number")
    };
    assert!(count("filled") > 500 && count("compared") > 300, "{said}");
    assert_eq!((count("exported"), count("imported")), (count("filled"), count("filled")), "{said}");
    assert!(said.trim_end().ends_with("), 0 differ"), "{said}");

    let exports = folder.join("AWSDynamoDB");
    let export = std::fs::read_dir(&exports).unwrap().next().unwrap().unwrap().path();
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let read = |name: &str| std::fs::read_to_string(export.join(name)).unwrap();
    let md5 =
        |name: &str| output("sh", &["-c", &format!("openssl md5 -binary {name} | base64")], &export).trim().to_owned();
    for name in ["manifest-summary", "manifest-files"] {
        assert_eq!(read(&format!("{name}.md5")), md5(&format!("{name}.json")));
    }
    let summary = json(&read("manifest-summary.json"));
    assert_eq!((&summary["outputFormat"], &summary["itemCount"]), (&json!("DYNAMODB_JSON"), &json!(count("exported"))));
    let mut lines = 0;
    for file in read("manifest-files.json").lines().map(json) {
        let key = file["dataFileS3Key"].as_str().unwrap();
        let (place, name) = key.split_once("/data/").unwrap();
        assert!(exports.parent().unwrap().join(place) == export && name.ends_with(".json.gz"), "{key}");
        assert_eq!(file["md5Checksum"], md5(&format!("data/{name}")));
        for line in output("gzip", &["-dc", &format!("data/{name}")], &export).lines() {
            let line = json(line);
            assert!(line["Item"]["pk"]["S"].is_string() && line.as_object().unwrap().len() == 1, "{line}");
            lines += 1;
        }
    }
    assert_eq!(lines, count("exported"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn the_walk_finds_what_a_restore_changed_or_lost() {
    let (folder, store) = (folder("walk"), endpoint());
    let place = Place { template: template().clone(), store: store.clone(), programs: functions_folder() };
    let tables = ["source", "restored"].map(|name| format!("restore-walk-{}-{name}", std::process::id()));
    for table in &tables {
        store.create_table(template(), table).await.unwrap();
    }
    let one = Arc::new(Stack::start(&place, &tables[0]).await.unwrap());
    let world = seed::fill(&place, &one, 1, 0).await.unwrap();
    let (export, size) = export::write(&store, &tables[0], &folder).await.unwrap();
    assert_eq!(export::import(&export, &store, &tables[1]).await.unwrap(), size.items);
    let mut items = [store.scan_all(&tables[0]).await.unwrap(), store.scan_all(&tables[1]).await.unwrap()];
    items.iter_mut().for_each(|items| items.sort_by_key(Value::to_string));
    assert_eq!(items[0], items[1], "an item is not restored as it was");

    let other = Arc::new(Stack::start(&place, &tables[1]).await.unwrap());
    let compared = async || -> Report { walk(template(), &world, (&one, &other), 7, equal).await.unwrap() };
    let report = compared().await;
    assert_eq!(report.differences, 0, "{:?}", report.first);

    let of = |kind: &str| items[1].iter().find(|item| item["type"]["S"] == kind).unwrap();
    let key = |item: &Value| json!({"pk": item["pk"], "sk": item["sk"]});
    store.delete(&tables[1], key(of("message"))).await.unwrap();
    let role = of("role");
    let (names, values) = (json!({"#n": "name"}), json!({":n": {"S": "another"}}));
    store.update(&tables[1], key(role), "SET #n = :n", names, values).await.unwrap();
    let report = compared().await;
    let found = |part: &str| report.first.iter().any(|difference| difference.contains(part));
    assert!(
        report.differences >= 3 && found("/messages?") && found("GET /roles/rol_") && found("another"),
        "{report:?}"
    );
    for table in &tables {
        store.delete_table(table).await.unwrap();
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A busy machine: the answer to a write comes too late, and the client's is 503.
#[tokio::test]
async fn what_is_answered_503_is_repeated_and_done_once() {
    let late = Rule::on("TransactWriteItems", Action::DelayAfter { ms: 4000 }).function("CreateTenantFunction");
    let proxy = FaultProxy::start(endpoint().url(), vec![late.nth(1).times(10)]).await.unwrap();
    let place = Place { template: template().clone(), store: Endpoint::new(proxy.url()), programs: functions_folder() };
    let table = format!("restore-busy-{}", std::process::id());
    endpoint().create_table(template(), &table).await.unwrap();
    let stack = Arc::new(Stack::start(&place, &table).await.unwrap());
    let world = seed::fill(&place, &stack, 2, 0).await.unwrap();
    let failed: Vec<_> = stack.log().lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect();
    assert!(failed.iter().any(|line| line["route"] == "POST /tenants" && line["status"] == 503), "{failed:?}");
    for customer in &world.customers {
        let tenants = stack.call(&customer.key, "GET", "/tenants", Value::Null).await.unwrap();
        assert_eq!(tenants["data"].as_array().unwrap().len(), 5, "{}: {tenants}", customer.slug);
    }
    endpoint().delete_table(&table).await.unwrap();
}
