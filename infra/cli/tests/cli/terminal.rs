//! On a terminal, which `script` provides: tables, colours, questions.

use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::process::{Set, bash, feed};

/// What a terminal shows while a person types this. Its lines end in `\r\n`.
async fn on_terminal(set: &Set, environment: &[(&str, &str)], line: &str, typed: &str) -> (i32, String) {
    let mut shell = bash(&set.home);
    shell.args(["-c", "exec script --quiet --return --command \"$LINE\" /dev/null"]).env("LINE", line);
    shell.env("TERM", "xterm").envs(environment.iter().copied());
    let url = set.app.url();
    shell.env("AGENTROUTER_BASE_URL", &url).env("AGENTROUTER_API_KEY", &set.app.operator_key);
    let output = feed(shell, typed).await;
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn results_are_tables_with_a_bold_header_unless_no_colour_is_wanted() {
    let set = Set::new().await;
    let list = "stty cols 200; tare api customers list";
    let (code, shown) = on_terminal(&set, &[], list, "").await;
    assert!(code == 0 && shown.contains("\x1b[1mCUSTOMER_ID  DISPLAY_NAME") && shown.contains("demo "), "{shown}");
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let (_, shown) = on_terminal(&set, &[variable], list, "").await;
        assert!(shown.contains("CUSTOMER_ID") && !shown.contains('\x1b'), "{variable:?}: {shown}");
    }
    let (code, shown) = on_terminal(&set, &[], "tare api customers get --customer-id absent", "").await;
    assert!(code == 1 && shown.contains("\x1b[1;31merror:\x1b[0m Not found (404 not-found)"), "{shown}");
}

#[tokio::test]
async fn a_table_is_no_wider_than_the_terminal() {
    let set = Set::new().await;
    let name = "n".repeat(200);
    set.operator(&["api", "customers", "create", "--customer-id=wide", "--display-name", &name]).await.expect(0);
    let (_, shown) = on_terminal(&set, &[("NO_COLOR", "1")], "stty cols 70; tare api customers list", "").await;
    assert!(shown.contains("nnn…") && shown.lines().all(|line| line.chars().count() <= 70), "{shown}");
}

#[tokio::test]
async fn what_deletes_asks_and_does_nothing_unless_the_answer_is_yes() {
    let set = Set::new().await;
    let archive = "tare api customers archive --customer-id demo";
    let state = async || set.operator(&["api", "customers", "get", "--customer-id=demo"]).await.code;
    let (code, shown) = on_terminal(&set, &[], archive, "n\n").await;
    assert!(
        code == 2 && shown.contains("Archive a customer: demo? [y/N]") && shown.contains("nothing was sent"),
        "{shown}"
    );
    assert_eq!(on_terminal(&set, &[], archive, "\n").await.0, 2);
    assert_eq!(state().await, 0);
    assert_eq!(on_terminal(&set, &[], archive, "y\n").await.0, 0);
    assert_eq!(state().await, 1);
    set.operator(&["api", "customers", "restore", "--customer-id=demo"]).await.expect(0);
    let (code, shown) = on_terminal(&set, &[], &format!("{archive} --yes"), "").await;
    assert!(code == 0 && !shown.contains("[y/N]"), "{shown}");
    assert_eq!(state().await, 1);
    set.operator(&["api", "customers", "restore", "--customer-id=demo"]).await.expect(0);
    set.operator(&["api", "customers", "archive", "--customer-id=demo"]).await.expect(0);
    assert_eq!(state().await, 1, "without a terminal nothing is asked");
}

#[tokio::test]
async fn a_key_is_not_shown_as_it_is_typed() {
    let set = Set::new().await;
    let line = "exec script --quiet --return --command 'tare configure --base-url https://api.example' /dev/null";
    let mut shell = bash(&set.home);
    let mut shell = shell.args(["-c", line]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut typed, mut shown) = (shell.stdin.take().unwrap(), shell.stdout.take().unwrap());
    let mut text = Vec::new();
    // What is typed before it is asked for would be shown by the terminal itself.
    while !text.ends_with(b"Key (not shown): ") {
        text.push(shown.read_u8().await.expect("it asks for the key"));
    }
    typed.write_all(b"sk_int_secret\n").await.unwrap();
    shown.read_to_end(&mut text).await.unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(shell.wait().await.unwrap().success() && !text.contains("secret"), "{text}");
    let written = std::fs::read_to_string(set.home.join(".config/tare/default.env")).unwrap();
    assert_eq!(written, "AGENTROUTER_BASE_URL=https://api.example\nAGENTROUTER_API_KEY=sk_int_secret\n");
}
