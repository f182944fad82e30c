//! Reflection and health, as foreign clients use them.
