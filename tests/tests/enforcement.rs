//! No write commits after the change that forbids it was answered (contract section 6.6): 64 writers of messages and conversations write in turn,
//! a few at the same time, while at random instants a tenant is suspended, a customer archived, a user deactivated, a signing key retired or a
//! tenant deprovisioned.
//!
//! What the writers may change is read right after the answer. It is final: it is the same when every request that was under way has ended, and
//! again when writing is about to be allowed. A request that is sent after the answer is refused. Requests that were sent before it may
//! succeed or be refused. In the end every message that was acknowledged is stored and counted once.
//!
//! A round costs 0.1 s of a processor. The suspension has 1,000; the others, whose checks are in the same transactions, have as many as two
//! processors do in 20 s.

mod enforcement {
    mod rounds;
    mod target;
    mod writers;

    use local::proxy::{Action, Rule};
    use rounds::Rounds;
    use target::End;

    /// What the proxy does to writes: lost answers, conflicts, and writes that arrive after their caller has given up.
    fn faults() -> Vec<Rule> {
        let actions = [
            (Action::DropAfter, 0.04),
            (Action::DropBefore, 0.02),
            (Action::LateArrival { ms: 8 }, 0.04),
            (Action::LateArrival { ms: 30 }, 0.02),
            (Action::Conflict, 0.04),
            (Action::InProgress, 0.01),
        ];
        let mut rules = Vec::new();
        for (seed, (action, probability)) in (1..).zip(actions) {
            for op in ["TransactWriteItems", "UpdateItem"] {
                rules.push(Rule::on(op, action.clone()).probability(probability, seed));
            }
        }
        rules
    }

    /// 1,000 rounds: two APIs at the same time, because one alone waits more than it works.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_write_commits_after_the_patch_that_suspended_was_answered() {
        let half = || Rounds::run(End::Suspension, 500, Vec::new());
        tokio::join!(half(), half());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_write_commits_after_the_customer_was_archived() {
        Rounds::run(End::Archive, 300, Vec::new()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_write_by_token_commits_after_its_user_was_deactivated() {
        Rounds::run(End::OfUser, 300, Vec::new()).await;
    }

    /// A round makes a key and a token.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_write_by_token_commits_after_its_signing_key_was_retired() {
        Rounds::run(End::OfSigningKey, 200, Vec::new()).await;
    }

    /// A round makes a tenant with a user and three conversations.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_write_commits_after_the_tenant_was_deprovisioned() {
        Rounds::run(End::Deprovision, 100, Vec::new()).await;
    }

    /// A round waits for the late arrivals, and a write for its attempts.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_write_commits_after_a_suspension_though_answers_are_lost_and_writes_are_late() {
        Rounds::run(End::Suspension, 100, faults()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_write_commits_after_an_archive_though_answers_are_lost_and_writes_are_late() {
        Rounds::run(End::Archive, 50, faults()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_write_by_token_commits_after_a_deactivation_though_answers_are_lost_and_writes_are_late() {
        Rounds::run(End::OfUser, 50, faults()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_write_by_token_commits_after_a_retirement_though_answers_are_lost_and_writes_are_late() {
        Rounds::run(End::OfSigningKey, 50, faults()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_write_commits_after_a_deprovision_though_answers_are_lost_and_writes_are_late() {
        Rounds::run(End::Deprovision, 30, faults()).await;
    }
}
