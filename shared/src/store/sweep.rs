//! The sweep releases the repositories of deprovisioned tenants and deletes what is left below them. It can be resumed at any point: the
//! job remains until everything is done, and each repository is released once, because its back reference is deleted in the same
//! transaction.

use super::attachments::release;
use super::below_tenant::Deprovisioned;
use super::client::Store;
use super::item::{Item, get_text, new_item, number, read_row, text};
use super::keys::{self, Partition};
use super::read::{Page, PageQuery};
use super::write::Write;
use crate::domain::principal::CustomerRoot;
use crate::domain::{CustomerId, Error, RepositoryId, Result, TenantId, TenantTag, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// The duration of a lease: as long as the function may run.
const LEASE_MILLISECONDS: i64 = 60_000;
/// The time that a job of 100 repositories takes. No job is started with less time left.
const MIN_TIME_LEFT: Duration = Duration::from_secs(2);
/// The number of jobs of a partition that are read at once.
const JOBS_PER_PAGE: usize = 25;

/// What a run of the sweep did and found.
#[derive(Debug, Default)]
pub struct Swept {
    /// The number of jobs that were done.
    pub jobs: u64,
    /// The age of the oldest job at the start of the run, zero if there was none; `None` if the jobs could not be read.
    pub oldest_job_seconds: Option<u64>,
}

/// What is to be done for a deprovisioned tenant.
#[derive(Serialize, Deserialize)]
struct Job {
    customer: CustomerId,
    tenant: TenantId,
    /// ULIDs.
    repositories: Vec<String>,
    /// The tag of the tenant's users, roles and conversations, if it has any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    lease_until: Option<Timestamp>,
}

/// The work of a job.
struct Work {
    repositories: Vec<RepositoryId>,
    tag: Option<TenantTag>,
}

impl Job {
    /// The work. Fails if an id or the tag is invalid: a repository that is skipped would keep a wrong count.
    fn work(&self) -> Result<Work> {
        let parse =
            |ulid: &String| RepositoryId::parse_ulid(ulid).ok_or_else(|| Error::internal("a sweep job names no id"));
        let tag = |tag: &String| TenantTag::parse(tag).ok_or_else(|| Error::internal("a sweep job has an invalid tag"));
        Ok(Work {
            repositories: self.repositories.iter().map(parse).collect::<Result<_>>()?,
            tag: self.tag.as_ref().map(tag).transpose()?,
        })
    }
}

impl Store {
    /// The write of a job for a deprovisioned tenant.
    pub(super) fn sweep_job<'a>(
        &self,
        root: &CustomerRoot,
        tenant: TenantId,
        repositories: Vec<String>,
        tag: Option<TenantTag>,
    ) -> Result<Write<'a>> {
        let tag = tag.map(|tag| tag.to_string());
        let job = Job { customer: root.customer_id(), tenant, repositories, tag, lease_until: None };
        let mut item = new_item("sweep_job", &job)?;
        let (partition, sort_key) = keys::sweep_job_place(tenant, self.now);
        let index = partition.index_attributes(sort_key);
        item.extend(index.map(|(name, value)| (name.to_owned(), value)));
        Ok(Write::put_new(keys::sweep_job(root, tenant), item).with_history())
    }

    /// Does all jobs while there is time. The next sweep does the others. An unreadable job is marked as failed and fails the sweep at its
    /// end. A job that fails otherwise is retried by the next sweep; the other jobs are still done.
    pub async fn sweep_deprovisioned_tenants(&self, swept: &mut Swept) -> Result<()> {
        let mut pages = VecDeque::new();
        for partition in keys::sweep_jobs() {
            let page = self.jobs(&partition, None).await?;
            pages.push_back((partition, page));
        }
        swept.oldest_job_seconds = Some(self.oldest_job_seconds(pages.iter().flat_map(|(_, page)| &page.rows)));
        let mut failure = None;
        // A page of each partition in turn, so that a partition with many jobs does not keep the others waiting.
        while let Some((partition, page)) = pages.pop_front() {
            for item in page.rows {
                if self.time_left() < MIN_TIME_LEFT {
                    return failure.map_or(Ok(()), Err);
                }
                match self.sweep_item(item).await {
                    Err(error @ Error::Unavailable(_)) => return Err(error),
                    Err(error) => failure = Some(error),
                    Ok(is_done) => swept.jobs += u64::from(is_done),
                }
            }
            if page.position.is_some() {
                let next = self.jobs(&partition, page.position).await?;
                pages.push_back((partition, next));
            }
        }
        failure.map_or(Ok(()), Err)
    }

    async fn jobs(&self, partition: &Partition, after: Option<String>) -> Result<Page<Item>> {
        self.query_items(partition, PageQuery { descending: false, after, limit: JOBS_PER_PAGE, has_filter: false })
            .await
    }

    /// The age of the oldest of these jobs. That of jobs from earlier releases is not known.
    fn oldest_job_seconds<'a>(&self, jobs: impl Iterator<Item = &'a Item>) -> u64 {
        let oldest = jobs.filter_map(|job| keys::sweep_job_time(get_text(job, "g1sk")?)).min();
        let age = oldest.map_or(0, |oldest| self.now.milliseconds() - oldest.milliseconds());
        u64::try_from(age / 1000).unwrap_or_default()
    }

    /// Does the job of an item. `false` if it is not done yet.
    async fn sweep_item(&self, item: Item) -> Result<bool> {
        let (customer, tenant) = (get_text(&item, "pk").unwrap_or_default(), get_text(&item, "sk").unwrap_or_default());
        let (root, tenant) =
            keys::parse_sweep_job(customer, tenant).ok_or_else(|| Error::internal("a sweep job has an invalid key"))?;
        match read_row::<Job>(item).and_then(|job| job.work()) {
            Ok(work) => self.do_job(&root, tenant, work).await,
            Err(error) => self.mark_failed(&root, tenant).await.and(Err(error)),
        }
    }

    async fn do_job(&self, root: &CustomerRoot, tenant: TenantId, work: Work) -> Result<bool> {
        let until = self.now.plus_milliseconds(LEASE_MILLISECONDS);
        let lease = Write::update_existing(keys::sweep_job(root, tenant))
            .set("lease_until", text(until.to_string()))
            .with_condition("attribute_not_exists({lease_until}) OR {lease_until} <= ?", [text(self.now.to_string())]);
        // Another sweep has the lease, or has done the job: the index is eventually consistent.
        if !self.commit_if_needed(vec![lease]).await? {
            return Ok(false);
        }
        for repository in work.repositories {
            self.commit_if_needed(release(root, repository, tenant).into()).await?;
        }
        if let Some(tag) = work.tag
            && !self.delete_below(&Deprovisioned { root, tenant, tag }).await?
        {
            return Ok(false);
        }
        let done = Write::delete_item(keys::sweep_job(root, tenant)).with_condition("attribute_exists({pk})", []);
        self.commit_if_needed(vec![done]).await
    }

    /// Marks an unreadable job as failed and removes it from the index.
    async fn mark_failed(&self, root: &CustomerRoot, tenant: TenantId) -> Result<()> {
        let write = Write::update_existing(keys::sweep_job(root, tenant))
            .set("failed_at", text(self.now.to_string()))
            .set("failures", number(1))
            .remove("g1pk")
            .remove("g1sk");
        self.commit_if_needed(vec![write]).await.map(drop)
    }

    /// Commits writes. `false` if a condition failed, because they were applied before.
    pub(super) async fn commit_if_needed(&self, writes: Vec<Write<'_>>) -> Result<bool> {
        Ok(self.commit(writes).await?.failed_conditions()?.is_none())
    }
}
