//! What is answered to whom.

use super::access::is_own;
use super::{House, scanning};
use crate::Error;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode;
use report::{Alarm, AlarmPage, Overview, Trial, TrialState, html};
use std::sync::Arc;
use std::time::Duration;

/// Largest body of a request: a form with a token.
const BODY: usize = 16 << 10;
/// How long a wrong token has to wait for its answer.
const DELAY: Duration = Duration::from_millis(500);
/// How far back the first page looks, in hours; the second is what it looks back without being asked.
const PERIODS: [(&str, i64); 4] = [("24h", 24), ("7d", 7 * 24), ("30d", 30 * 24), ("all", i64::MAX)];
const USUAL: usize = 1;

type Shared = State<Arc<House>>;

/// Every page, behind the door.
pub fn router(house: Arc<House>) -> Router {
    Router::new()
        .route("/", get(overview))
        .route("/alarms/{id}", get(alarm))
        .route("/alarms/{id}/scan", post(scan))
        .route("/alarms/{id}/report", get(report))
        .route("/events", get(events))
        .route("/metrics", get(metrics))
        .route("/login", get(ask).post(login))
        .route("/logout", post(logout))
        .layer(middleware::from_fn_with_state(house.clone(), door))
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(house)
}

/// Lets nobody in without the token, and no form of another site.
async fn door(State(house): Shared, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let mut response = if request.uri().path() != "/login" && !house.access.admits(headers) {
        stranger(request.method(), headers)
    } else if request.method() == Method::POST && !is_own(headers) {
        refusal(StatusCode::FORBIDDEN, "This form came from another site.")
    } else {
        next.run(request).await
    };
    // Beside the policy that each page has of its own: nobody frames it, guesses at its type or keeps it.
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, "frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// People are shown where to log in, scripts are told what is missing.
fn stranger(method: &Method, headers: &HeaderMap) -> Response {
    let reads_pages = headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"));
    if method == Method::GET && reads_pages {
        return Redirect::to("/login").into_response();
    }
    let mut response = refusal(StatusCode::UNAUTHORIZED, "Log in, or send the token as `Authorization: Bearer`.");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

async fn ask() -> Html<String> {
    Html(html::watch_login(None))
}

async fn login(State(house): Shared, form: String) -> Response {
    let token = form.split('&').find_map(|field| field.strip_prefix("token=")).unwrap_or_default().replace('+', " ");
    match house.access.enter(&percent_decode(token.as_bytes()).decode_utf8_lossy()) {
        Some(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response(),
        None => {
            tokio::time::sleep(DELAY).await;
            (StatusCode::FORBIDDEN, Html(html::watch_login(Some("That is not the token.")))).into_response()
        }
    }
}

async fn logout(State(house): Shared, headers: HeaderMap) -> Response {
    ([(header::SET_COOKIE, house.access.leave(&headers))], Redirect::to("/login")).into_response()
}

async fn overview(State(house): Shared, uri: Uri) -> Response {
    let asked = uri.query().and_then(|query| query.strip_prefix("since="));
    let (period, hours) = PERIODS.into_iter().find(|(name, _)| asked == Some(name)).unwrap_or(PERIODS[USUAL]);
    answer(house, move |house| {
        let now = Timestamp::now();
        let since = now.checked_sub(SignedDuration::from_hours(hours.min(1 << 20))).unwrap_or(Timestamp::UNIX_EPOCH);
        let since = since.max(Timestamp::UNIX_EPOCH);
        let (version, report) = (house.version()?, house.reader.read(|review| review.report(since))?);
        let first = report.alarms.iter().filter_map(|alarm| alarm.raised.parse().ok()).min();
        let begin = if hours == i64::MAX { first.unwrap_or(now) } else { since };
        let overview = Overview {
            version,
            database: house.database.clone(),
            period: period.to_owned(),
            periods: PERIODS.iter().map(|(name, _)| *name).collect(),
            time: (begin, now),
            report,
        };
        Ok(Html(html::watch_overview(&overview)).into_response())
    })
    .await
}

async fn alarm(State(house): Shared, Path(id): Path<String>) -> Response {
    answer(house, move |house| {
        let Some(alarm) = house.alarm(&id)? else { return Ok(unknown()) };
        let page = AlarmPage {
            history: house.reader.read(|review| review.history(&alarm))?,
            version: house.version()?,
            database: house.database.clone(),
            behind: house.reader.read(|review| review.behind(&alarm))?,
            trial: match &house.scanner {
                Some(scanner) => scanner.trial(&alarm),
                None => Trial { can_start: false, state: TrialState::None },
            },
            alarm,
        };
        Ok(Html(html::watch_alarm(&page)).into_response())
    })
    .await
}

async fn scan(State(house): Shared, Path(id): Path<String>) -> Response {
    answer(house, move |house| {
        let Some(alarm) = house.alarm(&id)? else { return Ok(unknown()) };
        house.scanner()?.start(&alarm)?;
        Ok(Redirect::to(&format!("/alarms/{}", alarm.id)).into_response())
    })
    .await
}

async fn report(State(house): Shared, Path(id): Path<String>) -> Response {
    answer(house, move |house| {
        let page = house.alarm(&id)?.and_then(|alarm| house.scanner.as_ref()?.page(&alarm));
        Ok(page.map_or_else(unknown, |page| Html(page).into_response()))
    })
    .await
}

async fn events(State(house): Shared) -> Response {
    house.live.listen()
}

async fn metrics(State(house): Shared) -> Response {
    answer(house, |house| {
        let metrics = house.reader.read(|review| review.metrics())?;
        Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics).into_response())
    })
    .await
}

/// Databases block; the server goes on meanwhile.
async fn answer(house: Arc<House>, work: impl FnOnce(&House) -> Result<Response, Error> + Send + 'static) -> Response {
    let done = tokio::task::spawn_blocking(move || work(&house)).await;
    match done {
        Ok(Ok(response)) => response,
        Ok(Err(error @ Error::Scan(_))) => refusal(StatusCode::CONFLICT, &error.to_string()),
        Ok(Err(error)) => refusal(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
        Err(_) => refusal(StatusCode::INTERNAL_SERVER_ERROR, "The page could not be made."),
    }
}

fn unknown() -> Response {
    refusal(StatusCode::NOT_FOUND, "There is no such alarm, or no report of it.")
}

fn refusal(status: StatusCode, why: &str) -> Response {
    (status, Html(html::watch_refusal(why))).into_response()
}

impl House {
    /// Changes whenever a page would.
    pub(super) fn version(&self) -> Result<String, Error> {
        let scanning = self.scanner.as_ref().is_some_and(scanning::Scanner::is_running);
        Ok(format!("{}-{}", self.reader.read(|review| review.version())?, u8::from(scanning)))
    }

    fn alarm(&self, id: &str) -> Result<Option<Alarm>, Error> {
        self.reader.read(|review| review.alarm(id))
    }

    fn scanner(&self) -> Result<&scanning::Scanner, Error> {
        self.scanner.as_ref().ok_or_else(|| Error::Scan("no model was named; start with --scan-model".into()))
    }
}
