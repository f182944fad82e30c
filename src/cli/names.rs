//! Names as a person types them: `un-ga`, `un-ga/es-11-4`, `un-ga/ALB`, or in full.

use super::client::Failure;

/// The body's resource name.
pub fn body(name: &str) -> String {
    if name.starts_with("bodies/") { name.to_owned() } else { format!("bodies/{name}") }
}

/// Whether a name is a body's: what stands in a body has another part.
pub fn is_body(name: &str) -> bool {
    !body(name).trim_start_matches("bodies/").contains('/')
}

/// The vote's resource name, from `BODY/VOTE`.
pub fn vote(name: &str) -> String {
    within(name, "votes")
}

/// The member's resource name, from `BODY/MEMBER`.
pub fn member(name: &str) -> String {
    within(name, "members")
}

/// A member's id, where the member of a vote's body was given as `ALB`, `un-ga/ALB` or in full.
pub fn member_id(vote: &str, member: &str) -> Result<String, Failure> {
    let Some((_, id)) = member.rsplit_once('/') else { return Ok(member.to_owned()) };
    let body = vote.split("/votes").next().unwrap_or_default();
    let expected = format!("{body}/members/{id}");
    if self::member(member) == expected {
        return Ok(id.to_owned());
    }
    Err(Failure::Usage(format!("{} is no member of {}, whose vote it is", short(member), short(body))))
}

/// The body's name and the thing's id, from `BODY/THING`: for what is made under its body's name.
pub fn split<'n>(name: &'n str, collection: &str) -> Result<(String, &'n str), Failure> {
    let parts: Vec<&str> = name.split('/').collect();
    match parts[..] {
        [body, id] if body != "bodies" => Ok((self::body(body), id)),
        ["bodies", body, within, id] if within == collection => Ok((self::body(body), id)),
        _ => {
            let example = if collection == "votes" { "un-ga/es-11-4" } else { "un-ga/ALB" };
            Err(Failure::Usage(format!("\"{name}\" says not which body's it is: give BODY/NAME, e.g. {example}")))
        }
    }
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

/// The last part of a name: the thing's id.
pub fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
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

    #[test]
    fn a_member_of_another_body_is_not_taken_for_one_of_this() {
        let id = |member| member_id("bodies/un-ga/votes/es-11-4", member);
        for given in ["ALB", "un-ga/ALB", "bodies/un-ga/members/ALB"] {
            assert_eq!(id(given).unwrap(), "ALB");
        }
        for given in ["un-sc/ALB", "bodies/un-ga/votes/ALB"] {
            assert!(matches!(id(given), Err(Failure::Usage(_))), "{given}");
        }
    }
}
