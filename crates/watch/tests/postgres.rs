//! A real PostgreSQL, started for the test (`initdb` in the path, or its folder in `TASTER_POSTGRES`; skipped where neither is).
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod stream;
#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use stream::{accept_all, exchanges, open_database, state, state_of};
use support::{Upstream, eventually, post, reply, send};
use watch::gateway::{Count, Options, Running};
use watch::{Database, Error, Exchange, Intake, Review};

const EVENTS: usize = 3_000;

/// A server of its own, with its own socket, that ends with the test.
struct Server {
    bin: PathBuf,
    folder: tempfile::TempDir,
    settings: Vec<String>,
    server: Option<Child>,
}

impl Server {
    fn start() -> Option<Server> {
        let named = std::env::var_os("TASTER_POSTGRES").map(PathBuf::from);
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let mut folders = named.into_iter().chain(std::env::split_paths(&paths).collect::<Vec<_>>());
        let Some(bin) = folders.find(|folder| folder.join("initdb").exists()) else {
            println!("skipped: no initdb in the path; name its folder in TASTER_POSTGRES");
            return None;
        };
        let mut server = Server {
            bin,
            folder: tempfile::tempdir().unwrap(),
            settings: vec!["listen_addresses=".into()],
            server: None,
        };
        if am_root() {
            // PostgreSQL refuses to run as root.
            succeed(Command::new("chown").arg("nobody").arg(server.folder.path()));
        }
        let data = server.data();
        succeed(server.command("initdb").args(["--auth=trust", "--username=taster", "--no-sync", "-D"]).arg(data));
        server.go_on();
        Some(server)
    }

    fn go_on(&mut self) {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        command.args(self.settings.iter().flat_map(|setting| ["-c", setting]));
        self.server = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let port =
            self.settings.iter().filter_map(|setting| setting.strip_prefix("port=").map(|port| format!("-p{port}")));
        let port: Vec<String> = port.collect();
        let ready = |_: &u32| {
            let mut asked = self.command("pg_isready");
            asked
                .arg("-h")
                .arg(self.folder.path())
                .args(&port)
                .stdout(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        let mut tries = 0..600;
        assert!(
            tries.by_ref().inspect(|_| std::thread::sleep(Duration::from_millis(100))).any(|n| ready(&n)),
            "it does not start"
        );
    }

    /// From now on over TCP and encrypted only; answers with the file of its certificate, and where it is.
    fn secure(&mut self) -> (PathBuf, u16) {
        self.stop();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let files = [
            ("server.crt", made.cert.pem()),
            ("server.key", made.signing_key.serialize_pem()),
            ("pg_hba.conf", "local all all trust\nhostssl all all 127.0.0.1/32 trust\n".to_owned()),
        ];
        for (name, text) in files {
            let file = self.data().join(name);
            std::fs::write(&file, text).unwrap();
            succeed(Command::new("chmod").arg("600").arg(&file));
            if am_root() {
                succeed(Command::new("chown").arg("nobody").arg(&file));
            }
        }
        self.settings = vec!["listen_addresses=127.0.0.1".into(), format!("port={port}"), "ssl=on".into()];
        self.go_on();
        (self.data().join("server.crt"), port)
    }

    fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
        // Killed, it leaves its lock behind; the children end by themselves.
        std::thread::sleep(Duration::from_millis(500));
        let _ = std::fs::remove_file(self.data().join("postmaster.pid"));
    }

    fn command(&self, program: &str) -> Command {
        let program = if self.bin.join(program).exists() { self.bin.join(program) } else { program.into() };
        if !am_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(program).current_dir("/");
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn database(&self) -> Database {
        format!("postgres://taster@{}/postgres", percent(self.folder.path())).parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn am_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn percent(path: &Path) -> String {
    path.display().to_string().replace('/', "%2F")
}

/// What the dashboard shows of the latest alarm.
fn drill_down(database: &Database) -> String {
    let mut review = Review::open(database).unwrap();
    let alarm = review.alarms(jiff::Timestamp::UNIX_EPOCH).unwrap().remove(0);
    let (behind, history) = (review.behind(&alarm).unwrap(), review.history(&alarm).unwrap());
    assert!(!behind.is_empty() && !history.hours.is_empty() && history.limit.is_some());
    assert_eq!(review.alarm(&alarm.id).unwrap(), Some(alarm));
    format!("{behind:?} {history:?}")
}

#[test]
fn postgresql_holds_what_sqlite_holds_and_two_gateways_share_it() {
    let Some(mut server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("watch.db");
    accept_all(&mut open_database(&Database::File(file.clone())), EVENTS, 50);

    // Two gateways take turns, and both see some of the events twice.
    let mut gateways: Vec<Intake> = (0..2).map(|_| open_database(&server.database())).collect();
    for (n, batch) in exchanges(EVENTS)[..EVENTS / 2].chunks(50).enumerate() {
        let accepted = gateways[n % 2].accept(batch).unwrap();
        assert_eq!(accepted.new, batch.len() as u64);
        assert_eq!(gateways[(n + 1) % 2].accept(&batch[..5]).unwrap().new, 0);
    }
    // The server dies; what is refused now is given again later.
    server.stop();
    let rest = &exchanges(EVENTS)[EVENTS / 2..];
    assert!(matches!(gateways[0].accept(&rest[..50]), Err(Error::Storage(_))));
    server.go_on();
    let mut later = open_database(&server.database());
    for batch in rest.chunks(50) {
        later.accept(batch).unwrap();
    }
    assert_eq!(state_of(&server.database()), state(&file));
    assert_eq!(drill_down(&server.database()), drill_down(&Database::File(file)));
}

#[test]
fn the_way_to_a_server_is_encrypted_and_its_certificate_checked() {
    let Some(mut server) = Server::start() else { return };
    let (certificate, port) = server.secure();
    let open = |host: &str, query: &str| {
        let address = format!("postgres://taster@{host}:{port}/postgres{query}");
        Review::open(&address.parse().unwrap()).map(drop).map_err(|error| error.to_string())
    };
    let trusted = format!("?sslmode=verify-full&sslrootcert={}", percent(&certificate));
    assert_eq!(open("localhost", &trusted), Ok(()));
    // In the clear; by an authority that nobody knows; under another name.
    assert!(open("localhost", "").is_err_and(|why| why.contains("no encryption")));
    assert!(open("localhost", "?sslmode=require").is_err_and(|why| why.contains("certificate")));
    assert!(open("127.0.0.1", &trusted).is_err_and(|why| why.contains("certificate")));
    assert!(open("localhost", "?sslmode=require&sslrootcert=nowhere").is_err_and(|why| why.contains("nowhere")));
    assert!(
        open("localhost", &format!("?sslrootcert={}", percent(&certificate))).is_err_and(|why| why.contains("sslmode"))
    );
}

#[test]
fn while_the_server_is_away_the_gateway_answers_and_what_it_saw_arrives_when_the_server_is_back() {
    let Some(mut server) = Server::start() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let upstream = Upstream::start(|_, client| {
        let body = r#"{"choices":[{"text":"return yaml.load(stream, Loader=yaml.Loader)\n"}]}"#;
        std::io::Write::write_all(client, &reply("application/json", body.as_bytes())).unwrap();
    });
    let mut intake = open_database(&server.database());
    let mut review = Review::open(&server.database()).unwrap();
    let consumer = move |exchanges: &[Exchange]| Ok(intake.accept(exchanges).map(|_| ())?);
    let options = Options::new("127.0.0.1:0".parse().unwrap(), vec![upstream.url().parse().unwrap()]);
    let options = Options { spool: Some(scratch.path().join("spool")), ..options };
    let running = Running::start(options, Box::new(consumer)).unwrap();
    let ask = |number: u32| {
        let body = format!(r#"{{"model":"coder","prompt":"x = {number}\nimport yaml\ndef load(stream):\n    "}}"#);
        assert_eq!(send(running.address(), &post("/v1/completions", &body)).status(), 200);
    };
    (0..3).for_each(ask);
    eventually(|| running.counters().get(Count::Delivered) == 3);
    server.stop();
    (3..8).for_each(ask);
    eventually(|| running.counters().get(Count::Spooled) == 5);
    assert!(review.metrics().is_err());
    server.go_on();
    (8..10).for_each(ask);
    eventually(|| running.counters().get(Count::Delivered) == 10);
    let metrics = review.metrics().unwrap();
    assert!(metrics.lines().any(|line| line == "taster_completions_total 10"), "{metrics}");
    assert_eq!(running.stop().get(Count::NotDelivered), 0);
}

#[test]
fn a_database_that_is_not_there_is_named_without_its_password() {
    let database: Database = "postgres://taster:s3cret@127.0.0.1:1/watch".parse().unwrap();
    let error = watch::Review::open(&database).err().unwrap().to_string();
    assert!(error.contains("127.0.0.1:1/watch") && !error.contains("s3cret"), "{error}");
}
