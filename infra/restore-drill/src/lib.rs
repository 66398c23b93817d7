//! A rehearsal of a restore, on one machine: the same steps as on AWS, with a DynamoDB engine in place of the service.
//!
//! Not here: the AWS SDK, and the functions, which are processes as in `cargo xtask dev`.

pub mod drill;
pub mod export;
pub mod seed;
pub mod stack;
pub mod walk;
