//! White space is the only liberty that is taken with the printed text.

use super::squeeze;

#[test]
fn indentation_does_not_count_and_quoted_space_does() {
    assert_eq!(
        squeeze("( SELECT orders.id\n   FROM public.orders\n  WHERE (a = 'x  y'))"),
        "( SELECT orders.id FROM public.orders WHERE (a = 'x  y'))"
    );
    assert_ne!(squeeze("a = 'x  y'"), squeeze("a = 'x y'"));
    assert_ne!(squeeze("\"a  b\" = 1"), squeeze("\"a b\" = 1"));
}
