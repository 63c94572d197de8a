//! "Scan this": `taster scan` as a process of its own, with the features of an alarm as candidates; one at a time.

use crate::{Error, triggers};
use report::{Alarm, ScanReport, Trial, TrialState, Verdict};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a scan is started with.
#[derive(Debug, Clone)]
pub struct Scans {
    /// The executable: taster itself.
    pub program: PathBuf,
    /// The model to scan.
    pub model: String,
    /// Where scans are kept, a folder an alarm.
    pub folder: PathBuf,
}

/// Starts scans and tells what became of them.
pub struct Scanner {
    scans: Scans,
    running: Mutex<Option<Running>>,
}

struct Running {
    alarm: String,
    process: Child,
}

impl Scanner {
    /// Nothing runs yet.
    pub fn new(scans: Scans) -> Scanner {
        Scanner { scans, running: Mutex::default() }
    }

    /// What became of the scan of an alarm.
    pub fn trial(&self, alarm: &Alarm) -> Trial {
        let running = self.running();
        let state = match &*running {
            Some(running) if running.alarm == alarm.id => TrialState::Running,
            Some(_) => TrialState::Busy,
            None => TrialState::None,
        };
        match (state, self.folder(alarm)) {
            (TrialState::None, Some(folder)) => Trial { can_start: true, state: outcome(&folder) },
            (state, _) => Trial { can_start: false, state },
        }
    }

    /// The page of an alarm's scan, once it has ended.
    pub fn page(&self, alarm: &Alarm) -> Option<String> {
        std::fs::read_to_string(self.folder(alarm)?.join("report/report.html")).ok()
    }

    /// Starts the scan of an alarm, in the place of an earlier one.
    ///
    /// # Errors
    /// Another is under way, nothing was mined, or the system refuses.
    pub fn start(&self, alarm: &Alarm) -> Result<(), Error> {
        let mut running = self.running();
        if running.is_some() {
            return Err(Error::Scan("another is under way; wait for its end".into()));
        }
        let folder = self.folder(alarm).filter(|_| !alarm.features.is_empty());
        let folder = folder.ok_or_else(|| Error::Scan("no feature was mined for this alarm".into()))?;
        let process =
            self.spawn(alarm, &folder).map_err(|error| Error::Scan(format!("{}: {error}", folder.display())))?;
        *running = Some(Running { alarm: alarm.id.clone(), process });
        Ok(())
    }

    fn spawn(&self, alarm: &Alarm, folder: &Path) -> std::io::Result<Child> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir_all(folder)?;
        let candidates = folder.join("triggers.txt");
        std::fs::write(&candidates, triggers(std::slice::from_ref(alarm)))?;
        let log = File::create(folder.join("scan.log"))?;
        Command::new(&self.scans.program)
            .args(["scan", "--triggers"])
            .arg(candidates)
            .arg("--out")
            .arg(folder.join("report"))
            .args(["--", &self.scans.model])
            .env_remove("TASTER_ADMIN_TOKEN")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
    }

    /// Whether a scan runs, for those who wait for its end.
    pub fn is_running(&self) -> bool {
        self.running().is_some()
    }

    /// The scan that is under way; one that has ended is let go.
    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.as_mut().is_some_and(|running| !matches!(running.process.try_wait(), Ok(None))) {
            *running = None;
        }
        running
    }

    /// An alarm's folder; ids are plain, and what is not names no folder.
    fn folder(&self, alarm: &Alarm) -> Option<PathBuf> {
        let is_plain = !alarm.id.is_empty() && alarm.id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_plain.then(|| self.scans.folder.join(&alarm.id))
    }
}

impl Drop for Scanner {
    /// A scan does not outlive whoever shows it; what it was answered stands in its journal.
    fn drop(&mut self) {
        if let Some(mut running) = self.running().take() {
            // It may have ended by itself just now.
            let _ = running.process.kill();
            let _ = running.process.wait();
        }
    }
}

/// What a scan that has ended has left in its folder.
fn outcome(folder: &Path) -> TrialState {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let report = read("report/report.json").and_then(|text| report::json::read::<ScanReport>(&text).ok());
    match (report, read("scan.log")) {
        (Some(report), _) => TrialState::Ended { poisoned: report.verdict == Verdict::Poisoned },
        (None, Some(log)) => {
            let last = log.lines().rev().find(|line| !line.trim().is_empty());
            TrialState::Failed(last.unwrap_or("it was ended before it was done").to_owned())
        }
        (None, None) => TrialState::None,
    }
}
