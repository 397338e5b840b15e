//! The names that one file declares, imports and mentions.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;

/// What one module says, whether a file or a block inside one.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// `mod name;`, with the value of `#[path]`.
    pub(crate) files: Vec<(String, Option<String>)>,
    /// `mod name { … }`.
    pub(crate) blocks: Vec<(String, Names)>,
    /// `use path as name`.
    pub(crate) uses: BTreeMap<String, Import>,
    /// `use path::*`.
    pub(crate) globs: Vec<Import>,
    /// Items defined here.
    pub(crate) items: BTreeSet<String>,
    /// Paths of two segments and more in code.
    pub(crate) mentions: BTreeSet<Vec<String>>,
}

/// Where a name comes from.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) path: Vec<String>,
    /// `pub use` of any reach: the name is handed on, whether it is needed here or not.
    pub(crate) handed_on: bool,
}

impl Names {
    pub(crate) fn of(items: &[syn::Item]) -> Self {
        let mut names = Self::default();
        for item in items {
            names.visit_item(item);
        }
        names
    }

    fn add_tree(&mut self, prefix: &[String], tree: &syn::UseTree, handed_on: bool) {
        match tree {
            syn::UseTree::Path(path) => {
                let mut prefix = prefix.to_vec();
                prefix.push(path.ident.to_string());
                self.add_tree(&prefix, &path.tree, handed_on);
            }
            syn::UseTree::Name(name) if name.ident == "self" => {
                if let Some(last) = prefix.last() {
                    let path = prefix.to_vec();
                    self.uses.insert(last.clone(), Import { path, handed_on });
                }
            }
            syn::UseTree::Name(name) => {
                self.add_use(prefix, &name.ident, name.ident.to_string(), handed_on);
            }
            syn::UseTree::Rename(rename) => {
                // Distinct, since any number of names may be imported as `_`.
                let name = match rename.rename.to_string() {
                    unnamed if unnamed == "_" => format!("_{}", self.uses.len()),
                    name => name,
                };
                self.add_use(prefix, &rename.ident, name, handed_on);
            }
            syn::UseTree::Glob(_) => self.globs.push(Import {
                path: prefix.to_vec(),
                handed_on,
            }),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_tree(prefix, tree, handed_on);
                }
            }
        }
    }

    fn add_use(&mut self, prefix: &[String], ident: &syn::Ident, name: String, handed_on: bool) {
        let mut path = prefix.to_vec();
        path.push(ident.to_string());
        self.uses.insert(name, Import { path, handed_on });
    }

    /// Paths inside a macro's tokens, which are no syntax tree.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.mention(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    self.mention(std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.add_tokens(group.stream());
                    }
                }
            }
        }
        self.mention(path);
    }

    fn mention(&mut self, path: Vec<String>) {
        if path.len() > 1 {
            self.mentions.insert(path);
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let (attributes, name) = match item {
            syn::Item::Const(it) => (&it.attrs, Some(&it.ident)),
            syn::Item::Enum(it) => (&it.attrs, Some(&it.ident)),
            syn::Item::Fn(it) => (&it.attrs, Some(&it.sig.ident)),
            syn::Item::Macro(it) => (&it.attrs, it.ident.as_ref()),
            syn::Item::Static(it) => (&it.attrs, Some(&it.ident)),
            syn::Item::Struct(it) => (&it.attrs, Some(&it.ident)),
            syn::Item::Trait(it) => (&it.attrs, Some(&it.ident)),
            syn::Item::TraitAlias(it) => (&it.attrs, Some(&it.ident)),
            syn::Item::Type(it) => (&it.attrs, Some(&it.ident)),
            syn::Item::Union(it) => (&it.attrs, Some(&it.ident)),
            syn::Item::Impl(it) => (&it.attrs, None),
            syn::Item::Mod(it) => (&it.attrs, None),
            syn::Item::Use(it) => (&it.attrs, None),
            _ => return,
        };
        if attributes.iter().any(is_for_tests) {
            return;
        }
        self.items.extend(name.map(ToString::to_string));
        match item {
            syn::Item::Mod(module) => match &module.content {
                Some((_, items)) => self
                    .blocks
                    .push((module.ident.to_string(), Names::of(items))),
                None => self
                    .files
                    .push((module.ident.to_string(), path_attribute(attributes))),
            },
            syn::Item::Use(import) => self.visit_item_use(import),
            _ => syn::visit::visit_item(self, item),
        }
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        let handed_on = !matches!(import.vis, syn::Visibility::Inherited);
        self.add_tree(&[], &import.tree, handed_on);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let path = path.segments.iter().map(|it| it.ident.to_string());
            self.mention(path.collect());
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.add_tokens(call.tokens.clone());
    }

    /// `pub(in crate::x)` takes no name.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

/// `#[cfg(test)]`, alone or within `all(…)`; and `#[test]` itself.
fn is_for_tests(attribute: &syn::Attribute) -> bool {
    if attribute.path().is_ident("test") {
        return true;
    }
    let syn::Meta::List(list) = &attribute.meta else {
        return false;
    };
    let condition = list.tokens.to_string();
    attribute.path().is_ident("cfg")
        && (condition == "test"
            || condition.starts_with("all (test ,")
            || condition.starts_with("all (doctest"))
}

fn path_attribute(attributes: &[syn::Attribute]) -> Option<String> {
    attributes
        .iter()
        .find_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
                syn::Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(path),
                    ..
                }) => Some(path.value()),
                _ => None,
            },
            _ => None,
        })
}
