//! One call of any method with any bytes, to a server with a vote that is open: an answer or an error as the contract has
//! them, and never a panic.
#![no_main]
#![allow(clippy::unwrap_used, reason = "a target fails loudly")]

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use rollcall_fuzz::hall::METHODS;
use rollcall_fuzz::messages::bytes;
use rollcall_fuzz::play::run;

fuzz_target!(|data: &[u8]| {
    let mut u = Unstructured::new(data);
    let Ok(method) = u.choose(&METHODS) else { return };
    let several = method.is_client_streaming() && u.ratio(1, 2).unwrap_or(false);
    let mut messages = vec![bytes(&mut u, &method.input())];
    if several {
        messages.push(bytes(&mut u, &method.input()));
    }
    run(async |play| play.call(method, messages).await);
});
