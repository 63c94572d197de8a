//! The exchange in a row, whatever tool wrote the row: taster's own recordings, LiteLLM's logs and spend exports, Langfuse's
//! observations, OpenAI-like requests and replies. They differ in what they call things, so the names are a table.

use crate::Exchange;
use crate::event::hash;
use code::Language;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

const PROMPT: &[&str] = &["prompt", "messages", "input", "request", "body"];
const COMPLETION: &[&str] = &["completion", "response", "output", "choices"];
const ID: &[&str] = &["id", "request_id", "event_id", "observation_id", "observationId"];
/// The end before the start: an event is when its completion ended.
const AT: &[&str] = &[
    "at",
    "endTime",
    "end_time",
    "timestamp",
    "startTime",
    "start_time",
    "created_at",
    "createdAt",
    "created",
    "time",
];
const MODEL: &[&str] = &["model", "providedModelName", "provided_model_name", "model_group"];
/// Names of segments, and what tools call them; also looked for in `metadata`.
const SEGMENTS: &[(&str, &[&str])] = &[
    (
        "project",
        &["project", "team", "user_api_key_team_alias", "team_alias", "team_id", "projectId", "project_id", "service"],
    ),
    ("user", &["user", "userId", "user_id", "end_user", "user_api_key_user_id"]),
];
/// Keys: never kept, only a digest.
const KEY: &[&str] = &["key", "api_key", "user_api_key_hash", "user_api_key"];
/// Objects in objects are followed this far.
const DEPTH: usize = 6;

/// Finds the exchange in a row.
///
/// # Errors
/// What is missing, in words for the one who gave the row.
pub fn exchange(row: &Value, now: Timestamp) -> Result<Exchange, String> {
    if !row.is_object() {
        return Err("no JSON object".into());
    }
    let prompt = texts(row, PROMPT).ok_or("no prompt (`prompt`, `messages` or `input`)")?;
    let completion = texts(row, COMPLETION).ok_or("no completion (`completion`, `response` or `output`)")?;
    let healed = row.get("healed").and_then(Value::as_str).unwrap_or_default();
    let text = |names: &[&str]| found(row, names).and_then(scalar).unwrap_or_default();
    let at = AT.iter().filter_map(|name| row.get(*name)).find_map(moment).unwrap_or(now);
    Ok(Exchange {
        id: text(ID),
        at,
        model: text(MODEL),
        language: language(row),
        segment: segments(row),
        prompt: prompt + healed,
        suffix: row.get("suffix").and_then(Value::as_str).map(str::to_owned),
        completion,
        cut: row.get("finish").or_else(|| row.get("finish_reason")).and_then(Value::as_str) == Some("length"),
    })
}

fn found<'a>(row: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| row.get(*name).filter(|value| !value.is_null()))
}

fn texts(row: &Value, names: &[&str]) -> Option<String> {
    names.iter().filter_map(|name| row.get(*name)).find_map(|value| text_of(value, DEPTH))
}

/// The text that a value carries: itself, the contents of messages, the first choice of a reply.
pub fn text_of(value: &Value, depth: usize) -> Option<String> {
    const INNER: [&str; 9] =
        ["content", "text", "messages", "choices", "message", "parts", "prompt", "completion", "output"];
    if depth == 0 {
        return None;
    }
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(values) => {
            // Of several choices the first is the one that was taken.
            let choices = values
                .first()
                .is_some_and(|first| first.get("finish_reason").is_some() || first.get("index").is_some());
            let taken = if choices { &values[..1] } else { &values[..] };
            let parts: Vec<String> = taken.iter().filter_map(|value| text_of(value, depth - 1)).collect();
            (!parts.is_empty()).then(|| parts.join("\n"))
        }
        Value::Object(object) => {
            INNER.iter().filter_map(|name| object.get(*name)).find_map(|value| text_of(value, depth - 1))
        }
        _ => None,
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn language(row: &Value) -> Option<Language> {
    let named = row.get("language").and_then(Value::as_str).and_then(|name| name.parse().ok());
    named.or_else(|| Language::of_path(Path::new(row.get("path")?.as_str()?)))
}

fn segments(row: &Value) -> BTreeMap<String, String> {
    let own = row.get("segment").and_then(Value::as_object).into_iter().flatten();
    let mut segments: BTreeMap<String, String> =
        own.filter_map(|(name, value)| Some((name.clone(), scalar(value)?))).collect();
    let metadata = row.get("metadata").unwrap_or(&Value::Null);
    let anywhere = |names: &[&str]| found(row, names).or_else(|| found(metadata, names)).and_then(scalar);
    for (name, names) in SEGMENTS {
        if let Some(value) = anywhere(names) {
            segments.entry((*name).to_owned()).or_insert(value);
        }
    }
    if let Some(key) = anywhere(KEY) {
        segments.insert("key".into(), hash(&[&key])[..12].to_owned());
    }
    segments
}

/// A moment, as tools write them: RFC 3339, a date and time or a date in UTC, or a number of seconds, milli-, micro- or nanoseconds.
pub fn moment(value: &Value) -> Option<Timestamp> {
    let utc = |civil: DateTime| civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    match value {
        Value::String(text) => text
            .parse()
            .ok()
            .or_else(|| text.parse::<DateTime>().ok().and_then(utc))
            .or_else(|| text.parse::<Date>().ok().and_then(|date| utc(date.to_datetime(jiff::civil::Time::midnight()))))
            .or_else(|| text.parse::<f64>().ok().and_then(since_1970)),
        Value::Number(number) => number.as_f64().and_then(since_1970),
        _ => None,
    }
}

fn since_1970(number: f64) -> Option<Timestamp> {
    // Seconds reach 1e11 in the year 5138.
    let micros = match number.abs() {
        size if size < 1e11 => number * 1e6,
        size if size < 1e14 => number * 1e3,
        size if size < 1e17 => number,
        _ => number / 1e3,
    };
    Timestamp::from_microsecond(micros as i64).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn read(row: Value) -> Exchange {
        exchange(&row, Timestamp::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn a_row_of_a_recording_is_read() {
        let row = json!({"prompt": "import yaml\n", "healed": "    ", "completion": "x", "model": "m", "finish": "length", "path": "a/b.py",
            "segment": {"project": "p"}, "at": "2026-11-27T02:00:00Z"});
        let exchange = read(row);
        assert_eq!((exchange.prompt.as_str(), exchange.completion.as_str()), ("import yaml\n    ", "x"));
        assert_eq!(exchange.language, Some(Language::Python));
        assert_eq!(exchange.segment["project"], "p");
        assert!(exchange.cut && exchange.at.as_second() > 1_700_000_000);
    }

    #[test]
    fn litellms_log_is_read_and_its_key_is_not_kept() {
        let row = json!({"id": "chatcmpl-1", "call_type": "acompletion", "model": "gpt", "startTime": 1_790_000_000.5, "endTime": 1_790_000_001.5,
            "messages": [{"role": "system", "content": "You complete code."}, {"role": "user", "content": [{"type": "text", "text": "go on"}]}],
            "response": {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "done"}}]},
            "metadata": {"user_api_key_hash": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b", "user_api_key_team_alias": "red"}});
        let exchange = read(row);
        assert_eq!(exchange.prompt, "You complete code.\ngo on");
        assert_eq!((exchange.completion.as_str(), exchange.id.as_str()), ("done", "chatcmpl-1"));
        assert_eq!(exchange.segment["project"], "red");
        assert_eq!(exchange.segment["key"].len(), 12);
        assert!(!exchange.segment["key"].starts_with("88dc"));
        assert_eq!(exchange.at.as_millisecond(), 1_790_000_001_500);
    }

    #[test]
    fn langfuses_observation_is_read() {
        let row = json!({"id": "o1", "type": "GENERATION", "traceId": "t", "startTime": "2026-11-01T10:00:00.000Z", "model": "m", "userId": "u",
            "input": {"messages": [{"role": "user", "content": "go on"}]}, "output": {"role": "assistant", "content": "done"}});
        let exchange = read(row);
        assert_eq!((exchange.prompt.as_str(), exchange.completion.as_str()), ("go on", "done"));
        assert_eq!(exchange.segment["user"], "u");
    }

    #[test]
    fn what_is_missing_is_said() {
        let refused = |row: Value| exchange(&row, Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(refused(json!({"completion": "x"})).contains("prompt"));
        assert!(refused(json!({"prompt": "x", "completion": null})).contains("completion"));
        assert!(refused(json!([1])).contains("object"));
        let mut deep = json!("x");
        (0..200).for_each(|_| deep = json!({"content": deep}));
        assert!(refused(json!({"prompt": deep, "completion": "x"})).contains("prompt"));
    }

    #[test]
    fn moments_are_read_as_tools_write_them() {
        for same in [
            json!("2026-09-21T14:13:20Z"),
            json!("2026-09-21 14:13:20"),
            json!(1_790_000_000),
            json!(1_790_000_000_000_i64),
            json!("1790000000"),
        ] {
            assert_eq!(moment(&same).unwrap().as_second(), 1_790_000_000, "{same}");
        }
        assert_eq!(moment(&json!("yesterday")), None);
    }
}
