//! The rounds: at a random instant writing ends; what is stored then stays.

use super::target::{End, Target, World};
use super::writers::{Shared, WRITERS, Write};
use futures_util::future::{join, join_all};
use local::proxy::Rule;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tests::Value;
use tests::checks::{check_at_rest, sweep_all};
use tests::history::{conversations::check_conversations, random};

/// One of so many rounds is long: it lasts until each kind of write and as many requests as there are writers, all sent after the answer, have
/// been refused. In the others writing begins again when what was under way has ended.
const LONG_ROUND: usize = 100;

/// How many writes a round has, besides those of the last one that are still under way: enough that some are under way when writing ends.
const TURNS: usize = 3;

/// Rounds of one kind.
pub struct Rounds {
    shared: Shared,
    end: End,
}

impl Rounds {
    /// Runs so many rounds while 64 writers write, and checks what is stored in the end.
    pub async fn run(end: End, rounds: usize, faults: Vec<Rule>) {
        let started = Instant::now();
        let world = World::new(end).await;
        // A round of these makes all of them anew.
        let counts = if end == End::Deprovision { [1, 1, 1] } else { [8, 3, 2] };
        let target = world.target("t", counts).await;
        let has_faults = !faults.is_empty();
        world.app.faults(faults);
        let all = Self { shared: Shared::new(world, end, target), end };
        let driver = async {
            for round in 0..rounds {
                all.round(round).await;
            }
            all.shared.close();
        };
        join(driver, join_all((0..WRITERS).map(|number| all.shared.write(number)))).await;
        let Shared { applied, refused, refused_after, unavailable, .. } = &all.shared;
        let [applied, refused, after, unavailable] =
            [applied, refused, refused_after, unavailable].map(|count| count.load(Ordering::SeqCst));
        println!(
            "{end:?}: {rounds} rounds in {:.1?}: {applied} writes applied, {refused} refused, {after} of them sent after the answer, \
             {unavailable} with an unknown end",
            started.elapsed()
        );
        let least_after = rounds.div_ceil(LONG_ROUND) * WRITERS;
        assert!(applied >= rounds && refused >= rounds && after >= least_after, "too few to prove anything");
        assert!(!has_faults || unavailable > 0, "too few faults");
        all.check_end().await;
    }

    async fn round(&self, number: usize) {
        let Self { shared, end } = self;
        let world = &shared.world;
        let mut random = random(7, &[number]);
        // A random instant: after a few writes, and a moment.
        let (applied, some) = (shared.applied.load(Ordering::SeqCst), random.usize(0..2));
        shared.write_until(TURNS, |shared| shared.applied.load(Ordering::SeqCst) >= applied + some).await;
        tokio::time::sleep(Duration::from_micros(random.u64(..3_000))).await;

        let target = shared.target();
        let begun = world.app.proxy.log_len();
        world.close(&target).await;
        shared.ended();
        let at_answer = world.stored(&target).await;
        if number.is_multiple_of(LONG_ROUND) {
            self.refused(&target).await;
            let after = shared.refused_after.load(Ordering::SeqCst);
            let is_enough = |shared: &Shared| shared.refused_after.load(Ordering::SeqCst) >= after + WRITERS;
            shared.write_until(2 * WRITERS, is_enough).await;
        }
        // What was under way at the answer has ended.
        world.settled(begun).await;
        let later = world.stored(&target).await;
        assert_eq!(at_answer, later, "{end:?}, round {number}: a write was committed after the answer");
        shared.begins();
        if let Some(target) = world.open(&target, number).await {
            shared.retarget(target);
        }
    }

    /// Each kind of write, sent after the answer, is refused.
    async fn refused(&self, target: &Target) {
        let Self { shared, end } = self;
        let (status, slug) = end.refusal();
        let all = Write::all(target);
        let answers = join_all(all.iter().map(|write| write.call(&shared.world, target).send_unchecked()));
        let token = async {
            if *end != End::OfSigningKey {
                let answer = shared.world.exchange(target).send_unchecked().await;
                if answer.status != 503 {
                    answer.expect_problem(status, slug);
                }
            }
        };
        let (answers, ()) = join(answers, token).await;
        all.iter().zip(&answers).for_each(|(write, answer)| shared.judge(write, answer, true));
    }

    /// Every acknowledged message and conversation is stored, and every message is counted once.
    async fn check_end(&self) {
        let Self { shared, end } = self;
        let app = &shared.world.app;
        app.faults([]);
        app.proxy.quiet(Duration::from_secs(30)).await.expect("the store becomes quiet");
        let items = app.items().await;
        check_conversations(&items).unwrap_or_else(|fault| panic!("{fault}"));
        let messages = messages(&items);
        let in_doubt = shared.in_doubt.lock().unwrap().clone();
        for (conversation, acknowledged) in shared.messages.lock().unwrap().iter() {
            let stored = messages.get(conversation).cloned().unwrap_or_default();
            let acknowledged: BTreeSet<&String> = acknowledged.iter().collect();
            let lost: Vec<_> = acknowledged.iter().filter(|id| !stored.contains(**id)).collect();
            assert!(lost.is_empty(), "{end:?}: acknowledged and not stored: {lost:?}");
            let others = stored.len() - acknowledged.len();
            let most = in_doubt.get(conversation).copied().unwrap_or_default();
            assert!(others <= most, "{end:?}: {others} messages of {conversation} are stored of {most} in doubt");
        }
        let begun: BTreeSet<&str> = items
            .iter()
            .filter(|item| item["type"]["S"] == "conversation")
            .filter_map(|item| item["id"]["S"].as_str())
            .collect();
        let lost: Vec<String> =
            shared.begun.lock().unwrap().iter().filter(|id| !begun.contains(&***id)).cloned().collect();
        assert!(lost.is_empty(), "{end:?}: acknowledged and not stored: {lost:?}");
        sweep_all(app).await;
        check_at_rest(app).await;
    }
}

/// The ids of the messages of each conversation.
fn messages(items: &[Value]) -> BTreeMap<String, BTreeSet<String>> {
    let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for message in items.iter().filter(|item| item["type"]["S"] == "message") {
        let [id, conversation] = ["id", "conversation_id"].map(|name| message[name]["S"].as_str().expect("a text"));
        messages.entry(conversation.to_owned()).or_default().insert(id.to_owned());
    }
    messages
}
