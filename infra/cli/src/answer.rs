//! What an answer means for a person: a value, or a problem and what to do about it.

use std::fmt::Write;

use crate::client::Answer;
use crate::failure::{Failure, Result};
use crate::json::Json;
use crate::operation::{Operation, Place};
use crate::terminal::{clean, note};

/// What to do about a kind of problem. The API's own registry, `tare api problems list`, has the same kinds.
const ADVICE: [(&str, &str); 18] = [
    ("validation-error", "correct what is listed; --help says what each flag takes"),
    ("role-required", "name one of the user's roles: --role-id"),
    ("malformed-request", "check --body and which flags exclude each other"),
    ("insufficient-scope", "tare doctor shows which key is used and what it may do"),
    ("tenant-suspended", "tare api tenants activate ends the suspension"),
    ("not-found", "check the id, and that the key belongs to the same customer: list shows what there is"),
    ("method-not-allowed", "this version of the API has no such operation: tare doctor shows both versions"),
    ("external-id-conflict", "use upsert, or another external id"),
    ("name-conflict", "choose another name, or use what has it; an archived customer is brought back by restore"),
    ("resource-in-use", "remove what uses it first"),
    ("idempotency-key-conflict", "leave out --idempotency-key, or send the same request as before"),
    ("cross-tenant", "use a role of the user's own tenant"),
    ("conversation-archived", "activate it first: tare api conversations update --status active"),
    ("precondition-failed", "it has been changed meanwhile: read it again and use its ETag"),
    ("payload-too-large", "send less than 256 KiB"),
    ("unsupported-media-type", "update tare: the API takes another media type"),
    ("capacity-exhausted", "wait until a lease ends, or raise settings.max_concurrent_sticky of the tenant"),
    ("rate-limited", "send fewer requests, or have the operator raise the limits of the customer"),
];

/// Advice where trying again is all that can be done.
const TRY_AGAIN: &str = "try again in a moment; a repeated POST needs the same --idempotency-key to be safe";

/// The value of a successful answer, `null` where it has none; everything else as an error.
pub fn value(answer: Answer, operation: &Operation) -> Result<Json> {
    match answer.status {
        204 => Ok(Json::Null),
        304 => {
            note("not modified");
            Ok(Json::Null)
        }
        200..=299 => {
            let value = Json::parse(&answer.body)
                .map_err(|error| Failure::Refused(format!("the answer ({}) is no JSON: {error}", answer.status)))?;
            explain_replay(&answer, &value);
            Ok(value)
        }
        404 if answer.repeated && operation.is_destructive() => {
            note("it is gone: the first attempt, whose answer was lost, has done it, or there was none before");
            Ok(Json::Null)
        }
        _ => Err(Failure::Refused(problem(&answer, operation))),
    }
}

fn explain_replay(answer: &Answer, value: &Json) {
    if answer.header("idempotency-replayed") != Some("true") {
        return;
    }
    note("an earlier request with this Idempotency-Key was answered again");
    if value.get("api_key_once") == Some(&Json::Null) {
        note("its secret is shown once only: revoke this key and create another");
    }
}

/// An error as a person reads it; the first line comes after `error: `.
fn problem(answer: &Answer, operation: &Operation) -> String {
    let body = Json::parse(&answer.body).unwrap_or(Json::Null);
    let Some(slug) = body.text_of("slug") else { return gateways_own(answer, &body) };
    let text = |name: &str| clean(body.text_of(name).unwrap_or_default());
    let mut out = format!("{} ({} {})", text("title"), answer.status, clean(slug));
    let mut line = |text: String| {
        if !text.is_empty() {
            let _ = write!(out, "\n  {text}");
        }
    };
    let faults = body.get("errors").map(Json::items).unwrap_or_default();
    if faults.is_empty() {
        line(text("detail"));
    }
    for fault in faults {
        let pointer = fault.text_of("pointer").unwrap_or_default();
        let flag = flag_of(pointer, operation).map(|flag| format!(" (--{flag})")).unwrap_or_default();
        line(clean(&format!("{pointer}{flag}: {}", fault.text_of("message").unwrap_or_default())));
    }
    if let Some(id) = body.text_of("conflicting_resource_id") {
        line(clean(&format!("conflicting resource: {id}")));
    }
    if let Some(seconds) = answer.header("retry-after") {
        line(clean(&format!("retry after: {seconds} s")));
    }
    if slug == "precondition-failed" && answer.repeated {
        line("an earlier attempt, whose answer was lost, may have been applied".to_owned());
    }
    let advice = ADVICE.iter().find(|(known, _)| *known == slug).map_or(TRY_AGAIN, |(_, advice)| advice);
    line(format!("what to do: {advice}"));
    line(format!("request id: {}", text("request_id")));
    out
}

/// An answer of the gateway, or of something else on the way.
fn gateways_own(answer: &Answer, body: &Json) -> String {
    let message = body.text_of("message").map_or_else(String::new, |message| format!(": {}", clean(message)));
    let advice = match answer.status {
        413 => "send less than 256 KiB",
        429 | 500..=599 => TRY_AGAIN,
        300..=399 => "the URL leads elsewhere: tare doctor",
        _ => "check the URL: tare doctor",
    };
    let status = answer.status;
    let reason = ureq::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    format!(
        "{} ({status}){message}\n  the gateway answered, not the API\n  what to do: {advice}",
        reason.unwrap_or("refused")
    )
}

/// The flag to which a pointer of a problem belongs: `/labels/KEY`, `/query/page.filter`, `/path/external_id`.
fn flag_of(pointer: &str, operation: &Operation) -> Option<&'static str> {
    let path: Vec<&str> = pointer.split('/').skip(1).collect();
    let (place, name) = match path.split_first() {
        Some((&"query", rest)) => (Place::Query, rest),
        Some((&"header", rest)) => (Place::Header, rest),
        Some((&"path", rest)) => (Place::Path, rest),
        _ => (Place::Body, path.as_slice()),
    };
    operation.arguments_in(place).find(|argument| name.starts_with(argument.name)).map(|argument| argument.flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, body: &str, repeated: bool) -> String {
        let operation = Operation::find("customers", "archive").unwrap();
        let answer = Answer { status, headers: Default::default(), body: body.as_bytes().to_vec(), repeated };
        match value(answer, operation) {
            Err(Failure::Refused(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_kind_of_problem_has_advice() {
        let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.yaml");
        let document: serde_norway::Value =
            serde_norway::from_str(&std::fs::read_to_string(document).unwrap()).unwrap();
        let slugs = document["components"]["schemas"]["ProblemSlug"]["enum"].as_sequence().unwrap();
        let slugs = slugs.iter().map(|slug| slug.as_str().unwrap());
        // These two say that trying again is all that can be done.
        let mut slugs: Vec<&str> = slugs.filter(|slug| !["internal-error", "unavailable"].contains(slug)).collect();
        let mut advised = ADVICE.map(|(slug, _)| slug);
        slugs.sort_unstable();
        advised.sort_unstable();
        assert_eq!(advised[..], slugs);
    }

    #[test]
    fn a_pointer_leads_to_its_flag() {
        let create = Operation::find("customers", "create").unwrap();
        assert_eq!(flag_of("/labels/Tier", create), Some("label"));
        assert_eq!(flag_of("/header/Idempotency-Key", create), Some("idempotency-key"));
        assert_eq!(flag_of("/query/page.filter", Operation::find("customers", "list").unwrap()), Some("filter"));
        assert_eq!(flag_of("/unknown", create), None);
        assert_eq!(flag_of("", create), None);
    }

    #[test]
    fn nothing_that_an_answer_says_controls_the_terminal() {
        let said =
            refused(404, r#"{"slug":"not-found","title":"a\u001b[2Jb","detail":"c\u0007","request_id":"r"}"#, false);
        assert!(said.starts_with("a\u{fffd}[2Jb (404 not-found)\n  c\u{fffd}\n"), "{said:?}");
    }

    #[test]
    fn an_answer_that_is_no_problem_is_the_gateways() {
        let said = refused(403, r#"{"message":"Forbidden"}"#, false);
        assert!(said.starts_with("Forbidden (403): Forbidden\n  the gateway answered"), "{said}");
        assert!(refused(502, "<html>", true).starts_with("Bad Gateway (502)\n"));
    }
}
