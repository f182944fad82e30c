//! Nothing that was answered is lost, whenever the process is killed.
