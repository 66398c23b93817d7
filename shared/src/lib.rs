//! What the Lambda functions of the multi-tenant control plane share.
//!
//! `functions -> http -> domain <- store`: the domain is pure, the store is the only place that
//! knows DynamoDB, `http` the only one that knows Lambda. There is no repository trait: [`store::Store`]
//! is a struct, and tests run it on a real DynamoDB engine.

pub mod domain;
pub mod http;
pub mod store;
