//! Measuring signers in turns.

use std::time::Duration;

use measure::Outcome;
use measure::process::cpu_time;
use serde::Serialize;

use crate::allocations;
use crate::peer::Signs;

/// What was measured of one signer.
pub struct Measured {
    pub name: String,
    /// Of one signature, for each turn.
    pub nanoseconds: Vec<f64>,
    pub cost: Cost,
}

/// What one signature asks of the allocator.
#[derive(Clone, Copy, Serialize)]
pub struct Cost {
    pub allocations: f64,
    pub bytes: f64,
}

/// Copies are made, signed and dropped by so many, which the caches hold.
const COPIES: usize = 32;

/// Checks what the signers make, then measures them in turns, each turn beginning with another one.
/// Copying the requests is not measured.
pub fn measure(
    signers: &mut [Box<dyn Signs>],
    turns: usize,
    signatures: usize,
) -> Outcome<Vec<Measured>> {
    let rounds = signatures.div_ceil(COPIES);
    let mut measured = Vec::with_capacity(signers.len());
    for signer in signers.iter_mut() {
        let (name, cost) = (signer.name(), cost(&mut **signer)?);
        let checked = signer.check();
        checked.map_err(|error| format!("{name} signs something else: {error}"))?;
        measured.push(Measured {
            name,
            nanoseconds: Vec::with_capacity(turns),
            cost,
        });
    }
    for turn in 0..turns {
        for place in 0..signers.len() {
            let at = (turn + place) % signers.len();
            let mut took = Duration::ZERO;
            for _ in 0..rounds {
                signers[at].copy(COPIES);
                let began = cpu_time();
                signers[at].sign()?;
                took += cpu_time() - began;
            }
            let each = took.as_nanos() as f64 / (rounds * COPIES) as f64;
            measured[at].nanoseconds.push(each);
        }
    }
    Ok(measured)
}

fn cost(signer: &mut dyn Signs) -> Outcome<Cost> {
    // What is made once, is made now.
    signer.copy(COPIES);
    signer.sign()?;
    signer.copy(COPIES);
    let before = allocations::so_far();
    signer.sign()?;
    let after = allocations::so_far();
    Ok(Cost {
        allocations: (after.0 - before.0) as f64 / COPIES as f64,
        bytes: (after.1 - before.1) as f64 / COPIES as f64,
    })
}
