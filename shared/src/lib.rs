//! The code that the Lambda functions of the multi-tenant control plane share.
//!
//! `functions -> http -> domain <- store`: the domain is pure; only `store` depends on DynamoDB and only `http` on Lambda. There is no
//! repository trait: [`store::Store`] is a struct, and tests run it on a real DynamoDB engine.

pub mod domain;
pub mod http;
pub mod store;
