//! What every command that takes completions in asks for.

use anyhow::{Result, bail};
use clap::Args;
use dataset::Folder;
use jiff::Timestamp;
use stats::RunLength;
use watch::{Database, Detection, Intake, Prompts, Receiver, Settings};

/// Where things are kept, and what counts as change.
#[derive(Args)]
pub struct Watching {
    /// SQLite file, or postgres://user@host/name.
    #[arg(long, value_name = "FILE|URL", default_value = "taster-watch.db")]
    pub database: Database,
    /// Completions of a segment that make its baseline.
    #[arg(long, value_name = "N", default_value_t = 800)]
    baseline: u64,
    /// Decisions that pass on average before a false alarm.
    #[arg(long, value_name = "N", default_value_t = 1e6)]
    run_length: f64,
    /// Keep prompts as hashes only, and of those that led to a decision the features that a trigger could be: comments, imports,
    /// constants, statements of one line.
    #[arg(long)]
    hash_prompts: bool,
    /// Also write events to Parquet files by day below DIR, a folder or s3://, gs://, az://.
    #[arg(long, value_name = "DIR")]
    archive: Option<String>,
    /// Forget prompts and completions after so long (90d); rates and alarms stay.
    #[arg(long, value_name = "TIME")]
    keep: Option<String>,
    /// Post each alarm to URL, signed with the secret in TASTER_WEBHOOK_SECRET.
    #[arg(long, value_name = "URL")]
    webhook: Vec<String>,
    /// Post each alarm to URL as Slack reads it.
    #[arg(long, value_name = "URL")]
    slack: Vec<String>,
}

/// What is done after completions were taken in.
pub struct Keeper {
    archive: Option<Folder>,
    keep: Option<String>,
    receivers: Vec<Receiver>,
}

impl Keeper {
    /// Tells alarms, writes the archive, forgets what is old.
    ///
    /// # Errors
    /// A receiver, a file or the database fails; what was not done is done next time.
    pub fn tend(&self, intake: &mut Intake) -> Result<()> {
        if let Some(folder) = &self.archive {
            intake.archive(folder)?;
        }
        if let Some(keep) = &self.keep {
            intake.forget(super::ago("--keep", keep)?, self.archive.is_some())?;
        }
        if !self.receivers.is_empty() {
            intake.tell(&self.receivers, Timestamp::now())?;
        }
        Ok(())
    }
}

impl Watching {
    /// The same as settings of an intake.
    ///
    /// # Errors
    /// A number makes no sense.
    pub fn settings(&self, reference: bool) -> Result<Settings> {
        let mut detection = Detection::standard()?;
        detection.baseline = self.baseline;
        detection.run_length = RunLength::new(self.run_length)?;
        let prompts = if self.hash_prompts { Prompts::Hashed } else { Prompts::Kept };
        Ok(Settings { detection, prompts, reference })
    }

    /// Who keeps house afterwards.
    ///
    /// # Errors
    /// A webhook without a secret, a time that is none.
    pub fn keeper(&self) -> Result<Keeper> {
        self.keep.iter().try_for_each(|keep| super::ago("--keep", keep).map(|_| ()))?;
        let secret = std::env::var("TASTER_WEBHOOK_SECRET").unwrap_or_default();
        if !self.webhook.is_empty() && secret.is_empty() {
            bail!("--webhook signs what it sends; put the secret that the receiver knows into TASTER_WEBHOOK_SECRET");
        }
        let signed = self.webhook.iter().map(|url| Receiver::Webhook { url: url.clone(), secret: secret.clone() });
        let slack = self.slack.iter().map(|url| Receiver::Slack { url: url.clone() });
        let archive = self.archive.as_deref().map(Folder::at).transpose()?;
        Ok(Keeper { archive, keep: self.keep.clone(), receivers: signed.chain(slack).collect() })
    }
}
