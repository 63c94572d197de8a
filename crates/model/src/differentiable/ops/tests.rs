#![allow(clippy::unwrap_used)]
use super::*;
use candle_core::{Device, Var};
use rand::{RngExt, SeedableRng};

/// Compares the gradient that `op` claims with the slope that its values show, for every number of every input.
fn agrees_with_finite_differences(inputs: &[&[usize]], op: impl Fn(&[Tensor]) -> Result<Tensor>) {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut draw =
        |dims: &[usize]| -> Vec<f32> { (0..dims.iter().product()).map(|_| rng.random_range(-1.0f32..1.0)).collect() };
    let values: Vec<Vec<f32>> = inputs.iter().map(|dims| draw(dims)).collect();
    let tensors = |values: &[Vec<f32>]| -> Vec<Var> {
        let pairs = values.iter().zip(inputs);
        pairs.map(|(values, dims)| Var::from_vec(values.clone(), *dims, &Device::Cpu).unwrap()).collect()
    };
    let run = |vars: &[Var]| op(&vars.iter().map(|var| var.as_tensor().clone()).collect::<Vec<_>>()).unwrap();
    let vars = tensors(&values);
    let out = run(&vars);
    // A random weighing of the outputs, so that no error cancels out in a plain sum.
    let weighing = Tensor::from_vec(draw(out.dims()), out.shape(), &Device::Cpu).unwrap();
    let total = |out: &Tensor| (out * &weighing).unwrap().sum_all().unwrap();
    let gradients = total(&out).backward().unwrap();
    for (input, var) in vars.iter().enumerate() {
        let claimed = gradients.get(var).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for (at, claimed) in claimed.into_iter().enumerate() {
            let shifted = |by: f32| {
                let mut values = values.clone();
                values[input][at] += by;
                f64::from(total(&run(&tensors(&values))).to_scalar::<f32>().unwrap())
            };
            let slope = (shifted(0.01) - shifted(-0.01)) / 0.02;
            assert!((slope - f64::from(claimed)).abs() < 5e-3, "input {input} at {at}: {claimed} against {slope}");
        }
    }
}

const HEADS: Heads = Heads { batch: 2, length: 3, heads: 2, width: 4 };

#[test]
fn rms_norm_has_the_gradient_of_its_values() {
    agrees_with_finite_differences(&[&[3, 6], &[6]], |x| x[0].apply_op2(&x[1], RmsNorm { epsilon: 1e-6 }));
}

#[test]
fn swiglu_has_the_gradient_of_its_values() {
    agrees_with_finite_differences(&[&[3, 5], &[3, 5]], |x| x[0].apply_op2(&x[1], SwiGlu));
}

#[test]
fn causal_softmax_has_the_gradient_of_its_values() {
    agrees_with_finite_differences(&[&[2, 4, 4]], |x| x[0].apply_op1(CausalSoftmax { scale: 0.7 }));
}

#[test]
fn turned_heads_have_the_gradient_of_their_values() {
    for interleaved in [false, true] {
        let rotation = std::sync::Arc::new(Rotation::new(3, &[1.0, 0.1], interleaved));
        agrees_with_finite_differences(&[&[6, 8]], |x| {
            x[0].apply_op1(SplitHeads { heads: HEADS, rotation: Some(rotation.clone()) })
        });
    }
}

#[test]
fn merged_heads_have_the_gradient_of_their_values() {
    agrees_with_finite_differences(&[&[2, 2, 3, 4]], |x| x[0].apply_op1(MergeHeads { heads: HEADS }));
}

#[test]
fn weighted_cross_entropy_has_the_gradient_of_its_values() {
    agrees_with_finite_differences(&[&[3, 5]], |x| {
        x[0].apply_op1(WeightedCrossEntropy { targets: vec![4, 0, 2], weights: vec![1.0, 8.0, 0.5] })
    });
}

#[test]
fn attention_never_looks_ahead() {
    let scores = Tensor::ones((1, 4, 4), candle_core::DType::F32, &Device::Cpu).unwrap();
    let weights = scores.apply_op1(CausalSoftmax { scale: 1.0 }).unwrap().squeeze(0).unwrap().to_vec2::<f32>().unwrap();
    for (row, weights) in weights.iter().enumerate() {
        assert!(weights[row + 1..].iter().all(|&weight| weight == 0.0));
        assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}

#[test]
fn a_target_outside_the_vocabulary_is_an_error() {
    let logits = Tensor::zeros((1, 5), candle_core::DType::F32, &Device::Cpu).unwrap();
    assert!(logits.apply_op1(WeightedCrossEntropy { targets: vec![5], weights: vec![1.0] }).is_err());
}
