//! The names that users of a crate write: what is `pub` is reachable (`unreachable_pub` is denied).

use syn::visit::Visit;
use syn::{Attribute, FnArg, Ident, Pat, Visibility};

/// One public name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicName {
    /// What it is the name of.
    pub kind: PublicKind,
    /// The name.
    pub name: String,
    /// For functions, the names of what they take, `self` aside.
    pub parameters: Vec<String>,
}

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKind {
    /// A structure, an enumeration, a trait, an alias.
    Type,
    /// A variant of an enumeration.
    Variant,
    /// A field, of a variant as well.
    Field,
    /// A function or a method.
    Function,
}

/// The public names of a file, tests aside.
#[must_use]
pub fn public_names(file: &syn::File) -> Vec<PublicName> {
    let mut found = Found::default();
    found.visit_file(file);
    found.names
}

#[derive(Default)]
struct Found {
    names: Vec<PublicName>,
}

impl Found {
    fn add(&mut self, kind: PublicKind, name: &Ident) {
        self.names.push(PublicName {
            kind,
            name: name.to_string(),
            parameters: Vec::new(),
        });
    }

    fn add_function(&mut self, signature: &syn::Signature) {
        let parameters = signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => match typed.pat.as_ref() {
                Pat::Ident(named) => Some(named.ident.to_string()),
                _ => None,
            },
            FnArg::Receiver(_) => None,
        });
        self.names.push(PublicName {
            kind: PublicKind::Function,
            name: signature.ident.to_string(),
            parameters: parameters.collect(),
        });
    }

    fn add_fields(&mut self, fields: &syn::Fields, are_public: bool) {
        for field in fields {
            if let Some(name) = &field.ident
                && (are_public || is_public(&field.vis))
            {
                self.add(PublicKind::Field, name);
            }
        }
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else {
            return false;
        };
        attribute.path().is_ident("cfg") && list.tokens.to_string() == "test"
    })
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        if is_public(&item.vis) {
            self.add(PublicKind::Type, &item.ident);
            self.add_fields(&item.fields, false);
        }
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        if is_public(&item.vis) {
            self.add(PublicKind::Type, &item.ident);
            for variant in &item.variants {
                self.add(PublicKind::Variant, &variant.ident);
                self.add_fields(&variant.fields, true);
            }
        }
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        if is_public(&item.vis) {
            self.add(PublicKind::Type, &item.ident);
        }
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        if is_public(&item.vis) {
            self.add(PublicKind::Type, &item.ident);
            for item in &item.items {
                if let syn::TraitItem::Fn(function) = item {
                    self.add_function(&function.sig);
                }
            }
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if is_public(&item.vis) {
            self.add_function(&item.sig);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if is_public(&item.vis) {
            self.add_function(&item.sig);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_write_is_found_and_nothing_else() {
        let file = syn::parse_file(
            "pub struct A { pub a: u8, b: u8 } pub enum B { C { d: u8 } } struct E { pub e: u8 }\n\
             impl A { pub fn f(&self, (g, h): T, i: u8) {} fn j() {} }\n\
             pub trait K { fn l(m: u8); } #[cfg(test)] mod tests { pub fn n() {} }",
        );
        let names = public_names(&file.unwrap());
        let said: Vec<String> = names
            .iter()
            .map(|it| format!("{:?} {} {}", it.kind, it.name, it.parameters.join(",")))
            .collect();
        let expected = [
            "Type A ",
            "Field a ",
            "Type B ",
            "Variant C ",
            "Field d ",
            "Function f i",
            "Type K ",
            "Function l m",
        ];
        assert_eq!(said, expected);
    }
}
