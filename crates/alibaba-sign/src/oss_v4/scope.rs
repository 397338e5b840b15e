//! For which day, region and product a signature is made.

use super::SCOPE_END;

/// What a signature is good for.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) day: &'a str,
    pub(super) region: &'a str,
    pub(super) product: &'a str,
}

impl Scope<'_> {
    pub(super) fn len(&self) -> usize {
        self.day.len() + self.region.len() + self.product.len() + SCOPE_END.len() + 3
    }

    pub(super) fn push_to(&self, out: &mut String) {
        let [day, region, product] = [self.day, self.region, self.product];
        for part in [day, "/", region, "/", product, "/", SCOPE_END] {
            out.push_str(part);
        }
    }
}
