//! Names as a person types them: `un-ga`, `un-ga/es-11-4`, `un-ga/ALB`, or in full.

/// The body's resource name.
pub fn body(name: &str) -> String {
    if name.starts_with("bodies/") { name.to_owned() } else { format!("bodies/{name}") }
}

/// The vote's resource name, from `BODY/VOTE`.
pub fn vote(name: &str) -> String {
    within(name, "votes")
}

/// The member's resource name, from `BODY/MEMBER`.
pub fn member(name: &str) -> String {
    within(name, "members")
}

/// What does not look like a name is left to the server, which says what it must be.
fn within(name: &str, collection: &str) -> String {
    match name.split_once('/') {
        Some((body, thing)) if !name.starts_with("bodies/") && !thing.contains('/') => {
            format!("bodies/{body}/{collection}/{thing}")
        }
        _ => name.to_owned(),
    }
}

/// A name as short as it can be given.
pub fn short(name: &str) -> String {
    let parts: Vec<&str> = name.split('/').collect();
    match parts[..] {
        ["bodies", body] => body.to_owned(),
        ["bodies", body, _, thing] => format!("{body}/{thing}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_given_short_or_in_full() {
        for given in ["un-ga", "bodies/un-ga"] {
            assert_eq!(body(given), "bodies/un-ga");
        }
        for given in ["un-ga/es-11-4", "bodies/un-ga/votes/es-11-4"] {
            assert_eq!(vote(given), "bodies/un-ga/votes/es-11-4");
        }
        for given in ["un-ga/ALB", "bodies/un-ga/members/ALB"] {
            assert_eq!(member(given), "bodies/un-ga/members/ALB");
        }
        assert_eq!(vote("es-11-4"), "es-11-4");
        assert_eq!(short("bodies/un-ga/votes/es-11-4"), "un-ga/es-11-4");
    }
}
