//! Linear maps on a graphics card (feature `cuda`): nearly all the work of a large model; the rest stays with the
//! processor, and so does everything when the card has no room left.

use candle_core::{Device, Result, Tensor};

/// One map's weights on a card.
pub struct OnCard {
    /// `[inputs, outputs]`.
    weights: Tensor,
    bias: Option<Tensor>,
}

impl OnCard {
    /// Copies weights in `[outputs, inputs]` order, and a bias unless it is empty, to a card.
    pub fn new(device: &Device, inputs: usize, weights: Vec<f32>, bias: &[f32]) -> Result<Self> {
        let outputs = weights.len() / inputs;
        let weights = Tensor::from_vec(weights, (outputs, inputs), device)?.t()?.contiguous()?;
        let bias = bias.get(..outputs).map(|bias| Tensor::from_slice(bias, outputs, device)).transpose()?;
        Ok(Self { weights, bias })
    }

    /// `out += x W + b` for every row of `x`; where that fails, `out` is as before.
    pub fn accumulate(&self, x: &[f32], out: &mut [f32]) -> Result<()> {
        let inputs = self.weights.dim(0)?;
        let rows = Tensor::from_slice(x, (x.len() / inputs, inputs), self.weights.device())?;
        let mut product = rows.matmul(&self.weights)?;
        if let Some(bias) = &self.bias {
            product = product.broadcast_add(bias)?;
        }
        for (out, value) in out.iter_mut().zip(product.flatten_all()?.to_vec1::<f32>()?) {
            *out += value;
        }
        Ok(())
    }
}

/// The first card of this machine.
#[cfg(feature = "cuda")]
pub fn first() -> Option<&'static Device> {
    static FIRST: std::sync::OnceLock<Option<Device>> = std::sync::OnceLock::new();
    FIRST.get_or_init(|| Device::new_cuda(0).ok()).as_ref()
}
