//! Calls in any order, with time passing, retries and restarts in between: whatever comes, what the server says is what the
//! record says.
#![no_main]
#![allow(clippy::unwrap_used, reason = "a target fails loudly")]

use std::sync::LazyLock;

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use prost::Message;
use prost_reflect::{MethodDescriptor, Value};
use rollcall_fuzz::hall::METHODS;
use rollcall_fuzz::messages::{Manner, bytes, message, read};
use rollcall_fuzz::play::{Play, run};

/// Calls of one run.
const CALLS: usize = 40;

/// The methods that change something, which are most of what is called.
static CHANGES: LazyLock<Vec<MethodDescriptor>> = LazyLock::new(|| {
    let changes = |method: &&MethodDescriptor| method.input().get_field_by_name("request_id").is_some();
    METHODS.iter().filter(changes).cloned().collect()
});

/// Those that are called most in a hall.
static BALLOTS: LazyLock<Vec<MethodDescriptor>> = LazyLock::new(|| {
    METHODS.iter().filter(|method| ["CastBallot", "WithdrawBallot"].contains(&method.name())).cloned().collect()
});

enum Step {
    Call(MethodDescriptor, Vec<u8>),
    /// The nth call once more, as it was.
    Repeat(usize),
    /// The same with another content.
    Reuse(usize, MethodDescriptor, Vec<u8>),
    Pass(u64),
    Restart,
}

fn step(u: &mut Unstructured) -> Result<Step> {
    Ok(match u.int_in_range(0..=19)? {
        0 => Step::Restart,
        1 => Step::Pass(u.int_in_range(0..=60)?),
        2 => Step::Repeat(u.int_in_range(0..=CALLS)?),
        3 => {
            let method = u.choose(&CHANGES)?;
            Step::Reuse(
                u.int_in_range(0..=CALLS)?,
                method.clone(),
                message(u, &method.input(), Manner::Fit)?.encode_to_vec(),
            )
        }
        4 => {
            let method = u.choose(&METHODS)?;
            Step::Call(method.clone(), bytes(u, &method.input()))
        }
        _ => {
            let method = if u.arbitrary()? { u.choose(&CHANGES)? } else { u.choose(&BALLOTS)? };
            Step::Call(method.clone(), message(u, &method.input(), Manner::Fit)?.encode_to_vec())
        }
    })
}

async fn take(play: &mut Play, steps: Vec<Step>) {
    let mut made: Vec<(MethodDescriptor, Vec<u8>)> = Vec::new();
    for step in steps {
        match step {
            Step::Call(method, bytes) => {
                play.call(&method, vec![bytes.clone()]).await;
                made.push((method, bytes));
            }
            Step::Repeat(nth) => {
                if let Some((method, bytes)) = made.get(nth) {
                    play.call(method, vec![bytes.clone()]).await;
                }
            }
            Step::Reuse(nth, method, bytes) => {
                let Some((first, known)) = made.get(nth) else { continue };
                let id = read(&first.input(), known)
                    .and_then(|known| known.get_field_by_name("request_id").map(|id| id.into_owned()));
                let mut again = read(&method.input(), &bytes).unwrap();
                again.set_field_by_name("request_id", id.unwrap_or(Value::String(String::new())));
                play.call(&method, vec![again.encode_to_vec()]).await;
            }
            Step::Pass(seconds) => play.pass(seconds),
            Step::Restart => play.restart().await,
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut u = Unstructured::new(data);
    let mut steps = Vec::new();
    while steps.len() < CALLS && !u.is_empty() {
        let Ok(step) = step(&mut u) else { break };
        steps.push(step);
    }
    run(async |play| take(play, steps).await);
});
