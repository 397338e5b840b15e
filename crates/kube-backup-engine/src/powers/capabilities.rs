//! Linux capabilities that a container may add.

use super::power::Danger;

/// Those that a container can leave with, or that see what is not its own (capabilities(7), and the
/// baseline of the Pod Security Standards for what is left).
const HIGH: [&str; 14] = [
    "ALL",
    "BPF",
    "DAC_READ_SEARCH",
    "DAC_OVERRIDE",
    "MAC_ADMIN",
    "MKNOD",
    "NET_ADMIN",
    "NET_RAW",
    "PERFMON",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
];

/// The only one that the restricted standard lets a container add.
const HARMLESS: &str = "NET_BIND_SERVICE";

/// What adding a capability is worth; `None` for nothing.
pub(super) fn danger(capability: &str) -> Option<Danger> {
    let name = capability.to_ascii_uppercase();
    let name = name.strip_prefix("CAP_").unwrap_or(&name);
    if name == HARMLESS {
        None
    } else if HIGH.contains(&name) {
        Some(Danger::High)
    } else {
        Some(Danger::Medium)
    }
}
