//! The checks in the transaction of a write on conversations: that the tenant is active, the customer is not archived, and, for an end
//! user, that the user is active and the key that signed the token is not retired. A write that is applied was allowed at that instant.

use super::authentication::user_suspended;
use super::client::Store;
use super::gates::{self, Dependency, Gate};
use super::item::text;
use super::keys;
use super::write::Write;
use crate::domain::principal::{Caller, CustomerRoot};
use crate::domain::user::UserStatus;
use crate::domain::{CredentialError, Error, TenantTag, UserId};

impl Store {
    /// The checks of the gates: of the tenant, of the customer and of the key that signed the caller's token.
    pub(super) fn check_gates<'a>(
        &self,
        caller: &Caller,
        tag: TenantTag,
        read: &Gate,
        dependency: Dependency,
    ) -> Vec<Write<'a>> {
        let (root, number) = (caller.root(), self.gate_number);
        let absent: fn() -> Error = match caller {
            Caller::Integration(_) => || Error::NotFound,
            Caller::User(_) => not_live,
        };
        let mut checks = vec![
            gates::check(keys::gate(root, tag, number), read, dependency, absent),
            gates::check_absent(keys::customer_gate(root, number)),
        ];
        if let Caller::User(user) = caller {
            checks.push(gates::check_absent(keys::signing_key_gate(user.signing_key, number)));
        }
        checks
    }

    /// The check that an end user is active; none for an integration.
    pub(super) fn check_user<'a>(&self, caller: &Caller) -> Option<Write<'a>> {
        caller.user().map(|user| check_active(caller.root(), user))
    }
}

/// The error where something is gone that the request has read before: its tenant was deprovisioned.
pub(super) fn gone(caller: &Caller) -> Error {
    match caller {
        Caller::Integration(_) => Error::NotFound,
        Caller::User(_) => not_live(),
    }
}

fn check_active<'a>(root: &CustomerRoot, user: UserId) -> Write<'a> {
    Write::check_item(keys::user(root, user))
        .with_condition("{status} = ?", [text(UserStatus::Active.as_str())])
        .on_condition_failed(|user| if user.is_some() { user_suspended() } else { not_live() })
}

fn not_live() -> Error {
    Error::Unauthorized(CredentialError::NotLive)
}
