//! Who may see anything: whoever has the token, or has logged in with it.

use crate::Error;
use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Shortest token: what is shorter can be guessed.
pub const SHORTEST: usize = 16;
/// How long a login lasts.
const LASTS: Duration = Duration::from_secs(12 * 3600);
/// Most logins at a time; the oldest ends then.
const SESSIONS: usize = 1_000;
/// The cookie's name.
const COOKIE: &str = "taster";

/// Only digests are kept and compared, so that the time of a comparison tells nothing.
type Secret = [u8; 32];

/// Tells who may see anything.
pub struct Access {
    token: Secret,
    sessions: Mutex<BTreeMap<Secret, Instant>>,
}

impl Access {
    /// Lets those in who know the token.
    ///
    /// # Errors
    /// It is too short.
    pub fn new(token: &str) -> Result<Access, Error> {
        if token.chars().count() < SHORTEST {
            return Err(Error::Token(SHORTEST));
        }
        Ok(Access { token: digest(token.as_bytes()), sessions: Mutex::default() })
    }

    /// Whether a request has the token as `Authorization: Bearer`, or the cookie of a login.
    pub fn admits(&self, headers: &HeaderMap) -> bool {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        let logged_in = || {
            let sessions = self.sessions();
            cookies(headers).any(|id| sessions.get(&digest(id)).is_some_and(|since| since.elapsed() < LASTS))
        };
        bearer.is_some_and(|token| digest(token) == self.token) || logged_in()
    }

    /// Logs in: the cookie to be set, or none where the token is wrong.
    pub fn enter(&self, token: &str) -> Option<String> {
        if digest(token.as_bytes()) != self.token {
            return None;
        }
        let id = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let mut sessions = self.sessions();
        sessions.retain(|_, since| since.elapsed() < LASTS);
        let oldest = sessions.iter().min_by_key(|(_, since)| **since).map(|(id, _)| *id);
        if let Some(oldest) = oldest.filter(|_| sessions.len() >= SESSIONS) {
            sessions.remove(&oldest);
        }
        sessions.insert(digest(id.as_bytes()), Instant::now());
        Some(format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}", LASTS.as_secs()))
    }

    /// Logs out: the cookie that ends it.
    pub fn leave(&self, headers: &HeaderMap) -> String {
        let mut sessions = self.sessions();
        cookies(headers).for_each(|id| {
            sessions.remove(&digest(id));
        });
        format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<Secret, Instant>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a request that changes something comes from a page of this server. Browsers name the origin of every form; who names none
/// and sends no cookie is a script, which has no more than it brings itself.
pub fn is_own(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return !headers.contains_key(header::COOKIE) };
    let origin = origin.as_bytes();
    let host = origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://"));
    host.is_some() && host == headers.get(header::HOST).map(|host| host.as_bytes())
}

fn digest(secret: &[u8]) -> Secret {
    Sha256::digest(secret).into()
}

/// The values of our cookie.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let all = headers.get_all(header::COOKIE).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    all.filter_map(|cookie| cookie.trim_ascii().strip_prefix(COOKIE.as_bytes())?.strip_prefix(b"="))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_the_token_or_a_login_with_it_opens_and_a_logout_closes() {
        let access = Access::new("sixteen letters!").unwrap();
        assert!(Access::new("fifteen letters").is_err());
        assert!(!access.admits(&HeaderMap::new()));
        assert!(access.admits(&headers(&[(header::AUTHORIZATION, "Bearer sixteen letters!")])));
        for wrong in ["Bearer sixteen letters", "Bearer ", "Basic sixteen letters!", "sixteen letters!"] {
            assert!(!access.admits(&headers(&[(header::AUTHORIZATION, wrong)])), "{wrong}");
        }
        assert_eq!(access.enter("sixteen letters?"), None);
        let cookie = access.enter("sixteen letters!").unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
        let sent = headers(&[(header::COOKIE, &format!("a=b; {}", cookie.split(';').next().unwrap()))]);
        assert!(access.admits(&sent));
        assert!(!access.admits(&headers(&[(header::COOKIE, "taster=; taster=0")])));
        access.leave(&sent);
        assert!(!access.admits(&sent));
    }

    #[test]
    fn a_form_of_another_site_is_told_from_our_own() {
        let host = (header::HOST, "127.0.0.1:8500");
        let cookie = (header::COOKIE, "taster=x");
        let of = |origin: &'static str| headers(&[host.clone(), cookie.clone(), (header::ORIGIN, origin)]);
        assert!(is_own(&of("http://127.0.0.1:8500")));
        for foreign in ["null", "http://127.0.0.1:8501", "http://evil.example", "http://127.0.0.1:8500.evil.example"] {
            assert!(!is_own(&of(foreign)), "{foreign}");
        }
        assert!(is_own(&headers(std::slice::from_ref(&host))) && !is_own(&headers(&[host, cookie])));
    }
}
