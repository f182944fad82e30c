//! What every log does, whatever it is kept in: one suite, run for each backend. Opens logs only by their location.

use std::sync::Arc;

use bytes::Bytes;

use super::{AppendError, Location, Log, MAX_APPEND_BYTES, MAX_PAYLOADS, open};
use crate::record::tree::Leaves;
use crate::seq::Seq;

/// Payloads of these sizes, each told from the next by its bytes.
pub(super) fn payloads(sizes: impl IntoIterator<Item = usize>) -> Vec<Bytes> {
    let filled = sizes.into_iter().zip(1_u32..).map(|(size, number)| {
        let fill = number.to_be_bytes().into_iter().chain([size as u8; 3]).cycle();
        fill.take(size).collect::<Vec<_>>().into()
    });
    filled.collect()
}

/// All that a log holds, read in pages of at most `limit`.
pub(super) async fn all(log: &dyn Log, limit: usize) -> Vec<Bytes> {
    let mut found = Vec::new();
    let mut after = Seq::ZERO;
    loop {
        let page = log.read(after, limit).await.expect("read");
        if page.is_empty() {
            return found;
        }
        assert!(page.len() <= limit, "{} payloads where {limit} were asked for", page.len());
        for (seq, payload) in page {
            assert_eq!(seq, after.next());
            found.push(payload);
            after = seq;
        }
    }
}

/// Appends each batch after the one before, and returns all payloads.
pub(super) async fn append_all(log: &dyn Log, batches: impl IntoIterator<Item = Vec<Bytes>>) -> Vec<Bytes> {
    let mut appended = all(log, 1_000).await;
    for batch in batches {
        let after = Seq::new(appended.len() as u64);
        appended.extend(batch.clone());
        assert_eq!(
            log.append(after, batch.into_iter().collect()).await.expect("append"),
            Seq::new(appended.len() as u64)
        );
    }
    appended
}

async fn places_are_contiguous(log: Arc<dyn Log>) {
    assert_eq!(*log.end().borrow(), Seq::ZERO);
    assert_eq!(log.read(Seq::ZERO, 10).await.expect("read"), vec![]);
    let batches = [1, 63, 64, 65, 1, 1_024, 2].map(|count| payloads((0..count).map(|number| number % 100)));
    let appended = append_all(&*log, batches).await;
    assert_eq!(*log.end().borrow(), Seq::new(1_220));
    for limit in [1, 7, 64, 65, 5_000] {
        assert_eq!(all(&*log, limit).await, appended);
    }
    for after in [0, 1, 63, 64, 127, 192, 1_218, 1_219] {
        let page = log.read(Seq::new(after), 3).await.expect("read");
        let expected = (after + 1..).zip(appended[after as usize..].iter().take(3).cloned());
        assert_eq!(page, expected.map(|(seq, payload)| (Seq::new(seq), payload)).collect::<Vec<_>>());
    }
}

async fn a_conflict_names_the_end_and_writes_nothing(log: Arc<dyn Log>) {
    let appended = append_all(&*log, [payloads([5, 6])]).await;
    for after in [0, 1, 3, u64::MAX] {
        for batch in [payloads([7]), vec![]] {
            let outcome = log.append(Seq::new(after), batch.into_iter().collect()).await;
            assert!(
                matches!(outcome, Err(AppendError::Conflict { end }) if end == Seq::new(2)),
                "{after}: {outcome:?}"
            );
        }
    }
    assert_eq!(log.append(Seq::new(2), Leaves::default()).await.expect("compared"), Seq::new(2));
    assert_eq!(all(&*log, 10).await, appended);
    append_all(&*log, [payloads([7])]).await;
}

async fn too_much_is_refused_whole(log: Arc<dyn Log>) {
    let appended = append_all(&*log, [payloads([5])]).await;
    let end = Seq::new(1);
    for batch in [payloads(vec![1; MAX_PAYLOADS + 1]), payloads([MAX_APPEND_BYTES, 1])] {
        let outcome = log.append(end, batch.into_iter().collect()).await;
        assert!(matches!(outcome, Err(AppendError::TooLarge { .. })), "{outcome:?}");
    }
    assert_eq!((all(&*log, 10).await, *log.end().borrow()), (appended, end));
    append_all(&*log, [payloads([MAX_APPEND_BYTES - 1, 1])]).await;
}

async fn sizes_mix(log: Arc<dyn Log>) {
    let batches = [
        payloads([0]),
        payloads([1 << 20]),
        payloads([10, 1 << 20, 0, 6_139, 6_140, 6_141, 6_142, 6_143, 12_278, 12_279, 3]),
        payloads((0..500).map(|number| number * 37 % 6_500)),
        payloads([0, 0, 0]),
        payloads(vec![2_048; 1_024]),
        payloads([1 << 20, 1 << 20]),
        payloads([1]),
    ];
    let appended = append_all(&*log, batches).await;
    for limit in [1, 100, 5_000] {
        assert!(all(&*log, limit).await == appended, "pages of {limit}");
    }
    assert_eq!(log.read(Seq::new(3), 0).await.expect("read"), vec![]);
    assert_eq!(log.read(Seq::new(appended.len() as u64 + 9), 5).await.expect("read"), vec![]);
}

async fn the_end_wakes_a_follower(log: Arc<dyn Log>) {
    let mut end = log.end();
    end.borrow_and_update();
    let follower = tokio::spawn({
        let log = Arc::clone(&log);
        async move {
            let mut seen = Vec::new();
            while seen.len() < 200 {
                end.changed().await.expect("log");
                let end = *end.borrow_and_update();
                while (seen.len() as u64) < end.get() {
                    let page = log.read(Seq::new(seen.len() as u64), 7).await.expect("read");
                    assert!(!page.is_empty());
                    seen.extend(page.into_iter().map(|(_, payload)| payload));
                }
            }
            seen
        }
    });
    let appended = append_all(&*log, (0..100).map(|number| payloads([number, number + 1]))).await;
    assert_eq!(follower.await.expect("follower"), appended);
}

async fn of_concurrent_appends_one_wins(log: Arc<dyn Log>) {
    for round in 0..10_u64 {
        let racers = (0..8_usize).map(|racer| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                (racer, log.append(Seq::new(round * 2), payloads([racer, racer + 10]).into_iter().collect()).await)
            })
        });
        let mut winners = Vec::new();
        for racer in racers.collect::<Vec<_>>() {
            match racer.await.expect("racer") {
                (racer, Ok(end)) => winners.push((racer, end)),
                (_, Err(AppendError::Conflict { end })) => assert_eq!(end, Seq::new(round * 2 + 2)),
                (_, Err(other)) => panic!("{other}"),
            }
        }
        let [(winner, end)] = winners[..] else { panic!("winners: {winners:?}") };
        assert_eq!(end, Seq::new(round * 2 + 2));
        let written = log.read(Seq::new(round * 2), 9).await.expect("read");
        let written = written.into_iter().map(|(_, payload)| payload).collect::<Vec<_>>();
        assert_eq!(written, payloads([winner, winner + 10]));
    }
}

/// Readers see nothing beyond the end that was announced before they asked again, and no batch in part.
async fn a_read_never_passes_the_end(log: Arc<dyn Log>) {
    let reader = tokio::spawn({
        let log = Arc::clone(&log);
        async move {
            loop {
                let page = log.read(Seq::ZERO, usize::MAX).await.expect("read");
                let end = log.end().borrow().get();
                let last = page.last().map_or(0, |(seq, _)| seq.get());
                assert!(last <= end && last % 5 == 0, "read up to {last}, the end being {end}");
                if last == 500 {
                    return;
                }
                tokio::task::yield_now().await;
            }
        }
    });
    append_all(&*log, (0..100).map(|_| payloads([1, 2, 3, 4, 5]))).await;
    reader.await.expect("reader");
}

macro_rules! conformance {
    ($($behaviour:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(super::open(&super::Location::Memory).expect("open")).await;
            })*
        }
        mod sled {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                let folder = tempfile::tempdir().expect("folder");
                let location = super::Location::Sled(folder.path().join("record"));
                super::$behaviour(super::open(&location).expect("open")).await;
            })*
        }
    };
}

conformance!(
    places_are_contiguous,
    a_conflict_names_the_end_and_writes_nothing,
    too_much_is_refused_whole,
    sizes_mix,
    the_end_wakes_a_follower,
    of_concurrent_appends_one_wins,
    a_read_never_passes_the_end,
);
