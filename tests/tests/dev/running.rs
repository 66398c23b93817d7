//! A stack that answers: greeting, log, pages, and the ways in which it ends.

use std::process::Stdio;

use tokio::process::Command;

use super::process::{Dev, folder, has, value, written};

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");

/// Everything in the greeting that is meant to be pasted, pasted into a shell.
async fn paste(dev: &Dev) -> String {
    let script: String = dev.greeting.split_inclusive('\n').skip_while(|line| !line.starts_with("export ")).collect();
    let prose = |line: &&str| line.starts_with("export ") || line.starts_with("  ") || line.trim().is_empty();
    let script: String = script.split_inclusive('\n').filter(prose).collect();
    let mut shell = Command::new("bash");
    let output = shell.args(["-ec", &script]).stdin(Stdio::null()).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{script}\n{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// The words of the line that the log has about a request.
fn line<'a>(log: &'a str, id: &str) -> Vec<&'a str> {
    let found = log.lines().find(|line| line.contains(id)).unwrap_or_else(|| panic!("{id} is not in\n{log}"));
    found.split_whitespace().collect()
}

#[tokio::test]
async fn the_greeting_can_be_pasted_and_each_request_is_in_the_log() {
    let folder = folder();
    let mut dev = Dev::start(&folder, &[]).await;
    let port: u16 = dev.base.strip_prefix("http://127.0.0.1:").unwrap().parse().unwrap();
    assert!(![0, 9000].contains(&port), "{port}");
    assert!(dev.greeting.contains(&format!("The API answers at {}.", dev.base)));

    let answers = paste(&dev).await;
    assert!(answers.contains("HTTP/1.1 201"), "{answers}");
    assert!(answers.contains(r#""customer_id":"acme""#) && answers.contains(r#""status":"suspended""#), "{answers}");
    paste(&dev).await;

    let operator = dev.value("OPERATOR_KEY");
    let taken = r#"{"customer_id": "acme", "display_name": "Acme"}"#;
    let answer = dev.call(&operator, "POST", "/v1/customers?a=b", taken).await;
    let id = answer.header("x-request-id").unwrap().to_owned();
    let said = dev.says(&id).await;
    let words = line(&said, &id);
    let status = answer.status.to_string();
    let slug = answer.json()["slug"].as_str().unwrap().to_owned();
    assert_eq!([words[0], words[1], words[2], words[4], words[5]], ["POST", "/v1/customers?a=b", &status, "ms", &slug]);
    assert!(words[3].parse::<u64>().is_ok(), "{words:?}");
    assert!(!said.contains('\x1b'), "no colours into a pipe");
    let kept = std::fs::read_to_string(folder.join("dev.log")).unwrap();
    assert_eq!(line(&kept, &id), words);

    let mine = dev.send("GET", "/health", &[("x-request-id", "mine-1")], "").await;
    let said = dev.says("mine-1").await;
    assert!(line(&said, "mine-1").contains(&mine.header("x-request-id").unwrap()));

    assert!(dev.end("INT").await.success());
    let left = written(&folder);
    assert_eq!(value(&left, "OPERATOR_KEY"), Some(operator));
    assert!(!left.contains("127.0.0.1"), "{left}");
}

#[tokio::test]
async fn a_browser_finds_the_reference_and_the_registry() {
    let dev = Dev::start(&folder(), &[]).await;
    for (path, status) in [("/", 200), ("/nowhere", 404)] {
        let page = dev.send("GET", path, &[BROWSER], "").await;
        assert_eq!((page.status, page.header("content-type")), (status, Some("text/html; charset=utf-8")));
        assert!(page.header("x-request-id").is_some());
        for link in ["/docs", "/openapi.json", "/problems"] {
            assert!(page.text().contains(&format!("href=\"{link}\"")), "{}", page.text());
            assert_eq!(dev.send("GET", link, &[BROWSER], "").await.status, 200);
        }
        let problem = dev.send("GET", path, &[("accept", "*/*")], "").await;
        assert_eq!((problem.status, problem.header("content-type")), (404, Some("application/problem+json")));
    }
    dev.end("TERM").await;
}

#[tokio::test]
async fn more_requests_than_the_throttle_lets_through_are_refused_by_the_gateway() {
    let mut dev = Dev::start(&folder(), &["--throttle", "1"]).await;
    let mut refused = None;
    for _ in 0..20 {
        let answer = dev.send("GET", "/problems", &[], "").await;
        refused = refused.or((answer.status == 429).then(|| answer.json()));
    }
    assert_eq!(refused.unwrap()["message"], "Too Many Requests");
    let said = dev.says("(Too Many Requests)").await;
    assert_eq!(line(&said, "(Too Many Requests)")[..3], ["GET", "/problems", "429"]);
    dev.end("TERM").await;
}

#[tokio::test]
async fn faults_of_a_file_reach_the_functions_and_their_cause_is_in_the_log() {
    let folder = folder();
    let file = folder.join("faults.json");
    let text = r#"[{"op": "PutItem", "function": "RegisterRepositoryFunction", "action": {"status": {"code": 400, "body": "{}"}}},
        {"op": "TransactWriteItems", "function": "RegisterRepositoryFunction", "action": {"status": {"code": 400, "body": "{}"}}}]"#;
    std::fs::write(&file, text).unwrap();
    let mut dev = Dev::start(&folder, &["--faults", file.to_str().unwrap()]).await;
    let key = dev.value("INTEGRATION_KEY");
    let body = r#"{"name": "skills", "repo_url": "https://git.example.com/skills.git"}"#;
    let answer = dev.call(&key, "POST", "/repositories", body).await;
    assert!(answer.status >= 500, "{}", answer.text());
    let id = answer.header("x-request-id").unwrap().to_owned();
    dev.says(&format!("register-repository {id}: ")).await;
    dev.end("TERM").await;
}

/// The functions run on the same emulator as in all other tests: several processes of one function, and one that is killed is replaced.
#[tokio::test]
async fn a_function_has_as_many_processes_as_the_concurrency_allows_and_a_killed_one_is_replaced() {
    let folder = folder();
    let file = folder.join("faults.json");
    // Each authentication takes long enough for the requests to meet.
    let rule = r#"[{"function": "ListCustomersFunction", "action": {"delay": {"ms": 300}}}]"#;
    std::fs::write(&file, rule).unwrap();
    let dev = Dev::start(&folder, &["--concurrency", "3", "--faults", file.to_str().unwrap()]).await;
    let (key, function) = (dev.value("OPERATOR_KEY"), "list-customers");
    let list = || dev.call(&key, "GET", "/v1/customers", "");
    let answers = futures_util::future::join_all((0..5).map(|_| list())).await;
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200; 5]);
    let processes = dev.processes_of(function);
    assert_eq!(processes.len(), 3, "{processes:?}");

    for pid in &processes {
        local::lambda::kill(*pid, "KILL").await.unwrap();
    }
    assert_eq!(list().await.status, 200);
    assert!(dev.processes_of(function).iter().all(|pid| !processes.contains(pid)));
    dev.end("TERM").await;
}

#[tokio::test]
async fn when_the_store_ends_the_stack_says_so_and_ends_with_an_error() {
    let folder = folder();
    let mut dev = Dev::start(&folder, &[]).await;
    local::lambda::kill(dev.store(), "KILL").await.unwrap();
    let status = dev.ended().await;
    assert!(!status.success(), "{status}");
    let said = dev.says("error: the store at ").await;
    assert!(said.contains("ended (signal: 9"), "{said}");
    assert!(!written(&folder).contains("127.0.0.1"));
}

#[tokio::test]
async fn nothing_outlives_a_stack_that_is_killed() {
    let folder = folder();
    let dev = Dev::start(&folder, &[]).await;
    assert_eq!(dev.send("GET", "/v1/customers", &[], "").await.status, 401);
    let (processes, endpoint) = (dev.processes(), dev.value("DYNAMODB_ENDPOINT"));
    assert!(processes.len() >= 2, "a store and functions: {processes:?}");
    dev.end("KILL").await;
    let mine = [format!("DEV_FOLDER={}", folder.display()), format!("AWS_ENDPOINT_URL_DYNAMODB={endpoint}")];
    let mine = mine.each_ref().map(String::as_str);
    let ended = async {
        while processes.iter().any(|pid| has(*pid, &mine)) || written(&folder).contains("127.0.0.1") {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), ended).await.expect("all of it ends");
    assert!(value(&written(&folder), "OPERATOR_KEY").is_some());
}

#[tokio::test]
async fn another_address_is_listened_on_with_a_warning() {
    let mut dev = Dev::start(&folder(), &["--host", "0.0.0.0"]).await;
    assert!(dev.base.starts_with("http://127.0.0.1:"), "{}", dev.base);
    dev.says("warning: --host 0.0.0.0: others can reach it, and keys go over plain HTTP").await;
    assert_eq!(dev.send("GET", "/health", &[], "").await.status, 200);
    // An address of this machine that only a listener on every address answers at.
    let other = format!("{}/health", dev.base.replace("127.0.0.1", "127.0.0.2"));
    assert_eq!(local::http::request("GET", &other, &[], "").await.unwrap().status, 200);
    dev.end("TERM").await;
}
