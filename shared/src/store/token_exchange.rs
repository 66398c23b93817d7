//! Token exchange: reads the tenant and the user of a token. Nothing is written.

use super::authentication::user_suspended;
use super::client::Store;
use super::first_read::FirstRead;
use crate::domain::principal::Integration;
use crate::domain::tenant::TenantStatus;
use crate::domain::token::SigningPrivateKey;
use crate::domain::token_exchange::{IssuedToken, TokenExchange};
use crate::domain::user::UserStatus;
use crate::domain::{Error, Result, TenantId};

impl Store {
    /// A token for a user, signed with `key`. `holder` is the tenant that had the external id at the first read.
    pub async fn exchange_token(
        &self,
        integration: &Integration,
        exchange: &TokenExchange,
        issuer: &str,
        mut holder: Option<TenantId>,
        key: &SigningPrivateKey,
    ) -> Result<IssuedToken> {
        let root = integration.root();
        while let Some(id) = holder {
            let read = FirstRead::tenant_and_user(root, id, &exchange.user_external_id);
            let (tenant, user) = self.find_user(root, self.read_together(read).await?).await?;
            if let Some(tenant) = tenant {
                let user = user.ok_or(Error::NotFound)?;
                if tenant.entity.tenant.status == TenantStatus::Suspended {
                    return Err(Error::TenantSuspended);
                }
                if user.entity.status == UserStatus::Suspended {
                    return Err(user_suspended());
                }
                let time = (self.now, exchange.ttl_seconds);
                return IssuedToken::new((root, id, user.entity.id), key, issuer, time, self.new_id()?);
            }
            // The tenant was deleted between the two reads, and its marker with it.
            holder = self.holder(root, &exchange.tenant_external_id).await?;
        }
        Err(Error::NotFound)
    }
}
