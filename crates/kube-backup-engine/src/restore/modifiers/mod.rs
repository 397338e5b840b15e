//! Rules that change objects as they are restored, in the format of Velero's resource modifiers
//! (internal/resourcemodifiers, 1.12 and later).
//!
//! ```yaml
//! version: v1
//! resourceModifierRules:
//! - conditions:
//!     groupResource: deployments.apps
//!     resourceNameRegex: "^web-.*$"
//!     namespaces: [shop]
//!     labelSelector: {matchLabels: {tier: web}}
//!     matches: [{path: /spec/paused, value: "true"}]
//!   patches:
//!   - {operation: replace, path: /spec/replicas, value: "1"}
//! ```
//!
//! A rule changes what fulfils all its conditions, which are about the object as the restore would create it, before any rule changed it; its
//! namespaces are those of the backup. A rule has patches of one kind:
//!
//! | field | patch |
//! |---|---|
//! | `patches` | operations of JSON Patch (RFC 6902); a `test` that fails leaves the object as it is |
//! | `mergePatches` | JSON Merge Patch (RFC 7386), as `patchData` in JSON or YAML |
//! | `strategicPatches` | as `kubectl patch` merges lists of built-in kinds by their keys, as `patchData` in JSON or YAML |
//!
//! Values are texts: numbers, `true`, `false`, `null`, objects and lists mean what they look like, and `"\"1\""` is the text `1`.

mod rule;
mod rules;
mod strategic;
mod value;

pub use rules::ResourceModifiers;
