//! Completion in a real bash, the scripts of the other shells, and the man pages.

use super::process::{bash, feed, folder, tare};

/// What bash offers for the last word.
async fn completed(words: &str) -> Vec<String> {
    let last = words.split(' ').count() - 1;
    let line = format!(
        "source <(tare completion bash); COMP_WORDS=({words}); COMP_CWORD={last}; \
         _tare tare \"${{COMP_WORDS[{last}]}}\" \"${{COMP_WORDS[{last}-1]}}\"; echo \"${{COMPREPLY[@]}}\""
    );
    let mut shell = bash(&folder());
    shell.args(["-c", &line]);
    let output = feed(shell, "").await;
    assert!(output.stderr.is_empty(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
}

#[tokio::test]
async fn commands_flags_and_values_are_completed() {
    for (words, offered) in [
        ("tare op", &["operator-keys"][..]),
        ("tare api cust", &["customers"]),
        ("tare api tenants sus", &["suspend"]),
        ("tare api tenants update --settings-max-c", &["--settings-max-concurrent-sticky"]),
        ("tare api tenants update --status s", &["suspended"]),
        ("tare api repositories create --provider git", &["github", "gitlab"]),
        ("tare api customers list --output ya", &["yaml"]),
        ("tare operator-keys rev", &["revoke"]),
        ("tare completion zs", &["zsh"]),
    ] {
        assert_eq!(completed(words).await, offered, "{words}");
    }
}

#[tokio::test]
async fn other_shells_have_a_script_and_man_has_its_pages() {
    for (shell, begins) in [("zsh", "#compdef tare"), ("fish", "# Print an optspec")] {
        let script = tare(&folder(), &["completion", shell]).output().await.unwrap();
        let script = String::from_utf8(script.stdout).unwrap();
        assert!(script.starts_with(begins) && script.contains("deprovision"), "{shell}");
    }
    let pages = folder();
    let written = tare(&pages, &["man", "--folder", "man"]).output().await.unwrap();
    assert!(written.status.success());
    let page = std::fs::read_to_string(pages.join("man/tare-api-tenants-upsert.1")).unwrap();
    assert!(page.contains("external\\-id"), "{page}");
    let main = tare(&pages, &["man"]).output().await.unwrap();
    assert!(String::from_utf8(main.stdout).unwrap().contains("AGENTROUTER_BASE_URL"));
}

/// A reader that has seen enough is no error.
#[tokio::test]
async fn output_into_a_pipe_that_is_closed_is_no_error() {
    let mut shell = bash(&folder());
    shell.args(["-c", "set -o pipefail; tare completion bash | head -1 > /dev/null"]);
    let output = feed(shell, "").await;
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
