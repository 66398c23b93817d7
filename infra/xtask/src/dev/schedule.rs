//! The schedule of the functions that EventBridge Scheduler starts on AWS: each is invoked every second, so that its effect shows soon.
//!
//! Invariant: a function gets one event at a time, as on AWS where the rate is longer than the work.

use std::time::Duration;

use local::template::Template;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::time::{MissedTickBehavior, interval};

use super::host::Host;
use crate::progress::note;

const EVERY: Duration = Duration::from_secs(1);

/// The first failure is logged, then one of this many.
const QUIET: u32 = 30;

/// Invokes one function every second, without end.
pub async fn run(host: Host, function: String, schedule: String) {
    let mut failures = 0;
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        match host.invoke(&function, event(&schedule, OffsetDateTime::now_utc()).to_string().into()).await {
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

/// The functions of a template that a schedule starts, with its name.
pub fn scheduled(template: &Template) -> impl Iterator<Item = (&str, &str)> {
    template.functions.iter().filter_map(|function| {
        function.schedules.first().map(|schedule| (function.name.as_str(), schedule.name.as_str()))
    })
}

/// The event of EventBridge Scheduler if the template sets no input.
fn event(schedule: &str, now: OffsetDateTime) -> Value {
    let seconds = now.unix_timestamp();
    let whole = now.replace_nanosecond(0).unwrap_or(now);
    json!({
        "version": "0",
        "id": format!("{:08x}-0000-4000-8000-{seconds:012x}", seconds & 0xffff_ffff),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "000000000000",
        "time": whole.format(&Rfc3339).unwrap_or_default(),
        "region": "local",
        "resources": [format!("arn:aws:scheduler:local:000000000000:schedule/default/{schedule}")],
        "detail": "{}",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Value {
        let now = OffsetDateTime::from_unix_timestamp(seconds).unwrap() + Duration::from_millis(250);
        event("Tick", now)
    }

    #[test]
    fn times_are_dates() {
        assert_eq!(at(0)["time"], "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_400)["time"], "2000-02-29T00:00:00Z");
        assert_eq!(at(1_790_000_000)["time"], "2026-09-21T14:13:20Z");
    }

    #[test]
    fn the_event_is_the_scheduler_s() {
        let event = at(1_790_000_000);
        assert_eq!(event["source"], "aws.scheduler");
        assert_eq!(event["detail"], "{}");
        assert_eq!(event["time"], "2026-09-21T14:13:20Z");
    }
}
