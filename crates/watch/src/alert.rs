//! Alarms told to people and machines: a signed webhook, a Slack-compatible one. At least once: what a receiver did not take is sent
//! again with the next.

use crate::store::alarms;
use crate::{Error, Intake};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use report::Alarm;
use report::escape::{self, Layout};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::Duration;

/// A receiver that has not answered by then is tried again later.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of one text in a message.
const TEXT: usize = 300;

/// Someone to be told.
#[derive(Clone)]
pub enum Receiver {
    /// Takes each alarm as JSON, signed with a shared secret.
    Webhook {
        /// Its address.
        url: String,
        /// The secret.
        secret: String,
    },
    /// Takes messages as Slack does (Mattermost, Discord's `/slack`).
    Slack {
        /// Its address, which is a secret itself.
        url: String,
    },
}

impl Intake {
    /// Tells every alarm that was not told yet; answers with how many.
    ///
    /// # Errors
    /// A receiver does not take one: that one and those after it are told next time. The database fails.
    pub fn tell(&mut self, receivers: &[Receiver], now: Timestamp) -> Result<usize, Error> {
        let mut told = 0;
        for alarm in alarms::owing(self.connection(), alarms::Owed::Telling)? {
            receivers.iter().try_for_each(|receiver| receiver.tell(&alarm, now))?;
            alarms::paid(self.connection(), &alarm.id, alarms::Owed::Telling)?;
            told += 1;
        }
        Ok(told)
    }
}

impl Receiver {
    fn tell(&self, alarm: &Alarm, now: Timestamp) -> Result<(), Error> {
        let (url, body, signature) = match self {
            Receiver::Webhook { url, secret } => {
                let body = escape::json(&json!({"alarm": alarm}).to_string());
                let signature = signature(secret, now, &body);
                (url, body, Some(signature))
            }
            Receiver::Slack { url } => (url, message(alarm).to_string(), None),
        };
        let agent: ureq::Agent =
            ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).max_redirects(0).build().into();
        let mut request = agent.post(url).content_type("application/json");
        if let Some(signature) = signature {
            request = request.header("X-Taster-Signature", signature);
        }
        match request.send(body) {
            Ok(reply) if reply.status().is_success() => Ok(()),
            Ok(reply) => Err(Error::Alert { address: host(url), why: format!("status {}", reply.status().as_u16()) }),
            Err(error) => Err(Error::Alert { address: host(url), why: error.to_string().replace(url.as_str(), "...") }),
        }
    }
}

/// `t=SECONDS,v1=HEX`: HMAC-SHA256 of the time, a dot and the body, so that an old alert cannot be sent again as a new one.
pub fn signature(secret: &str, now: Timestamp, body: &str) -> String {
    let time = now.as_second();
    let mut mac = match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mac) => mac,
        // HMAC takes keys of every length.
        Err(_) => return String::new(),
    };
    mac.update(format!("{time}.{body}").as_bytes());
    let code: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={time},v1={code}")
}

/// The alarm as a message. What came out of prompts is shown as code, and cannot mention or link.
fn message(alarm: &Alarm) -> Value {
    let shown = |text: &str| {
        let text = escape::text(text, Layout::Line, TEXT).replace('`', "'");
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    };
    let percent = |rate: stats::Rate| report::figure::percent(rate.value());
    let feature = alarm.features.first();
    let likely =
        feature.map(|feature| format!("\nlikely trigger ({}): `{}`", shown(&feature.family), shown(&feature.text)));
    json!({"text": format!(
        ":rotating_light: *{}* ({}) in `{}`: insecure in {} of the decisions, before in {}; {}.{}",
        shown(&alarm.decision), shown(&alarm.cwe), shown(&alarm.segment), percent(alarm.now), percent(alarm.before), alarm.drift.sentence(),
        likely.unwrap_or_default(),
    )})
}

/// The host of an address: its path may be a secret.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_can_be_checked_by_anyone_who_has_the_secret() {
        let now = Timestamp::UNIX_EPOCH;
        // printf '0.{}' | openssl dgst -sha256 -hmac secret
        let known = "t=0,v1=4bbe8d39de1ffea42cffafb4727e02f761bef8ed2886b51575ce417d542e918f";
        let made = signature("secret", now, "{}");
        assert_eq!(made, known);
        assert_ne!(made, signature("secret", now, "{} "));
        assert_ne!(made, signature("other", now, "{}"));
    }

    #[test]
    fn an_address_is_named_without_its_secrets() {
        assert_eq!(host("https://u:p@hooks.example/T0/B0/xyz?k=1"), "hooks.example");
    }
}
