//! Tables between two markers of a document.

/// Before the tables.
pub(crate) const BEGIN: &str = "<!-- results -->";
/// After them.
pub(crate) const END: &str = "<!-- /results -->";

/// `text` with `tables` in place of whatever is between the markers; `None` if it does not have both, in order.
pub(crate) fn replace(text: &str, tables: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{tables}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let once = replace(&text, "new\n").unwrap();
        assert_eq!(once, format!("a\n{BEGIN}\nnew\n{END}\nb\n"));
        assert_eq!(replace(&once, "new\n"), Some(once));
        assert_eq!(replace("no markers", "new\n"), None);
        assert_eq!(replace(&format!("{END}{BEGIN}"), "new\n"), None);
    }
}
