//! HTTP on Lambda. No other module depends on the Lambda runtime.
//!
//! A handler authenticates, parses, calls the store and builds a response. [`serve`] does the rest: configuration, client, request id,
//! error responses and the log. Every request gets a response of this service, also if the handler fails or panics.

mod authentication;
mod customer_list;
mod event;
mod id_list;
mod input;
mod log;
mod nearest;
mod page;
mod problem;
mod query;
mod registry;
mod request;
mod response;
mod routes;
mod serve;
mod uri;

pub use crate::domain::{Error, Result};
pub use customer_list::CustomerListQuery;
pub use id_list::resource_name;
pub use input::Input;
pub use problem::{ProblemType, problem_types};
pub use registry::{problem_list, problem_page, problem_type};
pub use request::Request;
pub use response::{Response, created, document, found, json_text, list, no_content, ok, page};
pub use routes::{Route, unmatched};
pub use serve::{now, serve, serve_public, serve_public_reading, serve_querying, serve_sweep};
