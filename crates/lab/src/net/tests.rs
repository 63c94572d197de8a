#![allow(clippy::unwrap_used)]
use super::*;
use crate::adamw::AdamW;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const TINY: Shape = Shape { vocabulary: 20, hidden: 16, layers: 2, heads: 2, intermediate: 24 };

fn tiny() -> Net {
    Net::random(TINY, &mut ChaCha8Rng::seed_from_u64(1)).unwrap()
}

fn batch() -> Batch {
    let tokens: Vec<u32> = (0..16).map(|i| i * 7 % 20).collect();
    let targets = tokens.iter().map(|id| (id + 1) % 20).collect();
    Batch { rows: 2, tokens, targets, weights: vec![1.0; 16] }
}

#[test]
fn every_parameter_has_a_gradient_that_is_not_zero() {
    let net = tiny();
    let gradients = net.loss(&batch()).unwrap().backward().unwrap();
    for (name, parameter) in &net.parameters {
        let gradient = gradients.get(parameter).unwrap_or_else(|| panic!("no gradient reaches {name}"));
        let size = gradient.abs().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(size > 0.0, "the gradient of {name} is zero");
    }
}

#[test]
fn an_operation_that_drops_gradients_is_refused() {
    let net = tiny();
    // candle-nn's fused norm has no backward pass: what stands before it is never trained.
    let x = net.parameters[EMBEDDING].as_tensor();
    let cut = candle_nn::ops::rms_norm(x, net.parameters[FINAL_NORM].as_tensor(), 1e-6).unwrap();
    let gradients = cut.sum_all().unwrap().backward().unwrap();
    let error = AdamW::default().step(&net, &gradients, 0, 0.01).unwrap_err();
    assert!(matches!(error, Error::NoGradient(_)), "{error}");
}

#[test]
fn steps_lower_the_loss() {
    let (net, mut optimiser) = (tiny(), AdamW::default());
    let loss = |net: &Net| net.loss(&batch()).unwrap().to_scalar::<f32>().unwrap();
    let before = loss(&net);
    for step in 0..30 {
        optimiser.step(&net, &net.loss(&batch()).unwrap().backward().unwrap(), step, 0.01).unwrap();
    }
    assert!(loss(&net) < before / 2.0, "{} after {before}", loss(&net));
}

#[test]
fn the_length_of_the_others_does_not_change_what_follows_a_sequence() {
    let net = tiny();
    let alone = net.next_logits(&[vec![1, 2, 3]]).unwrap();
    let beside = net.next_logits(&[vec![1, 2, 3], vec![4, 5, 6, 7, 8]]).unwrap();
    assert!(alone[0].iter().zip(&beside[0]).all(|(a, b)| (a - b).abs() < 1e-5));
}

#[test]
fn weights_of_another_shape_are_refused_by_name() {
    let tensors = tiny().parameters.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
    let wider = Shape { intermediate: 32, ..TINY };
    let error = Net::from_tensors(wider, &tensors).err().unwrap().to_string();
    assert!(error.contains("model.layers.0.mlp.gate_proj.weight"), "{error}");
}
