//! The gateway's own answers, in the shape that OpenAI's clients know.

use super::observe::Reply;
use super::sse::Form;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::json;

/// A refusal: what went wrong and what to do, for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// A word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { status, code, message: message.into() }
    }

    /// `{"error": ...}`, as OpenAI says it.
    pub fn json(&self) -> String {
        let kind = if self.status.is_client_error() { "invalid_request_error" } else { "server_error" };
        json!({ "error": { "message": self.message, "type": kind, "param": null, "code": self.code } }).to_string()
    }

    /// The end of a stream, in place of what would have followed.
    pub fn event(&self, form: Form) -> String {
        match form {
            Form::Sse => format!("data: {}\n\ndata: [DONE]\n\n", self.json()),
            Form::Lines => format!("{}\n", json!({ "error": self.message })),
        }
    }

    /// The whole response.
    pub fn response(&self) -> Response<Reply> {
        let mut response = Response::new(whole(self.json()));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // A body that was not read to its end leaves the connection in the middle of nowhere.
        if matches!(self.status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT | StatusCode::BAD_REQUEST)
        {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// A body that is here.
pub fn whole(bytes: impl Into<Bytes>) -> Reply {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}
