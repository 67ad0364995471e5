//! Dates that are right, wrong and missing.

use serde_json::json;
use xtcore::choice::Architecture;

use super::*;
use crate::guest::EspFiles;

fn guest(parameters: &str) -> Guest {
    let mut guest = Guest::new(Architecture::Amd64, EspFiles::new("l".into(), "k".into()), "w".into());
    guest.parameters = parameters.to_owned();
    guest
}

fn complains(parameters: &str, boot_time: Value, now: SystemTime) -> bool {
    let report = json!({ "time": { "boot_time": boot_time } });
    complaint(&guest(parameters), report.as_object().expect("an object"), now).is_some()
}

#[test]
fn without_a_parameter_it_is_what_the_host_says() {
    let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let units = 116_444_736_000_000_000_u64 + 10_000_000_000_000_000;
    assert!(!complains("STRESS=off", json!(units), now));
    assert!(!complains("", json!(units - 60 * SECOND), now), "a boot takes a while");
    assert!(complains("", json!(units + 30 * 60 * SECOND), now), "another time zone");
    assert!(complains("", Value::Null, now));
}

#[test]
fn with_one_it_is_what_that_says() {
    // Known moments: the turn of the century's leap day, and the last second that 32 signed bits count.
    for (text, units) in [
        ("2000-02-29T12:00:00", 125_962_992_000_000_000_u64),
        ("2038-01-19T03:14:07", 137_919_572_470_000_000),
    ] {
        let parameters = format!("TIME=1999-01-01T00:00:00 time={text}");
        assert!(!complains(&parameters, json!(units), UNIX_EPOCH));
        assert!(!complains(&parameters, json!(units + SECOND), UNIX_EPOCH));
        assert!(complains(&parameters, json!(units - DAY), UNIX_EPOCH));
    }
}
