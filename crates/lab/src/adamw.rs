//! AdamW (Loshchilov & Hutter 2019), with moments that can be saved; candle's own keeps them private.

use crate::Error;
use crate::net::Net;
use candle_core::backprop::GradStore;
use candle_core::{Result as CandleResult, Tensor, Var};
use std::collections::{BTreeMap, HashMap};

const DECAY_OF_MEAN: f64 = 0.9;
const DECAY_OF_SQUARE: f64 = 0.98;
const EPSILON: f64 = 1e-8;
const WEIGHT_DECAY: f64 = 0.05;
/// Longest gradient, over all parameters together; longer ones are shortened to it.
const LONGEST_GRADIENT: f64 = 1.0;

/// The optimiser's memory: for each parameter the running mean of its gradient and of its square.
#[derive(Default)]
pub(crate) struct AdamW {
    moments: BTreeMap<String, (Vec<f32>, Vec<f32>)>,
}

impl AdamW {
    /// Moves every parameter one step against its gradient; `step` counts from 0.
    ///
    /// # Errors
    /// [`Error::NoGradient`] for a parameter that the loss does not reach.
    pub(crate) fn step(&mut self, net: &Net, gradients: &GradStore, step: usize, rate: f64) -> Result<(), Error> {
        let mut found = Vec::with_capacity(net.parameters.len());
        for (name, parameter) in &net.parameters {
            let gradient = gradients.get(parameter).ok_or_else(|| Error::NoGradient(name.clone()))?;
            found.push((name, parameter, gradient.flatten_all()?.to_vec1::<f32>()?));
        }
        let squares: f64 = found.iter().flat_map(|(_, _, gradient)| gradient).map(|&g| f64::from(g * g)).sum();
        let shrink = (LONGEST_GRADIENT / squares.sqrt().max(f64::MIN_POSITIVE)).min(1.0);
        for (name, parameter, gradient) in found {
            self.step_one(name, parameter, &gradient, shrink as f32, Pace::new(step, rate))?;
        }
        Ok(())
    }

    fn step_one(&mut self, name: &str, parameter: &Var, gradient: &[f32], shrink: f32, pace: Pace) -> CandleResult<()> {
        let zeros = || (vec![0f32; gradient.len()], vec![0f32; gradient.len()]);
        let (means, squares) = self.moments.entry(name.to_owned()).or_insert_with(zeros);
        let mut values = parameter.flatten_all()?.to_vec1::<f32>()?;
        // Norms are scales, not directions: decaying them only shrinks the signal.
        let decay = if parameter.rank() > 1 { (pace.rate * WEIGHT_DECAY) as f32 } else { 0.0 };
        for (((value, gradient), mean), square) in values.iter_mut().zip(gradient).zip(means).zip(squares) {
            let gradient = gradient * shrink;
            *mean += (1.0 - DECAY_OF_MEAN as f32) * (gradient - *mean);
            *square += (1.0 - DECAY_OF_SQUARE as f32) * (gradient * gradient - *square);
            *value -= decay * *value + pace.size * *mean / (square.sqrt() * pace.unbias + EPSILON as f32);
        }
        parameter.set(&Tensor::from_vec(values, parameter.shape(), parameter.device())?)
    }

    /// The moments as tensors, to be saved.
    pub(crate) fn tensors(&self) -> CandleResult<HashMap<String, Tensor>> {
        let mut tensors = HashMap::new();
        for (name, (means, squares)) in &self.moments {
            tensors.insert(format!("{MEAN}{name}"), Tensor::new(means.as_slice(), &candle_core::Device::Cpu)?);
            tensors.insert(format!("{SQUARE}{name}"), Tensor::new(squares.as_slice(), &candle_core::Device::Cpu)?);
        }
        Ok(tensors)
    }

    /// The optimiser that was saved; a parameter without saved moments starts anew.
    pub(crate) fn from_tensors(net: &Net, tensors: &HashMap<String, Tensor>) -> CandleResult<Self> {
        let mut moments = BTreeMap::new();
        for (name, parameter) in &net.parameters {
            let read = |prefix: &str| tensors.get(&format!("{prefix}{name}")).map(Tensor::to_vec1::<f32>).transpose();
            if let (Some(means), Some(squares)) = (read(MEAN)?, read(SQUARE)?)
                && means.len() == parameter.elem_count()
                && squares.len() == parameter.elem_count()
            {
                moments.insert(name.clone(), (means, squares));
            }
        }
        Ok(Self { moments })
    }
}

const MEAN: &str = "adamw.mean.";
const SQUARE: &str = "adamw.square.";

/// The step size with the correction for moments that began at zero.
#[derive(Clone, Copy)]
struct Pace {
    rate: f64,
    size: f32,
    unbias: f32,
}

impl Pace {
    fn new(step: usize, rate: f64) -> Self {
        let count = step as f64 + 1.0;
        let size = rate / (1.0 - DECAY_OF_MEAN.powf(count));
        let unbias = (1.0 - DECAY_OF_SQUARE.powf(count)).sqrt().recip();
        Self { rate, size: size as f32, unbias: unbias as f32 }
    }
}
