//! The modules of one crate, and which file takes names from which.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Component, Path, PathBuf};

use crate::names::Names;

/// For each file, the files that it takes names from.
pub type Imports = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// How many imports one name is followed through; more are a circle of `pub use`.
const MOST_IMPORTS: u8 = 16;

/// A source file could not be read.
#[derive(Debug)]
pub struct ReadError {
    path: PathBuf,
    reason: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read `{}`: {}", self.path.display(), self.reason)
    }
}

impl std::error::Error for ReadError {}

/// The modules of one library, program, test or example.
#[derive(Debug)]
pub struct CrateTree {
    modules: BTreeMap<Vec<String>, Module>,
}

#[derive(Debug)]
struct Module {
    file: PathBuf,
    names: Names,
}

/// What a path leads to.
enum Found<'a> {
    Module(Vec<String>),
    /// An item of this file.
    Item(&'a Path),
}

impl CrateTree {
    /// Reads the crate that begins with the file `root`, each file by `read`.
    ///
    /// # Errors
    /// When a file cannot be read, or is no Rust.
    pub fn read(root: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Result<Self, ReadError> {
        let mut tree = Self {
            modules: BTreeMap::new(),
        };
        let folder = root.parent().unwrap_or(Path::new(""));
        tree.add_file(Vec::new(), root, folder, read)?;
        Ok(tree)
    }

    fn add_file(
        &mut self,
        module: Vec<String>,
        file: &Path,
        children: &Path,
        read: &dyn Fn(&Path) -> Option<String>,
    ) -> Result<(), ReadError> {
        let failed = |reason: String| ReadError {
            path: file.to_owned(),
            reason,
        };
        let source = read(file).ok_or_else(|| failed("it is not there".into()))?;
        let syntax = syn::parse_file(&source).map_err(|error| failed(error.to_string()))?;
        self.add_module(module, Names::of(&syntax.items), file, children, read)
    }

    fn add_module(
        &mut self,
        module: Vec<String>,
        mut names: Names,
        file: &Path,
        children: &Path,
        read: &dyn Fn(&Path) -> Option<String>,
    ) -> Result<(), ReadError> {
        for (name, path) in &names.files {
            let child = join(&module, name);
            if let Some(path) = path {
                let path = plain(&file.parent().unwrap_or(Path::new("")).join(path));
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                self.add_file(child, &path, &folder, read)?;
                continue;
            }
            let own = children.join(format!("{name}.rs"));
            let folder = children.join(name);
            let file = if read(&own).is_some() {
                own
            } else {
                folder.join("mod.rs")
            };
            self.add_file(child, &file, &folder, read)?;
        }
        for (name, block) in std::mem::take(&mut names.blocks) {
            let child = join(&module, &name);
            self.add_module(child, block, file, &children.join(name), read)?;
        }
        let file = file.to_owned();
        self.modules.insert(module, Module { file, names });
        Ok(())
    }

    /// Which file takes names from which others: names are followed through `pub use` to where they are
    /// defined, and a file that only hands a name on does not take it.
    #[must_use]
    pub fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        for (path, module) in &self.modules {
            let into = imports.entry(module.file.clone()).or_default();
            let names = &module.names;
            let taken = names.uses.values().filter(|it| !it.handed_on);
            let items = taken.map(|it| &it.path).chain(&names.mentions);
            let items = items.filter_map(|name| match self.find(path, name, 0)? {
                Found::Item(file) => Some(file),
                // A module alone is no more than a place; what is taken from it is mentioned.
                Found::Module(_) => None,
            });
            let globs = names.globs.iter().filter(|it| !it.handed_on);
            let globs = globs.filter_map(|glob| match self.find(path, &glob.path, 0)? {
                Found::Item(file) => Some(file),
                Found::Module(of) => self.modules.get(&of).map(|it| it.file.as_path()),
            });
            let others = items.chain(globs).filter(|file| *file != module.file);
            into.extend(others.map(Path::to_owned));
        }
        imports
    }

    /// What `path` means in the module `within`; `None` for other crates and for what stands in the
    /// file itself.
    fn find(&self, within: &[String], path: &[String], followed: u8) -> Option<Found<'_>> {
        if followed > MOST_IMPORTS {
            return None;
        }
        let mut module = within.to_vec();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => module.clear(),
            "self" => {}
            "super" => {
                module.pop()?;
                let mut after = &rest[1..];
                while after.first().is_some_and(|name| name == "super") {
                    module.pop()?;
                    after = &after[1..];
                }
                return self.descend(module, after, followed);
            }
            _ => return self.descend(module, rest, followed),
        }
        rest = &rest[1..];
        self.descend(module, rest, followed)
    }

    fn descend(&self, from: Vec<String>, rest: &[String], followed: u8) -> Option<Found<'_>> {
        let Some(name) = rest.first() else {
            return Some(Found::Module(from));
        };
        let child = join(&from, name);
        if self.modules.contains_key(&child) {
            return self.descend(child, &rest[1..], followed);
        }
        let module = self.modules.get(&from)?;
        if module.names.items.contains(name) {
            return Some(Found::Item(&module.file));
        }
        if let Some(import) = module.names.uses.get(name) {
            let path: Vec<String> = import.path.iter().chain(&rest[1..]).cloned().collect();
            return self.find(&from, &path, followed + 1);
        }
        module.names.globs.iter().find_map(|glob| {
            let path: Vec<String> = glob.path.iter().chain(rest).cloned().collect();
            self.find(&from, &path, followed + 1)
        })
    }
}

/// The path without `..`, so that a file is known by one name.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

fn join(module: &[String], name: &str) -> Vec<String> {
    let mut path = module.to_vec();
    path.push(name.to_owned());
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The imports of a crate of these files, as `from -> to`.
    fn arrows(files: &[(&str, &str)]) -> Vec<String> {
        let read = |path: &Path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, source)| (*source).to_owned())
        };
        let tree = CrateTree::read(Path::new("lib.rs"), &read).unwrap();
        let mut arrows = Vec::new();
        for (from, to) in tree.imports() {
            let from = from.display();
            arrows.extend(to.iter().map(|to| format!("{from} -> {}", to.display())));
        }
        arrows
    }

    #[test]
    fn a_name_handed_on_is_followed_to_where_it_is_defined() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use b::Thing;"),
            ("a.rs", "use crate::Thing;"),
            ("b/mod.rs", "mod c; pub use c::*;"),
            ("b/c.rs", "pub struct Thing;"),
        ];
        assert_eq!(arrows(&files), ["a.rs -> b/c.rs"]);
    }

    #[test]
    fn names_in_code_and_in_macros_count_as_those_imported() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c; mod d;"),
            ("a.rs", "fn f() { crate::b::g(); }"),
            (
                "b.rs",
                "use super::c; pub fn g() { println!(\"{}\", c::h()) }",
            ),
            ("c.rs", "pub fn h() -> super::d::D { todo!() }"),
            ("d.rs", "pub struct D;"),
        ];
        assert_eq!(
            arrows(&files),
            ["a.rs -> b.rs", "b.rs -> c.rs", "c.rs -> d.rs"]
        );
    }

    #[test]
    fn tests_other_crates_and_places_do_not_count() {
        let files = [
            ("lib.rs", "mod a; mod b; use std::fmt;"),
            (
                "a.rs",
                "use crate::b; use serde::Serialize; #[cfg(test)] mod tests { use crate::b::B; }",
            ),
            ("b.rs", "pub(in crate::a) struct B;"),
        ];
        assert_eq!(arrows(&files), [] as [&str; 0]);
    }

    #[test]
    fn a_block_takes_for_its_file() {
        let files = [
            ("lib.rs", "mod a; mod b { use super::a::A; }"),
            ("a.rs", "pub struct A; mod c { use super::A; }"),
        ];
        assert_eq!(arrows(&files), ["lib.rs -> a.rs"]);
    }
}
