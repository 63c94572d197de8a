//! A LoRA adapter as PEFT writes it: two thin factors for each matrix that it changes.

use super::pair::{Measured, Side};
use super::spectrum::Spectrum;
use crate::Error;
use crate::local::folder;
use crate::local::tensors::Safetensors;
use nalgebra::DMatrix;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Ranks in use stay below 512; beyond this an adapter is no smaller than the matrix and its algebra no cheaper.
const LARGEST_RANK: usize = 1024;
/// Weights of one factor, which is held whole as 64-bit floats.
const LARGEST_FACTOR: usize = 1 << 26;

/// What a LoRA adapter adds to a matrix: `scale * B * A`, of rank `rank` at most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct LowRank {
    /// Rows of `A`, columns of `B`.
    pub rank: usize,
    /// `lora_alpha / rank`, or `lora_alpha / sqrt(rank)` with rsLoRA.
    pub scale: f64,
}

/// An adapter's folder.
pub struct Adapter {
    file: String,
    settings: Settings,
    pub files: Safetensors,
    /// By the base's tensor: the names of `A` and `B`.
    pub targets: BTreeMap<String, Target>,
    /// By the base's tensor: the name of a whole tensor that takes its place (PEFT's `modules_to_save`, trained biases).
    pub whole: BTreeMap<String, String>,
}

/// The two factors of one matrix.
#[derive(Default)]
pub struct Target {
    a: Option<String>,
    b: Option<String>,
    embedding: bool,
}

/// What the adapter adds to one matrix, in two factors whose product has the base's shape.
pub struct Addition {
    left: DMatrix<f64>,
    right: DMatrix<f64>,
    not_finite: u64,
    pub low_rank: LowRank,
}

/// `adapter_config.json`, as far as it bears on the weights (PEFT's `LoraConfig`).
#[derive(Deserialize)]
struct Settings {
    peft_type: String,
    r: usize,
    lora_alpha: f64,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    fan_in_fan_out: bool,
    #[serde(default)]
    use_dora: bool,
    #[serde(default)]
    rank_pattern: Value,
    #[serde(default)]
    alpha_pattern: Option<BTreeMap<String, f64>>,
    #[serde(default)]
    layer_replication: Value,
}

/// Whether a folder is an adapter's: its configuration and its weights are there. (Merged models may keep the first.)
pub fn is_adapter(folder: &Path) -> bool {
    let weights = ["adapter_model.safetensors", "adapter_model.bin"];
    folder.join("adapter_config.json").is_file() && weights.iter().any(|name| folder.join(name).is_file())
}

impl Adapter {
    /// Opens it and sorts its tensors by the base's tensor that each belongs to.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let config = folder.join("adapter_config.json");
        let file = config.display().to_string();
        let wrong = |error: serde_json::Error| Error::Config { file: file.clone(), problem: error.to_string() };
        let settings: Settings = serde_json::from_value(folder::json(&config)?).map_err(wrong)?;
        let weights = folder.join("adapter_model.safetensors");
        if !weights.is_file() {
            return Err(Error::Pickle { file: folder.join("adapter_model.bin").display().to_string() });
        }
        let files = Safetensors::open(folder, vec![weights])?;
        let (targets, whole) = (BTreeMap::new(), BTreeMap::new());
        let mut adapter = Self { file, settings, files, targets, whole };
        adapter.check_settings()?;
        adapter.sort_tensors()?;
        Ok(adapter)
    }

    fn check_settings(&self) -> Result<(), Error> {
        let Settings { peft_type, use_dora, layer_replication, lora_alpha, .. } = &self.settings;
        if peft_type != "LORA" {
            return Err(self.beyond(format!("an adapter of type {}", crate::error::printable(peft_type, 40))));
        }
        if *use_dora || !layer_replication.is_null() {
            return Err(self.beyond("an adapter with DoRA or replicated layers".into()));
        }
        if !lora_alpha.is_finite() {
            return Err(Error::Config { file: self.file.clone(), problem: "lora_alpha is no number".into() });
        }
        Ok(())
    }

    fn beyond(&self, problem: String) -> Error {
        Error::Adapter { file: self.file.clone(), problem: format!("{problem} is more than taster reads") }
    }

    fn sort_tensors(&mut self) -> Result<(), Error> {
        let names: Vec<String> = self.files.names().map(String::from).collect();
        for name in names {
            let inner = name.strip_prefix("base_model.model.").unwrap_or(&name);
            if let Some((module, factor)) = inner.split_once(".lora_") {
                let target = self.targets.entry(format!("{module}.weight")).or_default();
                let (embedding, which) = match factor.strip_prefix("embedding_") {
                    Some(which) => (true, which),
                    None if factor.ends_with("weight") => (false, factor),
                    None => (false, "?"),
                };
                target.embedding = embedding;
                let slot = match which.split('.').next() {
                    Some("A") => &mut target.a,
                    Some("B") => &mut target.b,
                    _ => return Err(self.beyond(format!("tensor {}", crate::error::printable(&name, 120)))),
                };
                *slot = Some(name);
            } else {
                let plain = inner.replace(".modules_to_save.default.", ".").replace(".modules_to_save.", ".");
                self.whole.insert(plain.replace(".base_layer.", "."), name);
            }
        }
        // PEFT adds the factors to a whole tensor saved beside them; only the merged folder says what comes of it.
        match self.whole.keys().find(|name| self.targets.contains_key(*name)) {
            Some(both) => {
                Err(self.beyond(format!("{} both saved whole and adapted", crate::error::printable(both, 120))))
            }
            None => Ok(()),
        }
    }

    /// What is added to a tensor; its factors' product has the shape `[rows, columns]` of the base where it fits.
    pub fn addition(&mut self, tensor: &str) -> Result<Option<Addition>, Error> {
        let Some(target) = self.targets.get(tensor) else { return Ok(None) };
        let (a, b, embedding) = (target.a.clone(), target.b.clone(), target.embedding);
        let missing = |which: &str| Error::MissingTensor {
            file: self.files.folder().into(),
            tensor: format!("lora_{which} for {tensor}"),
        };
        let (a, b) = (a.ok_or_else(|| missing("A"))?, b.ok_or_else(|| missing("B"))?);
        let mut not_finite = 0;
        let a = self.factor(&a, &mut not_finite)?;
        let b = self.factor(&b, &mut not_finite)?;
        let rank = a.nrows();
        let stated = self.settings.rank_pattern.as_object().is_none_or(|pattern| pattern.is_empty());
        if rank == 0 || b.ncols() != rank || (stated && rank != self.settings.r) {
            let problem =
                format!("r is {}, but {tensor} has factors of rank {rank} and {}", self.settings.r, b.ncols());
            return Err(Error::Config { file: self.file.clone(), problem });
        }
        let low_rank = LowRank { rank, scale: self.scale(tensor, rank) };
        // Embeddings are stored the other way round than linear maps; so are GPT-2's maps (fan_in_fan_out).
        let turned = embedding || self.settings.fan_in_fan_out;
        let (left, right) = if turned { (a.transpose(), b.transpose()) } else { (b, a) };
        Ok(Some(Addition { left, right, not_finite, low_rank }))
    }

    fn scale(&self, tensor: &str, rank: usize) -> f64 {
        let module = tensor.trim_end_matches(".weight");
        let ends = |key: &str| module.strip_suffix(key).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let own = self.settings.alpha_pattern.iter().flatten().find(|(key, _)| ends(key));
        let alpha = own.map_or(self.settings.lora_alpha, |(_, &alpha)| alpha);
        alpha / if self.settings.use_rslora { (rank as f64).sqrt() } else { rank as f64 }
    }

    fn factor(&mut self, name: &str, not_finite: &mut u64) -> Result<DMatrix<f64>, Error> {
        let shape = self.files.info(name).map(|info| info.shape.clone()).unwrap_or_default();
        let &[rows, columns] = &*shape else {
            return Err(self.beyond(format!("factor {} of shape {shape:?}", crate::error::printable(name, 120))));
        };
        if rows.min(columns) > LARGEST_RANK || rows.saturating_mul(columns) > LARGEST_FACTOR {
            return Err(self.beyond(format!("factor {} of {rows} x {columns}", crate::error::printable(name, 120))));
        }
        let mut values = match Side::new(&mut self.files, name) {
            Some(mut side) => side.values(rows * columns)?,
            None => Vec::new(),
        };
        for value in values.iter_mut().filter(|value| value.abs() > f64::from(f32::MAX) || value.is_nan()) {
            *value = 0.0;
            *not_finite += 1;
        }
        Ok(DMatrix::from_row_slice(rows, columns, &values))
    }
}

impl Addition {
    /// Shape of the product.
    pub fn shape(&self) -> [usize; 2] {
        [self.left.nrows(), self.right.ncols()]
    }

    /// Enters the addition into what was measured of the base alone; rows too, where the base has them.
    pub fn measure(&self, all: &mut Measured) -> Option<Spectrum> {
        let (spectrum, energy, weigher) = Spectrum::of_product(&self.left, &self.right);
        let squared = self.low_rank.scale * self.low_rank.scale;
        all.change = energy * squared;
        all.not_finite += self.not_finite;
        all.equal = all.change == 0.0 && self.not_finite == 0;
        if !all.rows.is_empty() {
            let weighed = &self.left * weigher;
            for (row, weighed) in all.rows.iter_mut().zip(weighed.row_iter()) {
                row[1] = weighed.norm_squared() * squared;
            }
        }
        spectrum.filter(|_| !all.equal)
    }
}
