//! The clock of the scheduled functions: each is started every second, so that nobody waits a minute on this machine.
//!
//! Invariant: one event of a function at a time, as with a rate that is longer than the work.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use local::template::Template;
use serde_json::{Value, json};
use tokio::time;

use super::host::Host;
use crate::progress::note;

const EVERY: Duration = Duration::from_secs(1);

/// A failing function says so once, then again after this many failures.
const QUIET: u32 = 30;

/// Starts one function for ever.
pub async fn run(host: Host, function: String, schedule: String) {
    let mut failures = 0;
    let mut tick = time::interval(EVERY);
    tick.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        match host.invoke(&function, event(&schedule, now).to_string().into()).await {
            Ok(_) => failures = 0,
            Err(fault) => {
                if failures % QUIET == 0 {
                    note(&format!("{function}: started by its schedule, it failed: {fault}"));
                }
                failures += 1;
            }
        }
    }
}

/// The functions of a template that a clock starts, with the schedule's name.
pub fn scheduled(template: &Template) -> impl Iterator<Item = (&str, &str)> {
    template.functions.iter().filter_map(|function| {
        function.schedules.first().map(|schedule| (function.name.as_str(), schedule.name.as_str()))
    })
}

/// What EventBridge Scheduler sends where the template gives no input of its own.
fn event(schedule: &str, seconds: u64) -> Value {
    json!({
        "version": "0",
        "id": format!("{:08x}-0000-4000-8000-{seconds:012x}", seconds & 0xffff_ffff),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "000000000000",
        "time": timestamp(seconds),
        "region": "local",
        "resources": [format!("arn:aws:scheduler:local:000000000000:schedule/default/{schedule}")],
        "detail": "{}",
    })
}

/// Seconds since 1970 as RFC 3339; days to a date after Howard Hinnant's `civil_from_days`.
fn timestamp(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00Z");
        assert_eq!(timestamp(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(timestamp(1_790_000_000), "2026-09-21T14:13:20Z");
    }

    #[test]
    fn the_event_is_the_scheduler_s() {
        let event = event("Tick", 1_790_000_000);
        assert_eq!(event["source"], "aws.scheduler");
        assert_eq!(event["detail"], "{}");
        assert_eq!(event["time"], "2026-09-21T14:13:20Z");
    }
}
