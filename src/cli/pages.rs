//! Lists read to their end, page by page. Knows of tokens, not of what is listed.

/// What one page may hold at most.
pub const PAGE: i32 = 1000;

/// A page, and the token of the next; empty on the last.
pub type Page<T> = (Vec<T>, String);

/// Hands every item of every page on, in order, until one is refused.
pub async fn each<T, E>(
    mut fetch: impl AsyncFnMut(String) -> Result<Page<T>, E>,
    mut item: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let mut token = String::new();
    loop {
        let (page, next) = fetch(token).await?;
        for thing in page {
            item(thing)?;
        }
        if next.is_empty() {
            return Ok(());
        }
        token = next;
    }
}
