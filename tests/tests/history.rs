//! Histories under random faults, and the checkers themselves (docs/reliability.md, group M).
//!
//! `CHAOS_SECONDS` makes the run longer, `CHAOS_SEED` begins with another seed. A failure names its seed and leaves what
//! happened in target/chaos; `CHAOS_HISTORY` with that file's name judges it again.

mod history {
    mod checkers;
    mod conversations;
    mod model;

    use std::env;
    use std::time::{Duration, Instant};
    use tests::history::conversations::Run as ConversationsRun;
    use tests::history::{Run, check_history, read_history, write_history};
    use tests::repository_root;

    /// How long one API lives: 2,000 operations of each of the 8 clients. Its log is kept in memory.
    const ROUNDS_OF_A_RUN: usize = 250;
    /// So many rounds lie between two sweeps that must do all: jobs are to be met unfinished, too.
    const ROUNDS_OF_A_SWEEP: usize = 5;
    /// What two busy processors manage in a minute, and more.
    const LEAST_OPERATIONS: usize = 1_000;

    fn number(name: &str, default: u64) -> u64 {
        env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_history_under_faults_has_an_order_that_explains_it() {
        if let Some(file) = env::var_os("CHAOS_HISTORY") {
            let history = read_history(&repository_root().join(file));
            return check_history(&history).unwrap_or_else(|fault| panic!("{fault}"));
        }
        let (seconds, mut seed) = (number("CHAOS_SECONDS", 60), number("CHAOS_SEED", 1));
        let started = Instant::now();
        let (mut operations, mut unknown) = (0, 0);
        while started.elapsed() < Duration::from_secs(seconds) {
            let (done, open) = history(seed, started + Duration::from_secs(seconds)).await;
            (operations, unknown) = (operations + done, unknown + open);
            seed += 1;
        }
        println!("{operations} operations, {unknown} of which have an unknown end, in {seconds} s");
        let had_faults = operations >= LEAST_OPERATIONS && unknown > 0;
        assert!(had_faults, "too few faults: {operations} operations, {unknown} with an unknown end");
    }

    /// Runs for half of the time.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_conversations_every_history_under_faults_has_an_order_that_explains_it() {
        let (seconds, mut seed) = (number("CHAOS_SECONDS", 60) / 2, number("CHAOS_SEED", 1));
        let started = Instant::now();
        let (mut operations, mut unknown) = (0, 0);
        while started.elapsed() < Duration::from_secs(seconds) {
            let mut run = ConversationsRun::start(seed).await;
            for round in 0..ROUNDS_OF_A_RUN {
                operations +=
                    run.round().await.unwrap_or_else(|fault| panic!("CHAOS_SEED={seed}, round {round}: {fault}"));
                let is_last = round + 1 == ROUNDS_OF_A_RUN || started.elapsed() > Duration::from_secs(seconds);
                if is_last || (round + 1) % ROUNDS_OF_A_SWEEP == 0 {
                    run.check_swept().await;
                }
                if is_last {
                    break;
                }
            }
            unknown += run.in_doubt();
            seed += 1;
        }
        println!("{operations} operations, {unknown} of which have an unknown end, in {seconds} s");
        let had_faults = operations >= LEAST_OPERATIONS / 5 && unknown > 0;
        assert!(had_faults, "too few faults: {operations} operations, {unknown} with an unknown end");
    }

    /// A run of this seed until it is complete or the time is over: how many operations there were, and how many have an
    /// unknown end.
    async fn history(seed: u64, end: Instant) -> (usize, usize) {
        let mut run = Run::start(seed).await;
        for round in 0..ROUNDS_OF_A_RUN {
            let is_last = round + 1 == ROUNDS_OF_A_RUN || Instant::now() > end;
            let judged = match run.round().await {
                Ok(()) if is_last || (round + 1) % ROUNDS_OF_A_SWEEP == 0 => run.check_swept().await,
                judged => judged,
            };
            if let Err(fault) = judged {
                let file = repository_root().join(format!("target/chaos/{seed}.jsonl"));
                write_history(&file, run.history());
                panic!("CHAOS_SEED={seed}, round {round}: {fault}\nCHAOS_HISTORY={}", file.display());
            }
            if is_last {
                break;
            }
        }
        run.counts()
    }
}
