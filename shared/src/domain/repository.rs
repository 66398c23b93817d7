//! Repositories of a customer (contract section 5.1).

use super::precondition::IfMatch;
use super::tenant::Metadata;
use super::{Change, Fields, Member, RepositoryId, Result, Timestamp, text};
use serde::{Deserialize, Serialize};

/// The provider that hosts a repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// GitHub.
    Github,
    /// GitLab.
    Gitlab,
    /// Bitbucket.
    Bitbucket,
    /// Azure DevOps.
    AzureDevops,
    /// Any other git server.
    #[default]
    Generic,
}

impl Provider {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "github" => Self::Github,
            "gitlab" => Self::Gitlab,
            "bitbucket" => Self::Bitbucket,
            "azure_devops" => Self::AzureDevops,
            "generic" => Self::Generic,
            _ => return None,
        })
    }
}

/// The state of a scan. This service does not scan repositories itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncState {
    /// Not scanned since the last change.
    #[default]
    Pending,
    /// Being scanned.
    Syncing,
    /// Scanned.
    Ready,
    /// The scan failed.
    Error,
}

/// The result of a scan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sync {
    /// The state of the scan.
    pub state: SyncState,
    /// When a scan last succeeded.
    pub last_synced_at: Option<Timestamp>,
    /// Why the last scan failed.
    pub error: Option<String>,
    /// The number of skills that were found.
    pub skill_count: u32,
}

/// A repository. The fields are in the order of the representation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Repository {
    /// Always `repository`.
    pub object: &'static str,
    /// The id that this service assigned.
    pub id: RepositoryId,
    /// 1 to 255 characters, unique within the customer.
    pub name: String,
    /// Stored as sent, never fetched.
    pub repo_url: String,
    /// 1 to 255 characters.
    pub branch: String,
    /// The provider that hosts it.
    pub provider: Provider,
    /// A credential of another service. It is not looked up.
    pub credential_id: Option<String>,
    /// The result of the last scan.
    pub sync: Sync,
    /// At most 50 pairs.
    pub metadata: Metadata,
    /// When it was registered: the time in `id`.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// The number of tenants that it is attached to. It does not affect the version.
    #[serde(skip)]
    pub attached_to: u32,
    /// The version, from which the ETag is made.
    #[serde(skip)]
    pub version: u64,
}

impl Repository {
    /// The repository after a patch.
    pub fn patched(&self, patch: &RepositoryPatch, if_match: &IfMatch, now: Timestamp) -> Result<Change<Self>> {
        if_match.check(self.version)?;
        if patch.is_empty() {
            return Ok(Change::Unchanged);
        }
        let mut changed = Self { updated_at: now, version: self.version + 1, ..self.clone() };
        if patch.resets_sync() {
            changed.sync.state = SyncState::Pending;
        }
        let RepositoryPatch { name, branch, credential_id, metadata } = patch.clone();
        changed.name = name.unwrap_or(changed.name);
        changed.branch = branch.unwrap_or(changed.branch);
        changed.credential_id = credential_id.unwrap_or(changed.credential_id);
        changed.metadata = metadata.unwrap_or(changed.metadata);
        Ok(Change::To(changed))
    }
}

/// The body of registerRepository.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRepository {
    /// 1 to 255 characters, unique within the customer.
    pub name: String,
    /// Syntactically valid.
    pub repo_url: String,
    /// 1 to 255 characters.
    pub branch: String,
    /// The provider that hosts it.
    pub provider: Provider,
    /// `crd_…`
    pub credential_id: Option<String>,
    /// At most 50 pairs.
    pub metadata: Metadata,
}

impl NewRepository {
    /// Reads the body.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", |member| text::text(member, 1, 255));
        let repo_url = fields.required("repo_url", repo_url);
        let branch = fields.optional("branch", |member| text::text(member, 1, 255));
        let provider = fields.optional("provider", provider);
        let credential_id = fields.nullable("credential_id", credential_id);
        let metadata = fields.optional("metadata", text::metadata);
        Some(Self {
            name: name?,
            repo_url: repo_url?,
            branch: branch?.unwrap_or_else(|| "main".to_owned()),
            provider: provider?.unwrap_or_default(),
            credential_id: credential_id?.flatten(),
            metadata: metadata?.unwrap_or_default(),
        })
    }

    /// The new repository.
    pub fn into_repository(self, id: RepositoryId) -> Repository {
        Repository {
            object: "repository",
            id,
            name: self.name,
            repo_url: self.repo_url,
            branch: self.branch,
            provider: self.provider,
            credential_id: self.credential_id,
            sync: Sync::default(),
            metadata: self.metadata,
            created_at: id.created_at(),
            updated_at: id.created_at(),
            attached_to: 0,
            version: 1,
        }
    }
}

/// The body of updateRepository. Absent members do not change; `Some(None)` clears.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RepositoryPatch {
    /// 1 to 255 characters, unique within the customer.
    pub name: Option<String>,
    /// 1 to 255 characters; resets the sync state.
    pub branch: Option<String>,
    /// `crd_…`; resets the sync state.
    pub credential_id: Option<Option<String>>,
    /// Replaces all metadata.
    pub metadata: Option<Metadata>,
}

impl RepositoryPatch {
    /// Reads the body.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.optional("name", |member| text::text(member, 1, 255));
        let branch = fields.optional("branch", |member| text::text(member, 1, 255));
        let credential_id = fields.nullable("credential_id", credential_id);
        let metadata = fields.optional("metadata", text::metadata);
        Some(Self { name: name?, branch: branch?, credential_id: credential_id?, metadata: metadata? })
    }

    /// Whether no member is given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the repository has to be scanned again.
    pub fn resets_sync(&self) -> bool {
        self.branch.is_some() || self.credential_id.is_some()
    }
}

fn provider(member: Member) -> Option<Provider> {
    let provider = Provider::parse(member.string()?);
    if provider.is_none() {
        member.refuse("must be github, gitlab, bitbucket, azure_devops or generic");
    }
    provider
}

fn credential_id(member: Member) -> Option<Option<String>> {
    let text = member.string()?;
    if text.is_empty() {
        return Some(None);
    }
    let rest = text.strip_prefix("crd_").unwrap_or_default();
    if !(1..=64).contains(&rest.len()) || !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        member.refuse("must be crd_ and 1 to 64 letters and digits");
        return None;
    }
    Some(Some(text.to_owned()))
}

fn repo_url(member: Member) -> Option<String> {
    let text = member.string()?;
    if super::repo_url::is_repository_url(text) {
        return Some(text.to_owned());
    }
    match super::repo_url::of_ssh_shorthand(text) {
        Some(url) => member.refuse(format!("must be a URL: for {text} send {url}")),
        None => member.refuse(super::repo_url::RULE),
    }
    None
}
