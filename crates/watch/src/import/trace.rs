//! OpenTelemetry spans of generative models, as OTLP JSON or protobuf. The conventions for GenAI have changed names several times; all
//! that were released are read, and OpenLLMetry's and OpenInference's.

use super::shape::text_of;
use crate::Exchange;
use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::Value;
use std::collections::BTreeMap;

/// Most spans of one request.
const SPANS: usize = 100_000;
/// Values in values are followed this far.
const DEPTH: usize = 6;

const PROMPT: [&str; 4] = ["gen_ai.input.messages", "gen_ai.prompt", "input.value", "traceloop.entity.input"];
const COMPLETION: [&str; 4] =
    ["gen_ai.output.messages", "gen_ai.completion", "output.value", "traceloop.entity.output"];
const MODEL: [&str; 3] = ["gen_ai.response.model", "gen_ai.request.model", "llm.model_name"];
const SEGMENTS: [(&str, &[&str]); 3] = [
    ("project", &["project", "service.name", "openinference.project.name"]),
    ("user", &["enduser.id", "user.id"]),
    ("path", &["http.route"]),
];

/// Attributes by name.
type Attributes = BTreeMap<String, Value>;

/// Whether a line is a trace, from its first bytes.
pub fn is_trace(line: &[u8]) -> bool {
    let start = line.trim_ascii_start();
    start.starts_with(b"{\"resourceSpans\"") || start.starts_with(b"{\"resource_spans\"")
}

/// Whether a document is one.
pub fn is_trace_value(value: &Value) -> bool {
    value.get("resourceSpans").is_some()
}

/// The exchanges of a trace in OTLP's JSON.
///
/// # Errors
/// It is no OTLP.
pub fn from_json(json: &[u8], now: Timestamp) -> Result<Vec<Exchange>, String> {
    let request =
        serde_json::from_slice(json).map_err(|error| format!("no OTLP trace ({:?} error)", error.classify()))?;
    spans(request, now)
}

/// The exchanges of a trace in protobuf.
///
/// # Errors
/// It is no OTLP.
pub fn from_protobuf(bytes: &[u8], now: Timestamp) -> Result<Vec<Exchange>, String> {
    spans(ExportTraceServiceRequest::decode(bytes).map_err(|error| format!("no OTLP trace ({error})"))?, now)
}

/// The exchanges among the spans of a request; other spans are passed over.
///
/// # Errors
/// There are too many spans.
pub fn spans(request: ExportTraceServiceRequest, now: Timestamp) -> Result<Vec<Exchange>, String> {
    let mut exchanges = Vec::new();
    let mut seen = 0;
    for resource in request.resource_spans {
        let shared = resource.resource.map(|resource| attributes(resource.attributes)).unwrap_or_default();
        for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            seen += 1;
            if seen > SPANS {
                return Err(format!("more than {SPANS} spans in one request; send smaller batches"));
            }
            exchanges.extend(exchange(span, &shared, now));
        }
    }
    Ok(exchanges)
}

/// The exchange that a span tells of; none where it is no call of a model, or does not say what was asked and answered.
fn exchange(span: Span, shared: &Attributes, now: Timestamp) -> Option<Exchange> {
    let mut known = shared.clone();
    known.extend(attributes(span.attributes));
    for event in span.events {
        let mut found = attributes(event.attributes);
        // A message of its own: `gen_ai.user.message` with its content.
        if let Some(content) = found.remove("content") {
            let name = if event.name == "gen_ai.choice" { COMPLETION[1] } else { PROMPT[1] };
            known.entry(name.to_owned()).or_insert(content);
        }
        for (name, value) in found {
            known.entry(name).or_insert(value);
        }
    }
    let prompt = text(&known, &PROMPT, "gen_ai.prompt.")?;
    let completion = text(&known, &COMPLETION, "gen_ai.completion.")?;
    let value = |names: &[&str]| names.iter().find_map(|name| known.get(*name)?.as_str().map(str::to_owned));
    let at = i64::try_from(span.end_time_unix_nano / 1_000).ok().filter(|at| *at > 0);
    let named = SEGMENTS.iter().filter_map(|(name, names)| Some(((*name).to_owned(), value(names)?)));
    Some(Exchange {
        id: format!("{}-{}", hex(&span.trace_id), hex(&span.span_id)),
        at: at.and_then(|at| Timestamp::from_microsecond(at).ok()).unwrap_or(now),
        model: value(&MODEL).unwrap_or_default(),
        language: value(&["code.language"]).and_then(|name| name.parse().ok()),
        segment: named.collect(),
        prompt,
        suffix: None,
        completion,
        cut: known.get("gen_ai.response.finish_reasons").is_some_and(|reasons| reasons.to_string().contains("length")),
    })
}

/// The text under one of the names; or that of the numbered attributes `gen_ai.prompt.0.content` and so on.
fn text(known: &Attributes, names: &[&str], numbered: &str) -> Option<String> {
    let whole = names.iter().filter_map(|name| known.get(*name)).find_map(|value| text_of(&unfolded(value), DEPTH));
    whole.or_else(|| {
        let contents = known.range(numbered.to_owned()..).take_while(|(name, _)| name.starts_with(numbered));
        let mut contents: Vec<(u32, &str)> = contents
            .filter(|(name, _)| name.ends_with(".content"))
            .filter_map(|(name, value)| {
                Some((name[numbered.len()..].split('.').next()?.parse().ok()?, value.as_str()?))
            })
            .collect();
        contents.sort_unstable();
        let contents: Vec<&str> = contents.into_iter().map(|(_, content)| content).collect();
        (!contents.is_empty()).then(|| contents.join("\n"))
    })
}

/// Messages are often written as JSON inside a text.
fn unfolded(value: &Value) -> Value {
    let inner = value.as_str().filter(|text| text.starts_with(['[', '{']));
    let inner = inner.and_then(|text| serde_json::from_str::<Value>(text).ok());
    inner.filter(|inner| text_of(inner, DEPTH).is_some()).unwrap_or_else(|| value.clone())
}

fn attributes(pairs: Vec<KeyValue>) -> Attributes {
    pairs.into_iter().map(|pair| (pair.key, pair.value.map_or(Value::Null, |value| plain(value, DEPTH)))).collect()
}

fn plain(value: AnyValue, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    match value.value {
        Some(any_value::Value::StringValue(text)) => Value::String(text),
        Some(any_value::Value::BoolValue(truth)) => Value::Bool(truth),
        Some(any_value::Value::IntValue(whole)) => whole.into(),
        Some(any_value::Value::DoubleValue(real)) => real.into(),
        Some(any_value::Value::ArrayValue(array)) => {
            array.values.into_iter().map(|value| plain(value, depth - 1)).collect()
        }
        Some(any_value::Value::KvlistValue(list)) => {
            let pairs = list.values.into_iter();
            pairs.map(|pair| (pair.key, pair.value.map_or(Value::Null, |value| plain(value, depth - 1)))).collect()
        }
        _ => Value::Null,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(32).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn request(attributes: Value) -> Value {
        json!({"resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "editor"}}]},
        "scopeSpans": [{"spans": [
            {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "chat m",
             "startTimeUnixNano": "1790000000000000000", "endTimeUnixNano": "1790000001000000000", "attributes": attributes},
            {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b175", "name": "GET /", "attributes": []}
        ]}]}]})
    }

    fn text(key: &str, value: &str) -> Value {
        json!({"key": key, "value": {"stringValue": value}})
    }

    fn read(attributes: Value) -> Exchange {
        let read = from_json(request(attributes).to_string().as_bytes(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(read.len(), 1);
        read[0].clone()
    }

    #[test]
    fn every_released_convention_is_read() {
        let messages = r#"[{"role":"user","parts":[{"type":"text","content":"go on"}]}]"#;
        let reply = r#"[{"role":"assistant","parts":[{"type":"text","content":"done"}],"finish_reason":"stop"}]"#;
        for attributes in [
            json!([text("gen_ai.input.messages", messages), text("gen_ai.output.messages", reply)]),
            json!([text("gen_ai.prompt", "go on"), text("gen_ai.completion", "done")]),
            json!([text("gen_ai.prompt.0.content", "go on"), text("gen_ai.completion.0.content", "done")]),
            json!([text("input.value", "go on"), text("output.value", "done")]),
        ] {
            let exchange = read(attributes);
            assert_eq!((exchange.prompt.as_str(), exchange.completion.as_str()), ("go on", "done"));
            assert_eq!(exchange.segment["project"], "editor");
            assert_eq!(exchange.id, "5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174");
            assert_eq!(exchange.at.as_second(), 1_790_000_001);
        }
    }

    #[test]
    fn protobuf_says_the_same_as_json() {
        let json = request(json!([text("gen_ai.prompt", "a"), text("gen_ai.completion", "b")]));
        let typed: ExportTraceServiceRequest = serde_json::from_value(json.clone()).unwrap();
        let read = from_protobuf(&typed.encode_to_vec(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(read, from_json(json.to_string().as_bytes(), Timestamp::UNIX_EPOCH).unwrap());
    }

    #[test]
    fn what_is_no_trace_is_refused() {
        assert!(from_json(b"{\"resourceSpans\": 3}", Timestamp::UNIX_EPOCH).is_err());
        assert!(from_protobuf(&[0xff; 40], Timestamp::UNIX_EPOCH).is_err());
    }
}
