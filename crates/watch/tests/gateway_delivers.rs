//! What was seen reaches whoever keeps it, in order and by way of the disk if it must; the stream never waits for that.
#![allow(clippy::unwrap_used)]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use support::{Received, Upstream, eventually, post, reply, send};
use watch::gateway::{Count, Options, Running};
use watch::{Capacity, Exchange};

fn upstream() -> Upstream {
    let count = AtomicUsize::new(0);
    Upstream::start(move |_, client| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let body = format!(r#"{{"choices":[{{"text":"x = {number}\n"}}]}}"#);
        std::io::Write::write_all(client, &reply("application/json", body.as_bytes())).unwrap();
    })
}

fn options(upstream: &Upstream) -> Options {
    Options::new("127.0.0.1:0".parse().unwrap(), vec![upstream.url().parse().unwrap()])
}

fn ask(running: &Running) {
    assert_eq!(send(running.address(), &post("/v1/completions", r#"{"prompt":"import x\n"}"#)).status(), 200);
}

fn texts(received: &Received) -> Vec<String> {
    received.all().into_iter().map(|exchange| exchange.completion).collect()
}

fn expected(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("x = {number}\n")).collect()
}

#[test]
fn while_the_database_is_away_events_wait_on_disk_and_then_arrive_in_order() {
    let (upstream, scratch) = (upstream(), tempfile::tempdir().unwrap());
    let (received, away) = (Received::default(), Arc::new(AtomicBool::new(true)));
    let (keep, gone) = (received.clone(), away.clone());
    let consumer = move |exchanges: &[Exchange]| {
        if gone.load(Ordering::SeqCst) {
            return Err("away".into());
        }
        keep.take(exchanges);
        Ok(())
    };
    let options = Options { spool: Some(scratch.path().join("spool")), ..options(&upstream) };
    let running = Running::start(options, Box::new(consumer)).unwrap();
    (0..5).for_each(|_| ask(&running));
    eventually(|| running.counters().get(Count::Spooled) == 5);
    assert!(received.all().is_empty());
    away.store(false, Ordering::SeqCst);
    (0..3).for_each(|_| ask(&running));
    eventually(|| received.all().len() == 8);
    assert_eq!(texts(&received), expected(8));
    let counters = running.stop();
    assert_eq!((counters.get(Count::Delivered), counters.get(Count::NotDelivered)), (8, 0));
}

#[test]
fn what_waits_on_disk_when_the_gateway_ends_is_delivered_by_the_next() {
    let (upstream, scratch) = (upstream(), tempfile::tempdir().unwrap());
    let options = || Options { spool: Some(scratch.path().join("spool")), ..options(&upstream) };
    let broken = |_: &[Exchange]| -> Result<(), watch::gateway::Refused> { panic!("a consumer that breaks down") };
    let running = Running::start(options(), Box::new(broken)).unwrap();
    (0..4).for_each(|_| ask(&running));
    let counters = running.stop();
    assert_eq!((counters.get(Count::Spooled), counters.get(Count::NotDelivered)), (4, 0));
    let received = Received::default();
    let keep = received.clone();
    let consumer = move |exchanges: &[Exchange]| {
        keep.take(exchanges);
        Ok(())
    };
    let running = Running::start(options(), Box::new(consumer)).unwrap();
    ask(&running);
    running.stop();
    assert_eq!(texts(&received), expected(5));
}

#[test]
fn a_full_queue_is_counted_and_no_client_waits_for_it() {
    let upstream = upstream();
    let (go_on, wait) = mpsc::channel::<()>();
    let (received, counted) = (Received::default(), Arc::new(AtomicUsize::new(0)));
    let (keep, seen) = (received.clone(), counted.clone());
    let consumer = move |exchanges: &[Exchange]| {
        seen.fetch_add(1, Ordering::SeqCst);
        // The consumer stands still until the test lets it go, and then no more.
        let _ = wait.recv();
        keep.take(exchanges);
        Ok(())
    };
    let options = Options { capacity: Capacity { items: 3, bytes: 1 << 20 }, ..options(&upstream) };
    let running = Running::start(options, Box::new(consumer)).unwrap();
    ask(&running);
    eventually(|| counted.load(Ordering::SeqCst) == 1);
    (0..10).for_each(|_| ask(&running));
    eventually(|| running.counters().get(Count::NotQueued) == 7);
    drop(go_on);
    let counters = running.stop();
    assert_eq!(texts(&received), expected(4), "what was let in is delivered at the end");
    assert_eq!(counters.get(Count::NotQueued), 7);
}

#[test]
fn a_gateway_that_ends_lets_a_reply_under_way_end_first() {
    let (go_on, wait) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel::<()>();
    let (wait, begun) = (std::sync::Mutex::new(wait), std::sync::Mutex::new(begun));
    let upstream = Upstream::start(move |_, client| {
        begun.lock().unwrap().send(()).unwrap();
        wait.lock().unwrap().recv().unwrap();
        std::io::Write::write_all(client, &reply("application/json", br#"{"choices":[{"text":"x = 0\n"}]}"#)).unwrap();
    });
    let received = Received::default();
    let keep = received.clone();
    let consumer = move |exchanges: &[Exchange]| {
        keep.take(exchanges);
        Ok(())
    };
    let running = Running::start(options(&upstream), Box::new(consumer)).unwrap();
    let address = running.address();
    let client = std::thread::spawn(move || send(address, &post("/v1/completions", r#"{"prompt":"import x\n"}"#)));
    begins.recv().unwrap();
    let stopping = std::thread::spawn(move || running.stop());
    go_on.send(()).unwrap();
    assert!(client.join().unwrap().whole);
    stopping.join().unwrap();
    assert_eq!(texts(&received), expected(1));
}
