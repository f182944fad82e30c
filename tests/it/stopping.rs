//! A server stops within seconds when told to, and says why when it cannot go on.
