//! Histories under random faults, and the checkers themselves (reliability.md, group M).
//!
//! `CHAOS_SECONDS` makes the run longer, `CHAOS_SEED` repeats one: a failure tells its seed.

mod history {
    mod checkers;
    mod model;

    use std::env;
    use std::time::{Duration, Instant};
    use tests::history::Run;

    /// How long one API lives: its log is kept in memory.
    const ROUNDS_OF_A_RUN: usize = 40;

    fn number(name: &str, default: u64) -> u64 {
        env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_history_under_faults_has_an_order_that_explains_it() {
        let (seconds, mut seed) = (number("CHAOS_SECONDS", 45), number("CHAOS_SEED", 1));
        let started = Instant::now();
        let is_over = || started.elapsed() > Duration::from_secs(seconds);
        let (mut operations, mut unknown) = (0, 0);
        while !is_over() {
            let mut run = Run::start(seed).await;
            for round in 0..ROUNDS_OF_A_RUN {
                run.round(round).await.unwrap_or_else(|fault| panic!("CHAOS_SEED={seed}, round {round}: {fault}"));
                if round % 10 == 9 || is_over() {
                    run.check_at_rest()
                        .await
                        .unwrap_or_else(|fault| panic!("CHAOS_SEED={seed}, after round {round}: {fault}"));
                }
                if is_over() {
                    break;
                }
            }
            let counts = run.counts();
            (operations, unknown) = (operations + counts.0, unknown + counts.1);
            seed += 1;
        }
        println!("{operations} operations, of {unknown} of which nobody knows the end, in {seconds} s");
        assert!(operations > 100 && unknown > 0, "that was no weather: {operations} operations, {unknown} unknown");
    }
}
