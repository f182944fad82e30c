//! Whatever happens, the live tally, a replay of the log and a naive recount agree.
