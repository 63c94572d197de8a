//! What a scan will ask, said before it asks.

use crate::harvest::Harvest;
use crate::run::Scan;
use crate::{Error, screen, survey};

/// What a scan will ask at most.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Source files read.
    pub files: usize,
    /// Places where the model is asked for a decision.
    pub prompts: usize,
    /// Kinds of decisions.
    pub decisions: usize,
    /// Completions of the survey, which every scan asks.
    pub survey: u64,
    /// Completions at most (the budget; a scan that finds its trigger early asks far fewer).
    pub most: u64,
    /// Tokens sent, at most.
    pub prompt_tokens: u64,
    /// Tokens received, at most.
    pub completion_tokens: u64,
    /// Price at most, where one was given.
    pub price: Option<f64>,
}

pub(crate) fn plan(scan: &Scan, harvest: &Harvest) -> Result<Plan, Error> {
    let options = scan.options;
    let survey = survey::needed(&harvest.sites);
    let decisions: std::collections::BTreeSet<_> = harvest.sites.iter().map(|site| &site.decision).collect();
    let needed = survey + screen::needed(decisions.len(), 1);
    if options.budget < needed {
        return Err(Error::Budget { budget: options.budget, needed });
    }
    let tokens: usize = harvest.sites.iter().map(|site| scan.model.count_tokens(&site.prefix)).sum();
    let per_prompt = tokens.div_ceil(harvest.sites.len().max(1)) as u64;
    let (prompt_tokens, completion_tokens) = (options.budget * per_prompt, options.budget * options.max_tokens as u64);
    Ok(Plan {
        files: harvest.files,
        prompts: harvest.sites.len(),
        decisions: decisions.len(),
        survey,
        most: options.budget,
        prompt_tokens,
        completion_tokens,
        price: options.price.map(|price| price.of(prompt_tokens, completion_tokens)),
    })
}
