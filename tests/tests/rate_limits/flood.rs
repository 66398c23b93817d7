//! Two customers, of which one floods the API.

use super::{fill_in, limit, tenants};
use futures_util::future::join_all;
use std::time::Duration;
use tests::{App, Exchange, LogEntry};
use tokio::time::{Instant, sleep_until};

/// The limit of the customer that floods, and how many times as many requests it sends.
const LIMIT: u32 = 2;
const TIMES: u32 = 50;
const SECONDS: u32 = 5;

/// Requests at equal intervals, whether or not the ones before are answered: each answer, and the time from when it was due.
async fn requests(app: &App, key: &str, per_second: u32) -> Vec<(Exchange, Duration)> {
    let start = Instant::now();
    let request = async |number: u32| {
        let due = start + Duration::from_secs(1) * number / per_second;
        sleep_until(due).await;
        let answer = app.with_key(key, "GET", "/tenants?limit=1").send_unchecked().await;
        (answer, due.elapsed())
    };
    join_all((0..per_second * SECONDS).map(request)).await
}

fn p99(requests: &[(Exchange, Duration)]) -> Duration {
    let mut times: Vec<Duration> = requests.iter().map(|(_, time)| *time).collect();
    times.sort_unstable();
    times[(times.len() * 99).div_ceil(100) - 1]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_that_sends_50_times_its_limit_does_not_slow_another() {
    let app = App::start_with(|options| options.concurrency = 16).await;
    let (flooding, other) = (app.new_integration("flooding").await, app.new_integration("other").await);
    app.lambda.warm("list-tenants", 16).await.unwrap();
    limit(&app, "flooding", LIMIT, LIMIT).await;
    limit(&app, "other", 1000, 1000).await;
    let mut measured = Vec::new();
    // At most three times: what else the machine does is not meant.
    for _ in 0..3 {
        let alone = requests(&app, &other, 20).await;
        let started = Instant::now();
        let both = async { tokio::join!(requests(&app, &flooding, LIMIT * TIMES), requests(&app, &other, 20)) };
        let ((flood, beside), log) = app.requests_of(both).await;
        assert!(alone.iter().chain(&beside).all(|(answer, _)| answer.status == 200), "the other customer is refused");
        let admitted = flood.iter().filter(|(answer, _)| answer.status == 200).count();
        assert!(flood.iter().all(|(answer, _)| [200, 429].contains(&answer.status)));
        // A full bucket, and what came while they were sent and answered.
        let came = LIMIT * (1 + started.elapsed().as_secs() as u32 + 1);
        assert!((1..=came as usize).contains(&admitted), "{admitted} are admitted");
        // The table is written to count, by requests that read a token: also by those that then lose it to another.
        let writes = log.iter().filter(|entry| entry.is_write()).count();
        let is_count = |entry: &&LogEntry| entry.is_write() && entry.body.to_string().contains("#buckets");
        assert_eq!(log.iter().filter(is_count).count(), writes);
        assert!(writes <= flood.len() / 2, "{writes} writes for {admitted} admitted requests");
        let (alone, beside) = (p99(&alone), p99(&beside));
        measured.push((alone, beside));
        if beside <= 2 * alone + Duration::from_millis(10) {
            println!("p99 of the other customer alone and beside the flood: {measured:?}");
            return;
        }
    }
    panic!("p99 of the other customer alone and beside the flood: {measured:?}");
}

#[tokio::test]
async fn two_thousand_creates_without_a_token_leave_the_table_as_it_was() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    limit(&app, "acme-corp", 1, 1).await;
    fill_in(&app, "acme-corp", &key, 3600).await;
    let before = app.items().await;
    let (answers, log) = app
        .requests_of(async {
            let mut refused = 0;
            for _ in 0..20 {
                let create = |_| app.with_key(&key, "POST", "/tenants").send_unchecked();
                let answers = join_all((0..100).map(create)).await;
                refused += answers.iter().filter(|answer| answer.status == 429).count();
            }
            refused
        })
        .await;
    assert_eq!(answers, 2_000);
    // A read that takes too long is repeated.
    let reads = log.iter().filter(|entry| entry.operation == "BatchGetItem").count();
    assert!((2_000..2_100).contains(&reads) && log.len() == reads, "{reads} of {}", log.len());
    assert_eq!(app.items().await, before);
    assert_eq!(tenants(&app, &key).await.status, 429);
}
