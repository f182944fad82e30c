//! Names, request ids, page tokens and times: any are read without a panic, and what is read is written the same.
#![no_main]
#![allow(clippy::unwrap_used, reason = "a target fails loudly")]

use std::fmt::Display;
use std::str::FromStr;

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use rollcall::domain::{BallotName, BodyId, Command, MemberId, MemberName, VoteId, VoteName};
use rollcall::log::Location;
use rollcall::proto::WithdrawVoteRequest;
use rollcall::wire::page::Page;
use rollcall::wire::time;

fn same<T: FromStr + Display>(text: &str, longest: usize) {
    if let Ok(name) = text.parse::<T>() {
        assert_eq!(name.to_string(), text);
        assert!(text.len() <= longest && text.is_ascii(), "{text:?}");
    }
}

fn name(text: &str) {
    const ID: usize = 63;
    same::<BodyId>(text, ID);
    same::<MemberId>(text, ID);
    same::<VoteId>(text, ID);
    same::<MemberName>(text, "bodies//members/".len() + 2 * ID);
    same::<VoteName>(text, "bodies//votes/".len() + 2 * ID);
    same::<BallotName>(text, "bodies//votes//ballots/".len() + 3 * ID);
    if let Ok(body) = BodyId::from_name(text) {
        assert_eq!(body.name(), text);
    }
    if let Ok(location) = text.parse::<Location>() {
        assert_eq!(location.to_string(), text);
    }
}

/// An id is taken as a UUID or refused by its name; two that are taken alike are one UUID.
fn request_id(text: &str) {
    let request =
        |request_id: &str| WithdrawVoteRequest { name: "bodies/a/votes/a".into(), request_id: request_id.into() };
    match Command::try_from(request(text)) {
        Ok(command) if text.is_empty() => assert_ne!(command.request.id.0, [0; 16]),
        Ok(command) => {
            let digits: String = command.request.id.0.iter().map(|byte| format!("{byte:02x}")).collect();
            let given: String = text.chars().filter(char::is_ascii_hexdigit).collect();
            assert!(given.to_ascii_lowercase().ends_with(&digits) && digits != "0".repeat(32), "{text:?}");
            assert_eq!(command.request.digest, Command::try_from(request("")).unwrap().request.digest);
        }
        Err(malformed) => assert_eq!(malformed.violations[0].field, "request_id"),
    }
}

fn page(u: &mut Unstructured) -> Result<()> {
    let size: i32 = u.arbitrary()?;
    let (place, list): (Vec<u8>, [&str; 2]) = (u.arbitrary()?, u.arbitrary()?);
    let text: &str = u.arbitrary()?;
    if let Ok(page) = Page::read(size, text, &list) {
        let _ = (page.after_number(), page.after_text());
    }
    // A token that a list gave leads on in that list, and in no other.
    let Ok(first) = Page::read(1, "", &list) else { return Ok(()) };
    let (items, token) = first.take([(place.clone(), 1_u64), (vec![], 2_u64)].into_iter());
    assert_eq!(items, [1]);
    let next = Page::read(size.max(0), &token, &list).unwrap();
    assert_eq!(
        next.after_number().ok(),
        place.first_chunk().filter(|_| place.len() == 8).map(|at| u64::from_be_bytes(*at))
    );
    assert_eq!(next.after_text().ok().flatten(), String::from_utf8(place).ok());
    assert!(Page::read(size.max(0), &token, &[list[0], list[1], "other"]).is_err());
    Ok(())
}

fn times(u: &mut Unstructured) -> Result<()> {
    const NANOS: i32 = 1_000_000_000;
    let (seconds, nanos) = (u.arbitrary()?, u.arbitrary()?);
    let time = prost_types::Timestamp { seconds, nanos };
    let sound = (-62_135_596_800..=253_402_300_799).contains(&seconds) && (0..NANOS).contains(&nanos);
    assert_eq!(time::read(&time).ok().map(time::out), sound.then_some(time));
    let span = prost_types::Duration { seconds, nanos };
    assert_eq!(time::span(&span).is_some(), seconds >= 0 && (0..NANOS).contains(&nanos));
    if let (Some(span), Ok(time)) =
        (time::span(&span), time::read(&prost_types::Timestamp { seconds: u.arbitrary()?, nanos: 0 }))
    {
        let later = time.plus(span);
        assert!(later >= time && later.since(time) <= span);
        time::read(&time::out(later)).unwrap();
    }
    Ok(())
}

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        name(text);
        request_id(text);
    }
    let mut u = Unstructured::new(data);
    let _ = page(&mut u).and_then(|()| times(&mut u));
    let _ = times(&mut Unstructured::new(data));
});
