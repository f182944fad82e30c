//! Lists, pages, ballots and the record itself, as readers see them.
