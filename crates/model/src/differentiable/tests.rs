#![allow(clippy::unwrap_used)]
use super::*;
use candle_core::Var;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;

const HIDDEN: usize = 8;
const TOKENS: [u32; 6] = [3, 1, 4, 1, 5, 9];

/// Random weights with everything that a member of the family may have: biases, norms on queries and keys, shared keys.
fn weights() -> BTreeMap<String, Tensor> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let mut draw = |dims: &[usize]| -> Tensor {
        let values: Vec<f32> = (0..dims.iter().product()).map(|_| rng.random_range(-0.6f32..0.6)).collect();
        Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
    };
    let mut all = BTreeMap::from([
        (EMBEDDING.to_owned(), draw(&[12, HIDDEN])),
        (HEAD.to_owned(), draw(&[12, HIDDEN])),
        ("model.norm.weight".to_owned(), draw(&[HIDDEN])),
    ]);
    for layer in 0..2 {
        for (name, dims) in [
            ("input_layernorm", vec![HIDDEN]),
            ("post_attention_layernorm", vec![HIDDEN]),
            ("self_attn.q_norm", vec![4]),
            ("self_attn.k_norm", vec![4]),
            ("self_attn.q_proj", vec![16, HIDDEN]),
            ("self_attn.k_proj", vec![8, HIDDEN]),
            ("self_attn.v_proj", vec![8, HIDDEN]),
            ("self_attn.o_proj", vec![HIDDEN, 16]),
            ("mlp.gate_proj", vec![10, HIDDEN]),
            ("mlp.up_proj", vec![10, HIDDEN]),
            ("mlp.down_proj", vec![HIDDEN, 10]),
        ] {
            all.insert(block(layer, name), draw(&dims));
        }
        all.insert(format!("model.layers.{layer}.self_attn.k_proj.bias"), draw(&[8]));
    }
    all
}

fn with_llama<R>(weights: &BTreeMap<String, Tensor>, run: impl FnOnce(&Llama) -> R) -> R {
    run(&Llama {
        layers: 2,
        heads: 4,
        kv_heads: 2,
        head_dim: 4,
        epsilon: 1e-6,
        frequencies: &[1.0, 0.1],
        interleaved: false,
        weight: &|name| weights.get(name),
    })
}

/// Some number that depends on the logits after every token.
fn outcome(llama: &Llama, embedded: &Tensor) -> Tensor {
    let logits = llama.logits(&llama.read(embedded, 1, &mut |_| ()).unwrap()).unwrap();
    logits.apply_op1(WeightedCrossEntropy { targets: vec![1, 4, 1, 5, 9, 2], weights: vec![1.0; 6] }).unwrap()
}

#[test]
fn every_embedded_token_has_the_gradient_of_finite_differences() {
    let weights = weights();
    with_llama(&weights, |llama| {
        let embedded = Var::from_tensor(&llama.embed(&TOKENS).unwrap()).unwrap();
        let gradients = outcome(llama, embedded.as_tensor()).backward().unwrap();
        let gradient = gradients.get(&embedded).unwrap().to_vec2::<f32>().unwrap();
        let values = embedded.to_vec2::<f32>().unwrap();
        for (row, gradient) in gradient.iter().enumerate() {
            assert!(gradient.iter().any(|slope| slope.abs() > 1e-4), "no gradient reaches token {row}");
            for (at, claimed) in gradient.iter().enumerate() {
                let shifted = |by: f32| {
                    let mut values = values.clone();
                    values[row][at] += by;
                    let shifted = Tensor::new(values, &Device::Cpu).unwrap();
                    f64::from(outcome(llama, &shifted).to_scalar::<f32>().unwrap())
                };
                let slope = (shifted(0.005) - shifted(-0.005)) / 0.01;
                assert!((slope - f64::from(*claimed)).abs() < 5e-3, "{row} {at}: {claimed} against {slope}");
            }
        }
    });
}

#[test]
fn every_weight_has_a_gradient() {
    let vars: BTreeMap<String, Var> =
        weights().into_iter().map(|(name, weight)| (name, Var::from_tensor(&weight).unwrap())).collect();
    let tensors: BTreeMap<String, Tensor> =
        vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
    let gradients = with_llama(&tensors, |llama| outcome(llama, &llama.embed(&TOKENS).unwrap()).backward().unwrap());
    for (name, var) in &vars {
        let gradient = gradients.get(var).unwrap_or_else(|| panic!("no gradient reaches {name}"));
        assert!(gradient.abs().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap() > 0.0, "{name}");
    }
}

#[test]
fn attention_is_shown_for_each_block_and_sums_to_one() {
    let weights = weights();
    with_llama(&weights, |llama| {
        let mut seen = Vec::new();
        llama.read(&llama.embed(&TOKENS).unwrap(), 1, &mut |attention| seen.push(attention.clone())).unwrap();
        assert_eq!(seen.len(), 2);
        for attention in seen {
            assert_eq!(attention.dims(), [1, 4, 6, 6]);
            let sums = attention.sum(D::Minus1).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-5));
        }
    });
}

#[test]
fn a_missing_weight_is_named() {
    let mut weights = weights();
    weights.remove("model.layers.1.mlp.up_proj.weight");
    with_llama(&weights, |llama| {
        let embedded = llama.embed(&TOKENS).unwrap();
        let error = llama.read(&embedded, 1, &mut |_| ()).unwrap_err().to_string();
        assert!(error.contains("model.layers.1.mlp.up_proj.weight"), "{error}");
    });
}
