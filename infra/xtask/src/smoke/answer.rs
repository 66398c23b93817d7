//! What curl printed: the head of an answer and its body, and what is asked of both.

use serde_json::Value;

use crate::Result;

/// Characters of an unexpected body that are shown.
const SHOWN: usize = 200;

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    /// From the output of `curl --include`: the last head, because an interim answer has one, too.
    pub fn parse(output: &str) -> Result<Self> {
        let (head, body) = output.split_once("\r\n\r\n").ok_or("no HTTP answer")?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or("no HTTP status")?;
        if (100..200).contains(&status) {
            return Self::parse(body);
        }
        let header =
            |line: &str| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
        Ok(Self { status, headers: lines.filter_map(header).collect(), body: body.to_owned() })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// A text member, by its JSON pointer.
    pub fn text(&self, pointer: &str) -> Option<String> {
        self.json().pointer(pointer).and_then(Value::as_str).map(str::to_owned)
    }

    /// The body's beginning.
    pub fn beginning(&self) -> String {
        self.body.chars().take(SHOWN).collect()
    }

    /// It has this member.
    pub fn has(&self, pointer: &str) -> Result<()> {
        match self.json().pointer(pointer) {
            Some(_) => Ok(()),
            None => Err(format!("no {pointer} in {}", self.beginning())),
        }
    }

    /// It has this text.
    pub fn member(&self, pointer: &str, expected: &str) -> Result<()> {
        match self.text(pointer).as_deref() == Some(expected) {
            true => Ok(()),
            false => Err(format!("{pointer} is not {expected:?} in {}", self.beginning())),
        }
    }

    /// It is a problem of this kind that names the request.
    pub fn problem(&self, slug: &str) -> Result<()> {
        let kind = self.header("content-type").unwrap_or_default();
        if !kind.starts_with("application/problem+json") {
            return Err(format!("content-type is {kind:?}: {}", self.beginning()));
        }
        let id = self.header("x-request-id").ok_or("no x-request-id")?;
        self.member("/request_id", id).and_then(|()| self.member("/slug", slug))
    }

    /// It asks for a bearer token.
    pub fn challenge(&self) -> Result<()> {
        match self.header("www-authenticate") {
            Some(challenge) if challenge.starts_with("Bearer") => Ok(()),
            Some(other) => Err(format!("WWW-Authenticate is {other:?}")),
            None if self.header("x-amzn-remapped-www-authenticate").is_some() => {
                Err("API Gateway renames WWW-Authenticate to x-amzn-remapped-www-authenticate".to_owned())
            }
            None => Err("no WWW-Authenticate".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_either_version_of_http_is_read() {
        let answer =
            Answer::parse("HTTP/1.1 100 Continue\r\n\r\nHTTP/2 401 \r\nWWW-Authenticate: Bearer\r\n\r\n{}").unwrap();
        assert_eq!((answer.status, answer.challenge()), (401, Ok(())));
        assert!(Answer::parse("").is_err() && Answer::parse("SSH-2.0\r\n\r\n").is_err());
    }

    #[test]
    fn what_a_proxy_or_a_gateway_answers_instead_is_no_problem_of_the_api() {
        let problem = |head: &str, body: &str| {
            Answer::parse(&format!("HTTP/1.1 404 Not Found\r\n{head}\r\n\r\n{body}")).unwrap().problem("not-found")
        };
        let head = "content-type: application/problem+json\r\nx-request-id: req_1";
        assert_eq!(problem(head, r#"{"slug": "not-found", "request_id": "req_1"}"#), Ok(()));
        for (head, body) in [
            ("content-type: application/json", r#"{"message": "Not Found"}"#),
            ("content-type: application/problem+json", r#"{"slug": "not-found", "request_id": "req_1"}"#),
            (head, r#"{"slug": "not-found", "request_id": "req_2"}"#),
            (head, r#"{"slug": "gone", "request_id": "req_1"}"#),
        ] {
            assert!(problem(head, body).is_err(), "{head} {body}");
        }
    }

    #[test]
    fn a_renamed_challenge_is_named() {
        let renamed = Answer::parse("HTTP/2 401\r\nx-amzn-Remapped-WWW-Authenticate: Bearer\r\n\r\n").unwrap();
        assert!(renamed.challenge().unwrap_err().contains("API Gateway renames"));
    }
}
