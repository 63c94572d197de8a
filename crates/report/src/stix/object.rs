//! Objects and their ids.

use serde_json::{Value, json};
use uuid::{Uuid, uuid};

/// The namespace that STIX 2.1 (section 2.9) gives to the ids of observables.
const OBSERVABLES: Uuid = uuid!("00abedb4-aa42-466c-9c01-fed23315a9b7");
/// taster's own, for everything else.
const TASTER: Uuid = uuid!("5d0f3c86-7c1b-5b0e-9d0e-3a6e8f0f7c11");

/// Start and end of the scan, in STIX's format.
pub(super) struct Times {
    pub(super) first: String,
    pub(super) last: String,
}

/// An id that follows from what the object is about.
pub(super) fn id(kind: &str, about: &[&Value]) -> String {
    let name = json!([kind, about]).to_string();
    format!("{kind}--{}", Uuid::new_v5(&TASTER, name.as_bytes()))
}

/// What every domain and relationship object has. Made when the scan started, final when it ended: the id also follows from
/// the times, so that another scan's objects are others.
pub(super) fn common(kind: &str, about: &[&Value], times: &Times) -> Value {
    let (first, last) = (json!(times.first), json!(times.last));
    let about: Vec<&Value> = about.iter().copied().chain([&first, &last]).collect();
    json!({
        "type": kind, "spec_version": "2.1", "id": id(kind, &about), "created": times.last, "modified": times.last,
    })
}

/// What was seen, so many times: `about` makes the id, `seen` are the observables.
pub(super) fn observed(author: &Value, times: &Times, about: &[&Value], number: u64, seen: Value) -> Value {
    let mut observed = common("observed-data", about, times);
    add(
        &mut observed,
        json!({
            "created_by_ref": author,
            "first_observed": times.first,
            "last_observed": times.last,
            "number_observed": number,
            "object_refs": seen,
        }),
    );
    observed
}

/// That an indicator was sighted, so many times, in what was observed.
pub(super) fn sighting(author: &Value, times: &Times, indicator: &Value, observed: &Value, said: &str) -> Value {
    let mut sighting = common("sighting", &[&indicator["id"], &observed["id"]], times);
    add(
        &mut sighting,
        json!({
            "created_by_ref": author,
            "description": said,
            "first_seen": times.first,
            "last_seen": times.last,
            "count": observed["number_observed"],
            "sighting_of_ref": indicator["id"],
            "observed_data_refs": [observed["id"]],
            "where_sighted_refs": [author],
        }),
    );
    sighting
}

/// An observable; `identifying` are the properties from which STIX derives its id.
pub(super) fn observable(kind: &str, identifying: Value, more: Value) -> Value {
    // serde_json keeps keys sorted and writes strings as RFC 8785 does, which is what the id is made of.
    let name = Uuid::new_v5(&OBSERVABLES, identifying.to_string().as_bytes());
    let mut object = json!({"type": kind, "spec_version": "2.1", "id": format!("{kind}--{name}")});
    add(&mut object, identifying);
    add(&mut object, more);
    object
}

/// Adds the properties of `more` to `object`.
pub(super) fn add(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}
