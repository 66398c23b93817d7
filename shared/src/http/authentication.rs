//! From the `Authorization` header to a proof. A read may run beside the check; what it found is let go
//! only together with the proof, so that nothing leaves without one.

use super::request::Request;
use crate::domain::principal::{CustomerRoot, Integration, Operator, OperatorRoot, Scope, Scopes};
use crate::domain::secret::{Claim, Root};
use crate::domain::{Credential, Error, Result};
use crate::store::{Principal, Store};

const OPERATOR_ONLY: &str = "This operation needs an operator's key.";
const INTEGRATION_ONLY: &str = "This operation needs an integration's key.";

impl Request {
    /// The operator that calls; `None`: any scope will do.
    pub async fn operator(&self, store: &Store, scope: Option<Scope>) -> Result<Operator> {
        Ok(self.operator_with(store, scope, async |_| Ok(())).await?.0)
    }

    /// The operator that calls, and what a read beside the check found in its subtree.
    pub async fn operator_with<T>(
        &self,
        store: &Store,
        scope: Option<Scope>,
        read: impl AsyncFnOnce(&OperatorRoot) -> Result<T>,
    ) -> Result<(Operator, T)> {
        let claim = self.claim()?;
        let Root::Operator(root) = &claim.root else {
            store.authenticate(&claim).await?;
            return Err(Error::Forbidden(OPERATOR_ONLY.into()));
        };
        let (principal, found) = tokio::join!(store.authenticate(&claim), read(root));
        let Principal::Operator(operator) = principal? else { return Err(Error::Forbidden(OPERATOR_ONLY.into())) };
        check(operator.scopes, scope)?;
        Ok((operator, found?))
    }

    /// The integration that calls; `None`: any scope will do.
    pub async fn integration(&self, store: &Store, scope: Option<Scope>) -> Result<Integration> {
        Ok(self.integration_with(store, scope, async |_| Ok(())).await?.0)
    }

    /// The integration that calls, and what a read beside the check found in its subtree.
    pub async fn integration_with<T>(
        &self,
        store: &Store,
        scope: Option<Scope>,
        read: impl AsyncFnOnce(&CustomerRoot) -> Result<T>,
    ) -> Result<(Integration, T)> {
        let claim = self.claim()?;
        let Root::Customer(root) = &claim.root else {
            store.authenticate(&claim).await?;
            return Err(Error::Forbidden(INTEGRATION_ONLY.into()));
        };
        let (principal, found) = tokio::join!(store.authenticate(&claim), read(root));
        let Principal::Integration(integration) = principal? else {
            return Err(Error::Forbidden(INTEGRATION_ONLY.into()));
        };
        check(integration.scopes, scope)?;
        Ok((integration, found?))
    }

    /// What the bearer token says of itself. A repeated header arrives joined by a comma, which no token has.
    fn claim(&self) -> Result<Claim> {
        let header = self.header("authorization").unwrap_or_default();
        let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
        let (bearer, token) = (scheme.eq_ignore_ascii_case("bearer"), token.trim_start_matches(' '));
        if header.is_empty() || bearer && token.is_empty() {
            return Err(Error::Unauthorized(Credential::Missing));
        }
        Claim::parse(token).filter(|_| bearer).ok_or(Error::Unauthorized(Credential::Malformed))
    }
}

fn check(scopes: Scopes, needed: Option<Scope>) -> Result<()> {
    match needed {
        Some(scope) if !scopes.contains(scope) => {
            let needed = scope.name();
            Err(Error::Forbidden(
                format!("This operation needs the scope {needed}, which the key does not have.").into(),
            ))
        }
        _ => Ok(()),
    }
}
