//! A bounded number of mutants of one kind, as different as they can be.

use std::collections::BTreeMap;

use super::Shape;
use crate::mutants::mutant::Mutant;

/// Keeps at most `limit` (0 is all), one of each shape before two of one; says how many it left.
pub(super) fn sample(all: Vec<(Shape, Mutant)>, limit: usize) -> (Vec<Mutant>, usize) {
    let total = all.len();
    if limit == 0 || total <= limit {
        return (all.into_iter().map(|(_, mutant)| mutant).collect(), 0);
    }
    let mut shapes: BTreeMap<Shape, std::collections::VecDeque<Mutant>> = BTreeMap::new();
    for (shape, mutant) in all {
        shapes.entry(shape).or_default().push_back(mutant);
    }
    let mut kept = Vec::new();
    while kept.len() < limit {
        for mutants in shapes.values_mut() {
            if kept.len() < limit {
                kept.extend(mutants.pop_front());
            }
        }
    }
    kept.sort_by(|a, b| a.object.cmp(&b.object));
    (kept, total - limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::kind::RLS_OFF;

    #[test]
    fn every_shape_before_a_second_of_one() {
        let of = |shape: u8, name: &str| {
            let mutant = Mutant::new(&RLS_OFF, name.to_owned(), Vec::new());
            ((shape, false, false, false), mutant)
        };
        let all = vec![of(1, "a"), of(1, "b"), of(1, "c"), of(2, "d")];
        let names = |kept: &[Mutant]| kept.iter().map(|m| m.object.clone()).collect::<Vec<_>>();
        let (kept, left) = sample(all.clone(), 2);
        assert_eq!((names(&kept), left), (vec!["a".into(), "d".into()], 2));
        let (kept, left) = sample(all.clone(), 3);
        assert_eq!(
            (names(&kept), left),
            (vec!["a".into(), "b".into(), "d".into()], 1)
        );
        assert_eq!(sample(all, 0).0.len(), 4);
    }
}
