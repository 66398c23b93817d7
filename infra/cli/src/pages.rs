//! All pages of a list as one array, in both styles of the API: page tokens of operators, cursors of integrations.

use crate::answer;
use crate::client::Client;
use crate::failure::{Failure, Result};
use crate::json::Json;
use crate::operation::{Operation, Place};
use crate::request::Request;

/// The parameter with the size of a page, in each style.
const SIZES: [&str; 2] = ["page.page_size", "limit"];

/// The rows of the list, at most `limit` of them.
pub fn all(client: &Client, operation: &Operation, mut request: Request, limit: Option<usize>) -> Result<Json> {
    let rows_in = operation.rows.unwrap_or("data");
    let size = operation.arguments_in(Place::Query).find(|argument| SIZES.iter().any(|size| argument.name == [*size]));
    let size = size.and_then(|argument| Some((*argument.name.first()?, usize::try_from(argument.most?).ok()?)));
    let size = size.filter(|(name, _)| !request.query.iter().any(|(given, _)| given == name));
    let limit = limit.unwrap_or(usize::MAX);
    let mut rows = Vec::new();
    while rows.len() < limit {
        let missing = limit - rows.len();
        if let Some((name, most)) = size {
            request.set_query(name, most.min(missing).to_string());
        }
        let page = answer::value(client.send(&request, operation.caller)?, operation)?;
        let Some(Json::Array(found)) = page.get(rows_in) else {
            return Err(Failure::Refused(format!("the answer has no {rows_in}: this is not the API that tare knows")));
        };
        // A size that was given may be more than what is missing.
        let found = match goes_back(&request) {
            true => found.get(found.len().saturating_sub(missing)..),
            false => found.get(..missing.min(found.len())),
        };
        let found = found.unwrap_or_default();
        // Pages before a position come from there to the beginning, each in the list's order.
        let end = if goes_back(&request) { 0 } else { rows.len() };
        rows.splice(end..end, found.iter().cloned());
        let Some((name, next)) = next(&page, &request) else { break };
        if request.query.iter().any(|(known, value)| *known == name && *value == next) {
            return Err(Failure::Refused(format!("the list does not end: {name} is {next:?} again")));
        }
        request.set_query(name, next);
    }
    Ok(Json::Array(rows))
}

/// The parameter that asks for the next page, and its value.
fn next(page: &Json, request: &Request) -> Option<(&'static str, String)> {
    let token = page.get("page").and_then(|page| page.text_of("next_page_token")).filter(|token| !token.is_empty());
    if let Some(token) = token {
        return Some(("page.page_token", token.to_owned()));
    }
    let name = if goes_back(request) { "ending_before" } else { "starting_after" };
    page.text_of("next_cursor").map(|cursor| (name, cursor.to_owned()))
}

fn goes_back(request: &Request) -> bool {
    request.query.iter().any(|(name, value)| *name == "ending_before" && !value.is_empty())
}
