//! What a new conversation takes from the request, the user, the role and the tenant.

use super::{Context, Conversation, ConversationStatus, Filler, Mode, NewConversation};
use crate::domain::attachment::TenantWithAttachments;
use crate::domain::lease::{Lease, Leases};
use crate::domain::role::Role;
use crate::domain::tenant::TenantSettings;
use crate::domain::user::User;
use crate::domain::{ConversationId, Error, Result, RoleId, Timestamp};

impl TenantSettings {
    /// A lease from `now` of the requested duration, or of the longest.
    pub(super) fn lease(&self, ttl_seconds: Option<u32>, now: Timestamp) -> Result<Lease> {
        let longest = self.max_sticky_ttl_seconds;
        if ttl_seconds.is_some_and(|seconds| seconds > longest) {
            let message = format!("must be at most {longest}, as the tenant's settings say");
            return Err(Error::invalid("/runtime/sticky_ttl_seconds", message));
        }
        Ok(Lease::new(now, ttl_seconds.unwrap_or(longest)))
    }
}

impl NewConversation {
    /// The role: the one that is given, or the user's only one.
    pub fn role_of(&self, user: &User) -> Result<Option<RoleId>> {
        match self.role_id {
            Some(role) if user.role_ids.contains(&role) => Ok(Some(role)),
            Some(_) => Err(Error::invalid("/role_id", "is not a role that the user holds")),
            None if user.role_ids.len() > 1 => {
                let many = user.role_ids.len();
                Err(Error::RoleRequired(format!("The user holds {many} roles: send the role_id of one of them.")))
            }
            None => Ok(user.role_ids.first().copied()),
        }
    }

    /// Whether it takes a lease.
    pub fn takes_lease(&self) -> bool {
        self.runtime.mode == Some(Mode::Sticky)
    }

    /// The new conversation of a user. `role` is that of [`NewConversation::role_of`].
    pub fn begin(
        self,
        id: ConversationId,
        (user, role, tenant): (&User, Option<&Role>, &TenantWithAttachments),
        leases: &Leases,
        now: Timestamp,
    ) -> Result<Conversation> {
        if self.repository_id.is_some_and(|repository| !tenant.attachments.contains_key(&repository)) {
            return Err(Error::invalid("/repository_id", "is not attached to the user's tenant"));
        }
        let repository_id = self
            .repository_id
            .or(user.default_repository_id)
            .or(role.and_then(|role| role.repository_id))
            .or(tenant.tenant.default_repository_id);
        let settings = &tenant.tenant.settings;
        let lease = match self.takes_lease() {
            true => {
                let lease = settings.lease(self.runtime.sticky_ttl_seconds, now)?;
                leases.with(id, lease, settings.max_concurrent_sticky, now)?;
                Some(lease)
            }
            false => None,
        };
        Ok(Conversation {
            id,
            tenant_id: tenant.tenant.id,
            user_id: user.id,
            title: self.title,
            status: ConversationStatus::Active,
            context: Context { role_id: role.map(|role| role.id), repository_id },
            agent_type: self.runtime.agent_type.unwrap_or_else(|| settings.default_agent_type.clone()),
            lease,
            filler: Filler { enabled: self.filler_enabled.unwrap_or(settings.filler_enabled) },
            metadata: self.metadata,
            message_count: 0,
            last_message_at: None,
            created_at: id.created_at(),
            updated_at: id.created_at(),
            version: id.first_version(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attachment::AttachedRepository;
    use crate::domain::role::NewRole;
    use crate::domain::tenant::{ExternalId, Metadata, NewTenant, Tenant};
    use crate::domain::tests::read_body;
    use crate::domain::user::UserPatch;
    use crate::domain::{RepositoryId, TenantId, UserId};
    use proptest::prelude::*;
    use proptest::sample::select;

    /// Repositories, roles and agent types are numbers here.
    #[derive(Clone, Debug)]
    struct World {
        held: Vec<u8>,
        attached: Vec<u8>,
        user_repository: Option<u8>,
        role_repositories: [Option<u8>; 3],
        tenant_default: Option<u8>,
        tenant_filler: bool,
        longest: u32,
        most: u32,
        /// When the leases of other conversations end, in milliseconds from now.
        lease_ends: Vec<i64>,
    }

    #[derive(Clone, Debug)]
    struct Request {
        role: Sent<u8>,
        repository: Sent<u8>,
        agent_type: Option<&'static str>,
        filler: Sent<Option<bool>>,
        /// `None`: there is no `runtime`. The second is not sent with `pooled`.
        mode: Option<&'static str>,
        ttl: Sent<u32>,
    }

    #[derive(Clone, Copy, Debug)]
    enum Sent<T> {
        Absent,
        Null,
        Value(T),
    }

    #[derive(Debug, PartialEq)]
    enum Outcome {
        Refused(String),
        RoleRequired(String),
        NoCapacity(u32),
        Begun {
            role: Option<u8>,
            repository: Option<u8>,
            agent_type: String,
            filler: bool,
            /// The duration of the lease in seconds.
            lease: Option<u32>,
        },
    }

    /// The contract as plain steps.
    fn model(world: &World, request: &Request) -> Outcome {
        let role = if let Sent::Value(role) = request.role {
            if !world.held.contains(&role) {
                return Outcome::Refused("/role_id".to_owned());
            }
            Some(role)
        } else {
            match world.held[..] {
                [] => None,
                [only] => Some(only),
                _ => return Outcome::RoleRequired(world.held.len().to_string()),
            }
        };
        let repository = if let Sent::Value(repository) = request.repository {
            if !world.attached.contains(&repository) {
                return Outcome::Refused("/repository_id".to_owned());
            }
            Some(repository)
        } else if world.user_repository.is_some() {
            world.user_repository
        } else if role.is_some_and(|role| world.role_repositories[usize::from(role)].is_some()) {
            world.role_repositories[usize::from(role.unwrap())]
        } else {
            world.tenant_default
        };
        let mut lease = None;
        if request.mode == Some("sticky") {
            let seconds = if let Sent::Value(seconds) = request.ttl { seconds } else { world.longest };
            if seconds > world.longest {
                return Outcome::Refused("/runtime/sticky_ttl_seconds".to_owned());
            }
            let mut running: Vec<i64> = world.lease_ends.clone();
            running.retain(|end| *end > 0);
            running.sort_unstable();
            if running.len() >= world.most as usize {
                let wait = if world.most == 0 { 60 } else { u32::try_from(running[0]).unwrap().div_ceil(1000) };
                return Outcome::NoCapacity(wait);
            }
            lease = Some(seconds);
        }
        let filler = if let Sent::Value(Some(enabled)) = request.filler { enabled } else { world.tenant_filler };
        let agent_type = request.agent_type.unwrap_or("of-the-tenant").to_owned();
        Outcome::Begun { role, repository, agent_type, filler, lease }
    }

    fn now() -> Timestamp {
        Timestamp::from_milliseconds(1_795_403_655_123)
    }

    fn role_id(number: u8) -> RoleId {
        RoleId::new(now(), number.into())
    }

    fn repository_id(number: u8) -> RepositoryId {
        RepositoryId::new(now(), number.into())
    }

    /// The body of the request, with `null` and `{}` where the request has them.
    fn body(request: &Request) -> String {
        let mut members = Vec::new();
        let mut member = |name: &str, value: String| members.push(format!("\"{name}\":{value}"));
        match request.role {
            Sent::Absent => {}
            Sent::Null => member("role_id", "null".to_owned()),
            Sent::Value(role) => member("role_id", format!("\"{}\"", role_id(role))),
        }
        match request.repository {
            Sent::Absent => {}
            Sent::Null => member("repository_id", "null".to_owned()),
            Sent::Value(repository) => member("repository_id", format!("\"{}\"", repository_id(repository))),
        }
        match request.filler {
            Sent::Absent => {}
            Sent::Null => member("filler", "null".to_owned()),
            Sent::Value(None) => member("filler", "{}".to_owned()),
            Sent::Value(Some(enabled)) => member("filler", format!("{{\"enabled\":{enabled}}}")),
        }
        let mut runtime = Vec::new();
        runtime.extend(request.agent_type.map(|agent_type| format!("\"agent_type\":\"{agent_type}\"")));
        runtime.extend(request.mode.map(|mode| format!("\"mode\":\"{mode}\"")));
        match request.ttl {
            Sent::Value(seconds) if request.mode == Some("sticky") => {
                runtime.push(format!("\"sticky_ttl_seconds\":{seconds}"));
            }
            Sent::Null => runtime.push("\"sticky_ttl_seconds\":null".to_owned()),
            _ => {}
        }
        if !runtime.is_empty() {
            member("runtime", format!("{{{}}}", runtime.join(",")));
        }
        format!("{{{}}}", members.join(","))
    }

    /// What the code makes of the same world and the body of the request.
    fn begun(world: &World, request: &Request) -> Outcome {
        let new = read_body(&body(request), |fields| NewConversation::read(fields, false)).unwrap();
        let user = UserPatch {
            role_ids: Some(world.held.iter().map(|role| role_id(*role)).collect()),
            default_repository_id: Some(world.user_repository.map(repository_id)),
            ..UserPatch::default()
        };
        let user = user.into_new(UserId::new(now(), 7), TenantId::NIL, ExternalId::parse("u").unwrap());
        let attached = AttachedRepository { branch_override: None, created_at: now(), updated_at: now(), named_by: 0 };
        let settings = TenantSettings {
            filler_enabled: world.tenant_filler,
            default_agent_type: "of-the-tenant".to_owned(),
            max_sticky_ttl_seconds: world.longest,
            max_concurrent_sticky: world.most,
        };
        let tenant = TenantWithAttachments {
            tenant: Tenant {
                default_repository_id: world.tenant_default.map(repository_id),
                settings,
                ..NewTenant::default().into_tenant(TenantId::new(now(), 8))
            },
            attachments: world.attached.iter().map(|number| (repository_id(*number), attached.clone())).collect(),
            tag: None,
            members: 0,
        };
        let ends = world.lease_ends.iter().zip(100..);
        let leases = Leases::new(
            ends.map(|(end, number)| (ConversationId::new(now(), number), now().plus_milliseconds(*end))).collect(),
        );
        let id = ConversationId::new(now(), 9);
        let outcome = new.role_of(&user).and_then(|role| {
            let role = role.map(|role| {
                let number = (0..3).find(|number| role_id(*number) == role).unwrap();
                let repository_id = world.role_repositories[usize::from(number)].map(repository_id);
                NewRole { name: "r".to_owned(), description: None, repository_id, metadata: Metadata::new() }
                    .into_role(role, TenantId::NIL)
            });
            new.clone().begin(id, (&user, role.as_ref(), &tenant), &leases, now())
        });
        let repository_number = |id| (0..4).find(|number| repository_id(*number) == id).unwrap();
        match outcome {
            Ok(conversation) => {
                assert_eq!((conversation.id, conversation.created_at, conversation.updated_at), (id, now(), now()));
                assert_eq!((conversation.tenant_id, conversation.user_id), (tenant.tenant.id, user.id));
                assert_eq!((conversation.status, conversation.message_count), (ConversationStatus::Active, 0));
                let lease =
                    conversation.lease.inspect(|lease| assert_eq!(*lease, Lease::new(now(), lease.ttl_seconds)));
                Outcome::Begun {
                    role: conversation.context.role_id.map(|id| (0..3).find(|role| role_id(*role) == id).unwrap()),
                    repository: conversation.context.repository_id.map(repository_number),
                    agent_type: conversation.agent_type,
                    filler: conversation.filler.enabled,
                    lease: lease.map(|lease| lease.ttl_seconds),
                }
            }
            Err(Error::Invalid(errors)) => {
                let [error] = &errors[..] else { panic!("{errors:?}") };
                Outcome::Refused(error.pointer.clone())
            }
            Err(Error::RoleRequired(detail)) => {
                Outcome::RoleRequired(detail.chars().filter(char::is_ascii_digit).collect())
            }
            Err(Error::CapacityExhausted { retry_after_seconds }) => Outcome::NoCapacity(retry_after_seconds),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn sent<T: Copy + std::fmt::Debug + 'static>(
        value: impl Strategy<Value = T> + 'static,
    ) -> impl Strategy<Value = Sent<T>> {
        prop_oneof![2 => Just(Sent::Absent), 1 => Just(Sent::Null), 3 => value.prop_map(Sent::Value)]
    }

    fn world() -> impl Strategy<Value = World> {
        let repository = || prop::option::of(0..4u8);
        (
            prop::sample::subsequence(vec![0u8, 1, 2], 0..=3),
            prop::sample::subsequence(vec![0u8, 1, 2, 3], 0..=4),
            repository(),
            [repository(), repository(), repository()],
            repository(),
            any::<bool>(),
            select(&[60u32, 600, 86_400][..]),
            0..4u32,
            prop::collection::vec(-2000..5000i64, 0..5),
        )
            .prop_map(
                |(held, attached, user_repository, role_repositories, tenant_default, filler, longest, most, ends)| {
                    World {
                        held,
                        attached,
                        user_repository,
                        role_repositories,
                        tenant_default,
                        tenant_filler: filler,
                        longest,
                        most,
                        lease_ends: ends,
                    }
                },
            )
    }

    fn request() -> impl Strategy<Value = Request> {
        (
            sent(0..3u8),
            sent(0..4u8),
            prop::option::of(select(&["of-the-request", "x"][..])),
            sent(any::<Option<bool>>()),
            prop::option::of(select(&["pooled", "sticky", "sticky"][..])),
            sent(select(&[60u32, 61, 600, 601, 86_400][..])),
        )
            .prop_map(|(role, repository, agent_type, filler, mode, ttl)| Request {
                role,
                repository,
                agent_type,
                filler,
                mode,
                ttl,
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn a_conversation_begins_as_a_model_of_the_contract_says((world, request) in (world(), request())) {
            prop_assert_eq!(begun(&world, &request), model(&world, &request));
        }
    }
}
