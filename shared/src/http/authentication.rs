//! From the `Authorization` header to a proof. A read may run beside the check; what it found is let go
//! only together with the proof, so that nothing leaves without one.

use super::request::Request;
use crate::domain::principal::{CustomerRoot, Integration, Operator, OperatorRoot, Scope, Scopes};
use crate::domain::secret::{Claim, Root};
use crate::domain::{Error, Result};
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
            return Err(Error::Forbidden(OPERATOR_ONLY));
        };
        let (principal, found) = tokio::join!(store.authenticate(&claim), read(root));
        let Principal::Operator(operator) = principal? else { return Err(Error::Forbidden(OPERATOR_ONLY)) };
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
            return Err(Error::Forbidden(INTEGRATION_ONLY));
        };
        let (principal, found) = tokio::join!(store.authenticate(&claim), read(root));
        let Principal::Integration(integration) = principal? else { return Err(Error::Forbidden(INTEGRATION_ONLY)) };
        check(integration.scopes, scope)?;
        Ok((integration, found?))
    }

    /// What the bearer token says of itself. A repeated header arrives joined by a comma, which no token has.
    fn claim(&self) -> Result<Claim> {
        let header = self.header("authorization").ok_or(Error::Unauthorized)?;
        let (scheme, token) = header.split_once(' ').ok_or(Error::Unauthorized)?;
        let bearer = scheme.eq_ignore_ascii_case("bearer");
        Claim::parse(token.trim_start_matches(' ')).filter(|_| bearer).ok_or(Error::Unauthorized)
    }
}

fn check(scopes: Scopes, needed: Option<Scope>) -> Result<()> {
    match needed {
        Some(scope) if !scopes.contains(scope) => {
            Err(Error::Forbidden("The key lacks the scope that this operation needs."))
        }
        _ => Ok(()),
    }
}
